"""Times on the clocks of a zone, told by name or offset, as UTC."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from engine.data.importing.hints import HintNeededError, zone_of
from engine.market.times import UNREADABLE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.data.importing.clocks import Written

FURTHEST_H = 14  # that a clock is ahead or behind
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

    An hour that clocks show twice is summer's where it stands first in the order of time; if it stands
    there once, or clocks never show it, it is UNREADABLE, as which of both is not known.
    """
    known = local_ms != UNREADABLE
    local = local_ms[known]
    rising = len(local) < 2 or np.count_nonzero(np.diff(local) > 0) * 2 >= len(local) - 1
    places = np.arange(len(local)) if rising else np.arange(len(local))[::-1]
    order = np.lexsort((places, local))
    again = np.zeros(len(local), bool)
    again[order[1:]] = local[order[1:]] == local[order[:-1]]
    twice = again.copy()
    twice[order[:-1]] |= again[order[1:]]
    index = pd.DatetimeIndex(local.astype("datetime64[ms]"))
    tz = zone_of(zone)
    moved = index.tz_localize(tz, ambiguous=~again, nonexistent="NaT")
    unsure = index.tz_localize(tz, ambiguous="NaT", nonexistent="NaT").isna() & ~twice
    utc = np.full(len(local_ms), UNREADABLE)
    found = moved.tz_convert("UTC").as_unit("ms").asi8.astype(np.int64)
    utc[known] = np.where(unsure, UNREADABLE, found)
    return utc
