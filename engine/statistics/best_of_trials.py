"""The best Sharpe ratio to expect of trials without skill, which is what the deflated one is held against.

    best = expected_best(np.stack([first, second]), first_day=20_000)    # in standard errors of one trial

The mean of the maximum of Gaussians that are correlated as the trials' daily returns are: a trial that is
nearly another's clone adds nearly nothing, and one more never lowers it.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

Floats = NDArray[np.float64]
Draws = NDArray[np.float32]

PAIRS = 4096  # draws, each taken with its negative: the mean over one trial is exactly 0
SEED = 14
AT_ONCE = 512  # trials held at a time


def expected_best(returns: Floats, first_day: int, unknown: int = 0) -> float:
    """E[max], in standard errors of a Sharpe ratio per day; 0 for one trial and for none.

    returns: (N, D) daily returns of the trials, NaN on days that a trial has not. first_day: the day of the
    first column, counted from 1970, so that the draws of a day stay the same whatever other days there are.
    unknown: trials whose returns were not recorded; they count as independent.

    A trial's draw is z·g: z (D,) its returns, centred and of length 1, 0 on days that it has not, g Gaussian
    over the days. So trials that have no day in common are independent. A trial without variance has no
    Sharpe ratio and does not count.
    """
    best = BestOfTrials()
    best.add(returns, first_day, range(unknown))
    return best.expected


class BestOfTrials:
    """The same for trials that come one after the other: what was added is not drawn again."""

    def __init__(self) -> None:
        """Without any trial."""
        self._highest, self._lowest = np.full(PAIRS, -np.inf, np.float32), np.full(PAIRS, np.inf, np.float32)

    def add(self, returns: Floats, first_day: int, unknown: Iterable[int] = ()) -> None:
        """More trials; `returns`, `first_day` as above, `unknown`: a number for each without returns."""
        directions = unit(returns)  # (n, D)
        gaussian = of_days(first_day, returns.shape[1])  # (D, PAIRS)
        for drawn in drawn_for(directions, gaussian, unknown):  # (n, PAIRS)
            np.maximum(self._highest, drawn.max(axis=0), out=self._highest)
            np.minimum(self._lowest, drawn.min(axis=0), out=self._lowest)

    @property
    def expected(self) -> float:
        """E[max] of all trials so far, in standard errors; 0 for none."""
        if not np.isfinite(self._highest[0]):
            return 0.0
        highest, lowest = (float(np.mean(each, dtype=np.float64)) for each in (self._highest, self._lowest))
        return (highest - lowest) / 2.0


def unit(returns: Floats) -> Draws:
    """The trials (n, D) that have variance, centred and of length 1; 0 on days that they have not."""
    if returns.size == 0:
        return np.empty((0, returns.shape[1]), np.float32)
    has = np.isfinite(returns)
    total = np.where(has, returns, 0.0).sum(axis=1, keepdims=True)
    mean = total / np.maximum(has.sum(axis=1, keepdims=True), 1)  # (N, 1)
    centred = np.where(has, returns - mean, 0.0)
    length = np.sqrt(np.square(centred).sum(axis=1, keepdims=True))  # (N, 1)
    moves = length[:, 0] > 1e-12 * np.abs(mean[:, 0])
    found: Draws = (centred[moves] / length[moves]).astype(np.float32)
    return found


def drawn_for(directions: Draws, gaussian: Draws, unknown: Iterable[int]) -> Iterator[Draws]:
    """The draws of the trials, (n, PAIRS) at a time; gaussian: (D, PAIRS)."""
    for first in range(0, len(directions), AT_ONCE):
        yield directions[first : first + AT_ONCE] @ gaussian
    for number in unknown:
        yield of_key(1, number)[None]


@lru_cache(maxsize=1)  # who looks again looks at the same days
def of_days(first_day: int, days: int) -> Draws:
    """The draws of so many days from the first on, (D, PAIRS); of none those of one that no trial has."""
    return np.stack([of_key(0, first_day + day) for day in range(days)] or [of_key(0, 0)])


@lru_cache(maxsize=4096)  # 64 MiB: eleven years of days; more than that would find nothing kept
def of_key(kind: int, number: int) -> Draws:
    """Gaussian draws (PAIRS,) that belong to a day (kind 0) or to a trial without returns (kind 1)."""
    generator = np.random.default_rng([SEED, kind, abs(number), int(number < 0)])
    return generator.standard_normal(PAIRS, dtype=np.float32)
