"""Tables whose times, currencies, names or rows say two things: read where one is certain, else refused."""

import json

import numpy as np
import pandas as pd
import pytest

from engine.errors import RepairDataError
from tests.importing.markets import OHLCV, PRICES, candles, grouped, lines
from tests.importing.test_random_files import difference

HOURS = pd.date_range("2023-03-01", periods=96, freq="1h")
FRAME = candles(3, HOURS)
HEAD = "time,open,high,low,close,volume"


def rows_of(frame, stamp=str):
    return list(lines(frame, OHLCV, 2, stamp=stamp))


def sessions(begin, end, freq, days=6):
    """Candles of sessions that begin on the evening before (below 0), and the date of each one's session."""
    dates = pd.bdate_range("2023-03-06", periods=days)
    parts = [pd.date_range(day + pd.Timedelta(begin), day + pd.Timedelta(end), freq=freq) for day in dates]
    named = [day for day, part in zip(dates, parts, strict=True) for _ in part]
    return candles(3, parts[0].append(parts[1:])), named


NIGHTS = {"futures": ("-7h", "15h45min"), "one night": ("-3h", "2h30min"), "dawn": ("-6h", "4h")}


@pytest.mark.parametrize("night", NIGHTS)
@pytest.mark.parametrize("freq", ["15min", "30min"])
@pytest.mark.parametrize(
    "form", ["{0:%Y-%m-%d},{1:%H:%M}", "{0:%Y-%m-%d} {1:%H:%M}", "{0:%Y%m%d},{1:%H:%M:%S}"]
)
@pytest.mark.parametrize("falling", [False, True])
def test_dates_of_sessions_are_refused_with_two_of_their_cells(read, night, freq, form, falling):
    frame, dates = sessions(*NIGHTS[night], freq)
    names = HEAD.replace("time", "Date,Time" if "," in form else "Date")
    cells = [
        f"{form.format(date, time)},{row.partition(',')[2]}"
        for date, time, row in zip(dates, frame.index, rows_of(frame), strict=True)
    ]
    own = [
        f"{form.format(time, time)},{row.partition(',')[2]}"
        for time, row in zip(frame.index, rows_of(frame), strict=True)
    ]
    step = -1 if falling else 1
    with pytest.raises(RepairDataError, match=r"says 2023-03-\S+ and then 2023-03-.*evening before"):
        read([names, *cells[::step]])
    assert not difference(read([names, *own[::step]])[0], frame)


ORDERS = {
    "days falling": lambda rows: [row for day in range(3, -1, -1) for row in rows[24 * day : 24 * day + 24]],
    "falling within days": lambda rows: [row for at in range(0, 96, 24) for row in rows[at : at + 24][::-1]],
    "shuffled": lambda rows: list(np.random.default_rng(1).permutation(rows)),
    "pages": lambda rows: [row for at in range(0, 96, 24) for row in rows[max(at - 3, 0) : at + 24]],
    "the first half day last": lambda rows: rows[12:] + rows[:12],
}  # fmt: skip


@pytest.mark.parametrize("order", ORDERS)
def test_rows_in_other_orders_are_no_sessions(read, order):
    assert not difference(read([HEAD, *ORDERS[order](rows_of(FRAME))])[0], FRAME)


@pytest.mark.parametrize("name", ["Trade Date", "trading_day"])
def test_trade_dates_of_all_night_are_refused_though_they_are_sorted(read, name):
    frame, dates = sessions("-7h", "15h45min", "1h")
    times = sorted(date + (time - time.normalize()) for date, time in zip(dates, frame.index, strict=True))
    frame.index = pd.DatetimeIndex(times)
    with pytest.raises(RepairDataError, match="trade dates"):
        read([HEAD.replace("time", f"{name},Time"), *rows_of(frame, "{:%Y-%m-%d,%H:%M}".format)])


SHARES = {"first half": lambda at: at < 48, "every other": lambda at: at % 2, "one": lambda at: at == 50,
          "all but one": lambda at: at != 50}  # fmt: skip


@pytest.mark.parametrize("zone", ["Europe/Berlin", "Asia/Kolkata", "America/New_York"])
@pytest.mark.parametrize("zoned", SHARES)
@pytest.mark.parametrize("local", [False, True])
def test_times_of_which_some_carry_a_zone(read, zone, zoned, local):
    cells = []
    for at, (time, row) in enumerate(zip(HOURS, rows_of(FRAME), strict=True)):
        there = time.tz_localize("UTC").tz_convert(zone)
        bare = there.tz_localize(None) if local else time
        cells.append(f"{there if SHARES[zoned](at) else bare},{row.partition(',')[2]}")
    if local:
        with pytest.raises(RepairDataError, match=r"in another, without.* as UTC, or") as caught:
            read([HEAD, *cells])
        assert "--timezone" in caught.value.remedy
    hints = {"timezone": zone} if local else {}
    assert not difference(read([HEAD, *cells], **hints)[0], FRAME)


def priced(form):
    """Rows whose prices are written in a form of the row's number and the cell."""
    for at, row in enumerate(rows_of(FRAME)):
        time, *prices, volume = row.split(",")
        yield ",".join([time, *(form(at, cell) for cell in prices), volume])


CURRENCIES = {
    "signs": lambda at, cell: f"{'€' if at > 60 else '$'}{cell}",
    "one": lambda at, cell: f"{cell} {'EUR' if at == 60 else 'USD'}",
    "dollars": lambda at, cell: f"{'A$' if at > 60 else '$'}{cell}",
    "crowns": lambda at, cell: f"{cell} {'DKK' if at > 60 else 'SEK'}",
}  # fmt: skip
ONE_CURRENCY = {
    "$ and USD": lambda at, cell: f"${cell}" if at % 2 else f"{cell} USD",
    "rupees": lambda at, cell: f"₹{cell}" if at % 2 else f"Rs. {cell}",
    "yen": lambda at, cell: f"¥{cell}" if at % 2 else f"{cell}円",
}


@pytest.mark.parametrize("form", CURRENCIES)
def test_prices_of_several_currencies_in_a_column_are_refused_with_a_cell_of_each(read, form):
    with pytest.raises(RepairDataError, match=r"column open and .* several currencies"):
        read([HEAD, *priced(CURRENCIES[form])])


@pytest.mark.parametrize("form", ONE_CURRENCY)
def test_marks_of_one_currency_are_taken_off(read, form):
    assert not difference(read([HEAD, *priced(ONE_CURRENCY[form])])[0], FRAME)


@pytest.mark.parametrize(
    ("name", "first", "then"),
    [("Currency", "GBX", "GBP"), ("ccy", "GBp", "GBP"), ("Währung", "DEM", "EUR"), ("x", "USDT", "BUSD")],
)
def test_a_currency_that_changes_is_refused_and_one_is_taken(read, name, first, then):
    rows = rows_of(FRAME)
    changing = [f"{row},{then if at > 60 else first}" for at, row in enumerate(rows)]
    with pytest.raises(RepairDataError, match=rf"several of column {name}"):
        read([f"{HEAD},{name}", *changing])
    assert not difference(read([f"{HEAD},{name}", *(f"{row},{first}" for row in rows)])[0], FRAME)


def test_a_volume_in_money_is_none(read):
    rows = [f"{row.rpartition(',')[0]},${row.rpartition(',')[2]}" for row in rows_of(FRAME)]
    stored, notes, _ = read([HEAD, *rows])
    assert stored["volume"].isna().all()
    assert notes["no volume among"] == {"columns": "volume"}


@pytest.mark.parametrize("names", ["time,time", "Time,time"])
@pytest.mark.parametrize("same", [True, False])
def test_columns_of_one_name_have_to_be_alike(read, names, same):
    shift = pd.Timedelta(0 if same else "2h")
    rows = [
        f"{time},{time + shift},{row.partition(',')[2]}"
        for time, row in zip(HOURS, rows_of(FRAME), strict=True)
    ]
    header = HEAD.replace("time", names)
    if same:
        assert not difference(read([header, *rows])[0], FRAME)
    else:
        with pytest.raises(RepairDataError, match=r"two columns named \S+ that differ: .* in row 1"):
            read([header, *rows])


def test_two_volumes_of_one_name_and_a_second_set_of_prices_are_refused(read):
    rows = rows_of(FRAME)
    with pytest.raises(RepairDataError, match=r"two columns named volume that differ"):
        read([f"{HEAD},Volume", *(f"{row},7" for row in rows)])
    with pytest.raises(RepairDataError, match="two sets of prices"):
        read([f"{HEAD},open.1,high.1,low.1,close.1", *(f"{row},1,2,1,2" for row in rows)])


@pytest.mark.parametrize("at", [0, 40])
@pytest.mark.parametrize("by_line", [False, True])
def test_a_key_with_two_values_in_a_record_is_refused(read, at, by_line):
    records = [json.dumps({"time": str(time), **row}) for time, row in FRAME.to_dict("index").items()]
    join = "\n".join if by_line else lambda each: f"[{','.join(each)}]"
    again = [
        each.replace('"close"', '"close": 5.0, "close"') if row == at else each
        for row, each in enumerate(records)
    ]
    with pytest.raises(RepairDataError, match=r"close twice in one record: 5.0 and"):
        read(join(again))
    same = [each[:-1] + f', "close": {json.loads(each)["close"]}}}' for each in records]
    assert not difference(read(join(same))[0], FRAME)


TITLES = (
    "ETHUSD",
    "ETHUSD,,,,,",
    "# ETHUSD",
    "Symbol: ETHUSD",
    '"ETH/USD, Spot"',
    "ETH,Ether",
    "--- ETH ---",
    "# Pair: ETH/USD",
)


@pytest.mark.parametrize("title", TITLES)
@pytest.mark.parametrize("named", [False, True])
@pytest.mark.parametrize("first", [5.0, 101.0])
def test_a_title_between_rows_is_refused(read, title, named, first):
    other = candles(4, HOURS + pd.Timedelta("96h"), first=first)
    below = [title, *([HEAD] if named else []), *rows_of(other)]
    with pytest.raises(RepairDataError, match=r"between its rows|where prices go from"):
        read(["BTCUSD", HEAD, *rows_of(FRAME), *below])
    assert not difference(
        read(["BTCUSD", HEAD, *rows_of(FRAME), "Prices of ETHUSD are in another file"])[0], FRAME
    )


@pytest.mark.parametrize("first", [5.0, 900.0])
def test_prices_that_leap_where_the_names_stand_again_are_refused(read, first):
    parts = np.split(np.arange(96), 2)
    rows = rows_of(FRAME)
    together = [HEAD, *(rows[at] for at in parts[0]), HEAD, *(rows[at] for at in parts[1])]
    assert not difference(read(together)[0], FRAME)
    other = candles(4, HOURS + pd.Timedelta("96h"), first=first)
    with pytest.raises(RepairDataError, match="where prices go from"):
        read([HEAD, *rows, HEAD, *rows_of(other)])


GERMAN = "Datum;Eröffnung;Hoch;Tief;Schluss;Volumen"
VOLUMES = {"plain": "{:.0f}", "small": "7", "grouped": ""}


@pytest.mark.parametrize("header", [GERMAN, GERMAN.replace(";", "\t"), HEAD.replace(",", ";")])
@pytest.mark.parametrize("stamp", ["{:%Y-%m-%d %H:%M}", "{:%d.%m.%Y %H:%M}"])
@pytest.mark.parametrize("volume", VOLUMES)
def test_points_before_three_digits_are_decided_by_prices_where_commas_are_decimal(
    read, header, stamp, volume
):
    times = pd.date_range("2023-03-20", periods=90, freq="1h")
    frame = candles(3, times, places=0, first=37_752.0, whole_volume=True)
    between = "\t" if "\t" in header else ";"

    def cells(point, last):
        for time, row in frame.iterrows():
            prices = (grouped(row[name], 0, point, ",") for name in PRICES)
            yield between.join([stamp.format(time), *prices, last(row["volume"])])

    form = VOLUMES[volume]
    table = [header, *cells(".", lambda value: form.format(value) if form else grouped(value, 0, ".", ","))]
    with pytest.raises(RepairDataError, match=r"which is 37.\d+ or 37\d+: both fit all rows") as caught:
        read(table)
    assert "--decimal" in caught.value.remedy
    sure = [header, *cells(".", lambda value: f"{value:.0f},0")]  # a decimal comma settles it
    assert not difference(read(sure)[0], frame)


@pytest.mark.parametrize(
    "form", ["%d %b %H:%M", "%b %d %H:%M:%S", "%d/%m %H:%M", "%m-%d %H:%M", "%d.%m %H:%M"]
)
def test_an_hour_is_no_year_where_dates_have_none(read, form):
    with pytest.raises(RepairDataError, match="which is no time that is read"):
        read([HEAD, *rows_of(FRAME, lambda time: time.strftime(form))])


@pytest.mark.parametrize("name", ["side", "timeframe", "volume_unit", "adjusted", "sym"])
def test_what_may_not_change_within_a_series_is_refused(read, name):
    rows = [f"{row},{'a' if at < 48 else 'b'}" for at, row in enumerate(rows_of(FRAME))]
    with pytest.raises(RepairDataError, match="holds several"):
        read([f"{HEAD},{name}", *rows])


def test_names_in_the_first_list_of_json_are_those_of_the_others(read):
    rows = [[str(time), *row] for time, row in zip(HOURS, FRAME.to_numpy().tolist(), strict=True)]
    assert not difference(read(json.dumps([HEAD.split(","), *rows]))[0], FRAME)
