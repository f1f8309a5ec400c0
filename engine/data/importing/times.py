"""Columns of times into ms since 1970: stamps, ISO 8601, Excel's days, dates and clocks of every form.

Nothing is guessed. A cell whose unit or form is not certain becomes unreadable, and the check that follows
rejects and counts its row.
"""

from __future__ import annotations

import contextlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from engine.data.importing.dates import (
    DAY_MS,
    UndecidableError,
    Written,
    clock_column,
    dates_of,
    mask,
)
from engine.data.importing.hints import Hints, zone_of
from engine.market.times import UNREADABLE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

EARLIEST_S, LATEST_S = 315_532_800, 4_102_444_800  # 1980 and 2100: a number is a stamp between them
YEAR_S = 366 * 86_400
ENOUGH = 60  # cells that tell what a column is
UNITS = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}  # per second
WHOLE = r"^-?\d{1,18}$|^[1-8]\d{18}$"  # fits int64
FRACTION = r"^-?\d{1,18}\.\d+$|^\d{1,18}(\.\d+)?[eE]\+?\d{1,2}$"
EXCEL = (25_569, 80_000)  # days since 30 December 1899: from 1970 to 2119
OFFSETS_MIN = {
    "Z": 0, "UTC": 0, "GMT": 0, "WET": 0, "WEST": 60, "CET": 60, "CEST": 120, "EET": 120, "EEST": 180,
    "MSK": 180, "EST": -300, "EDT": -240, "CDT": -300, "MST": -420, "MDT": -360, "PST": -480, "PDT": -420,
    "JST": 540, "KST": 540, "HKT": 480, "SGT": 480, "AEST": 600, "AEDT": 660, "NZST": 720, "NZDT": 780,
}  # fmt: skip
FORMS = (
    "seconds, ms, us or ns since 1970; 2024-01-31 13:30, with or without an offset; 20240131 1330; "
    "31/01/2024 or 01/31/2024; 31 Jan 2024; AM and PM; Excel's days; date and clock in two columns"
)


@dataclass(frozen=True)
class Times:
    """What columns of times say."""

    utc_ms: NDArray[np.int64]  # (N,), UNREADABLE where not certain
    forms: dict[str, int]  # form -> rows
    zoneless: bool  # whether some carry neither a zone nor are stamps
    timed: bool  # whether a clock is written beside any date


def times_of(columns: Sequence[Any], hints: Hints, order: str = "", zone: str = "") -> Times:
    """The times of an Arrow column, or of one of dates and one of clocks.

    Numbers are seconds, ms, us or ns since the epoch, told apart by magnitude (1980 to 2100), and in a column
    of one unit also those before and after. `order` and `zone` are what the file's layout says. Raises
    ValueError where the order of day and month fits both ways, or a zone is not known.
    """
    column = columns[0]
    if len(columns) == 1 and (quick := quick_times(column, hints.timezone or zone)) is not None:
        return quick
    text = text_of(column)
    clock = text_of(columns[1]) if len(columns) > 1 else None
    zone = hints.timezone or zone
    if clock is None:
        utc, forms = numbers(text)
    else:
        utc, forms = np.full(len(text), UNREADABLE), {}
    left = np.flatnonzero(utc == UNREADABLE)
    if not len(left):
        return Times(utc, forms, zoneless=False, timed=True)
    cells = text.take(pa.array(left))
    try:
        written = dates_of(cells, hints.dates, order, len(text))
    except UndecidableError as error:
        raise ValueError(both_orders(cells, str(error).split(", "))) from None
    if clock is not None:
        written = with_clock(written, clock.take(pa.array(left)))
    utc[left] = in_utc(written, zone)
    serial, found = excel_days(cells)
    found &= ~written.read
    if 2 * found.sum() >= len(text):
        utc[left[found]] = serial[found]
        forms["Excel's days"] = int(found.sum())
    forms = {name: forms.get(name, 0) + written.forms.get(name, 0) for name in {**forms, **written.forms}}
    zoneless = bool((written.read & (written.zone == 0)).any())
    return Times(utc, forms, zoneless=zoneless, timed=written.timed)


def quick_times(column: Any, zone: str) -> Times | None:
    """The quick way for a column of one common form; None if it is none."""
    if pa.types.is_integer(column.type) or pa.types.is_floating(column.type):
        kind = pa.int64() if pa.types.is_integer(column.type) else pa.float64()
        return all_stamps(column.cast(kind).fill_null(0))
    if not is_text(column):
        return moments(column, zone, "timestamp") if is_moment(column) else None
    ends = pa.concat_arrays([column.slice(0, 8), column.slice(max(0, len(column) - 8))])
    for form in (pa.int64(), pa.timestamp("us"), pa.timestamp("us", "UTC")):
        with contextlib.suppress(pa.ArrowInvalid):
            ends.cast(form)
            values = column.cast(form)
            if values.null_count or not len(values):
                return None
            return all_stamps(values) if form == pa.int64() else moments(values, zone, "ISO 8601")
    return None


def is_moment(column: Any) -> bool:
    """Whether an Arrow column holds timestamps or dates."""
    return bool(pa.types.is_timestamp(column.type) or pa.types.is_date(column.type))


def moments(column: Any, zone: str, form: str) -> Times:
    """The times of an Arrow column of timestamps or dates; those without a zone are in `zone`, or in UTC."""
    zoneless = pa.types.is_date(column.type) or column.type.tz is None
    utc = instants(column)
    timed = not bool((utc % DAY_MS == 0).all())
    return Times(
        localised(utc, zone) if zone and zoneless else utc,
        {form: len(column)},
        zoneless=zoneless,
        timed=timed,
    )


def all_stamps(column: Any) -> Times | None:
    """The times of numbers if all of them are stamps."""
    utc, forms = stamps(column.to_numpy(zero_copy_only=False))
    return Times(utc, forms, zoneless=False, timed=True) if sum(forms.values()) == len(utc) else None


def numbers(text: Any) -> tuple[NDArray[np.int64], dict[str, int]]:
    """Times of the cells that are numbers, UNREADABLE for the others."""
    utc = np.full(len(text), UNREADABLE)
    forms: dict[str, int] = {}
    digits = pc.replace_substring_regex(text, r"\.0*$", "")
    whole = mask(pc.match_substring_regex(digits, WHOLE))
    broken = ~whole & mask(pc.match_substring_regex(text, FRACTION))
    for rows, source, form in ((whole, digits, pa.int64()), (broken, text, pa.float64())):
        if rows.any():
            values = source.filter(pa.array(rows)).cast(form).to_numpy(zero_copy_only=False)
            utc[rows], found = stamps(values)
            forms = {name: forms.get(name, 0) + found.get(name, 0) for name in {**forms, **found}}
    left = np.flatnonzero((whole | broken) & (utc == UNREADABLE))
    if len(left):
        values = text.take(pa.array(left)).cast(pa.float64()).to_numpy(zero_copy_only=False)
        if unit := early_unit(values, forms, utc):
            known = np.abs(values) < LATEST_S * UNITS[unit]
            utc[left[known]] = np.rint(values[known] * (1000 / UNITS[unit])).astype(np.int64)
            forms[unit] = forms.get(unit, 0) + int(known.sum())
    return utc, {form: count for form, count in forms.items() if count}


def early_unit(values: NDArray[np.float64], forms: dict[str, int], utc: NDArray[np.int64]) -> str:
    """The unit of stamps before 1980, empty if it is not certain.

    It is that of the later stamps, `utc` in `forms`, if they go on over 1980 without a leap of a year; of
    early stamps alone the one in which their usual distance is a bar's length.
    """
    if len(forms) == 1:
        unit = next(iter(forms))
        seconds = values / UNITS[unit]
        near = float(seconds[seconds < EARLIEST_S].max(initial=-np.inf)) > EARLIEST_S - YEAR_S
        return unit if near and int(utc[utc != UNREADABLE].min()) < (EARLIEST_S + YEAR_S) * 1000 else ""
    distances = np.diff(np.unique(values))
    if forms or len(distances) < 2 or np.abs(values).max() < 1e6:
        return ""
    usual, furthest = float(np.median(distances)), float(np.abs(values).max())
    steps = {unit: usual / per_second for unit, per_second in UNITS.items() if furthest / per_second < 3e9}
    bars = [
        unit
        for unit, step in steps.items()
        if step >= 60 and (DAY_MS / 1000 % step == 0 or (step % 86_400 == 0 and step <= 31 * 86_400))
    ]
    return bars[0] if len(bars) == 1 else ""


def stamps(values: NDArray[Any]) -> tuple[NDArray[np.int64], dict[str, int]]:
    """Numbers of s, ms, us or ns since the epoch as ms; UNREADABLE where the unit is not certain.

    Whole numbers are cut to the ms below, numbers with a fraction are rounded to the nearest.
    """
    times = np.full(len(values), UNREADABLE)
    forms: dict[str, int] = {}
    low, high = (float(values.min()), float(values.max())) if len(values) else (0.0, 0.0)
    for unit, per_second in UNITS.items():
        earliest, latest = EARLIEST_S * per_second, LATEST_S * per_second
        if not (low < latest and high >= earliest):
            continue
        alike = low >= earliest and high < latest
        if alike and values.dtype.kind == "i":
            return values * 1000 if unit == "s" else values // max(per_second // 1000, 1), {unit: len(values)}
        fits = (values >= earliest) & (values < latest)
        if not fits.any():
            continue
        forms[unit] = int(fits.sum())
        if values.dtype.kind == "f":
            times[fits] = np.rint(values[fits] * (1000 / per_second)).astype(np.int64)
        else:
            times[fits] = values[fits] * 1000 if unit == "s" else values[fits] // (per_second // 1000)
    return times, forms


def excel_days(text: Any) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Days since 30 December 1899 as ms since 1970, to the second, and whether a cell is such a number."""
    found = mask(pc.match_substring_regex(text, r"^\d{5}([.,]\d+)?$"))
    point = pc.replace_substring(pc.if_else(pa.array(found), text, "0"), ",", ".")
    days = point.cast(pa.float64()).to_numpy(zero_copy_only=False)
    found &= (days >= EXCEL[0]) & (days < EXCEL[1])
    return np.rint((days - EXCEL[0]) * 86_400).astype(np.int64) * 1000, found


def with_clock(written: Written, text: Any) -> Written:
    """Dates with the clocks of another column."""
    clock = clock_column(text)
    names = [*written.zones]
    names += [name for name in clock.zones if name not in names]
    zone = np.array([names.index(name) for name in clock.zones])[clock.zone]
    return Written(
        written.local_ms + clock.local_ms,
        written.read & clock.read,
        np.where(zone > 0, zone, written.zone),
        tuple(names),
        timed=True,
        forms={**written.forms, **clock.forms},
    )


def in_utc(written: Written, zone: str) -> NDArray[np.int64]:
    """Local times as UTC ms; those without a zone of their own are in `zone`, or in UTC if that is empty."""
    utc = np.full(len(written.local_ms), UNREADABLE)
    for number, name in enumerate(written.zones):
        rows = written.read & (written.zone == number)
        if not rows.any():
            continue
        named = name or zone
        minutes = 0 if not named else offset_of(named)
        local = written.local_ms[rows]
        utc[rows] = localised(local, named) if minutes is None else local - minutes * 60_000
    return utc


def offset_of(name: str) -> int | None:
    """Minutes that a zone is ahead of UTC; None for one whose clocks change."""
    if name.upper() in OFFSETS_MIN:
        return OFFSETS_MIN[name.upper()]
    if parts := re.fullmatch(r"(?:UTC|GMT)?([-+])(\d{1,2}):?(\d{2})?(?::00)?", name):
        return (1 if parts[1] == "+" else -1) * (int(parts[2]) * 60 + int(parts[3] or 0))
    if "/" not in name:
        raise ValueError(
            f"holds times of the zone {name}, which is not known for certain; say it with --timezone"
        )
    return None


def localised(local_ms: NDArray[np.int64], zone: str) -> NDArray[np.int64]:
    """Times on the clocks of a zone as UTC ms, (N,).

    An hour that clocks show twice is summer's where it stands first in the order of time; if it stands
    there once, or clocks never show it, it is UNREADABLE, as which of both is not known.
    """
    known = local_ms != UNREADABLE
    local = local_ms[known]
    rising = len(local) < 2 or np.count_nonzero(np.diff(local) > 0) * 2 >= len(local) - 1
    places = np.arange(len(local)) if rising else np.arange(len(local))[::-1]
    order = np.lexsort((places, local))
    again = np.zeros(len(local), bool)
    again[order[1:]] = local[order[1:]] == local[order[:-1]]
    twice = again.copy()
    twice[order[:-1]] |= again[order[1:]]
    index = pd.DatetimeIndex(local.astype("datetime64[ms]"))
    tz = zone_of(zone)
    moved = index.tz_localize(tz, ambiguous=~again, nonexistent="NaT")
    unsure = index.tz_localize(tz, ambiguous="NaT", nonexistent="NaT").isna() & ~twice
    utc = np.full(len(local_ms), UNREADABLE)
    found = moved.tz_convert("UTC").as_unit("ms").asi8.astype(np.int64)
    utc[known] = np.where(unsure, UNREADABLE, found)
    return utc


def instants(column: Any) -> NDArray[np.int64]:
    """Arrow timestamps or dates as ms."""
    unit = column.type.unit if pa.types.is_timestamp(column.type) else "ms"
    if not pa.types.is_timestamp(column.type):
        column = column.cast(pa.timestamp("ms"))
    number = column.cast(pa.int64())
    times = number.fill_null(0).to_numpy(zero_copy_only=False)
    times = times * 1000 if unit == "s" else times // (UNITS[unit] // 1000)
    return np.where(mask(number.is_null()), UNREADABLE, times)


def both_orders(cells: Any, fitting: list[str]) -> str:
    """Why dates are refused: a cell, and what it is in each order."""
    cell = str(cells[0])
    readings = [
        f"{dates_of(cells, each).local_ms[0].astype('datetime64[ms]').astype('datetime64[D]')} {each}"
        for each in fitting
    ]
    return f"says {cell}, which is {' or '.join(readings)}: both fit all rows; say it with --dates"


def sort_of(cells: Sequence[str], hints: Hints) -> str:
    """What a column of such cells is: `moment`, `day`, `clock` or, if no times, empty."""
    cells = [cell for cell in cells if cell][:ENOUGH]
    if not cells:
        return ""
    if all(re.fullmatch(r"-?\d*[.,]\d+", cell) for cell in cells):  # prices, stamps or Excel's days
        values = np.array([float(cell.replace(",", ".")) for cell in cells])
        days = ((values >= EXCEL[0]) & (values < EXCEL[1]) | (stamps(values)[0] != UNREADABLE)).all()
        return "moment" if days else "clock" if all(cell.lstrip("0")[:1] in ".," for cell in cells) else ""
    text = pc.utf8_trim_whitespace(pa.array(cells, pa.string()))
    clock = clock_column(text).read.mean() > 0.5
    if clock and all(re.fullmatch(r"\d{1,6}", cell) for cell in cells):
        return "clock"
    for order in [hints.dates] if hints.dates else ["day-first", "month-first"]:
        try:
            found = times_of([text], Hints(timezone=hints.timezone, dates=order))
        except ValueError:
            return "moment"
        if (found.utc_ms == UNREADABLE).mean() <= 0.5:
            return "moment" if found.timed else "day"
    return "clock" if clock else ""


def is_text(column: Any) -> bool:
    """Whether an Arrow column holds text."""
    return bool(pa.types.is_string(column.type) or pa.types.is_large_string(column.type))


def text_of(column: Any) -> Any:
    """A column as trimmed text, empty where null."""
    return pc.utf8_trim_whitespace(column.cast(pa.string()).fill_null(""))
