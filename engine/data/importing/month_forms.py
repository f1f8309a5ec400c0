"""Months that could be something else, `200901`, `Jan-09`, `2008.1`: taken where a column leaves no doubt."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow.compute as pc

from engine.data.importing.clocks import mask, whole
from engine.data.importing.hints import UnclearError
from engine.data.importing.months import TONGUES

if TYPE_CHECKING:
    from numpy.typing import NDArray

A_YEAR = 12  # months beyond which no days are meant, as these go beyond the twelfth
STEPS = (1, 3)  # months between bars
LAST_DAY, QUARTERS = 31, 4
MOSTLY_DISTINCT = 0.9
FEWEST = 3


def follow_each_other(month: NDArray[np.int64]) -> bool:
    """Whether months since 1970, (N,), are those of bars of a month or a quarter, in any order."""
    distinct = np.unique(month)
    if len(distinct) < FEWEST or len(distinct) < MOSTLY_DISTINCT * len(month):
        return False
    return int(np.median(np.diff(distinct))) in STEPS


def are_months(year: NDArray[np.int64], month: NDArray[np.int64], *, said: bool) -> bool:
    """Whether six digits, all a year and a month, each (N,), are that and no days such as 1 September 2020.

    said: somebody says in which order days stand. Raises UnclearError if both fit.
    """
    if not follow_each_other(year * 12 + month):
        return False
    days_fit = bool(((year % 100 >= 1) & (year % 100 <= A_YEAR)).all())
    if not days_fit or len(np.unique(year * 12 + month)) > A_YEAR:
        return True
    if said:
        return False
    cell = f"{year[0]}{month[0]:02}"
    raise UnclearError(
        f"says {cell}, which is {year[0]}-{month[0]:02} or {cell[:2]}-{cell[2:4]}-{cell[4:]}: both fit all "
        "rows; write its times as dates"
    )


def refuse_days_without_years(
    name: Any, number: Any, year: NDArray[np.int64], month: NDArray[np.int64]
) -> None:
    """UnclearError for names of months with numbers, (N,), that may be days of a year that is not written."""
    count = whole(number)
    if (count > LAST_DAY).any() or (count == 0).any():
        return
    steps = np.diff(year * 12 + month)
    several = len(np.unique(year)) > 1  # one number in all rows may be the day of each month
    if several and follow_each_other(year * 12 + month) and ((steps > 0).all() or (steps < 0).all()):
        return
    raise UnclearError(
        f"says {name[0]} and {number[0]}, which is a month of {year[0]} or a day without a year: both fit "
        "all rows; write its times as dates"
    )


def numbered_months(text: Any, year: NDArray[np.int64]) -> NDArray[np.int64]:
    """Months by their numbers, (N,): `1` beside `01` is 10, as a program wrote 2008.10 as a number.

    Raises UnclearError where they may be quarters of years (N,).
    """
    month = whole(text)
    short = mask(pc.equal(pc.utf8_length(text), 1))  # (N,)
    if short.all() and month.max(initial=0) <= QUARTERS and len(np.unique(year)) > 1:
        raise UnclearError(
            f"says {year[0]} and {month[0]}, which is month or quarter {month[0]}: both fit all rows; "
            "write its times as dates"
        )
    if short.any() and (month[short] == 1).all() and ((month < 10) & ~short).any():
        month = np.where(short, 10, month)
    return month


def of_two_digits(year: NDArray[np.int64]) -> NDArray[np.int64]:
    """Years that are written with two digits, from 1969 to 2068."""
    return np.where(year <= 68, year + 2000, year + 1900)


def short_months(
    first: NDArray[np.int64], second: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Years and months of two numbers of two digits at most, each (N,), such as 01/09.

    Raises UnclearError where they may be the other way round, or days without a year.
    """
    ways = {
        name: (of_two_digits(year), month)
        for name, month, year in (("month first", first, second), ("year first", second, first))
        if ((month >= 1) & (month <= A_YEAR)).all()
    }
    counts = {name: year * 12 + month for name, (year, month) in ways.items()}
    fitting = [name for name, months in counts.items() if follow_each_other(months)]
    ordered = [name for name in fitting if abs(np.sign(np.diff(counts[name])).sum()) == len(first) - 1]
    if len(fitting) == 1 and not are_days(first, second):
        return ways[fitting[0]]
    if len(ordered) == 1 and len(first) > A_YEAR:
        return ways[ordered[0]]
    readings = [f"{year[0]}-{month[0]:02}" for year, month in ways.values()]
    readings += [
        f"{day[0]} {TONGUES[0].split()[month[0] - 1].capitalize()} without a year"
        for day, month in ((first, second), (second, first))
        if ((month >= 1) & (month <= A_YEAR) & (day >= 1) & (day <= LAST_DAY)).all()
    ]
    raise UnclearError(
        f"says {first[0]:02}/{second[0]:02}, which is {' or '.join(dict.fromkeys(readings)) or 'no month'}: "
        "which is meant is not known; write its times as dates"
    )


def are_days(first: NDArray[np.int64], second: NDArray[np.int64]) -> bool:
    """Whether two numbers, each (N,), may be a day and a month, in either order, without a year."""
    return any(
        bool(((month >= 1) & (month <= A_YEAR) & (day >= 1) & (day <= LAST_DAY)).all())
        for day, month in ((first, second), (second, first))
    )
