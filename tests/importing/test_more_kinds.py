"""Kinds of files of brokers, vendors, exchanges and other tongues: read, or refused with the reason."""

import json

import pandas as pd
import pytest

from engine.data.importing.months import TONGUES
from engine.errors import RepairDataError
from tests.importing.markets import OHLCV, PRICES, candles
from tests.importing.test_random_files import difference

HOURS, DAYS, WEEKDAYS = (
    pd.date_range("2023-11-10", periods=150, freq=step) for step in ("1h", "1D", "B")
)  # fmt: skip
HEAD = "time,open,high,low,close,volume"


def cells(frame, columns, delimiter=","):
    """Rows of these columns: a name, a text, or a function of time and row."""
    for time, row in frame.iterrows():
        values = (
            column(time, row) if callable(column) else f"{row[column]:.4f}" if column in OHLCV else column
            for column in columns
        )
        yield delimiter.join(map(str, values))


def iso(time, _):
    return str(time)


def milliseconds(time, _):
    return time.value // 10**6


def middle(row):
    return (row.high + row.low) / 2


def quote(_, row):
    return f"{row.volume * middle(row):.6f}"


@pytest.mark.parametrize("first", [3.0, 95.0, 4500.0, 30_000.0])
@pytest.mark.parametrize("size", [1, 10, 100])
@pytest.mark.parametrize("named", [True, False])
def test_contracts_of_an_inverse_market_are_no_volume(read, first, size, named):
    frame = candles(5, HOURS, first=first, places=4)
    frame["volume"] = (frame["volume"] * 30_000 / first + 0.5).round(4)

    def contracts(_, row):
        return round(row.volume * middle(row) / size)

    names = (
        "open_time,open,high,low,close,volume,close_time,quote_volume,count,taker_buy_volume,"
        "taker_buy_quote_volume,ignore"
    )
    end = lambda time, _: time.value // 10**6 + 3_599_999  # noqa: E731
    columns = (milliseconds, *PRICES, contracts, end, "volume", "7", "1", "1", "0")
    stored, notes, report = read([*([names] if named else []), *cells(frame, columns)])
    assert not difference(stored, frame)
    assert report.layout == "Binance public data"
    assert notes["volume by its numbers"]["column"] == "quote_volume"


FIELDS = {
    "Bitget": (*PRICES, "volume", quote, quote), "MEXC": (*PRICES, "volume", milliseconds, quote),
    "KuCoin": ("open", "close", "high", "low", "volume", quote),
    "Gate": (quote, "close", "high", "low", "open", "volume", "true"), "Gemini": (*PRICES, "volume"),
    "volume first": ("volume", *PRICES),
}  # fmt: skip


@pytest.mark.parametrize("publisher", FIELDS)
@pytest.mark.parametrize("form", ["csv", "list", "answer"])
def test_rows_of_exchanges_without_names(read, publisher, form):
    frame = candles(5, HOURS, first=30_000.0, places=2)
    rows = [line.split(",") for line in cells(frame, (milliseconds, *FIELDS[publisher]))]
    document = rows if form == "list" else {"code": "0", "msg": "", "data": {"list": rows[::-1], "next": "5"}}
    stored, *_ = read([",".join(row) for row in rows] if form == "csv" else json.dumps(document))
    assert not difference(stored, frame)


def test_a_volume_of_gate_alone_is_in_quote_currency_and_none(read):
    rows = cells(candles(5, HOURS), (milliseconds, quote, "close", "high", "low", "open"))
    stored, notes, _ = read(list(rows))
    assert stored["volume"].isna().all()
    assert notes["no volume among"] == {"columns": "2"}


def test_prices_before_which_a_volume_stands_are_told_apart_by_their_closes_alone(read):
    frame = candles(5, HOURS)
    frame["open"] = frame["close"].sample(frac=1, random_state=1).to_numpy()
    frame["high"], frame["low"] = frame.max(axis=1) + 9000, 1.0
    frame["volume"] = 7e9
    with pytest.raises(RepairDataError, match=r"more than one order fits: .*; close, high, low, open"):
        read(list(cells(frame, (milliseconds, "volume", *PRICES))))


@pytest.mark.parametrize("same", [True, False])
def test_quotes_without_names_are_no_candles(read, same):
    size = [7.5, 7.5 if same else 9.5]
    frame = candles(5, HOURS, first=30_000.0)
    bid, ask = (lambda _, row, more=more: f"{row.close + more:.2f}" for more in (-0.1, 0.1))
    with pytest.raises(RepairDataError, match=r"quotes or trades|more than one order|no order"):
        read(list(cells(frame, (milliseconds, bid, size[0], ask, size[1]))))


DATABENTO = "ts_event,rtype,publisher_id,instrument_id,open,high,low,close,volume,symbol"


@pytest.mark.parametrize("billionths", [True, False])
def test_billionths_of_databento(read, billionths):
    frame = candles(5, HOURS, first=4500.0)
    prices = [
        lambda _, row, name=name: round(row[name] * 1e9) if billionths else f"{row[name]:.9f}"
        for name in PRICES
    ]
    stamp = lambda time, _: time.value if billionths else f"{time:%Y-%m-%dT%H:%M:%S}.000000000Z"  # noqa: E731
    stored, notes, report = read(
        [DATABENTO, *cells(frame, (stamp, "34", "1", "5482", *prices, "volume", "ESH4"))]
    )
    assert not difference(stored, frame)
    assert report.layout == "Databento"
    assert ("prices in billionths" in notes) == billionths


@pytest.mark.parametrize("name", ["instrument_id", "base", "what", "Kontrakt"])
@pytest.mark.parametrize("stacked", [True, False])
def test_rows_of_several_series_are_refused_whatever_tells_them_apart(read, name, stacked):
    near, far = candles(5, HOURS), candles(5, HOURS) * 1.002
    pair = [list(cells(each, (iso, *OHLCV, mark))) for each, mark in ((near, "A7"), (far, "B8"))]
    rows = pair[0] + pair[1] if stacked else [row for both in zip(*pair, strict=True) for row in both]
    with pytest.raises(RepairDataError, match=f"several of column {name}: A7, B8"):
        read([f"{HEAD},{name}", *rows])


@pytest.mark.parametrize(
    ("name", "times", "is_one"),
    [("coin", 1.0, False), ("What it is", 0.1, False), ("What it is", 7.0, False), ("phase", 1.1, True),
     ("month", 3.0, True)],
)  # fmt: skip
def test_markets_that_follow_each_other_are_told_by_what_changes_where_prices_leap(read, name, times, is_one):
    frame = candles(5, HOURS)
    later = frame.index[len(frame) // 2 :]
    frame.loc[later, list(PRICES)] = (frame.loc[later, list(PRICES)] * times).round(2)
    marks = [("spring", "summer")[time >= later[0]] for time in frame.index]
    if name == "month":  # which changes elsewhere too, so that the leap is the market's own
        marks = [f"no {place // 20}" for place in range(len(frame))]
    rows = [f"{line},{mark}" for line, mark in zip(cells(frame, (iso, *OHLCV)), marks, strict=True)]
    if is_one:
        assert not difference(read([f"{HEAD},{name}", *rows])[0], frame)
    else:
        with pytest.raises(RepairDataError, match="spring, summer"):
            read([f"{HEAD},{name}", *rows])


def test_rows_given_twice_are_one_series_though_another_column_differs_at_random(read):
    frame = candles(5, HOURS)
    rows = [f"{row},{at % 7}" for at, row in enumerate([*cells(frame, (iso, *OHLCV))] * 2)]
    stored, _, report = read([f"{HEAD},mark", *rows])
    assert not difference(stored, frame)
    assert report.duplicates == len(frame)


def test_a_symbol_in_small_and_capital_letters_is_one(read):
    frame = candles(5, HOURS)
    rows = [f"{'QDX' if at % 2 else 'qdx'},{row}" for at, row in enumerate(cells(frame, (iso, *OHLCV)))]
    assert not difference(read([f"symbol,{HEAD}", *rows])[0], frame)


@pytest.mark.parametrize("names", ["open,high,low,close", "ha_open,ha_high,ha_low,ha_close"])
@pytest.mark.parametrize("falling", [False, True])
def test_heikin_ashi_bars_are_refused(read, names, falling):
    frame = candles(5, HOURS, places=6)
    close = frame[list(PRICES)].mean(axis=1)
    opened = [float(frame["open"].iloc[0])]
    for last in close[:-1]:
        opened.append((opened[-1] + last) / 2)
    bars = frame.assign(open=opened, close=close)
    bars["high"] = bars[["high", "open", "close"]].max(axis=1)
    bars["low"] = bars[["low", "open", "close"]].min(axis=1)
    rows = list(cells(bars, (iso, *OHLCV)))
    with pytest.raises(RepairDataError, match="Heikin-Ashi"):
        read([f"time,{names},volume", *(rows[::-1] if falling else rows)])


@pytest.mark.parametrize("written", ["%Y-%d-%m", "%m/%d/%Y"])
@pytest.mark.parametrize("falling", [False, True])
def test_days_that_a_spreadsheet_swapped_are_refused(read, written, falling):
    frame = candles(5, DAYS[::-1] if falling else DAYS)
    stamp = lambda time, _: time.strftime("%d/%m/%Y" if time.day > 12 else written)  # noqa: E731
    with pytest.raises(RepairDataError, match="a spreadsheet has swapped days and months"):
        read([HEAD, *cells(frame, (stamp, *OHLCV))])
    shuffled = frame.sample(frac=1, random_state=1)
    whole = read([HEAD, *cells(shuffled, (lambda time, _: time.strftime("%d/%m/%Y"), *OHLCV))])[0]
    assert not difference(whole, frame.sort_index())


@pytest.mark.parametrize("tongue", TONGUES)
@pytest.mark.parametrize(
    "form", ["{0.day} {1} {0.year}", "{0.day:02}-{1}-{0.year}", "{0.day}. {1}. {0.year}"]
)
def test_months_of_every_tongue(read, tongue, form):
    frame = candles(5, pd.date_range("2023-01-05", periods=24, freq="17D"))
    stamp = lambda time, _: form.format(time, tongue.split()[time.month - 1])  # noqa: E731
    stored, _, report = read([HEAD.replace(",", ";"), *cells(frame, (stamp, *OHLCV), ";")])
    assert report.rejected == 0
    assert stored.index.tz_localize(None).tolist() == frame.index.tolist()


FORMS = {
    "%Y/%m/%d {上午|下午}%I:%M:%S": "", "%Y-%m-%d {오전|오후} %I:%M:%S": "", "%Y/%m/%d {午前|午後}%I:%M": "",
    "%d/%m/%Y %I:%M:%S {a. m.|p. m.}": "", "%m/%d/%Y, %I:%M:%S\u202f{AM|PM}": "", "%d.%m.%Y %H:%M Uhr": "",
    "%d.%m.%Y klo %H.%M": "", "%d/%m/%Y %H.%M": "", "%Y-%m-%d %H.%M.%S": "", "%Y-%m-%d\u00a0%H:%M": "",
    "%d%b%Y:%H:%M:%S": "", "%d-%b-%y %I.%M.%S.000000000 %p": "", "%a %m/%d/%Y %H:%M": "",
    "%d. %m. %Y %H:%M": "", "%Y.%m.%d. %H:%M": "", "%d de %b de %Y %H:%M": "", "/Date({ms})/": "",
}  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
def test_clocks_as_countries_and_programs_write_them(read, form):
    frame = candles(5, HOURS)

    def stamp(time, _):
        halved = form.replace("{ms}", str(time.value // 10**6))
        for pair in ("上午|下午", "오전|오후", "午前|午後", "a. m.|p. m.", "AM|PM"):
            halved = halved.replace(f"{{{pair}}}", pair.split("|")[time.hour >= 12])
        return time.strftime(halved)

    assert not difference(read([HEAD.replace(",", ";"), *cells(frame, (stamp, *OHLCV), ";")])[0], frame)


def spelled(text, first):
    return text.translate({ord(digit): chr(first + int(digit)) for digit in "0123456789"})


SPELLINGS = {
    "Arabic": lambda text: spelled(text, 0x660).replace(".", "\u066b").replace(",", ";"),
    "Persian": lambda text: spelled(text, 0x6F0), "Devanagari": lambda text: spelled(text, 0x966),
    "full width": lambda text: spelled(text, 0xFF10).replace(".", "\uff0e"),
    "text cells": lambda text: ",".join(f'="{cell}"' for cell in text.split(",")),
    "apostrophes": lambda text: ",".join(f"'{cell}" for cell in text.split(",")),
    "single quotes": lambda text: ",".join(f"'{cell}'" for cell in text.split(",")),
    "blanks": lambda text: text.replace(",", " "),
    "wide": lambda text: "  " + text.replace(",", "   ") + "  ",
    "carets": lambda text: text.replace(",", "^"), "tildes": lambda text: text.replace(",", "~"),
    "quoted blanks": lambda text: " ".join(f'"{cell}"' for cell in text.split(",")),
    "decimal commas": lambda text: text.replace(",", "^").replace(".", ","),
}  # fmt: skip


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("header", [HEAD, f"# {HEAD}", "#RIC,Date,Open,High,Low,Last,Volume"])
def test_spellings_of_tables(read, spelling, header):
    if header.startswith("#") and spelling in {"text cells", "apostrophes", "single quotes", "quoted blanks"}:
        pytest.skip("no program writes both")
    frame = candles(5, WEEKDAYS)
    named = [lambda time, _: f"{time:%Y-%m-%d}"]
    if "RIC" in header:
        named.insert(0, "QDX")
    spell = SPELLINGS[spelling]
    rows = [spell(line) for line in cells(frame, (*named, *OHLCV))]
    head = spell(header) if spelling[0].islower() else header
    head = header.replace(",", ";") if spelling == "Arabic" else head
    stored, *_ = read([head, *rows])
    assert not difference(stored, frame)


MONEY = ("R$ {}", "{} kr", "{} zł", "￥{}", "Rs. {}", "{} INR", "SEK {}", "HK${}", "₺{}", "{} Kč", "{} 元")


@pytest.mark.parametrize("form", MONEY)
def test_currencies_are_taken_off(read, form):
    frame = candles(5, WEEKDAYS, first=1500.0)
    price = [lambda _, row, name=name: form.format(f"{row[name]:.4f}") for name in PRICES]
    rows = cells(frame, (iso, *price, "volume"), ";")
    assert not difference(read([HEAD.replace(",", ";"), *rows])[0], frame)


@pytest.mark.parametrize(
    ("suffix", "power"),
    [("万", 4), ("萬", 4), ("만", 4), ("亿", 8), ("億", 8), ("L", 5), ("Cr", 7), (" lakh", 5)],
)
def test_multiples_of_asia(read, suffix, power):
    frame = candles(5, WEEKDAYS)
    frame["volume"] = frame["volume"].round(2) * 10.0**power
    frame["volume"] = frame["volume"].round()
    volume = lambda _, row: f"{row.volume / 10**power:.2f}{suffix}"  # noqa: E731
    assert not difference(read([HEAD, *cells(frame, (iso, *PRICES, volume))])[0], frame)


VOLUMES = (
    "Total Traded Quantity",
    "No.of Shares",
    "Number of Shares",
    "Volumen (Títulos)",
    "qty",
    "Quantity",
)


@pytest.mark.parametrize("name", VOLUMES)
def test_names_of_volumes(read, name):
    frame = candles(5, WEEKDAYS)
    header = f"time,open,high,low,close,Turnover,{name}"
    assert not difference(read([header, *cells(frame, (iso, *PRICES, quote, "volume"))])[0], frame)


@pytest.mark.parametrize("what", ["comments", "headers", "constant time", "letters", "adjusted"])
def test_what_stands_beside_the_candles(read, what):
    frame, header, code = candles(5, HOURS), HEAD, ""
    rows = list(cells(frame, (iso, *OHLCV)))
    if what in {"comments", "headers"}:
        code, also = f"{what} among rows", "# a remark" if what == "comments" else HEAD
        rows = [line for at, row in enumerate(rows) for line in ([also, row] if at % 9 == 4 else [row])]
    elif what == "constant time":
        header, rows = f"timestamp,_start,{HEAD}", [f"1706745600,2023-01-01T00:00:00Z,{row}" for row in rows]
    elif what == "letters":
        header, rows = "T,t,o,h,l,c,v,L,Q", [f"1706745600000,{row},5,6" for row in rows]
    elif what == "adjusted":
        header, code = "Date,Adj. Open,Adj. High,Adj. Low,Adj. Close,Adj. Volume", "prices adjusted"
    stored, notes, report = read([header, *rows])
    assert not difference(stored, frame)
    assert report.rejected == 0
    assert not code or code in notes


def records(frame):
    return [{"time": milliseconds(time, 0), **row.to_dict()} for time, row in frame.iterrows()]


def framed(frame, orient):
    return json.loads(frame.to_json(date_format="iso", orient=orient, double_precision=9))


DOCUMENTS = {
    "split": lambda frame: framed(frame, "split"), "columns": lambda frame: framed(frame, "columns"),
    "numbered columns": lambda frame: framed(frame.rename_axis("time").reset_index(), "columns"),
    "index": lambda frame: framed(frame, "index"),
    "table": lambda frame: framed(frame.rename_axis("time"), "table"),
    "one record": lambda frame: [{"ticker": "qdx", "priceData": records(frame)}],
    "names beside": lambda frame: {
        "meta": {"columns": ["time", "open", "high", "low", "close", "volume"], "order": "asc"},
        "data": {"values": [list(each.values()) for each in records(frame)]},
    },
    "prices inside": lambda frame: [
        {"time": each["time"], "volume": each["volume"], "ohlc": {name: each[name] for name in PRICES}}
        for each in records(frame)
    ],
    "letters inside": lambda frame: [
        {"t": each["time"], "v": each["volume"], "o": {name[0]: each[name] for name in PRICES}}
        for each in records(frame)
    ],
    "MongoDB": lambda frame: [
        {**each, "_id": {"$oid": "5f"}, "time": {"$date": each["time"]}, "low": {"$double": each["low"]}}
        for each in records(frame)
    ],
    "deep": lambda frame: {"a": {"b": [], "c": {"d": {"rows": records(frame)}}}, "status": {"code": 0}},
}  # fmt: skip


@pytest.mark.parametrize("shape", DOCUMENTS)
def test_shapes_of_json(read, shape):
    frame = candles(5, HOURS)
    assert not difference(read(json.dumps(DOCUMENTS[shape](frame)))[0], frame)


def test_json_of_several_markets_is_refused_with_their_names(read):
    rows = records(candles(5, HOURS))
    with pytest.raises(RepairDataError, match=r"2 lists of rows: bars\.A, bars\.B"):
        read(json.dumps({"bars": {"A": rows, "B": rows}}))


def test_rates_oftener_than_any_exchange_pays_are_refused(read):
    times = pd.date_range("2024-01-01", periods=100, freq="1s")
    with pytest.raises(RepairDataError, match="rate every 1 s"):
        read(["time,funding_rate", *(f"{time},0.0001" for time in times)])


def test_rows_of_another_width_are_the_reason_that_is_told(read):
    rows = [HEAD, *cells(candles(5, HOURS), (iso, *OHLCV))]
    rows[5::10] = [row.rpartition(",")[0] for row in rows[5::10]]
    with pytest.raises(RepairDataError, match="not the 6 columns"):
        read(rows)


@pytest.mark.parametrize("zone", ["+0", "-5"])
def test_times_of_greenwich_beside_an_offset(read, zone):
    frame = candles(5, HOURS)
    clock = [lambda time, _: f"{time:%d-%b-%Y}".upper(), lambda time, _: f"{time:%H:%M:%S}.000000"]
    header = "#RIC,Date[G],Time[G],GMT Offset,Type,Open,High,Low,Last,Volume"
    stored, *_ = read([header, *cells(frame, ("QDX.L", *clock, zone, "Intraday 1Hour", *OHLCV))])
    assert not difference(stored, frame)
