"""Bars told by years, days of trading, spans of time or glued digits; and what stands beside names."""

import json

import numpy as np
import pandas as pd
import pytest

from engine.errors import RepairDataError
from tests.importing.markets import OHLCV, PRICES, candles, lines
from tests.importing.test_random_files import difference

HEAD = "Date,Open,High,Low,Close,Volume"
HOURS = pd.date_range("2024-01-29", periods=100, freq="h")
DAYS = pd.bdate_range("2024-01-02", periods=80)
UNITS = ("USD", "GBp", "[EUR]", "pence")


def rows(frame, stamp=str, columns=OHLCV):
    return list(lines(frame, columns, 2, stamp=stamp))


def closed(seed, share):
    """Business days of nine years, of which a market is closed on New Year's Day and some others."""
    days = pd.bdate_range("2015-01-01", "2023-12-31")
    dropped = np.random.default_rng(seed).random(len(days)) < share
    return days[~(dropped | ((days.month == 1) & (days.day == 1)))]


@pytest.mark.parametrize("name", ["Year", "Date", "Jahr"])
@pytest.mark.parametrize("backwards", [True, False])
def test_bars_of_years_that_are_named_by_them(read, name, backwards):
    frame = candles(5, pd.date_range("1990-01-01", periods=34, freq="YS"))
    table = rows(frame, "{:%Y}".format)
    stored = read([HEAD.replace("Date", name), *(table[::-1] if backwards else table)])[0]
    assert not difference(stored, frame)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize(("length", "begins"), [("M", "MS"), ("Q", "QS")])
@pytest.mark.parametrize("which", ["first", "last"])
def test_bars_that_are_named_by_a_day_of_trading_stand_at_their_periods_first_day(
    read, seed, length, begins, which
):
    days = closed(seed, 0.04 if which == "first" else 0.02)
    named = pd.DatetimeIndex(getattr(pd.Series(days).groupby(days.to_period(length)), which)())
    starts = pd.date_range(days[0].to_period(length).start_time, periods=len(named), freq=begins)
    frame = candles(5, starts)
    stored, notes, _ = read([HEAD, *rows(frame.set_axis(named), "{:%Y-%m-%d}".format)])
    assert not difference(stored, frame)
    assert {"times are days of trading", "times are the ends of periods"} & set(notes)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("which", ["first", "last"])
def test_bars_of_weeks_that_holidays_moved_stand_at_their_mondays(read, seed, which):
    days = closed(seed, 0.03)
    weeks = pd.Series(days).groupby(days.to_period("W"))
    named = pd.DatetimeIndex(getattr(weeks, which)())
    frame = candles(5, pd.DatetimeIndex([each.start_time for each in weeks.groups]))
    stored = read([HEAD, *rows(frame.set_axis(named), "{:%Y-%m-%d}".format)])[0]
    assert not difference(stored, frame)


def clock(time):
    return f"{time:%H:%M}"


def day(time):
    return f"{time:%d.%m.%Y}"


def after(time):
    return time + pd.Timedelta("1h")


SPANS = {
    "dates": lambda time: f"{day(time)} {clock(time)} - {day(after(time))} {clock(after(time))}",
    "ISO 8601": lambda time: f"{time.isoformat()}Z/{after(time).isoformat()}Z",
    "an en dash": lambda time: f"{day(time)} {clock(time)} – {day(after(time))} {clock(after(time))}",
    "words": lambda time: f"{time:%Y-%m-%d %H:%M} to {after(time):%Y-%m-%d %H:%M}",
    "clocks": lambda time: f"{time:%Y-%m-%d} {clock(time)} - {clock(after(time))}",
    "a date beside": lambda time: f"{time:%Y-%m-%d},{clock(time)} - {clock(after(time))}",
    "hours beside": lambda time: f"{time:%Y-%m-%d},{time:%H}-{after(time):%H}",
}


@pytest.mark.parametrize("form", SPANS)
def test_of_a_span_of_time_the_start_is_read(read, form):
    frame = candles(5, HOURS)
    names = HEAD.replace("Date", "Date,Hour" if form.endswith("beside") else "MTU (UTC)")
    assert not difference(read([names, *rows(frame, SPANS[form])])[0], frame)


@pytest.mark.parametrize("offset", ["+00:00", "-05:00"])
def test_an_offset_behind_a_time_is_no_end_of_a_span(read, offset):
    frame = candles(5, HOURS)
    stored = read([HEAD, *rows(frame, lambda time: f"{time:%Y-%m-%d %H:%M}{offset}")])[0]
    assert not difference(stored, frame.set_axis(frame.index - pd.Timedelta(f"{offset[:3]}:00:00")))


@pytest.mark.parametrize("form", ["%Y%m%d%H", "%Y%m%d%H%M", "%d%m%Y%H%M", "%d%m%Y%H%M%S", "%Y%m%d%H%M%S000"])
def test_dates_and_clocks_without_anything_between_them(read, form):
    frame = candles(5, pd.date_range("2024-01-29", periods=100, freq="7h"))
    assert not difference(read([HEAD, *rows(frame, f"{{:{form}}}".format)])[0], frame)


@pytest.mark.parametrize("form", ["%y%m%d%H%M", "%d%m%y%H%M", "%m%d%y%H%M"])
@pytest.mark.parametrize("begin", ["2009-08-07", "2023-05-05"])
def test_two_digits_of_a_year_stand_where_all_rows_make_sense_or_are_asked_for(read, form, begin):
    frame = candles(5, pd.date_range(begin, periods=100, freq="7h"))
    stamp = f"{{:{form}}}".format
    assert not difference(read([HEAD, *rows(frame, stamp)])[0], frame)
    one_day = candles(5, pd.date_range("2009-08-07", periods=20, freq="h"))
    with pytest.raises(RepairDataError, match=r"9-08-07|07-08|08-07") as caught:
        read([HEAD, *rows(one_day, stamp)])
    assert "--dates" in caught.value.remedy


@pytest.mark.parametrize("unit", UNITS)
def test_a_line_of_units_is_told(read, unit):
    frame = candles(5, DAYS)
    stored, notes, _ = read([HEAD, f",{unit},{unit},{unit},{unit},shares", *rows(frame)])
    assert not difference(stored, frame)
    assert notes["a line of units"] == {"prices": unit.strip("[]"), "volume": "shares"}


def test_prices_in_several_units_are_refused(read):
    with pytest.raises(RepairDataError, match="several units"):
        read([HEAD, ",USD,EUR,USD,USD,shares", *rows(candles(5, DAYS))])


def test_a_volume_in_a_currency_below_its_name_is_unknown(read):
    frame = candles(5, DAYS)
    stored = read([HEAD, ",USD,USD,USD,USD,USD", *rows(frame)])[0]
    assert not difference(stored, frame.assign(volume=np.nan))


def test_row_numbers_under_a_hash_are_no_comment(read):
    frame = candles(5, DAYS)
    table = [f"{number},{row}" for number, row in enumerate(rows(frame), 1)]
    assert not difference(read([f"#,{HEAD}", *table])[0], frame)


def test_what_an_office_says_above_its_rows_is_told(read):
    times = pd.date_range("2015-01-01", periods=90, freq="MS")
    values = np.random.default_rng(5).normal(100, 5, len(times)).round(2)
    said = ["Title,CPI INDEX 00: ALL ITEMS", "CDID,D7BT", "Unit,Index", "Release date,17-01-2024"]
    table = [f"{time:%Y-%m},{value}" for time, value in zip(times, values, strict=True)]
    stored, notes, _ = read([*said, *table])
    assert stored["value"].tolist() == values.tolist()
    assert "D7BT" in notes["lines above the rows"]["text"]


def units_and_nano(value):
    return {"units": str(int(value)), "nano": round(value % 1 * 1e9)}


NUMBERS = {
    "units and nano": units_and_nano, "a currency": lambda value: {"value": value, "currency": "USD"},
    "as shown": lambda value: {"raw": value, "fmt": f"{value:,.2f}"},
}  # fmt: skip


@pytest.mark.parametrize("form", NUMBERS)
def test_numbers_that_are_records_of_json(read, form):
    frame = candles(5, HOURS)
    document = [
        {"time": f"{time.isoformat()}Z", "volume": row.volume}
        | {name: NUMBERS[form](float(row[name])) for name in PRICES}
        for time, row in frame.iterrows()
    ]
    assert not difference(read(json.dumps({"candles": document}))[0], frame)


def test_prices_of_one_currency_inside_each_record_of_json(read):
    frame = candles(5, HOURS)
    document = [
        {"timeOpen": f"{time.isoformat()}Z", "quote": {"USD": dict(row)}} for time, row in frame.iterrows()
    ]
    assert not difference(read(json.dumps({"data": {"quotes": document}}))[0], frame)
    for each in document:
        each["quote"]["EUR"] = {name: value * 0.9 for name, value in each["quote"]["USD"].items()}
    with pytest.raises(RepairDataError, match="USD and EUR"):
        read(json.dumps({"data": {"quotes": document}}))


def test_a_record_that_nobody_knows_is_no_unknown_volume(read):
    document = [
        {"time": f"{time.isoformat()}Z", "volume": {"buy": row.volume, "sell": 1.0}}
        | {name: float(row[name]) for name in PRICES}
        for time, row in candles(5, HOURS).iterrows()
    ]
    with pytest.raises(RepairDataError):
        read(json.dumps(document))
