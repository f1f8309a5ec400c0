"""Forms of times that have one reading are read; those that have two are refused with both."""

import pandas as pd
import pytest

from engine.errors import RepairDataError
from tests.importing.markets import OHLCV, candles, lines, seconds
from tests.importing.test_random_files import difference

HOURS = pd.date_range("2024-01-29", periods=60, freq="h")
WEEKDAYS = pd.bdate_range("2023-11-20", periods=60)
MONTHS = pd.date_range("2001-01-01", periods=40, freq="MS")
QUARTERS = pd.date_range("2008-01-01", periods=20, freq="QS")
QUARTERS_OF_HOURS = pd.date_range("2024-01-29", periods=60, freq="15min")
HEAD = "time,open,high,low,close,volume"
EXCEL = pd.Timestamp("1899-12-30")


def file(times, stamp, header=HEAD):
    """Candles at these times, and the lines that write them."""
    frame = candles(5, times)
    return frame, [header, *lines(frame, OHLCV, 2, stamp=stamp)]


ONE_READING = {  # times, and how they are written
    "date(1)": (HOURS, "{:%a %b %d %H:%M:%S UTC %Y}".format),
    "date(1) of twelve hours": (HOURS, "{:%a %b %d %I:%M:%S %p UTC %Y}".format),
    "ctime": (HOURS, "{:%a %b %d %H:%M:%S %Y}".format),
    "day, month, year": (WEEKDAYS, "{:%d%m%Y}".format),
    "month, day, year": (WEEKDAYS, "{:%m%d%Y}".format),
    "day, month, year and clock": (HOURS, "{:%d%m%Y %H%M%S}".format),
    "without their zeros": (WEEKDAYS, lambda time: f"{time:%d%m%Y}".lstrip("0")),
    "year, day, month": (WEEKDAYS, "{:%Y-%d-%m}".format),
    "year and month": (MONTHS, "{:%Y%m}".format),
    "month of a short year": (MONTHS, "{:%b-%y}".format),
    "short year and month": (MONTHS, "{:%y-%b}".format),
    "year and name of a month": (MONTHS, "{:%Y-%b}".format),
    "month of the last century": (pd.date_range("1995-01-01", periods=40, freq="MS"), "{:%b'%y}".format),
    "m1": (MONTHS, lambda time: f"{time.year}m{time.month}"),
    "tenths": (MONTHS, lambda time: f"{time.year}.{time.month:02}".removesuffix("0")),
    "1Q08": (QUARTERS, lambda time: f"{time.quarter}Q{time:%y}"),
    "Q1'08": (QUARTERS, lambda time: f"Q{time.quarter}'{time:%y}"),
    "2008:Q1": (QUARTERS, lambda time: f"{time.year}:Q{time.quarter}"),
    "T1 2008": (QUARTERS, lambda time: f"T{time.quarter} {time.year}"),
    "day of a year and clock": (HOURS, "{:%Y-%jT%H:%M}".format),
    "minus": (HOURS, lambda time: f"{time - pd.Timedelta('5h'):%Y-%m-%dT%H:%M:%S}\u221205:00"),
    "hyphen": (HOURS, lambda time: f"{time:%Y-%m-%d %H:%M}".replace("-", "\u2010")),
    "years of Taiwan": (WEEKDAYS, lambda time: f"{time.year - 1911}/{time:%m/%d}"),
    "Julian days": (HOURS, lambda time: f"{time.to_julian_date():.5f}"),
    "whole Julian days": (WEEKDAYS, lambda time: f"{time.to_julian_date() + 0.5:.0f}"),
}


@pytest.mark.parametrize("form", ONE_READING)
@pytest.mark.parametrize("falling", [False, True])
def test_forms_with_one_reading(read, form, falling):
    times, stamp = ONE_READING[form]
    frame, (header, *rows) = file(times, stamp)
    stored, _, report = read([header, *(rows[::-1] if falling else rows)])
    assert not difference(stored, frame)
    assert report.rejected == 0


FEW_MONTHS = pd.date_range("2009-01-01", periods=12, freq="MS")
EARLY = pd.date_range("2024-01-01", periods=12)
TWO_READINGS = {
    "months of one year, or days": (FEW_MONTHS, "{:%Y%m}".format, "2009-01 or 20-09-01"),
    "days without years": (pd.bdate_range("2023-01-02", "2023-12-29"), "{:%b-%d}".format, "without a year"),
    "one day of months without a year": (FEW_MONTHS, "{:%d-%b}".format, "without a year"),
    "months or quarters": (QUARTERS, lambda time: f"{time.year}.{time.quarter}", "month or quarter"),
    "days up to the twelfth": (EARLY, "{:%d%m%Y}".format, "day-first or 2024-"),
    "NTP": (HOURS, lambda time: seconds(time) + 2_208_988_800, "2024-01-29T00:00:00Z if counted from 1900"),
    "LabVIEW": (
        HOURS,
        lambda time: seconds(time) + 2_082_844_800,
        "2024-01-29T00:00:00Z if counted from 1904",
    ),
    "modified Julian days": (
        WEEKDAYS,
        lambda time: (time - pd.Timestamp("1858-11-17")).days,
        "2023-11-20T00:00:00Z if counted from 17 November 1858",
    ),
    "the future": (pd.date_range("2031-01-01", periods=60), str, "lies in the future"),
}


@pytest.mark.parametrize("form", TWO_READINGS)
def test_forms_with_two_readings_are_refused_with_both(read, form):
    times, stamp, reason = TWO_READINGS[form]
    with pytest.raises(RepairDataError, match=reason):
        read(file(times, lambda time: str(stamp(time)))[1])


PARTS = {  # names of columns, and their cells
    "Year,Month,Day,Hour": (HOURS, "{0.year},{0.month},{0.day},{0.hour}"),
    "year,month,day,hour,minute": (HOURS, "{0.year}.0,{0.month}.0,{0.day}.0,{0.hour}.0,{0.minute}.0"),
    "DAY,MONTH,YEAR": (WEEKDAYS, "{0.day},{0.month},{0.year}"),
    "YEAR,MONTH,DAY,TIME": (HOURS, "{0.year},{0.month},{0.day},{0:%H:%M}"),
    "Year,Month": (MONTHS, "{0.year},{0.month}"),
    "Year,Mon": (MONTHS, "{0.year},{0:%b}"),
    "Year,Quarter": (QUARTERS, "{0.year},Q{0.quarter}"),
    "Date,Hour,Minute": (HOURS + pd.Timedelta("30min"), "{0:%d/%m/%Y},{0.hour},{0.minute}"),
    "Date,hour,minute,second": (QUARTERS_OF_HOURS, "{0:%d-%b-%Y},{0.hour},{0.minute},0"),
    "timestamp,hour,minute": (HOURS, "{0},{0.hour},{0.minute}"),
    "Date,Year,Month,Day": (WEEKDAYS, "{0:%Y-%m-%d},{0.year},{0.month},{0.day}"),
}


@pytest.mark.parametrize("names", PARTS)
def test_dates_in_columns_of_their_parts(read, names):
    times, cells = PARTS[names]
    frame, rows = file(times, cells.format, HEAD.replace("time", names))
    assert not difference(read(rows)[0], frame)


@pytest.mark.parametrize("clock", ["{:%H:%M}", "fraction"])
def test_days_of_excel_beside_a_clock(read, clock):
    def stamp(time):
        day = (time - EXCEL).days
        share = (time - time.normalize()) / pd.Timedelta("1D")
        return f"{day},{share:.10g}" if clock == "fraction" else f"{day},{clock.format(time)}"

    frame, rows = file(HOURS, stamp, HEAD.replace("time", "Date,Time"))
    assert not difference(read(rows)[0], frame)


@pytest.mark.parametrize("order", ["rising", "falling"])
@pytest.mark.parametrize("lost", [False, True])
def test_days_of_first_rows_are_carried_on_where_that_is_certain(read, order, lost):
    times = HOURS if order == "rising" else HOURS[::-1]
    frame = candles(5, times)

    def stamp(time):
        there = time.hour == (0 if order == "rising" else 23) or time == times[0]
        there = there and not (lost and time.day == 30)
        return f"{time:%Y-%m-%d},{time:%H:%M}" if there else f",{time:%H:%M}"

    rows = [HEAD.replace("time", "Date,Time"), *lines(frame, OHLCV, 2, stamp=stamp)]
    if lost:
        with pytest.raises(RepairDataError, match="time not readable"):
            read(rows)
        return
    stored, notes, _ = read(rows)
    assert not difference(stored, frame.sort_index())
    assert notes["days carried on"] == {"rows": len(frame) - 3}


@pytest.mark.parametrize(
    ("zone", "unit", "reason"),
    [
        ("Etc/GMT+4", "minutes", ""), ("Europe/Berlin", "minutes", ""), ("Asia/Kolkata", "_minutes", ""),
        ("America/New_York", "minutes", ""), ("Asia/Kolkata", "minutes", "5.5 h in minutes"),
        ("Etc/GMT+5", "minutes", "-5 h in minutes"),
    ],
)  # fmt: skip
def test_offsets_that_are_numbers_are_of_the_unit_that_all_can_have(read, zone, unit, reason):
    times = pd.date_range("2024-03-08", periods=600, freq="h")
    frame = candles(5, times)
    local = {time: time.tz_localize("UTC").tz_convert(zone) for time in times}

    def stamp(time):
        return f"{int(local[time].utcoffset().total_seconds() // 60)},{local[time]:%Y-%m-%d %H:%M}"

    name = f"tz_offset{unit if unit[0] == '_' else ''}"
    rows = [f"{name},{HEAD}", *lines(frame, OHLCV, 2, stamp=stamp)]
    if reason:
        with pytest.raises(RepairDataError, match=reason):
            read(rows)
    else:
        assert not difference(read(rows)[0], frame)
