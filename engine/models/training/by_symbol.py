"""Validation's loss of each of several symbols, read off the one pass that there is anyway."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    Starts = NDArray[np.int64]

PADDING = -1  # where a batch has no window


def apart(starts: Starts, counts: Sequence[int], size: int) -> Starts:
    """Start indices (N,) of parts that lie one after the other, each padded to whole groups of `size`."""
    parts = np.split(starts, np.cumsum(counts)[:-1])
    return np.concatenate([np.pad(each, (0, -len(each) % size), constant_values=PADDING) for each in parts])


class LossBySymbol:
    """The loss of each symbol, from the mean over all groups so far that is told after each group."""

    def __init__(self, counts: Mapping[str, int], groups: NDArray[np.int32]) -> None:
        """groups: (G, K, B) start indices, none of them of two symbols; counts: windows of each, in order."""
        self.counts, self.means = counts, np.zeros(len(groups))  # (G,)
        self.windows = np.cumsum((groups != PADDING).sum(axis=(1, 2)))  # (G,) windows

    def found(self) -> dict[str, float]:
        """By symbol, once all groups are through."""
        count = np.array(list(self.counts.values()))  # (S,)
        last = np.searchsorted(self.windows, np.cumsum(count))  # (S,) groups
        losses = np.diff(self.windows[last] * self.means[last], prepend=0.0) / count  # (S,)
        return dict(zip(self.counts, losses.tolist(), strict=True))
