"""Standard errors, p-values and intervals of figures whose terms depend on each other.

A figure that is smooth in the data moves as the mean of its influence values (N,) does: what each row adds to
it, with mean 0. Their long-run variance is what autocorrelation and clustered volatility leave of the N rows.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from engine.statistics.bootstrap import block_length, draws

if TYPE_CHECKING:
    from engine.statistics.bootstrap import Rows

Floats = NDArray[np.float64]

FEWEST, MOST = 4, 64  # cosines, as many as the degrees of freedom
FEWEST_ROWS = 2 * FEWEST
STILL = 1e-6  # of the standard error of all rows: what is less is rounding


@lru_cache(maxsize=8)
def cosines(count: int, horizon: int = 1) -> Floats:
    """√(2/N) cos(π j (n - 1/2) / N) for rows n = 1 … N and j = 1 … m, (N, m).

    m = ⌊0.4 N^(2/3)⌋, as Lazarus, Lewis, Stock and Watson 2018 recommend ("HAR Inference: Recommendations for
    Practice"); no wave is shorter than four horizons, within which labels that overlap are alike.
    """
    number = min(int(0.4 * count ** (2 / 3)), count // (2 * horizon), MOST)
    waves = np.arange(1, max(number, FEWEST) + 1)  # (m,)
    found: Floats = math.sqrt(2.0 / count) * np.cos(
        np.outer((np.arange(count) + 0.5) * math.pi / count, waves)
    )
    return found


def standard_error(influence: Floats, horizon: int = 1) -> Floats:
    """Of the mean of influence values (…, N): √(Σ_j (Σ_n c_jn v_n)² / (m N)), one for each line.

    A kernel estimate as Newey and West's, with the equally weighted cosine kernel, for which the figure over
    its error follows Student's t with m degrees of freedom under autocorrelation too.
    """
    count = influence.shape[-1]
    found: Floats = np.sqrt(np.square(influence @ cosines(count, horizon)).mean(axis=-1) / count)
    return found


def probability_below(estimate: float, influence: Floats, horizon: int = 1) -> float:
    """Student's t: of a figure as low as the estimate or lower, were the true one 0. NaN without variance."""
    from scipy.special import stdtr

    if len(influence) < FEWEST_ROWS:
        return math.nan
    error, freedom = float(standard_error(influence, horizon)), cosines(len(influence), horizon).shape[1]
    return float(stdtr(freedom, estimate / error)) if error > 0 else math.nan


def two_sided(estimate: float, influence: Floats, horizon: int = 1) -> float:
    """p-value of a figure that is 0 by the null hypothesis; NaN without variance."""
    below = probability_below(estimate, influence, horizon)
    return 2.0 * min(below, 1.0 - below)


@dataclass(frozen=True)
class Bootstrapped:
    """95 % interval [low, high] of a figure, and the p-value of the null hypothesis that it is 0 or less."""

    low: float = math.nan
    high: float = math.nan
    p_value: float = math.nan

    @property
    def interval(self) -> list[float]:
        """[low, high]."""
        return [self.low, self.high]


def bootstrapped(
    estimate: float,
    influence: Floats,
    resamples: int,
    generator: np.random.Generator,
    *,
    horizon: int = 1,
    coverage: float = 0.95,
) -> Bootstrapped:
    """The studentised stationary bootstrap of a figure from its influence values (N,).

    What is resampled is the figure over its standard error, each resample with an error of its own (Götze and
    Künsch 1996; for Sharpe ratios Ledoit and Wolf 2008): percentile intervals of few days are too narrow.
    Blocks are as long as suits the influence values, and no shorter than the horizon. NaN without variance,
    and where so many resamples are without that a bound would be one of theirs.
    """
    count = len(influence)
    error = float(standard_error(influence, horizon)) if count >= FEWEST_ROWS else math.nan
    if not error > 0:
        return Bootstrapped()
    block = max(float(min(horizon, count)), block_length(influence))
    found = np.concatenate(
        [studentised(influence, rows, horizon, error) for rows in draws(count, block, resamples, generator)]
    )  # (S,)
    tail = (1.0 - coverage) / 2.0
    still = np.isnan(found)
    if still.mean() > tail:  # then a bound would be one of theirs
        return Bootstrapped()
    found[still] = 0.0
    least, most = np.quantile(found, [tail, 1.0 - tail])
    as_high = int((found >= estimate / error).sum())
    return Bootstrapped(
        float(estimate - most * error), float(estimate - least * error), (1 + as_high) / (1 + len(found))
    )


def studentised(influence: Floats, rows: Rows, horizon: int, error: float) -> Floats:
    """Means of resamples (s,) over their own standard errors, from row numbers (s, N).

    error: that of all rows; a resample with a millionth of it has no variance but what rounding leaves: NaN.
    """
    drawn = influence[rows]  # (s, N)
    mean, own = drawn.mean(axis=1), standard_error(drawn, horizon)
    found: Floats = np.divide(mean, own, out=np.full(len(mean), np.nan), where=own > STILL * error)
    return found
