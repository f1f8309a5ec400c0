"""Weeks by their numbers: those of ISO 8601, if they cannot be others."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np

from engine.data.importing.hints import UnclearError

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

WEEKS = 52  # that every year has
EARLIEST, LATEST = 1800, 2200  # years


def mondays_of(
    year: NDArray[np.int64], week: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Days since 1970 of the Mondays of ISO 8601's weeks, and whether there is such a week; each (N,)."""
    january = (year - 1970).astype("datetime64[Y]").astype("datetime64[D]").astype(np.int64)
    fourth = january + 3  # which is in the first week
    refuse_other_weeks(year, week)
    return fourth - (fourth + 3) % 7 + 7 * (week - 1), (year >= EARLIEST) & (year <= LATEST)


def refuse_other_weeks(year: NDArray[np.int64], week: NDArray[np.int64]) -> None:
    """UnclearError for weeks, each (N,), that are numbered otherwise than by ISO 8601, or may be by `%W`.

    That counts from the first Monday of a year, which is the same where it begins on Friday to Monday.
    """
    known = (year >= EARLIEST) & (year <= LATEST)
    there = set(zip(year[known].tolist(), week[known].tolist(), strict=True))
    if foreign := stranger(there, lambda each: date(each, 12, 28).isocalendar().week):
        raise UnclearError(
            f"has {foreign}: its weeks are not those of ISO 8601, and which they are is not known; write the "
            "dates of their first days"
        )
    apart = [pair for pair in sorted(there) if date(pair[0], 1, 1).weekday() in (1, 2, 3)]
    if apart and not stranger(there, lambda each: int(f"{date(each, 12, 31):%W}")):
        label = "{}-W{:02}".format(*apart[0])
        monday = date.fromisocalendar(*apart[0], 1)
        raise UnclearError(
            f"says {label}, which begins on {monday} by ISO 8601 and on {monday + timedelta(7)} where weeks "
            "are counted from the first Monday (%W); write the dates of their first days"
        )


def stranger(there: set[tuple[int, int]], last: Callable[[int], int]) -> str:
    """What a numbering of weeks does not have among years and weeks, or what lacks between two; empty: none.

    last: the number of a year's last week, which is 52 or 53.
    """
    for year, week in sorted(there):
        if not 1 <= week <= last(year):
            return f"{year}-W{week:02}"
        if week == WEEKS < last(year) and (year + 1, 1) in there and (year, WEEKS + 1) not in there:
            return f"no {year}-W{WEEKS + 1}"
    return ""
