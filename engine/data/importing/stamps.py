"""Numbers that are times: seconds, ms, us or ns since 1970."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from engine.data.importing.clocks import mask
from engine.market.times import UNREADABLE

if TYPE_CHECKING:
    from numpy.typing import NDArray

EARLIEST_S, LATEST_S = 315_532_800, 4_102_444_800  # 1980 and 2100: a number is a stamp between them
YEAR_S = 366 * 86_400
UNITS = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}  # per second
TICKS = {  # of 100 ns: since 1601 as Windows counts them, since the year 1 as .NET does
    "100 ns since 1601": 116_444_736 * 10**9,
    "100 ns since the year 1": 621_355_968 * 10**9,
}
WHOLE = r"^-?\d{1,18}$|^[1-8]\d{18}$"  # fits int64
FRACTION = r"^-?\d{1,18}\.\d+$|^\d{1,18}(\.\d+)?[eE]\+?\d{1,2}$"


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
        if step % 86_400 == 0 and 0 < step <= 31 * 86_400  # no shorter bars are so old
    ]
    return bars[0] if len(bars) == 1 else ""


def stamps(values: NDArray[Any]) -> tuple[NDArray[np.int64], dict[str, int]]:
    """Numbers of s, ms, us or ns since the epoch as ms; UNREADABLE where the unit is not certain.

    Whole numbers are cut to the ms below, numbers with a fraction are rounded to the nearest.
    """
    if len(values) and values.dtype.kind == "i" and (form := ticks_of(values)):
        return (values - TICKS[form]) // 10_000, {form: len(values)}
    times = np.full(len(values), UNREADABLE)
    forms: dict[str, int] = {}
    low, high = (float(values.min()), float(values.max())) if len(values) else (0.0, 0.0)
    for unit, per_second in UNITS.items():
        earliest, latest = EARLIEST_S * per_second, LATEST_S * per_second
        if not (low < latest and high >= earliest):
            continue
        alike = low >= earliest and high < latest
        if alike and values.dtype.kind == "i":
            return in_ms(values, per_second), {unit: len(values)}
        fits = (values >= earliest) & (values < latest)
        if not fits.any():
            continue
        forms[unit] = int(fits.sum())
        if values.dtype.kind == "f":
            times[fits] = np.rint(values[fits] * (1000 / per_second)).astype(np.int64)
        else:
            times[fits] = in_ms(values[fits], per_second)
    return times, forms


def in_ms(values: NDArray[np.int64], per_second: int) -> NDArray[np.int64]:
    """Whole stamps (N,) of so many units a second, cut to the ms below."""
    if per_second == 1000:
        return values
    return values * 1000 if per_second == 1 else values // (per_second // 1000)


def ticks_of(values: NDArray[np.int64]) -> str:
    """Which of TICKS these are, empty for none: as ns they would lie in 1974 or 1990 and off the minute."""
    least, most = int(values.min()), int(values.max())
    for form, zero in TICKS.items():
        low, high = zero + EARLIEST_S * 10**7, zero + LATEST_S * 10**7
        if low <= least and most < high and (values % (60 * 10**9)).any():
            return form
    return ""
