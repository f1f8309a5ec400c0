"""Clocks as people write them, with the zone behind them, read a whole column at a time."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from engine.data.importing.spans import starts_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

CLOCK = (
    r"(?:(?P<h>\d{1,2}):(?P<min>\d{2})(?::(?P<s>\d{2})(?:[.,:](?P<f>\d{1,9}))?)?"
    r"|(?P<hh>\d{2})(?P<mm>\d{2})(?:(?P<ss>\d{2})(?:\.?(?P<ff>\d{1,9}))?)?|(?P<hour>\d{1,2})h?)"
    r"(?:[ -]?(?P<half>[AaPp])(?:\.[Mm]\.|[Mm]\b))?"
)
ZONE = (
    r"(?: ?(?P<zone>(?:UTC|GMT)?[-+]\d{1,2}(?::?\d{2})?(?::00)?|[A-Za-z]+(?:/[A-Za-z_]+)+|[A-Za-z]{1,5})"
    r"(?: ?\(.*\))?)?$"
)
DAY_MS, MINUTE_MS = 86_400_000, 60_000
COUNTED = {MINUTE_MS: "minutes of the day", 1000: "seconds of the day", 1: "ms of the day"}
MOSTLY = 0.95  # a share of rows that are clocks
REST = r"^[T ,;_:@-]*" + f"(?:{CLOCK})?" + ZONE


@dataclass(frozen=True)
class Written:
    """What a column of dates says, each array (N,)."""

    local_ms: NDArray[np.int64]  # ms since 1970 on the clock that was written; 0 where `read` is false
    read: NDArray[np.bool_]
    zone: NDArray[np.int64]  # row of `zones`; 0: none is written
    zones: tuple[str, ...]  # as written; the first is empty
    timed: bool  # whether a clock is written beside any of the dates
    forms: dict[str, int]  # form -> rows


def clocks_of(
    text: Any,
) -> tuple[NDArray[np.int64], NDArray[np.bool_], Written, NDArray[np.bool_]]:
    """Of the rest of cells: ms of the day, whether it is a clock or empty, zones, whether it is a clock."""
    rows = len(text)
    parts = pc.extract_regex(text, REST)
    sound = mask(parts.is_valid())
    field = {each.name: pc.fill_null(pc.struct_field(parts, each.name), "") for each in parts.type}
    hour, minute, second = (
        whole(field[a]) + whole(field[b]) + (whole(field[c]) if c else 0)
        for a, b, c in (("h", "hh", "hour"), ("min", "mm", ""), ("s", "ss", ""))
    )
    fraction = pc.utf8_slice_codeunits(
        pc.utf8_rpad(pc.binary_join_element_wise(field["f"], field["ff"], ""), 3, "0"), 0, 3
    )
    clocked = ~mask(pc.equal(pc.binary_join_element_wise(field["h"], field["hh"], field["hour"], ""), ""))
    half = (
        np.char.lower(field["half"].to_numpy(zero_copy_only=False).astype(str)) if rows else np.empty(0, str)
    )
    from_zero = not ((half != "") & (hour == 12)).any()  # as in Japan, where 0:00 PM is noon
    sound &= (half == "") | ((hour >= 1 - from_zero) & (hour <= 12))
    hour = np.where(half == "", hour, hour % 12 + 12 * (half == "p"))
    sound &= (hour < 24) | ((hour == 24) & (minute == 0) & (second == 0))
    sound &= (minute < 60) & (second < 60)
    of_day = ((hour * 60 + minute) * 60 + second) * 1000 + whole(fraction)
    coded = field["zone"].dictionary_encode()
    zones = tuple(coded.dictionary.to_pylist())
    places = coded.indices.to_numpy(zero_copy_only=False).astype(np.int64)
    return of_day, sound, Written(of_day, sound, places, zones, bool(clocked.any()), {}), clocked


def clock_column(text: Any) -> Written:
    """A column of clocks alone, trimmed text (N,), as ms of the day.

    Digits alone are hours up to 24, HHMM up to 2400, HHMMSS above, or ms behind it, whichever the largest of
    them needs; where these are no clocks, minutes, seconds or ms of the day. Hours from 1 to 24 are counted
    from 1: the first begins at midnight. Of `00:00 - 01:00` the start is read.
    """
    text = starts_of(text, hours=True)
    if len(text) and mask(pc.match_substring_regex(text, r"^\d{1,9}$")).all():
        return clocks_of_digits(text)
    fraction = mask(pc.match_substring_regex(text, r"^0?\.\d+$|^0$"))
    if len(text) and fraction.all():  # Excel's part of a day
        of_day = np.rint(text.cast(pa.float64()).to_numpy() * 86_400).astype(np.int64) * 1000
        return without_zone(of_day, fraction)
    of_day, sound, written, clocked = clocks_of(text)
    return replace(written, local_ms=of_day, read=sound & clocked)


def clocks_of_digits(text: Any) -> Written:
    """The same of digits alone."""
    number, longest = whole(text), int(np.max(pc.utf8_length(text).to_numpy(zero_copy_only=False)))
    if number.max() <= 24 and longest <= 2:
        from_one = bool(number.max() == 24 and number.min() == 1)
        forms = {"hours from 1 to 24": len(number)} if from_one else {}
        return without_zone((number - from_one) * 3_600_000, number <= 24, forms)
    if number.max() < 100 and longest <= 2:  # 25 hours, or half-hours that are counted
        return without_zone(number, np.zeros(len(number), np.bool_))
    if number.max() <= 2400 and longest <= 4:
        number = number * 100  # (N,)
    of_second = number // 1000 if longest > 6 else number
    hour, minute, second = of_second // 10_000, of_second // 100 % 100, of_second % 100
    sound = (minute < 60) & (second < 60) & ((hour < 24) | (of_second == 240_000))
    if sound.mean() < MOSTLY and (counted := counts_of_day(whole(text))):
        unit_ms, form = counted
        return without_zone(whole(text) * unit_ms, np.ones(len(sound), np.bool_), {form: len(sound)})
    of_day = ((hour * 60 + minute) * 60 + second) * 1000
    return without_zone(of_day + (number % 1000 if longest > 6 else 0), sound)


def counts_of_day(number: NDArray[np.int64]) -> tuple[int, str] | None:
    """What whole numbers (N,) of a day count, in ms, and its name: of bars of minutes; None if nothing."""
    most = int(number.max())
    for unit_ms, form in COUNTED.items():
        if most * unit_ms < DAY_MS:
            grain = max(1, MINUTE_MS // unit_ms) if form != "ms of the day" else 1000
            return (unit_ms, form) if not (number % grain).any() else None
    return None


def without_zone(
    of_day: NDArray[np.int64], read: NDArray[np.bool_], forms: dict[str, int] | None = None
) -> Written:
    """Clocks that carry no zone."""
    return Written(of_day, read, np.zeros(len(read), np.int64), ("",), timed=True, forms=forms or {})


def whole(text: Any) -> NDArray[np.int64]:
    """Digits as (N,) int64; 0 where there are none."""
    filled = pc.if_else(pc.equal(text, ""), "0", text).fill_null("0")
    return np.asarray(filled.cast(pa.int64()).to_numpy(zero_copy_only=False), np.int64)


def mask(values: Any) -> NDArray[np.bool_]:
    """An Arrow column of truth values as (N,) bool that may be written to."""
    return np.array(values.to_numpy(zero_copy_only=False), np.bool_)
