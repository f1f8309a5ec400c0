"""Dates and clocks as people write them, read a whole column at a time.

A cell is a date, a clock behind it if there is one, and a zone behind that. Which of two numbers is the day
is decided by the whole column; where both orders fit, nothing is read and both are shown.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from engine.data.importing.hints import UnclearError

if TYPE_CHECKING:
    from numpy.typing import NDArray

DAY_MS = 86_400_000
MONTH_NAMES = (  # English, German, French, Spanish, Italian
    "jan january januar janv janvier ene enero gen gennaio",
    "feb february februar févr fév février febrero febbraio",
    "mar march mär märz mrz mars marzo",
    "apr april avr avril abr abril aprile",
    "may mai mayo mag maggio",
    "jun june juni juin junio giu giugno",
    "jul july juli juil juillet julio lug luglio",
    "aug august août aoû ago agosto",
    "sep sept september septembre septiembre set settembre",
    "oct october okt oktober octobre octubre ott ottobre",
    "nov november novembre noviembre",
    "dec december dez dezember déc décembre dic diciembre dicembre",
)
MONTHS = {name: number for number, names in enumerate(MONTH_NAMES, 1) for name in names.split()}
END = r"(?P<rest>$|[^0-9].*)$"
BY_ACCIDENT = {"digits", "numbers", "months"}
WEEKDAY = r"^(?:[A-Za-z]{2,9}\.?,? )?"
DAY = r"(?P<d>\d{1,2})(?:st|nd|rd|th)?"
DATES = (  # tried in this order on the rows that the ones before have left
    ("year first", r"^(?P<y>\d{4})[-/.](?P<m>\d{1,2})[-/.](?P<d>\d{1,2})" + END),
    ("digits", r"^(?P<y>\d{4})(?P<m>\d{2})(?P<d>\d{2})(?P<rest>$|[^0-9].*|\d{4}|\d{6}|\d{9})$"),
    ("numbers", r"^(?P<a>\d{1,2})[-/. ](?P<b>\d{1,2})[-/. ](?P<c>\d{4}|\d{2})" + END),
    ("month's name", WEEKDAY + DAY + r"[-/. ]*(?P<n>\pL{3,10})\.?[-/., ]+(?P<y>\d{4}|\d{2})" + END),
    ("month's name", WEEKDAY + r"(?P<n>\pL{3,10})\.?[-/ ]+" + DAY + r",?[-/ ]+(?P<y>\d{4}|\d{2})" + END),
    ("month's name", r"^(?P<y>\d{4})[-/ ](?P<n>\pL{3,10})\.?[-/ ](?P<d>\d{1,2})" + END),
    ("months", r"^(?P<y>\d{4})[-/.M](?P<m>\d{1,2})(?P<rest>)$"),
    ("months", r"^(?P<m>\d{1,2})[-/.](?P<y>\d{4})(?P<rest>)$"),
    ("months", r"^(?P<n>\pL{3,10})\.?[-/, ]+(?P<y>\d{4})(?P<rest>)$"),
)  # fmt: skip
REWRITTEN = (  # forms of a column's first cell, and the common form that says the same
    (r"^(\d{1,2}:\d{2}(?::\d{2})?(?: ?[AaPp][Mm])?),? (\d.*)$", r"\2 \1"),
    (r"^(\d{4}-\d{2}-\d{2})[-_](\d{2})[-_](\d{2})$", r"\1 \2:\3"),
    (r"^(\d{4}-\d{2}-\d{2})[-_](\d{2})[-_](\d{2})[-_](\d{2})$", r"\1 \2:\3:\4"),
    (r"^(\d{4}) (\d{2}) (\d{2}) (\d{2}) (\d{2})$", r"\1-\2-\3 \4:\5"),
    (r"^(.*[/.-]\d{2,4} )(\d{1,2})h(\d{2})$", r"\1\2:\3"),
    (r"^(\d{4})[年년] ?(\d{1,2})[月월] ?(\d{1,2})[日일]", r"\1-\2-\3"),
    (r"^(\d{4})\. (\d{1,2})\. (\d{1,2})\.", r"\1-\2-\3"),
    (r"^[A-Za-z]{3} ([A-Za-z]{3}) +(\d{1,2}) (\d{2}:\d{2}:\d{2}) (\d{4})$", r"\1 \2, \4 \3"),
    (r"^(\d{1,2}) de ([A-Za-z]+) de (\d{4})", r"\1 \2 \3"),
    (r"^(\d{4}.*(?:[-+]\d{2}:\d{2}|Z))\[[A-Za-z_/]+\]$", r"\1"),
)
CLOCK = (
    r"(?:(?P<h>\d{1,2}):(?P<min>\d{2})(?::(?P<s>\d{2})(?:[.,:](?P<f>\d{1,9}))?)?"
    r"|(?P<hh>\d{2})(?P<mm>\d{2})(?:(?P<ss>\d{2})(?:\.?(?P<ff>\d{1,9}))?)?|(?P<hour>\d{1,2})h?)"
    r"(?:[ -]?(?P<half>[AaPp])(?:\.[Mm]\.|[Mm]\b))?"
)
ZONE = (
    r"(?: ?(?P<zone>(?:UTC|GMT)?[-+]\d{1,2}(?::?\d{2})?(?::00)?|[A-Za-z]+(?:/[A-Za-z_]+)+|[A-Za-z]{1,5})"
    r"(?: ?\(.*\))?)?$"
)
REST = r"^[T ,;_:@-]*" + f"(?:{CLOCK})?" + ZONE
ORDERS = {"day-first": "abc", "month-first": "bac", "year-first": "cba"}  # places of day, month, year


class UndecidableError(UnclearError):
    """Two orders of day and month fit the whole column."""


@dataclass(frozen=True)
class Written:
    """What a column of dates says, each array (N,)."""

    local_ms: NDArray[np.int64]  # ms since 1970 on the clock that was written; 0 where `read` is false
    read: NDArray[np.bool_]
    zone: NDArray[np.int64]  # row of `zones`; 0: none is written
    zones: tuple[str, ...]  # as written; the first is empty
    timed: bool  # whether a clock is written beside any of the dates
    forms: dict[str, int]  # form -> rows


def dates_of(text: Any, order: str = "", usual: str = "", rows_in_all: int = 0) -> Written:
    """The dates of an Arrow array of trimmed text, (N,); `order` of ORDERS is what somebody says of
    numbers alone, `usual` that of the publisher where two fit.

    A form that one cell alone could have by accident has to be that of half the column, which may have more
    rows than these. Raises UndecidableError where the order of day and month is not certain and not given.
    """
    rows = len(text)
    local, read, zone = np.zeros(rows, np.int64), np.zeros(rows, bool), np.zeros(rows, np.int64)
    zones: list[str] = [""]
    forms: dict[str, int] = {}
    timed = False
    for pattern, rewritten in REWRITTEN:
        if rows and re.match(pattern, str(text[0])):
            text = pc.replace_substring_regex(text, pattern, rewritten)
    for name, pattern in DATES:
        left = np.flatnonzero(~read)
        if not len(left):
            break
        parts = pc.extract_regex(text.take(pa.array(left)), pattern)
        found = left[mask(parts.is_valid())]
        if not len(found) or (name in BY_ACCIDENT and 2 * len(found) < max(rows, rows_in_all)):
            continue
        parts = parts.drop_null()
        fields = {field.name: pc.struct_field(parts, field.name) for field in parts.type}
        days, sound, form = days_of(name, fields, order, usual)
        of_day, clock_sound, written, has_clock = clocks_of(fields["rest"])
        sound &= clock_sound
        kept = found[sound]
        local[kept], read[kept] = (days * DAY_MS + of_day)[sound], True
        zone[kept] = np.array([numbered(each, zones) for each in written.zones])[written.zone[sound]]
        timed = timed or bool(has_clock[sound].any())
        forms[form] = forms.get(form, 0) + int(sound.sum())
    return Written(
        local, read, zone, tuple(zones), timed, {form: count for form, count in forms.items() if count}
    )


def numbered(name: str, names: list[str]) -> int:
    """The place of a name in the list, which grows."""
    if name not in names:
        names.append(name)
    return names.index(name)


def days_of(
    name: str, fields: dict[str, Any], order: str, usual: str
) -> tuple[NDArray[np.int64], NDArray[np.bool_], str]:
    """Days since 1970 of the parts of dates, whether there is such a day, and what the form is called."""
    if name == "numbers":
        return ordered(fields, order, usual)
    year = years_of(fields["y"])
    month = months_of(fields["n"]) if "n" in fields else whole(fields["m"])
    day = whole(fields["d"]) if "d" in fields else np.ones(len(year), np.int64)
    days, sound = civil(year, month, day)
    return days, sound, name


def ordered(
    fields: dict[str, Any], order: str, usual: str
) -> tuple[NDArray[np.int64], NDArray[np.bool_], str]:
    """The same for three numbers, in the one order that gives days for all rows (for 99 of 100 at least)."""
    short = mask(pc.equal(pc.utf8_length(fields["c"]), 2))
    found = {}
    for name, places in ORDERS.items():
        if name == "year-first" and not short.all():
            continue
        day, month = whole(fields[places[0]]), whole(fields[places[1]])
        found[name] = civil(years_of(fields[places[2]]), month, day)
    if order in found:
        return *found[order], order
    shares = {name: float(sound.mean()) for name, (_, sound) in found.items()}
    fitting = [name for name, share in shares.items() if share == 1] or [
        name for name, share in shares.items() if share >= 0.99
    ]
    if len(fitting) > 1 and "year-first" in fitting:
        moving = {name: turns(found[name][0]) for name in fitting}
        fitting = [name for name in fitting if moving[name] == min(moving.values())]
    if usual in fitting:
        return *found[usual], usual
    if any((found[name][0] != found[fitting[0]][0]).any() for name in fitting[1:]):
        raise UndecidableError(", ".join(fitting))
    best = fitting[0] if fitting else max(shares, key=lambda name: shares[name])
    return *found[best], best


def turns(days: NDArray[np.int64]) -> int:
    """How often a series of days changes its direction; leaps of more than a year count as well."""
    steps = np.diff(days)
    steps = steps[steps != 0]
    return int((np.diff(np.sign(steps)) != 0).sum() + (np.abs(steps) > 366).sum())


def civil(
    year: NDArray[np.int64], month: NDArray[np.int64], day: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Days since 1970, and whether there is such a day, each (N,)."""
    months = (year - 1970) * 12 + month - 1
    first = months.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
    following = (months + 1).astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
    sound = (month >= 1) & (month <= 12) & (day >= 1) & (day <= following - first)
    return first + day - 1, sound & (year >= 1800) & (year <= 2200)


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
    sound &= (half == "") | ((hour >= 1) & (hour <= 12))
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

    Digits alone are hours up to 24, HHMM up to 2400, HHMMSS above, whichever the largest of them needs. Hours
    from 1 to 24 are counted from 1: the first begins at midnight.
    """
    if len(text) and mask(pc.match_substring_regex(text, r"^\d{1,6}$")).all():
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
    if number.max() <= 2400 and longest <= 4:
        number = number * 100  # (N,)
    hour, minute, second = number // 10_000, number // 100 % 100, number % 100
    sound = (minute < 60) & (second < 60) & ((hour < 24) | (number == 240_000))
    return without_zone(((hour * 60 + minute) * 60 + second) * 1000, sound)


def without_zone(
    of_day: NDArray[np.int64], read: NDArray[np.bool_], forms: dict[str, int] | None = None
) -> Written:
    """Clocks that carry no zone."""
    return Written(of_day, read, np.zeros(len(read), np.int64), ("",), timed=True, forms=forms or {})


def years_of(text: Any) -> NDArray[np.int64]:
    """Years; of two digits those from 1969 to 2068."""
    year = whole(text)
    return np.where(year >= 100, year, np.where(year <= 68, year + 2000, year + 1900))


def months_of(text: Any) -> NDArray[np.int64]:
    """The numbers of months by their names; 0 for a word that is none."""
    coded = pc.utf8_lower(text).dictionary_encode()
    numbers = np.array([MONTHS.get(name, 0) for name in coded.dictionary.to_pylist()], np.int64)
    found: NDArray[np.int64] = numbers[coded.indices.to_numpy(zero_copy_only=False)]
    return found


def whole(text: Any) -> NDArray[np.int64]:
    """Digits as (N,) int64; 0 where there are none."""
    filled = pc.if_else(pc.equal(text, ""), "0", text).fill_null("0")
    return np.asarray(filled.cast(pa.int64()).to_numpy(zero_copy_only=False), np.int64)


def mask(values: Any) -> NDArray[np.bool_]:
    """An Arrow column of truth values as (N,) bool that may be written to."""
    return np.array(values.to_numpy(zero_copy_only=False), np.bool_)
