"""What other columns and names of a file tell of its times and numbers: applied, or refused."""

import pandas as pd
import pytest

from engine.errors import RepairDataError
from tests.importing.markets import OHLCV, PRICES, candles, lines
from tests.importing.test_random_files import difference

HEAD = "Date,Open,High,Low,Close,Volume"
DAYS = pd.bdate_range("2024-01-02", periods=80)
HOURS = pd.date_range("2024-01-02 15:00", periods=90, freq="5min")


def rows(frame, stamp=str, columns=OHLCV, places=2, **also):
    return list(lines(frame, columns, places, stamp=stamp, **also))


ABSOLUTE = {
    "epoch": lambda time: str(time.value // 10**9), "ts_ms": lambda time: str(time.value // 10**6),
    "datetime_utc": lambda time: f"{time:%Y-%m-%d %H:%M}Z",
    "datetime_iso": lambda time: f"{time.tz_localize('UTC').tz_convert('America/New_York').isoformat()}",
}  # fmt: skip


@pytest.mark.parametrize("name", ABSOLUTE)
@pytest.mark.parametrize("zone", ["America/New_York", "Asia/Kolkata"])
@pytest.mark.parametrize("last", [True, False])
def test_a_column_that_tells_its_zone_goes_before_local_times(read, name, zone, last):
    frame = candles(5, HOURS)
    local = lambda time: f"{time.tz_localize('UTC').tz_convert(zone):%Y-%m-%d %H:%M}"  # noqa: E731
    stamp = lambda time, *_: ABSOLUTE[name](time)  # noqa: E731
    columns = (*OHLCV, stamp) if last else (stamp, *OHLCV)
    names = f"open,high,low,close,volume,{name}" if last else f"{name},open,high,low,close,volume"
    stored, notes, _ = read([f"datetime,{names}", *rows(frame, local, columns)])
    assert not difference(stored, frame)
    assert notes["times of an absolute column"] == {"column": name, "other": "datetime"}


@pytest.mark.parametrize("name", ["close_time", "close_ts"])
def test_ends_of_bars_are_no_absolute_times(read, name):
    frame = candles(5, pd.date_range("2024-01-02", periods=90, freq="h"))
    end = lambda time, *_: str(time.value // 10**6 + 3_600_000)  # noqa: E731
    stored, *_ = read([f"{HEAD},{name}", *rows(frame, str, (*OHLCV, end))])
    assert not difference(stored, frame)


@pytest.mark.parametrize("form", ["Date ({})", "Time [{}]", "time {{{}}}"])
@pytest.mark.parametrize(("zone", "hours"), [("Etc/GMT+5", -5), ("Etc/GMT-3", 3), ("Etc/GMT-8", 8)])
def test_zones_of_etc_have_the_other_sign(read, form, zone, hours):
    frame = candles(5, HOURS)
    name = form.format(zone)
    local = lambda time: str(time + pd.Timedelta(hours=hours))  # noqa: E731
    assert not difference(read([HEAD.replace("Date", name), *rows(frame, local)])[0], frame)


@pytest.mark.parametrize("name", ["TimezoneOffset", "timezone_offset"])
def test_offsets_whose_sign_two_programs_write_otherwise_are_refused(read, name):
    table = [f"{HEAD},{name}", *(f"{row},-330" for row in rows(candles(5, HOURS)))]
    with pytest.raises(RepairDataError, match=r"which is -5.5 h or, as JavaScript counts, \+5.5 h"):
        read(table)


@pytest.mark.parametrize("every", ["15s", "1min", "5min"])
def test_times_that_lost_their_minutes_are_refused_however_near_the_prices(read, every):
    frame = candles(5, pd.date_range("2024-01-02", periods=200, freq=every), move=0.0003)
    cut = "%Y-%m-%d %H:%M" if every == "15s" else "%Y-%m-%d %H:00"
    with pytest.raises(RepairDataError, match="that share their time with another row and differ"):
        read([HEAD, *rows(frame, f"{{:{cut}}}".format)])


@pytest.mark.parametrize("name", ["funding_rate_annualized", "Funding APR", "funding_rate_per_year"])
def test_rates_a_year_are_no_funding(read, name):
    times = pd.date_range("2024-01-02", periods=80, freq="8h")
    with pytest.raises(RepairDataError, match="rates a year"):
        read([f"time,{name}", *(f"{time},0.10{at:02}" for at, time in enumerate(times))])


def test_the_open_of_tehran_is_the_close_before(read):
    frame = candles(5, DAYS)
    names = "<TICKER>,<DTYYYYMMDD>,<FIRST>,<HIGH>,<LOW>,<CLOSE>,<VOL>,<OPENINT>,<PER>,<OPEN>,<LAST>"
    table = [
        f"IKCO,{row},33,D,99.5,{row.split(',')[4]}"
        for row in rows(frame, "{:%Y%m%d}".format, volume_places=4)
    ]
    assert not difference(read([names, *table])[0], frame)


MULTIPLES = {
    "Volume (10k)": 10_000, "Volume ('00)": 100, "Volum": 1, "KL": 1, "Wolumen (w szt.)": 1,
    "Forgalom (db)": 1,
}  # fmt: skip


@pytest.mark.parametrize("name", MULTIPLES)
def test_names_of_volumes_and_their_multiples(read, name):
    frame = candles(5, DAYS, whole_volume=True)
    stored, *_ = read([f"Date,Open,High,Low,Close,{name}", *rows(frame, volume_places=0)])
    assert not difference(stored, frame.assign(volume=frame.volume * MULTIPLES[name]))


SUFFIXES = {"Bn": 9, " Mrd": 9, " тыс": 3, "MM": 6, " млн": 6}


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_sizes_behind_volumes(read, suffix):
    frame = candles(5, DAYS, whole_volume=True)
    cell = lambda _, row, *_also: f"{row.volume / 1000:.3f}{suffix}"  # noqa: E731
    stored, *_ = read([HEAD, *rows(frame, str, (*PRICES, cell))])
    assert not difference(
        stored, frame.assign(volume=[float(f"{each / 1000:.3f}e{SUFFIXES[suffix]}") for each in frame.volume])
    )


@pytest.mark.parametrize("first", [0.4, 93.0])
@pytest.mark.parametrize("head", ["Datum;Eröffnung;Hoch;Tief;Schluss;Volumen", HEAD.replace(",", ";")])
def test_three_decimals_behind_a_comma(read, first, head):
    frame = candles(5, DAYS, first=first, places=3, whole_volume=True)
    table = rows(frame, "{:%d.%m.%Y}".format, places=3, delimiter=";", volume_places=0)
    cells = [row.partition(";") for row in table]
    stored, *_ = read([head, *(f"{day};{rest.replace('.', ',')}" for day, _, rest in cells)])
    assert not difference(stored, frame)


@pytest.mark.parametrize("name", ["Open", "Max", "1 Mo", "NetFlow"])
@pytest.mark.parametrize("index", [True, False])
def test_one_column_beside_the_time_is_a_value_however_it_is_named(read, name, index):
    values = [(-1) ** at * (5 + at / 100) for at in range(80)]
    front = lambda at: f"{at}," if index else ""  # noqa: E731
    cells = [f"{value:.2f}".replace("-", "\u2212") for value in values]
    table = [f"{front(at)}{day:%Y-%m-%d},{cells[at]}" for at, day in enumerate(DAYS)]
    assert read([f"{',' if index else ''}Date,{name}", *table])[0]["value"].tolist() == [
        round(value, 2) for value in values
    ]


def test_hours_of_a_half_day_from_0(read):
    frame = candles(5, pd.date_range("2024-01-29", periods=80, freq="h"))
    stamp = lambda time: f"{time:%Y-%m-%d} {time.hour % 12}:00 {time:%p}"  # noqa: E731
    assert not difference(read([HEAD, *rows(frame, stamp)])[0], frame)


@pytest.mark.parametrize(("unit", "form"), [(1000, "ms"), (1, "seconds"), (1 / 60, "minutes")])
def test_ms_seconds_and_minutes_of_the_day_beside_a_date(read, unit, form):
    frame = candles(5, HOURS)
    stamp = lambda time: f"{time:%Y%m%d},{round((time.hour * 3600 + time.minute * 60) * unit)}"  # noqa: E731
    stored, notes, _ = read([f"Date,Time,{HEAD[5:]}", *rows(frame, stamp)])
    assert not difference(stored, frame)
    assert f"{form} of the day" in str(notes)


def test_days_that_a_spreadsheet_rounded_are_refused(read):
    with pytest.raises(RepairDataError, match="a spreadsheet has rounded"):
        read([HEAD, *rows(candles(5, DAYS), lambda time: f"{time.value // 10**6:.5E}")])
