"""Days and months that a spreadsheet has swapped: of days up to the twelfth, and of no others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from engine.data.importing.hints import UnclearError
from engine.market.spacing import DAY_MS
from engine.market.times import UNREADABLE

if TYPE_CHECKING:
    from numpy.typing import NDArray

FEWEST = 3  # rows that are out of order for no other reason


def refuse_swapped_days(times: NDArray[np.int64], named: str) -> None:
    """UnclearError if times (N,) are in no order, and in one with days and months up to the twelfth swapped.

    A spreadsheet that expects the month first reads 05/01/2024 as the first of May and leaves 13/01/2024.
    """
    known = times[times != UNREADABLE]
    steps = np.diff(known)
    if min(np.count_nonzero(steps < 0), np.count_nonzero(steps > 0)) < FEWEST:
        return
    days = known // DAY_MS
    dates = days.astype("datetime64[D]")
    year = dates.astype("datetime64[Y]")
    month = (dates.astype("datetime64[M]") - year).astype(np.int64)  # (N,) 0 is January
    day = (dates - dates.astype("datetime64[M]")).astype(np.int64)  # (N,) 0 is the first
    other = (year.astype("datetime64[M]") + day).astype("datetime64[D]") + month
    meant = np.where(day < 12, other.astype(np.int64) * DAY_MS + known % DAY_MS, known)
    moves = np.diff(meant)
    changed = np.flatnonzero(meant != known)
    if len(changed) and len(changed) < len(known) and ((moves >= 0).all() or (moves <= 0).all()):
        read, instead = (
            np.datetime64(int(each[changed[0]]), "ms").astype("datetime64[D]") for each in (known, meant)
        )
        raise UnclearError(
            f"column {named} says {read} where the rows around it say {instead}: a spreadsheet has swapped "
            "days and months up to the twelfth; get the file again and do not save it from there"
        )
