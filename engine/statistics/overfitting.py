"""The probability of backtest overfitting: how often the best of one half is below the other's median.

Bailey, Borwein, López de Prado and Zhu 2017, by combinatorially symmetric cross-validation (CSCV).
"""

from __future__ import annotations

import math
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

BLOCKS = 16
EQUAL = 1e-12  # share of their size by which two Sharpe ratios may differ and still be a tie
AT_ONCE = 4_000_000  # numbers held at a time


def overfitting(returns: Floats, blocks: int = BLOCKS) -> float:
    """PBO of daily returns (D, N), a column a trial.

    The days are cut into equal blocks, surplus ones dropped at the front. For each half of the blocks the
    trial with the highest Sharpe ratio is looked up in the other half: r its rank there from below, ties by
    mean rank, ω = r / (N + 1), λ = ln(ω / (1 - ω)). PBO is the share of halves with λ ≤ 0, that is ω ≤ 1/2.
    Sharpe ratios are not annualised; a trial without variance has 0. NaN below two trials or one day a block.
    """
    count, trials = returns.shape
    size = count // blocks
    if trials < 2 or size < 1:
        return math.nan
    parts = returns[count - size * blocks :].reshape(blocks, size, trials)
    level = parts.mean(axis=(0, 1))  # (N,)
    mean = parts.mean(axis=1) - level  # (blocks, N)
    within = np.square(parts - level - mean[:, None]).sum(axis=1)  # (blocks, N)
    halves = np.array(list(combinations(range(blocks), blocks // 2)))  # (C, blocks / 2)
    chosen = np.zeros((len(halves), blocks))  # 1 where a block is in the half; its mirror holds the rest
    np.put_along_axis(chosen, halves, 1.0, axis=1)
    step = max(1, AT_ONCE // trials)
    below = 0
    for first in range(0, len(halves), step):
        rows = chosen[first : first + step]  # (c, blocks)
        inside, outside = (sharpes(level, mean, within, size, each) for each in (rows, 1.0 - rows))
        below += overfitted(inside, outside)
    return below / len(halves)


def sharpes(level: Floats, mean: Floats, within: Floats, size: int, chosen: Floats) -> Floats:
    """Sharpe ratios (c, N) over the chosen blocks (c, b), from the blocks' means and squares (b, N).

    level: (N,) what was taken off the means, so that equal returns keep no variance by rounding.
    """
    count = chosen.sum(axis=1, keepdims=True)  # (c, 1)
    centre = chosen @ mean / count  # (c, N)
    squares = chosen @ (within + size * np.square(mean)) - size * count * np.square(centre)
    spread = np.sqrt(np.maximum(squares, 0.0) / (count * size - 1))
    centre += level
    moves = spread > EQUAL * np.abs(centre)
    found: Floats = np.divide(centre, spread, out=np.zeros_like(centre), where=moves)
    return found


def overfitted(inside: Floats, outside: Floats) -> int:
    """In how many rows (c, N) the best inside has at most the median rank outside."""
    best = inside.argmax(axis=1)[:, None]
    value = np.take_along_axis(outside, best, axis=1)  # (c, 1)
    apart = outside - value
    tied = np.abs(apart) <= EQUAL * np.abs(value)  # itself among them
    rank = ((apart < 0) & ~tied).sum(axis=1) + (tied.sum(axis=1) + 1) / 2
    return int(np.count_nonzero(2.0 * rank <= outside.shape[1] + 1))
