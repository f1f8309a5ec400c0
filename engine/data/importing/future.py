"""Times that lie in the future, and what counts otherwise than they were read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.errors import RepairDataError
from engine.market.times import UNREADABLE, iso

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

DAY_MS = 86_400_000
OTHERS = {  # how times were read -> what may count so, and the ms that it begins before what was taken
    "s": {"1900, as NTP does": 25_567 * DAY_MS, "1904, as LabVIEW does": 24_107 * DAY_MS},
    "Excel's days": {"17 November 1858, as modified Julian days are": 15_018 * DAY_MS},
}


def refuse_future(thing: str, times: NDArray[np.int64], forms: Mapping[str, int], now_ms: int) -> None:
    """RepairDataError if all times (N,) lie in the future: what they are read as, and what they may be."""
    known = times[times != UNREADABLE]
    if not len(known) or known.min() <= now_ms:
        return
    first = int(known[0])
    form = next((name for name in OTHERS if name in forms), "")
    readings = [
        f"{iso(first - earlier)} if counted from {since}"
        for since, earlier in OTHERS.get(form, {}).items()
        if first - earlier <= now_ms
    ]
    remedy = "Write its times as dates" if readings else "Look at its times, or at the clock of this machine"
    also = f"; it would be {', or '.join(readings)}" if readings else ""
    counted = " in seconds since 1970" if form == "s" else f" as {form}" if form else ""
    raise RepairDataError(thing, f"lies in the future: its first time is {iso(first)}{counted}{also}", remedy)
