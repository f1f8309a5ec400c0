"""Kinds of files from anywhere: each is read right and tells how, or is refused with the reason."""

import json

import numpy as np
import pandas as pd
import pytest

from engine.data.given_files import signals_of
from engine.errors import RepairDataError
from tests.importing.markets import OHLCV, PRICES, candles, lines, seconds
from tests.importing.test_random_files import difference

HOURS, DAYS, WEEKDAYS = (
    pd.date_range("2023-03-01", periods=120, freq=step) for step in ("1h", "1D", "B")
)  # fmt: skip
RATES = [0.0001, -0.000125, 0.0, 0.00375]
HEAD = "time,open,high,low,close,volume"


def plain(frame, stamp=str, columns=OHLCV):
    return [HEAD, *lines(frame, columns, 2, stamp=stamp)]


@pytest.mark.parametrize(
    ("name", "cell"),
    [
        ("Funding Rate", lambda rate: f"{100 * rate:.4f}%"), ("rate", lambda rate: f"{100 * rate:.4f} %"),
        ("Funding Rate (%)", lambda rate: f"{100 * rate:.4f}"), ("value", lambda rate: f"{100 * rate:.4f}%"),
        ("funding_rate_percent", lambda rate: f"{100 * rate:.4f}"),
        ("fundingRate [bps]", lambda rate: f"{10_000 * rate:.2f}"),
        ("funding_rate", lambda rate: f"{rate:.6f}"), ("Funding Rate (%)", lambda rate: f"{100 * rate:.4f}%"),
    ],
)  # fmt: skip
def test_rates_in_per_cent_are_shares(read, tmp_path, name, cell):
    rows = [f"{time},{cell(RATES[at % 4])}" for at, time in enumerate(HOURS)]
    stored, notes, _ = read([f"time,{name}", *rows])
    assert stored["value"].tolist() == [RATES[at % 4] for at in range(len(HOURS))]
    noted = name != "funding_rate"
    assert ("values in a unit" in notes) == noted
    if noted:
        with pytest.raises(RepairDataError, match="per cent"):
            signals_of(tmp_path / "a.csv")


def test_rates_of_which_some_are_in_per_cent_are_refused(read):
    with pytest.raises(RepairDataError, match="not known"):
        read(["time,rate", *(f"{time},{'0.01%' if at % 3 else '0.01'}" for at, time in enumerate(HOURS))])


ZONED = {
    "6. Time Zone": "US/Eastern", "exchangeTimezoneName": "America/New_York", "tz": "Asia/Tokyo",
    "zone of the exchange": "Europe/Berlin",
}  # fmt: skip


@pytest.mark.parametrize("key", ZONED)
def test_a_zone_beside_rows_of_json_is_applied(read, key):
    frame = candles(3, HOURS)
    local = HOURS.tz_localize("UTC").tz_convert(ZONED[key]).tz_localize(None)
    rows = [
        {"datetime": str(time), **{name: row[name] for name in OHLCV}}
        for time, (_, row) in zip(local, frame.iterrows(), strict=True)
    ]
    document = {"meta": {"symbol": "EUR/USD", "timezone": "EST", key: ZONED[key]}, "values": rows}
    if key == "tz":
        del document["meta"]["timezone"]
    local_hour = local.duplicated(keep=False)
    stored, notes, _ = read(json.dumps(document))
    assert not local_hour.any()
    assert not difference(stored, frame)
    assert notes["times of a told zone"] == {"zone": ZONED[key]}
    document["meta"]["another"] = "Asia/Kolkata"
    with pytest.raises(RepairDataError, match="which one is meant"):
        read(json.dumps(document))


@pytest.mark.parametrize("publisher", ["Deribit", "Yahoo Finance"])
def test_columns_within_an_answer_are_read(read, publisher):
    frame = candles(3, HOURS)
    columns = {name: frame[name].tolist() for name in OHLCV}
    stamps = [seconds(time) * (1000 if publisher == "Deribit" else 1) for time in HOURS]
    meta = {"exchangeTimezoneName": "America/New_York", "timezone": "EST"}
    document = {
        "Deribit": {"result": {**columns, "ticks": stamps, "cost": columns["volume"], "status": "ok"}},
        "Yahoo Finance": {"chart": {"result": [{"meta": meta, "timestamp": stamps, "indicators":
                                                {"quote": [columns]}}], "error": None}},
    }[publisher]  # fmt: skip
    stored, _, report = read(json.dumps(document))
    assert not difference(stored, frame)
    assert report.layout == publisher


def headed(frame, names, extra):
    """Rows with these columns behind the prices, each a function of time, row and number."""
    return [f"time,open,high,low,close,{names}", *lines(frame, (*PRICES, *extra), 2, stamp=str)]


def volume(_, row, __):
    return f"{row.volume:.4f}"


def quote(_, row, __):
    return f"{row.volume * (row.high + row.low) / 2:.6f}"


def contracts(_, row, __):
    return f"{row.volume * 100:.0f}"


@pytest.mark.parametrize("first", [0.02, 1.5, 30_000.0])
@pytest.mark.parametrize(
    ("names", "columns", "base"),
    [
        ("amount,vol,count", (volume, quote, "7"), "amount"),
        ("vol,volCcy,volCcyQuote", (contracts, volume, quote), "volCcy"),
        ("volume,volume_btc", (quote, volume), "volume_btc"),
        ("volume,volume_usd", (volume, quote), ""), ("volume,turnover", (volume, quote), ""),
        ("turnover,volume", (volume, quote), "turnover"), ("Volume,Amount", (contracts, quote), ""),
        ("volume,turnover,homeNotional,foreignNotional", (contracts, "5", volume, quote), "homeNotional"),
    ],
)  # fmt: skip
def test_the_base_is_the_volume_that_times_the_price_is_another(read, first, names, columns, base):
    frame = candles(5, HOURS, first=first, places=4)
    header, *rows = headed(frame, names, columns)
    rows = [
        f"{time},{row}" for time, row in zip(HOURS, (line.partition(",")[2] for line in rows), strict=True)
    ]
    for place, (_, row) in enumerate(frame.iterrows()):
        cells = rows[place].split(",")
        rows[place] = ",".join([cells[0], *(f"{row[name]:.4f}" for name in PRICES), *cells[5:]])
    stored, notes, _ = read([header, *rows])
    expected = frame["volume"] if volume in columns else (frame["volume"] * 100).round()
    assert stored["volume"].tolist() == expected.tolist()
    assert notes.get("volume by its numbers", {"column": ""})["column"] == base


@pytest.mark.parametrize("kind", ["equal", "adjusted", "mean"])
def test_a_price_behind_the_prices_is_no_volume(read, kind):
    frame = candles(5, DAYS, places=4)
    share = np.where(np.arange(len(frame)) < 50, 0.4, 0.9)  # a dividend, or a split
    other = {"equal": frame.close, "adjusted": frame.close * share, "mean": (frame.high + frame.low) / 2}[
        kind
    ]
    rows = [
        f"{time},{','.join(f'{row[name]:.4f}' for name in PRICES)},{also:.5f},{row.volume:.4f}"
        for (time, row), also in zip(frame.iterrows(), other, strict=True)
    ]
    stored, notes, _ = read(rows)
    assert not difference(stored, frame)
    assert notes["columns passed over"] == {"columns": "6"}


ZONES = ("America/New_York", "Europe/Berlin", "Australia/Lord_Howe", "Australia/Sydney")


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("freq", ["15min", "30min", "1h"])
@pytest.mark.parametrize("order", ["rising", "falling", "shuffled"])
def test_the_hour_that_clocks_show_twice_is_decided_by_order_alone(read, zone, freq, order):
    autumn = pd.Timestamp("2023-04-01" if zone.startswith("Australia") else "2023-10-25")
    times = pd.date_range(autumn, periods=900, freq=freq)
    frame = candles(5, times)
    local = times.tz_localize("UTC").tz_convert(zone).tz_localize(None)
    rows = [
        f"{time},{line.partition(',')[2]}"
        for time, line in zip(local, lines(frame, OHLCV, 2, stamp=str), strict=True)
    ]
    rows = {
        "rising": rows,
        "falling": rows[::-1],
        "shuffled": list(np.random.default_rng(1).permutation(rows)),
    }
    stored, _, report = read([HEAD, *rows[order]], timezone=zone)
    twice = local.duplicated(keep=False)
    if order != "shuffled":
        assert not difference(stored, frame)
    else:
        assert not difference(stored, frame[~twice])
        assert report.rejected == twice.sum()


@pytest.mark.parametrize("freq", ["ME", "BME", "MS", "QS", "QE", "QS-FEB", "YS", "YE"])
@pytest.mark.parametrize("falling", [False, True])
def test_months_quarters_and_years_are_those_of_their_first_days(read, freq, falling):
    times = pd.date_range("2000-01-01", periods=24 if freq[0] == "Y" else 60, freq=freq)
    frame = candles(5, times)
    stored, notes, report = read(plain(frame[::-1] if falling else frame))
    each, ends = {"M": 1, "B": 1, "Q": 3, "Y": 12}[freq[0]], freq.endswith("E")
    first = (times.to_period("M") - (each - 1 if ends else 0)).to_timestamp()
    assert not difference(stored, frame.set_axis(first))
    assert ("times are the ends of periods" in notes) == ends
    assert (report.rejected, report.missing, report.calendar) == (0, 0, "24/7")


@pytest.mark.parametrize("places", [2, 3, 4, 5])
def test_days_of_excel_that_were_rounded_are_brought_to_the_grid(read, places):
    frame = candles(5, HOURS)
    days = lambda t: f"{(t - pd.Timestamp('1899-12-30')) / pd.Timedelta('1D'):.{places}f}"  # noqa: E731
    stored, notes, _ = read(plain(frame, days))
    assert not difference(stored, frame)
    assert "day numbers" in notes


def test_days_of_excel_from_1904_are_refused_with_both_readings(read):
    frame = candles(5, WEEKDAYS)
    with pytest.raises(RepairDataError, match=r"2019-02-28 counted from 1900.*2023-03-01 from 1904"):
        read(plain(frame, lambda t: str((t - pd.Timestamp("1904-01-01")).days)))
    stored, *_ = read(plain(frame, lambda t: str((t - pd.Timestamp("1899-12-30")).days)))
    assert not difference(stored, frame)


NAMES = {
    "Datum;Eroeffnung;Hoch;Tief;Schluss;Umsatz (Stueck)": "%d.%m.%Y",
    "Datum;Eröffnung;Hoch;Tief;Schluss;Umsatz (Stück)": "%d.%m.%Y",
    "Datum;Open;Hoog;Laag;Laatst;Vol.": "%d-%m-%Y", "Data;Otwarcie;Max.;Min.;Ostatnio;Wol.": "%d.%m.%Y",
    "Date;Ouverture;Haut;Bas;Cloture;Volume": "%d/%m/%Y",
    "Fecha;Apertura;Maximo;Minimo;Ultimo;Vol.": "%d.%m.%Y",
    "日期;开盘;高;低;收盘;交易量": "%Y年%m月%d日", "날짜;시가;고가;저가;종가;거래량": "%Y- %m- %d",
    "日付け;始値;高値;安値;終値;出来高": "%Y年%m月%d日",
    "window_start;open;high;low;close;volume": "%Y-%m-%d", "Time;Open;High;Low;Latest;Volume": "%Y-%m-%d",
}  # fmt: skip


@pytest.mark.parametrize("header", NAMES)
def test_names_of_other_tongues_and_without_their_accents(read, header):
    frame = candles(5, WEEKDAYS)
    stamp = lambda t: t.strftime(NAMES[header])  # noqa: E731
    stored, *_ = read([header, *lines(frame, OHLCV, 2, stamp=stamp, delimiter=";")])
    assert not difference(stored, frame)


def test_bars_within_days_that_would_be_a_year_apart_are_no_reading(read):
    frame = candles(5, pd.date_range("2024-01-03 10:00", periods=300, freq="1h"))
    stored, *_ = read(plain(frame, "{:%d/%m/%y %H:%M}".format))
    assert not difference(stored, frame)


BREAKS = ("whole lines", "marks inside", "row numbers", "dividends", "no volume known", "cut", "confirm")


@pytest.mark.parametrize("what", BREAKS)
def test_what_stands_among_rows_is_left_out_and_told(read, what):
    frame = candles(5, DAYS)
    header, *rows = plain(frame)
    expected, code = frame, ""
    if what == "whole lines":
        rows = [f'"{line}"' for line in rows]
        header = f'"{header}"'
    elif what == "marks inside":
        rows[60] = "\ufeff" + rows[60]
    elif what == "row numbers":
        rows, header, code = [f"{at},{row}" for at, row in enumerate(rows)], "", "row numbers in front"
    elif what == "dividends":
        rows.insert(40, "2023-04-10,0.24 Dividend")
        rows.append("2023-06-29,2:1 Stock Splits")
        code = "lines of dividends"
    elif what == "no volume known":
        rows = [",".join([*row.split(",")[:5], "-1"]) for row in rows]
        expected, code = frame.assign(volume=np.nan), "volume of -1"
    elif what == "cut":
        rows[-1], code = rows[-1][:-5], "cut last line"
        expected = frame.assign(volume=[*frame.volume[:-1], float(rows[-1].rpartition(",")[2])])
    elif what == "confirm":
        header += ",confirm"
        rows = [f"{row},{int(at < len(rows) - 2)}" for at, row in enumerate(rows)]
        expected, code = frame[:-2], "unfinished candles"
    text = "\n".join([*([header] if header else []), *rows]) + ("" if what == "cut" else "\n")
    stored, notes, report = read(text)
    assert not difference(stored, expected)
    assert report.rejected == 0
    assert not code or code in notes


def test_other_volumes_below_0_stay_impossible(read):
    rows = plain(candles(5, DAYS))
    rows[5] = ",".join([*rows[5].split(",")[:5], "-1"])
    assert read(rows)[2].rejected == 1


def test_stamps_of_bitmex_are_the_ends_of_bars(read):
    frame = candles(5, HOURS)
    names = "trades,volume,vwap,lastSize,turnover,homeNotional,foreignNotional"
    columns = ("5", contracts, "1", "1", "99", volume, quote)
    stamp = lambda t: f"{t + pd.Timedelta('1h'):%Y-%m-%dT%H:%M:%S.000Z}"  # noqa: E731
    rows = lines(frame, (*PRICES, *columns), 2, stamp=stamp)
    stored, notes, report = read([f"timestamp,open,high,low,close,{names}", *rows])
    assert not difference(stored, frame)
    assert report.layout == "BitMEX"
    assert "times are the ends of bars" in notes


@pytest.mark.parametrize(("hour", "noted"), [(0, False), (9, False), (16, True), (17, True)])
def test_daily_bars_stamped_when_markets_close_are_told(read, hour, noted):
    frame = candles(5, WEEKDAYS + pd.Timedelta(hours=hour))
    assert ("days stamped by day" in read(plain(frame))[1]) == noted


@pytest.mark.parametrize(("days", "noted"), [(5, True), (30, False)])
def test_a_calendar_of_too_few_days_is_told(read, days, noted):
    sessions = pd.bdate_range("2024-02-01", periods=days)
    times = [day + pd.Timedelta(minutes=930 + 5 * bar) for day in sessions for bar in range(78)]
    assert ("short for a calendar" in read(plain(candles(5, times)))[1]) == noted
