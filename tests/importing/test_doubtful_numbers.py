"""Numbers, times and parts of a file that may be meant in two ways: decided by what is sound, or refused."""

import numpy as np
import pandas as pd
import pytest

from engine.data.importing.months import TONGUES
from engine.errors import RepairDataError
from tests.importing.markets import OHLCV, PRICES, candles, lines
from tests.importing.test_random_files import difference

HEAD = "Date,Open,High,Low,Close,Volume"
DAYS = pd.bdate_range("2023-03-20", periods=80)
HOURS = pd.date_range("2024-01-01", periods=150, freq="h")


def rows(frame, stamp=str, columns=OHLCV, places=2, **also):
    return list(lines(frame, columns, places, stamp=stamp, **also))


@pytest.mark.parametrize("first", [1.9, 37.7, 640.0])
@pytest.mark.parametrize("columns", [OHLCV, PRICES])
@pytest.mark.parametrize("delimiter", [",", "\t"])
@pytest.mark.parametrize("named", [True, False])
def test_three_decimals_between_commas_or_english_names_are_decimals(read, first, columns, delimiter, named):
    frame = candles(5, DAYS, first=first, places=3, whole_volume=True).clip(lower=1.0)
    names = [delimiter.join(["Date", *(name.title() for name in columns)])] if named else []
    table = [*names, *rows(frame, columns=columns, places=3, volume_places=0, delimiter=delimiter)]
    if delimiter == "\t" and not named and columns == PRICES:
        with pytest.raises(RepairDataError, match="both fit all rows"):
            read(table)
    else:
        assert not difference(read(table)[0][[*columns]], frame[[*columns]])


@pytest.mark.parametrize("head", ["Fecha,Apertura,Máximo,Mínimo,Cierre", HEAD.replace(",", ";")[:-7]])
def test_three_digits_of_other_countries_are_refused_with_both_readings(read, head):
    table = rows(candles(5, DAYS, first=37.7, places=3), columns=PRICES, places=3)
    table = [row.replace(",", ";") for row in table] if ";" in head else table
    with pytest.raises(RepairDataError, match=r"which is 37.7 or 37700: both fit all rows"):
        read([head, *table])


def test_values_of_which_some_have_no_point_are_refused_with_both_readings(read):
    values = np.arange(950, 1030)
    cells = [f"{value:,}".replace(",", ".") for value in values]
    with pytest.raises(RepairDataError, match=r"says 1.000 in column value, which is 1 or 1000"):
        read(["date,value", *(f"{day},{cell}" for day, cell in zip(DAYS, cells, strict=True))])


@pytest.mark.parametrize("gap", [0, 90])
@pytest.mark.parametrize("first", [7.0, 140.0, 9000.0])
@pytest.mark.parametrize("blank", ["", "  ", "\n\n"])
@pytest.mark.parametrize("swapped", [False, True])
def test_two_markets_that_a_blank_line_separates_are_refused(read, gap, first, blank, swapped):
    parts = [
        rows(candles(5, DAYS)),
        rows(candles(6, pd.bdate_range(DAYS[-1] + pd.Timedelta(days=gap + 1), periods=80), first=first)),
    ]
    before, behind = parts[::-1] if swapped else parts
    with pytest.raises(RepairDataError, match="blank line between rows"):
        read([HEAD, *before, blank, *behind])


@pytest.mark.parametrize("every", [1, 5, 40])
@pytest.mark.parametrize("swapped", [False, True])
def test_one_market_with_blank_lines_is_read(read, every, swapped):
    frame = candles(5, DAYS)
    parts = [rows(frame)[at : at + every] for at in range(0, 80, every)]
    stored, *_ = read([HEAD, *(row for part in parts[:: -1 if swapped else 1] for row in [*part, ""])])
    assert not difference(stored, frame)


@pytest.mark.parametrize("factor", [100, 0.01, 1000])
@pytest.mark.parametrize("span", [(20, 60), (40, 80), (0, 30)])
def test_prices_that_go_on_in_another_unit_are_refused_with_the_cells(read, factor, span):
    frame = candles(5, DAYS, places=4)
    frame.iloc[slice(*span), :4] *= factor
    with pytest.raises(RepairDataError, match=r"close in row \d+ and .* a change of unit"):
        read([HEAD, *rows(frame, places=6)])


@pytest.mark.parametrize("kind", ["split", "one row", "a crash"])
def test_leaps_that_are_no_change_of_unit_are_kept(read, kind):
    frame = candles(5, DAYS, places=4)
    if kind == "split":
        frame.iloc[40:, :4] *= 100
        frame.iloc[40:, 4] = (frame.iloc[40:, 4] / 100).round(4)
    elif kind == "one row":
        frame.iloc[40, :4] *= 100
    else:
        frame.iloc[40:, 1:4] /= 100
        frame.iloc[41:, 0] /= 100
        frame.iloc[40, 1] = frame.iloc[40, 0]
    frame = frame.round(4)
    assert not difference(read([HEAD, *rows(frame, places=4)])[0], frame)


@pytest.mark.parametrize(("scale", "known"), [("100", False), ("0.01", False), ("1", True), ("1.0", True)])
def test_a_scale_of_prices_other_than_1_is_refused(read, scale, known):
    frame = candles(5, DAYS)
    table = [f"{HEAD},price_scale", *(f"{row},{scale}" for row in rows(frame))]
    if known:
        assert not difference(read(table)[0], frame)
    else:
        with pytest.raises(RepairDataError, match=f"says {scale} in column price_scale"):
            read(table)


@pytest.mark.parametrize("mark", ["€{}", "{} USD", "£{}"])
@pytest.mark.parametrize("place", [0, 1, 40])
def test_a_currency_at_some_prices_alone_is_refused_but_at_the_first(read, mark, place):
    frame = candles(5, DAYS)
    table = [row.split(",") for row in rows(frame)]
    for column in (1, 4) if place == 0 else (4,):
        table[place][column] = mark.format(table[place][column])
    table = [HEAD, *map(",".join, table)]
    if place == 0:
        assert not difference(read(table)[0], frame)
    else:
        with pytest.raises(RepairDataError, match=rf"in column close, row {place + 1}, and .* in row 1"):
            read(table)


@pytest.mark.parametrize("since", ["2000-01-01", "2001-01-01", "1980-01-06"])
@pytest.mark.parametrize("per_second", [1, 1000, 10**6, 10**9])
@pytest.mark.parametrize("times", [DAYS, pd.date_range("2023-03-20", periods=80), HOURS])
def test_stamps_of_another_epoch_are_refused_where_no_market_traded_so(read, since, per_second, times):
    frame = candles(5, times)
    table = [HEAD, *rows(frame, lambda time: str((time - pd.Timestamp(since)).value * per_second // 10**9))]
    if times is not DAYS and (since == "1980-01-06" or per_second in {1000, 10**9}):  # which may be of 2013
        earlier = pd.Timestamp(since) - pd.Timestamp("1970-01-01")
        assert not difference(read(table)[0], frame.set_axis(times - earlier))
    else:
        with pytest.raises(RepairDataError, match=f"{times[0]:%Y-%m-%dT%H:%M:%S} since {since[:4]}"):
            read(table)


@pytest.mark.parametrize("start", ["1985-01-04", "1999-06-01", "2012-01-02"])
def test_stamps_since_1970_are_read(read, start):
    frame = candles(5, pd.bdate_range(start, periods=80))
    assert not difference(read([HEAD, *rows(frame, lambda time: str(time.value // 10**9))])[0], frame)


@pytest.mark.parametrize(("start", "count"), [("2009-01-01", 12), ("2001-01-01", 144), ("1990-05-01", 20)])
@pytest.mark.parametrize("form", ["%m/%y", "%y/%m", "%m-%y"])
def test_months_of_short_years_are_read_or_refused_with_each_reading(read, start, count, form):
    times = pd.date_range(start, periods=count, freq="MS")
    frame = candles(5, times)
    table = [HEAD, *rows(frame, f"{{:{form}}}".format)]
    if count > 12:
        assert not difference(read(table)[0], frame)
    else:
        with pytest.raises(RepairDataError, match=r"which is 20..-.. or .* without a year"):
            read(table)


def test_days_without_a_year_are_refused_as_such(read):
    frame = candles(5, pd.bdate_range("2023-03-20", periods=20))
    with pytest.raises(RepairDataError, match="20 March without a year"):
        read([HEAD, *rows(frame, "{:%d/%m}".format)])


UNITS = ("USD/MWh", "EUR/t", "$/bbl", "cents/bu", "USD per oz", "points", "p")


@pytest.mark.parametrize("unit", UNITS)
def test_a_row_of_units_is_no_ticker(read, unit):
    frame = candles(5, DAYS)
    stored, _, report = read([HEAD, f",{unit},{unit},{unit},{unit},", *rows(frame)])
    assert not difference(stored, frame)
    assert report.layout == "plain candles"


SENTENCES = {
    "All times are Eastern Time": "", "Note: timestamps are shown in Eastern Time (ET)": "",
    "Times in EST.": "", "All times are UTC": "UTC", "* times are given in US/Eastern": "US/Eastern",
    "Data as of 2024-01-01 10:00 ET. Times: America/New_York": "America/New_York",
    "Downloaded from example.com as of 01-31-2024 10:00am CST": "UTC", "Real-time data, delayed": "UTC",
    "All times ET": "", "Times (EST)": "",
    "Time zone of all times: US/Eastern": "US/Eastern",
    "Report time: 2024-01-31 16:05 EST": "UTC", "Real-time data of Pacific Exchange": "UTC",
}  # fmt: skip


@pytest.mark.parametrize("sentence", SENTENCES)
@pytest.mark.parametrize("place", ["above", "below", "padded"])
def test_a_zone_in_a_sentence_beside_the_rows_is_taken_or_refused(read, sentence, place):
    frame, zone = candles(5, HOURS), SENTENCES[sentence]
    line = f"{sentence},,,,," if place == "padded" else sentence
    table = [line, HEAD, *rows(frame)] if place == "above" else [HEAD, *rows(frame), line]
    if zone:
        known = frame.tz_localize(zone).tz_convert("UTC").tz_localize(None)
        assert not difference(read(table)[0], known)
    else:
        with pytest.raises(RepairDataError, match="a line beside its rows names the zone E"):
            read(table)
    days = candles(5, DAYS)
    if not zone:  # days are the same in any zone
        assert not difference(read([HEAD, *rows(days, "{:%Y-%m-%d}".format), line])[0], days)


def test_several_values_are_refused_with_what_to_keep(read):
    table = ["observation_date,DGS10,DGS2", *(f"{day:%Y-%m-%d},4.25,4.5" for day in DAYS)]
    with pytest.raises(RepairDataError, match="keep column observation_date and one of the others"):
        read(table)


@pytest.mark.parametrize("page", ["cp1251", "koi8_r"])
def test_months_in_words_tell_a_code_page(read, page):
    months = next(line.split() for line in TONGUES if line.startswith("января"))
    frame = candles(5, DAYS)
    table = [HEAD, *rows(frame, lambda time: f"{time.day} {months[time.month - 1]} {time.year}")]
    content = "\n".join(table).encode(page)
    stored, notes, _ = read(content)
    assert not difference(stored, frame)
    assert notes["a code page"] == {"page": page.replace("_", "-")}
