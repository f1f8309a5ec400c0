"""Times on the clocks of a zone, told by name or offset, as UTC."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from engine.data.importing.hints import HintNeededError, zone_of
from engine.market.spacing import usual, usual_step
from engine.market.times import UNREADABLE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.data.importing.clocks import Written

FURTHEST_H = 14  # that a clock is ahead or behind
SET_BACK_MS = 2 * 3_600_000  # the furthest that any clock is set back
NEARLY_ALL = 0.95  # a share of times that tells their grid
OFFSETS_MIN = {
    "Z": 0, "UTC": 0, "GMT": 0, "WET": 0, "WEST": 60, "CET": 60, "CEST": 120, "EET": 120, "EEST": 180,
    "MSK": 180, "EST": -300, "EDT": -240, "CDT": -300, "MST": -420, "MDT": -360, "PST": -480, "PDT": -420,
    "JST": 540, "KST": 540, "HKT": 480, "SGT": 480, "AEST": 600, "AEDT": 660, "NZST": 720, "NZDT": 780,
}  # fmt: skip


def in_utc(written: Written, zone: str) -> NDArray[np.int64]:
    """Local times as UTC ms; those without a zone of their own are in `zone`, or in UTC if that is empty."""
    utc = np.full(len(written.local_ms), UNREADABLE)
    for number, name in enumerate(written.zones):
        rows = written.read & (written.zone == number)
        if not rows.any():
            continue
        local = written.local_ms[rows]
        utc[rows] = local_in(local, name, zone) if name else on_clocks(local, zone)
    return utc


def local_in(local_ms: NDArray[np.int64], name: str, said: str) -> NDArray[np.int64]:
    """Times of the zone that a cell names as UTC ms, (N,); of one that is not certain, in the zone `said`."""
    try:
        minutes = offset_of(name)
    except HintNeededError:
        if not said:
            raise
        return on_clocks(local_ms, said)
    return localised(local_ms, name) if minutes is None else local_ms - minutes * 60_000


def on_clocks(local_ms: NDArray[np.int64], zone: str) -> NDArray[np.int64]:
    """Times on the clocks of a zone, or of an offset such as UTC+02:00, as UTC ms, (N,); empty: of UTC."""
    if not zone or zone == "UTC":
        return local_ms
    if not zone.startswith("UTC"):
        return localised(local_ms, zone)
    shift = (offset_of(zone) or 0) * 60_000
    return np.where(local_ms == UNREADABLE, UNREADABLE, local_ms - shift)


def offset_of(name: str) -> int | None:
    """Minutes that a zone is ahead of UTC; None for one whose clocks change."""
    if name.upper() in OFFSETS_MIN:
        return OFFSETS_MIN[name.upper()]
    if parts := re.fullmatch(r"(?:UTC|GMT)?([-+])(\d{1,2}):?(\d{2})?(?::00)?", name):
        if int(parts[2]) > FURTHEST_H:
            raise HintNeededError(
                f"says {name} where an offset of at most {FURTHEST_H} hours may be", "--timezone"
            )
        return (1 if parts[1] == "+" else -1) * (int(parts[2]) * 60 + int(parts[3] or 0))
    if "/" not in name:
        reason = f"holds times of the zone {name}, which is not known for certain"
        raise HintNeededError(reason, "--timezone")
    return None


def localised(local_ms: NDArray[np.int64], zone: str) -> NDArray[np.int64]:
    """Times on the clocks of a zone as UTC ms, (N,).

    An hour that clocks show twice is summer's where it stands first, if the rows are in the order of time or
    in the reverse of it. One that stands there once is the reading that is on the grid of the others, if only
    one is. Otherwise, and where clocks never show it, it is UNREADABLE, as which of both is not known.
    """
    known = local_ms != UNREADABLE
    local = local_ms[known]
    tz = zone_of(zone)
    index = pd.DatetimeIndex(local.astype("datetime64[ms]"))
    sure = of_index(index.tz_localize(tz, ambiguous="NaT", nonexistent="NaT"))
    utc = np.full(len(local_ms), UNREADABLE)
    utc[known] = sure
    if UNREADABLE not in sure:
        return utc
    direction = direction_of(local, sure == UNREADABLE)
    places = np.arange(len(local))[:: direction or 1]
    order = np.lexsort((places, local))
    again = np.zeros(len(local), bool)
    again[order[1:]] = local[order[1:]] == local[order[:-1]]
    twice = again.copy()
    twice[order[:-1]] |= again[order[1:]]
    summer, winter = (
        of_index(index.tz_localize(tz, ambiguous=np.full(len(local), first), nonexistent="NaT"))
        for first in (True, False)
    )
    found = np.where(again, winter, summer)
    unsure = (sure == UNREADABLE) & ~(twice & bool(direction))
    utc[known] = np.where(unsure, on_grid(summer, winter, sure), found)
    return utc


def direction_of(local_ms: NDArray[np.int64], unsure: NDArray[np.bool_]) -> int:
    """1 for times (N,) in order, -1 in reverse, 0 in none; a step back to an unsure one is a clock's."""
    steps = np.diff(local_ms)
    direction = 1 if np.count_nonzero(steps > 0) * 2 >= len(steps) else -1
    back = steps * direction < 0
    by_the_clock = unsure[1:] & (np.abs(steps) <= SET_BACK_MS)
    return direction if not (back & ~by_the_clock).any() else 0


def of_index(index: pd.DatetimeIndex) -> NDArray[np.int64]:
    """Times as UTC ms, UNREADABLE where they are none, (N,)."""
    times = index.tz_convert("UTC").as_unit("ms")
    return np.where(times.isna(), UNREADABLE, times.asi8)


def on_grid(
    summer: NDArray[np.int64], winter: NDArray[np.int64], sure: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Of two readings of each time, each (N,), the one on the step that nearly all sure times keep.

    UNREADABLE where both or none of them is.
    """
    known = np.unique(sure[sure != UNREADABLE])
    step = usual_step(known)
    if not step:
        return np.full(len(summer), UNREADABLE)
    phase = usual(known % step)
    if np.mean(known % step == phase) < NEARLY_ALL:
        return np.full(len(summer), UNREADABLE)
    there = (summer != UNREADABLE) & (winter != UNREADABLE)
    fits = [there & (each % step == phase) for each in (summer, winter)]
    return np.where(fits[0] & ~fits[1], summer, np.where(fits[1] & ~fits[0], winter, UNREADABLE))
