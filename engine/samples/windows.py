"""Windows over a flat matrix: which stretches of bars may serve as input, kept as start indices.

The (N, L, F) array of all windows is never built: N windows over T rows overlap almost wholly,
so it would hold every row L times. A window is its first row; a batch gathers what it needs.
The matrix begins where JAX wants it, so that it is read in place instead of copied.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

ALIGNMENT = 64  # bytes


@dataclass(frozen=True)
class Windows:
    """N windows of `lookback` rows; window n is rows start[n] … start[n]+lookback-1.

    dropped_gap and dropped_unready count the candidates that are no samples: those whose bars are
    not consecutive, and those that hold a row without all its features.
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


def find(ready: NDArray[np.bool_], time_ms: NDArray[np.int64], step_ms: int, lookback: int) -> Windows:
    """Every window whose rows are ready and, with its target row, consecutive bars.

    ready: (T,) bool, whether a row has all its features. time_ms: (T,) open times, increasing.
    """
    count = len(time_ms) - lookback
    if count <= 0:
        return Windows(np.empty(0, np.int64), lookback, 0, 0)
    start = np.arange(count)  # (C,) candidates, one for each row that could be a target
    consecutive = time_ms[start + lookback] - time_ms[start] == lookback * step_ms  # (C,)
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


def aligned(shape: tuple[int, ...], dtype: type[np.generic] = np.float32) -> NDArray[Any]:
    """An array of that shape, its first byte at a multiple of ALIGNMENT, its values not yet set."""
    size = int(np.prod(shape, dtype=np.int64)) * np.dtype(dtype).itemsize
    room = np.empty(size + ALIGNMENT, np.uint8)
    first = -room.ctypes.data % ALIGNMENT
    return room[first : first + size].view(dtype).reshape(shape)


def is_aligned(values: NDArray[Any]) -> bool:
    """Whether the values lie one after the other and begin at a multiple of ALIGNMENT."""
    return values.ctypes.data % ALIGNMENT == 0 and values.flags.c_contiguous
