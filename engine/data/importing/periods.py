"""Bars of weeks, months, quarters and years that are named by other days than their first, brought to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from engine.data.importing.steps import rising
from engine.market.spacing import DAY_MS, first_of_month, months, usual
from engine.market.times import UNREADABLE
from engine.results.notes import Note

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.data.importing.hints import Hints

ENOUGH = 4  # bars that tell their length
LENGTHS = {1: (28, 31, "months"), 3: (89, 93, "quarters"), 12: (363, 368, "years")}  # in days; what they are
WEEK = 7
MONDAY_FIRST = 3  # days since the Monday before 1970-01-01, a Thursday
SATURDAY = 5
HOLIDAYS = 10  # days at an end of a month on which a market may be closed, as in China
MOSTLY = 0.8  # of the bars, whose day at an end of a month is one of business but for weekends and New Year


def at_period_starts(
    times: NDArray[np.int64], hints: Hints
) -> tuple[NDArray[np.int64], tuple[Note, ...]] | None:
    """Times (N,) of bars of weeks to years at their first days; None where they need no change.

    They are the first or last days of the calendar, of business or of trading; all times are midnights.
    """
    known = rising(times)
    midnights = (some % DAY_MS for some in (known[:ENOUGH], known))  # most others end at once
    if len(known) < ENOUGH or hints.label == "open" or any(each.any() for each in midnights):
        return None
    middle = float(np.median(np.diff(known) // DAY_MS))
    if middle == WEEK:
        return at_mondays(times, known)
    each = next((n for n, (low, high, _) in LENGTHS.items() if low <= middle <= high), 0)
    if not each:
        return None
    firsts = bool((known == months(known)[1]).all())
    if at_last_days(known, each):
        back, code = each - 1, "times are the ends of periods"
    elif firsts and hints.label == "close":
        back, code = each, "times are the ends of periods"  # the first day of the next one
    elif not firsts and at_first_days(known, each):
        back, code = 0, "times are days of trading"
    else:
        return None
    readable = times != UNREADABLE
    moved = times.copy()
    moved[readable] = first_of_month(months(times[readable])[0] - back)
    return moved, (Note(code, {"periods": LENGTHS[each][2]}),)


def at_mondays(
    times: NDArray[np.int64], known: NDArray[np.int64]
) -> tuple[NDArray[np.int64], tuple[Note, ...]] | None:
    """Times (N,) of bars of weeks at their Mondays, where holidays moved some of the `known` ones, (K,).

    Those that are usually Mondays come later then, those that are usually Fridays earlier. None for others.
    """
    weekday = (known // DAY_MS + MONDAY_FIRST) % WEEK  # Monday is 0
    common = usual(weekday)
    if (weekday == common).all() or np.mean(weekday == common) < MOSTLY or weekday.max() >= SATURDAY:
        return None
    weeks = (known // DAY_MS + MONDAY_FIRST) // WEEK
    if common not in {0, SATURDAY - 1} or len(np.unique(weeks)) < len(known):
        return None
    readable = times != UNREADABLE
    moved = times.copy()
    moved[readable] -= (times[readable] + MONDAY_FIRST * DAY_MS) % (WEEK * DAY_MS)
    code = "times are days of trading" if common == 0 else "times are the ends of periods"
    return moved, (Note(code, {"periods": "weeks"}),)


def at_last_days(known: NDArray[np.int64], each: int) -> bool:
    """Whether rising times (K,) are the last days of every so many months, of trading at least."""
    month, begins = months(known)
    last = last_days(known)
    left = (first_of_month(month + 1) - begins - (known - begins)) // DAY_MS - 1  # days of the month
    return bool(last.all() or (last.mean() >= MOSTLY and left.max() <= HOLIDAYS and one_each(month, each)))


def at_first_days(known: NDArray[np.int64], each: int) -> bool:
    """Whether rising times (K,) are the first days of trading of every so many months."""
    month, begins = months(known)
    day = (known - begins) // DAY_MS  # from 0
    weekday = (known // DAY_MS + MONDAY_FIRST) % WEEK
    began = (weekday - day) % WEEK  # on which day of the week the month began
    first = np.where(began >= SATURDAY, WEEK - began, 0)  # its first day of business, from 0
    new_year = (month % 12 == 0) & (day - first <= 1) & (weekday < SATURDAY)
    sound = (day == first) | new_year
    return bool(sound.mean() >= MOSTLY and day.max() <= HOLIDAYS and one_each(month, each))


def one_each(month: NDArray[np.int64], each: int) -> bool:
    """Whether rising months (K,) are different ones, and every so many of them."""
    steps = np.diff(month)
    return bool((steps > 0).all() and not (steps % each).any())


def last_days(times: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Whether these are the last days, or the last days of business, of their months, (N,)."""
    weekday = (times // DAY_MS + MONDAY_FIRST) % WEEK  # Monday is 0
    next_business = times + DAY_MS * np.where(weekday >= SATURDAY - 1, WEEK - weekday, 1)
    month = months(times)[0]
    of_business: NDArray[np.bool_] = (months(next_business)[0] != month) & (weekday < SATURDAY)
    last: NDArray[np.bool_] = of_business | (months(times + DAY_MS)[0] != month)
    return last
