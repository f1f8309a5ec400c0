"""Dates and clocks as people write them, read a whole column at a time.

A cell is a date, a clock behind it if there is one, and a zone behind that. Which of two numbers is the day
is decided by the whole column; where both orders fit, nothing is read and both are shown.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from engine.data.importing.clocks import Written, clocks_of, mask, whole
from engine.data.importing.hints import UnclearError
from engine.data.importing.month_forms import (
    are_months,
    numbered_months,
    of_two_digits,
    refuse_days_without_years,
    short_months,
)
from engine.data.importing.months import MONTHS
from engine.data.importing.weeks import mondays_of
from engine.data.importing.years import follow_each_other

if TYPE_CHECKING:
    from numpy.typing import NDArray

DAY_MS = 86_400_000
YEARLY = 300  # days
TAIWAN = 1911  # the year before its first
END = r"(?P<rest>$|[^0-9].*)$"
BY_ACCIDENT = {
    "digits",
    "numbers",
    "months",
    "months and short years",
    "days of years",
    "year and month",
    "years of Taiwan",
    "years",
}
WEEKDAY = r"^(?:[A-Za-z]{2,9}\.?,? )?"
NAME = r"(?P<n>\pL{3,12})"
DAY = r"(?P<d>\d{1,2})(?:st|nd|rd|th)?"
DATES = (  # tried in this order on the rows that the ones before have left
    ("year first", r"^(?P<y>\d{4})[-/.](?P<m>\d{1,2})[-/.](?P<d>\d{1,2})" + END),
    ("digits", r"^(?P<y>\d{4})(?P<m>\d{2})(?P<d>\d{2})(?P<rest>$|[^0-9].*|\d{4}|\d{6}|\d{9})$"),
    ("numbers", r"^(?P<a>\d{1,2})[-/. ](?P<b>\d{1,2})[-/. ](?P<c>\d{4}|\d{2})" + END),
    ("year and month", r"^(?P<y>(?:19|20)\d{2})(?P<m>0[1-9]|1[0-2])(?P<rest>)$"),
    ("numbers", r"^(?P<a>\d{2})(?P<b>\d{2})(?P<c>\d{2})(?P<rest>$|[ T].*)$"),
    ("month's name", WEEKDAY + DAY + r"[-/. ]*" + NAME + r"\.?[-/., ]*(?P<y>\d{4}|\d{2})" + END),
    ("month's name", WEEKDAY + NAME + r"\.?[-/ ]+" + DAY + r",?[-/ ]+(?P<y>\d{4}|\d{2})" + END),
    ("month's name", r"^(?P<y>\d{4})[-/ ]" + NAME + r"\.?[-/ ](?P<d>\d{1,2})" + END),
    ("years of Taiwan", r"^(?P<roc>1\d{2})[-/.年](?P<m>\d{1,2})[-/.月](?P<d>\d{1,2})" + END),
    ("years", r"^(?P<y>(?:1[789]|20)\d{2})(?P<rest>)$"),
    ("quarters", r"^(?P<y>\d{4})[-/ :.]?[QqT](?P<q>[1-4])(?P<rest>)$"),
    ("quarters", r"^[QqT](?P<q>[1-4])[-/ ']*(?P<y>\d{4}|\d{2})(?P<rest>)$"),
    ("quarters", r"^(?P<q>[1-4])[QqT][-/ ']*(?P<y>\d{4}|\d{2})(?P<rest>)$"),
    ("days of years", r"^(?P<y>\d{4})-?(?P<j>\d{3})(?P<rest>$|[T ].*)$"),
    ("numbers", r"^(?P<a>\d{1,2})(?P<b>\d{2})(?P<c>(?:19|20)\d{2})(?P<rest>$|[ T].*)$"),
    ("ISO weeks", r"^(?P<y>\d{4})-?W(?P<w>\d{2})(?:-?(?P<d>[1-7]))?(?P<rest>)$"),
    ("months", r"^(?P<y>\d{4})[Mm](?P<mm>\d{1,2})(?P<rest>)$"),
    ("months", r"^(?P<y>\d{4})[-/.:](?P<m>\d{1,2})(?P<rest>)$"),
    ("months", r"^(?P<m>\d{1,2})[-/.](?P<y>\d{4})(?P<rest>)$"),
    ("months", r"^" + NAME + r"\.?[-/, ']*(?P<y>\d{4})(?P<rest>)$"),
    ("months", r"^(?P<y>\d{4})[-/, ']*" + NAME + r"\.?(?P<rest>)$"),
    ("months and short years", r"^(?P<first>\d{1,2})[-/](?P<second>\d{1,2})(?P<rest>)$"),
    ("months of short years", r"^" + NAME + r"\.?[-/, ']*(?P<yy>\d{2})(?P<rest>)$"),
    ("months of short years", r"^(?P<yy>\d{2})[-/, ']*" + NAME + r"\.?(?P<rest>)$"),
)  # fmt: skip
ORDERS = {"day-first": "abc", "month-first": "bac", "year-first": "cba"}  # places of day, month, year


class UndecidableError(UnclearError):
    """Two orders of day and month fit the whole column."""


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
    for name, pattern in DATES:
        left = np.flatnonzero(~read)
        if not len(left):
            break
        parts = pc.extract_regex(text.take(pa.array(left)), pattern)
        found = left[mask(parts.is_valid())]
        if not len(found) or (name in BY_ACCIDENT and 2 * len(found) < max(rows, rows_in_all)):
            continue
        parts = parts.drop_null()
        dated = ~without_year(text.take(pa.array(found)), parts)
        found, parts = found[dated], parts.filter(pa.array(dated))
        if not len(found):
            continue
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


def without_year(text: Any, parts: Any) -> NDArray[np.bool_]:
    """Which cells (n,) have no year, `31 Jan 13:30`, so that the hour was taken for a short one."""
    name = next((each.name for each in parts.type if each.name in "cy"), "")  # where a short one may stand
    year = pc.struct_field(parts, name) if name else pa.array([""] * len(parts))
    if not mask(pc.equal(pc.utf8_length(year), 2)).any():
        return np.zeros(len(text), bool)
    clocked = mask(pc.match_substring_regex(text, r" \d{2}:\d{2}(:\d{2}([.,]\d{1,9})?)?$"))
    return clocked & mask(
        pc.match_substring_regex(pc.struct_field(parts, "rest"), r"^:\d{2}(:\d{2}([.,]\d{1,9})?)?$")
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
    if "first" in fields:
        year, month = short_months(whole(fields["first"]), whole(fields["second"]))
        return *civil(year, month, np.ones(len(year), np.int64)), name
    year = (
        whole(fields["roc"]) + TAIWAN
        if "roc" in fields
        else years_of(fields["yy" if "yy" in fields else "y"])
    )
    if name == "ISO weeks":
        weekday = whole(pc.replace_substring_regex(fields["d"], "^$", "1"))
        days, sound = mondays_of(year, whole(fields["w"]))
        return days + weekday - 1, sound, name
    if name == "days of years":
        return *of_years(year, whole(fields["j"])), name
    if name == "year first":
        return year_first(year, whole(fields["m"]), whole(fields["d"]))
    month = month_in(fields, year) if name != "years" else np.ones(len(year), np.int64)
    day = whole(fields["d"]) if "d" in fields else np.ones(len(year), np.int64)
    days, sound = civil(year, month, day)
    if name == "year and month":
        sound &= are_months(year, month, said=bool(order))
    elif name == "years":
        sound &= follow_each_other(year)
    elif name == "months of short years" and sound.any():
        refuse_days_without_years(fields["n"], fields["yy"], year, month)
    return days, sound, name


def month_in(fields: dict[str, Any], year: NDArray[np.int64]) -> NDArray[np.int64]:
    """The months, (N,), that the parts of dates of these years, (N,), tell; 0 for a word that is none."""
    if "n" in fields:
        return months_of(fields["n"])
    if "q" in fields:
        return 3 * whole(fields["q"]) - 2
    if "mm" in fields:
        return whole(fields["mm"])
    return numbered_months(fields["m"], year)


def year_first(
    year: NDArray[np.int64], second: NDArray[np.int64], third: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.bool_], str]:
    """Days of years and two numbers, each (N,): month and day, or day and month if only that fits all."""
    days, sound = civil(year, second, third)
    if not sound.all():
        others, fits = civil(year, third, second)
        if fits.all():
            return others, fits, "year, day, month"
    return days, sound, "year first"


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
    if "year-first" in fitting and not regular(found["year-first"][0]):
        fitting = [name for name in fitting if name != "year-first"] or fitting
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


def regular(days: NDArray[np.int64]) -> bool:
    """Whether days (N,) may be a series': no bars within days, each of which is a year from the next."""
    distinct = np.unique(days)
    return len(distinct) == len(days) or len(distinct) < 2 or float(np.median(np.diff(distinct))) < YEARLY


def civil(
    year: NDArray[np.int64], month: NDArray[np.int64], day: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Days since 1970, and whether there is such a day, each (N,)."""
    months = (year - 1970) * 12 + month - 1
    first = months.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
    following = (months + 1).astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
    sound = (month >= 1) & (month <= 12) & (day >= 1) & (day <= following - first)
    return first + day - 1, sound & (year >= 1800) & (year <= 2200)


def of_years(
    year: NDArray[np.int64], number: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Days since 1970 of days counted within years from 1, and whether there is such a day, each (N,)."""
    one = np.ones(len(year), np.int64)
    days, sound = civil(year, one, one)
    return days + number - 1, sound & (number >= 1) & (number <= civil(year + 1, one, one)[0] - days)


def years_of(text: Any) -> NDArray[np.int64]:
    """Years; of two digits those from 1969 to 2068."""
    year = whole(text)
    return np.where(year >= 100, year, of_two_digits(year))


def months_of(text: Any) -> NDArray[np.int64]:
    """The numbers of months by their names; 0 for a word that is none."""
    coded = pc.utf8_lower(text).dictionary_encode()
    numbers = np.array([MONTHS.get(name, 0) for name in coded.dictionary.to_pylist()], np.int64)
    found: NDArray[np.int64] = numbers[coded.indices.to_numpy(zero_copy_only=False)]
    return found
