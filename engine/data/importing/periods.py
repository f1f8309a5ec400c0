"""Bars of months, quarters and years that are named by their last days, brought to their first."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from engine.data.importing.steps import rising
from engine.market.spacing import DAY_MS, first_of_month, months
from engine.market.times import UNREADABLE
from engine.results.notes import Note

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.data.importing.hints import Hints

ENOUGH = 4  # bars that tell their length
LENGTHS = {1: (28, 31, "months"), 3: (89, 93, "quarters"), 12: (363, 368, "years")}  # in days; what they are
SATURDAY = 5


def at_period_starts(
    times: NDArray[np.int64], hints: Hints
) -> tuple[NDArray[np.int64], tuple[Note, ...]] | None:
    """Times (N,) of bars of months, quarters or years at their first days; None where they need no change.

    Their last days are those of the calendar, or the last days of business; all times are midnights.
    """
    known = rising(times)
    midnights = (some % DAY_MS for some in (known[:ENOUGH], known))  # most others end at once
    if len(known) < ENOUGH or hints.label == "open" or any(each.any() for each in midnights):
        return None
    days = np.diff(known) // DAY_MS
    middle = float(np.median(days))
    each = next((n for n, (low, high, _) in LENGTHS.items() if low <= middle <= high), 0)
    if not each:
        return None
    if not last_days(known).all():
        if hints.label != "close" or (known != months(known)[1]).any():
            return None
        back = each  # the first day of the next one
    else:
        back = each - 1
    readable = times != UNREADABLE
    moved = times.copy()
    moved[readable] = first_of_month(months(times[readable])[0] - back)
    return moved, (Note("times are the ends of periods", {"periods": LENGTHS[each][2]}),)


def last_days(times: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Whether these are the last days, or the last days of business, of their months, (N,)."""
    weekday = (times // DAY_MS + 3) % 7  # Monday is 0
    next_business = times + DAY_MS * np.where(weekday >= SATURDAY - 1, 7 - weekday, 1)
    month = months(times)[0]
    of_business: NDArray[np.bool_] = (months(next_business)[0] != month) & (weekday < SATURDAY)
    last: NDArray[np.bool_] = of_business | (months(times + DAY_MS)[0] != month)
    return last
