"""Windows over a flat matrix: which stretches of bars may serve as input, kept as start indices.

The (N, L, F) array of all windows is never built: N windows over T rows overlap almost wholly,
so it would hold every row L times. A window is its first row; a batch gathers what it needs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Windows:
    """N windows of `lookback` rows; window n is rows start[n] … start[n]+lookback-1.

    dropped_gap and dropped_unready count the observed rows that are no target: those whose bars are not
    consecutive, and those whose window holds a row without all its features.
    """

    start: NDArray[np.int64]  # (N,)
    lookback: int
    dropped_gap: int
    dropped_unready: int

    @property
    def target(self) -> NDArray[np.int64]:
        """Target row of each window, the row after its last, shape (N,)."""
        return self.start + self.lookback

    def __len__(self) -> int:
        """How many windows there are."""
        return len(self.start)


def find(
    ready: NDArray[np.bool_], observed: NDArray[np.bool_], numbers: NDArray[np.int64], lookback: int
) -> Windows:
    """Every window whose rows are ready and, with its target row, consecutive bars.

    ready: (T,) bool, whether a row has all its features. observed: (T,) bool, whether it was a market: a
    window may hold others, but nothing is decided for them. numbers: (T,) of the bars, one more for the bar
    that follows and more after a gap (market.calendar).
    """
    count = len(numbers) - lookback
    if count <= 0:
        return Windows(np.empty(0, np.int64), lookback, 0, 0)
    start = np.flatnonzero(observed[lookback:])  # (C,) candidates, one for each row that could be a target
    consecutive = numbers[start + lookback] - numbers[start] == lookback  # (C,)
    unready_before = np.concatenate([[0], np.cumsum(~ready)])  # (T+1,)
    complete = unready_before[start + lookback] == unready_before[start]  # (C,)
    return Windows(
        start=start[consecutive & complete],
        lookback=lookback,
        dropped_gap=int(np.count_nonzero(~consecutive)),
        dropped_unready=int(np.count_nonzero(consecutive & ~complete)),
    )


def rows_used(start: NDArray[np.int64], lookback: int, rows: int) -> NDArray[np.bool_]:
    """Which of `rows` rows lie in at least one of the windows, shape (T,)."""
    edges = np.zeros(rows + 1, np.int64)  # (T+1,) +1 where a window begins, -1 after its end
    np.add.at(edges, start, 1)
    np.add.at(edges, start + lookback, -1)
    return np.cumsum(edges[:-1]) > 0
