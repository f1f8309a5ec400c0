"""Whether the best of a family of strategies is better than nothing, and which of them are.

    found = superiority(returns, np.random.default_rng(0))     # (D, N): a row a day, a column a strategy
    found.spa, found.step_wise                                 # p-values: of the best, of each

What luck makes of a whole family is told by resampling its days together: every strategy loses its mean, and
the best of what is left is how good the best looks without any skill.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from engine.results.metrics import FEWEST_DAYS
from engine.statistics.bootstrap import block_length, draws, weights

if TYPE_CHECKING:
    from collections.abc import Iterable

    from engine.statistics.bootstrap import Rows

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Superiority:
    """p-values of a family of N strategies; NaN below 30 days and without variance.

    reality_check  White 2000: the highest mean return, not divided by its deviation
    spa            Hansen 2005, consistent: the highest t value; columns that are hopeless do not count
    step_wise      (N,) Romano and Wolf 2005, adjusted as in 2016: of each strategy, so that among those below
                   5 % one has no skill with a probability of 5 % at most
    """

    reality_check: float
    spa: float
    step_wise: Floats


def superiority(returns: Floats, generator: np.random.Generator, resamples: int = 1000) -> Superiority:
    """Test returns (D, N) above the benchmark, which is 0 unless it was subtracted.

    The days are drawn by the stationary bootstrap, with the longest block that suits a column.
    """
    count, family = returns.shape
    if count < FEWEST_DAYS or family == 0:
        return Superiority(math.nan, math.nan, np.full(family, np.nan))
    block = max(block_length(column) for column in returns.T)
    return of_draws(returns, block, draws(count, block, resamples, generator))


def of_draws(returns: Floats, block: float, drawn: Iterable[Rows]) -> Superiority:
    """The same from the row numbers of the resamples, (s, D) at a time, drawn with this mean block length."""
    count = len(returns)
    mean = returns.mean(axis=0)  # (N,)
    deviation = np.sqrt(long_run_variances(returns, block))  # (N,)
    moving = deviation > 0
    if not moving.any():
        return Superiority(math.nan, math.nan, np.full(len(mean), np.nan))
    apart = np.concatenate([weights(rows) @ (returns - mean) / count for rows in drawn])  # (S, N)
    scale = np.where(moving, deviation, 1.0)
    bound = -deviation * math.sqrt(2.0 * math.log(math.log(count)) / count)  # below it a mean is hopeless
    hopeless = np.where(mean < bound, mean, 0.0)  # (N,) stays where it is instead of moving up to 0
    best = np.max((apart + hopeless) / scale, axis=1)  # (S,)
    return Superiority(
        reality_check=float((apart.max(axis=1) > mean.max()).mean()),
        spa=float((best > (mean / scale).max()).mean()),
        step_wise=step_wise(mean / scale, apart / scale),
    )


def long_run_variances(returns: Floats, block: float) -> Floats:
    """Variance of √D times the mean of each column, (N,), as the stationary bootstrap has it.

    γ₀ + 2 Σ κ(k) γ_k with κ(k) = (1 - k/D)(1 - 1/b)^k + (k/D)(1 - 1/b)^(D-k), γ the autocovariances (Politis
    and Romano 1994, lemma 1; Hansen 2005 divides by it). Exactly 0 for a column without variance.
    """
    count = len(returns)
    centred = returns - returns.mean(axis=0)
    power = np.square(np.abs(np.fft.rfft(centred, 2 * count, axis=0)))
    covariance = np.fft.irfft(power, 2 * count, axis=0)[:count] / count  # (D, N) by lag
    lag = np.arange(1, count)
    lasting = 1.0 - 1.0 / block
    kernel = (1.0 - lag / count) * lasting**lag + lag / count * lasting ** (count - lag)
    variance = covariance[0] + 2.0 * kernel @ covariance[1:]
    still = returns.max(axis=0) == returns.min(axis=0)
    found: Floats = np.where(still, 0.0, np.maximum(variance, 0.0))
    return found


def step_wise(statistic: Floats, resampled: Floats) -> Floats:
    """Adjusted p-values (N,) of statistics (N,) from resamples (S, N) that are centred at 0.

    The highest is held against the highest of all, the next one against the highest of the rest, and none has
    a p-value below that of one above it.
    """
    order = np.argsort(-statistic, kind="stable")  # (N,) the highest first
    rest = np.maximum.accumulate(resampled[:, order[::-1]], axis=1)[:, ::-1]  # (S, N) of it and all below
    share = (rest > statistic[order]).mean(axis=0)
    found = np.empty(len(statistic))
    found[order] = np.maximum.accumulate(share)
    return found


def holm(p_values: Iterable[float]) -> list[float]:
    """Adjusted p-values, so that all claims below 5 % hold together at 5 %, however they depend (Holm 1979).

    NaN stays NaN and does not count.
    """
    given = list(p_values)
    order = sorted(
        (place for place, value in enumerate(given) if not math.isnan(value)), key=given.__getitem__
    )
    found, highest = list(given), 0.0
    for passed, place in enumerate(order):
        highest = max(highest, min(1.0, (len(order) - passed) * given[place]))
        found[place] = highest
    return found
