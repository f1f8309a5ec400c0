"""Combinatorial purged cross-validation: which samples train, and which are tested, in every combination.

    for split in splits(bar, groups=6, tested=2, horizon=4): …           # 15 of them
    paths(groups=6, tested=2)                                            # (5, 6)

López de Prado 2018, chapter 12: the samples are cut into N groups in time, every choice of k is tested by a
model of the rest, and the forecasts make k/N · C(N, k) paths through all groups.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

Positions = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class CombinatorialSplit:
    """One choice of groups: positions of the samples that train, and of each tested group's."""

    groups: tuple[int, ...]
    train: Positions
    tests: tuple[Positions, ...]

    @property
    def test(self) -> Positions:
        """All samples that are tested, group after group."""
        return np.concatenate(self.tests)


def splits(
    bar: Positions, groups: int, tested: int, horizon: int, embargo: int = 0, begins: Positions | None = None
) -> list[CombinatorialSplit]:
    """Every choice of `tested` of `groups` parts of N samples, equal in bars; the last has what is left.

    begins: (groups,) bars at which the parts begin, in the place of equal ones. bar: (N,) numbers of the
    samples' target bars; samples of several symbols may share one, and are in one part then. A sample does
    not train if its label overlaps that of one that is tested, each `horizon` bars long, nor if it is in the
    `embargo` bars after such a one.
    """
    bars = np.unique(bar)  # (B,)
    cuts = bars[np.arange(1, groups) * (len(bars) // groups)] if begins is None else begins[1:]
    part = np.searchsorted(cuts, bar, side="right")  # (N,)
    found = []
    for chosen in combinations(range(groups), tested):
        held = np.isin(part, chosen)  # (N,)
        clear = ~held & apart(bar, np.unique(bar[held]), horizon, embargo)
        tests = tuple(np.flatnonzero(part == group) for group in chosen)
        found.append(CombinatorialSplit(chosen, np.flatnonzero(clear), tests))
    return found


def apart(bar: Positions, tested: Positions, horizon: int, embargo: int) -> NDArray[np.bool_]:
    """Whether the labels of samples at bars (N,) are clear of those at the tested bars, (M,) rising."""
    following = np.searchsorted(tested, bar)  # (N,) the first tested bar that is not before
    after = np.append(tested, bar.max() + 2 * horizon)[following]
    before = np.append(bar.min() - 2 * horizon - embargo, tested)[following]
    return np.asarray((bar + horizon <= after) & (bar >= before + horizon + embargo))


def paths(groups: int, tested: int) -> Positions:
    """Which split tests each group, on every path, (P, groups): on path p its p-th split that does."""
    choices = list(combinations(range(groups), tested))
    return np.array([
        [number for number, chosen in enumerate(choices) if group in chosen] for group in range(groups)
    ]).T  # fmt: skip
