"""Columns of times of which some carry a zone and others none: of these it is known only from the others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from engine.data.importing.hints import HintNeededError
from engine.market.spacing import usual_step
from engine.market.times import UNREADABLE, iso

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.data.importing.clocks import Written

MOST_OFFSETS = 10  # that a column is read with


def refuse_partly_zoned(
    written: Written, cells: Any, utc: NDArray[np.int64], left: NDArray[np.int64]
) -> None:
    """HintNeededError for cells without a zone beside others of one that is not UTC, unless UTC is certain.

    It is where the times without a zone, taken as UTC, fill what the others leave free, and would not if they
    were of the zone of others. `utc`: all times (N,), among which `written` and `cells` (n,) stand at `left`.
    """
    own = written.read & (written.zone > 0)
    bare = written.read & (written.zone == 0)
    if not own.any() or not bare.any():
        return
    ahead = (written.local_ms - utc[left])[own & (utc[left] != UNREADABLE)]
    offsets = [each for each in np.unique(ahead).tolist() if each][:MOST_OFFSETS]
    if not offsets:
        return
    without = np.zeros(len(utc), bool)
    without[left[bare]] = True
    same, faults = overlap(utc, without)
    others = [overlap(np.where(without, utc - offset, utc), without) for offset in offsets]
    if not faults and all(more for _, more in others):
        return
    if not same and all(again for again, _ in others):
        return
    first, zoned = int(np.argmax(bare)), int(np.argmax(own & (utc[left] - written.local_ms != 0)))
    time = int(utc[left[first]])
    raise HintNeededError(
        f"says {cells[zoned]} in one row, with a zone, and {cells[first]} in another, without: "
        f"{iso(time)} as UTC, or {iso(time - int(written.local_ms[zoned] - utc[left[zoned]]))}",
        "--timezone",
    )


def overlap(times: NDArray[np.int64], without: NDArray[np.bool_]) -> tuple[int, int]:
    """How many times (N,) `without` a zone others have as well; and these with the bars that lack."""
    known = times != UNREADABLE
    bare, others = np.unique(times[known & without]), np.unique(times[known & ~without])
    same = int(np.isin(bare, others).sum())
    distinct = np.union1d(bare, others)
    step = usual_step(distinct)
    if not step:
        return same, same + 1
    off = int(((distinct - distinct[0]) % step != 0).sum())
    lacking = int((distinct[-1] - distinct[0]) // step) + 1 - len(distinct)
    return same, same + off + max(lacking, 0)
