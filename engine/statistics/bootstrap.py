"""The stationary bootstrap: resampling a series in blocks, so that what lasts a while in it still does.

    for rows in draws(len(returns), block_length(returns), 1000, np.random.default_rng(0)):
        ...                                    # (s, N) row numbers, one resample a line

Politis and Romano 1994; the block length of Politis and White 2004 as corrected by Patton, Politis and
White 2009.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Iterator

Floats = NDArray[np.float64]
Rows = NDArray[np.int64]

AT_ONCE = 2_000_000  # row numbers held at a time
INSIGNIFICANT = 5  # that many autocorrelations in a row within the band end the search, as in the paper


def block_length(values: Floats) -> float:
    """The mean block length, 1 or more, that suits the bootstrap of the mean of a series (N,) best.

    (2 G² / D)^(1/3) N^(1/3) with G = Σ λ |k| R(k), D = 2 (Σ λ R(k))², R the autocovariances, λ the flat-top
    window that ends at twice the lag from which on they vanish; at most min(3 √N, N/3). A lag vanishes by the
    paper's R(k) / R(0). arch's `optimal_block_length` divides by the variances of the two overlapping parts:
    on short series it finds other lengths, on long ones the same. 1 where there is no variance.
    """
    count = len(values)
    if count < 10 or values.max() == values.min():
        return 1.0
    centred = values - values.mean()
    search = max(INSIGNIFICANT, int(math.log10(count)))
    furthest = min(math.ceil(math.sqrt(count)) + search, count - 2)
    covariance = np.array(
        [centred[lag:] @ centred[: count - lag] / count for lag in range(furthest + 1)]
    )  # (lags,)
    band = 2.0 * math.sqrt(math.log10(count) / count)
    vanished = np.abs(covariance) < band * covariance[0]  # (lags,)
    runs = np.lib.stride_tricks.sliding_window_view(vanished[1:], search).all(axis=1)
    reach = min(2 * (int(runs.argmax()) + 1), furthest) if runs.any() else furthest
    lags = np.arange(1, reach + 1)
    window = np.where(lags <= reach / 2, 1.0, 2.0 * (1.0 - lags / reach))  # λ
    spread = covariance[0] + 2.0 * float(window @ covariance[1 : reach + 1])
    slope = 2.0 * float((window * lags) @ covariance[1 : reach + 1])
    if spread == 0.0:
        return 1.0
    best = float(np.cbrt(slope**2 / spread**2 * count))
    return min(max(best, 1.0), float(math.ceil(min(3.0 * math.sqrt(count), count / 3.0))))


def draws(count: int, block: float, resamples: int, generator: np.random.Generator) -> Iterator[Rows]:
    """Row numbers of the resamples, (s, N) at a time: blocks of geometric length that wrap around.

    block: their mean length, 1 or more.
    """
    left = resamples
    while left > 0:
        lines = min(left, max(1, AT_ONCE // count))
        total = lines * count
        blocks = int(total / block + 6.0 * math.sqrt(total)) + 10  # more than will be needed, all but surely
        ends = np.cumsum(generator.geometric(1.0 / block, blocks))
        fresh = np.zeros(total, bool)  # whether a block begins here, lines laid end to end
        fresh[ends[ends < total]] = True
        fresh[::count] = True
        begun = np.flatnonzero(fresh)
        starts = generator.integers(count, size=len(begun))
        rows = np.repeat(starts - begun, np.diff(begun, append=total)) + np.arange(total)
        rows[rows >= count] -= count  # a block is never longer than its line
        yield rows.reshape(lines, count)
        left -= lines


def weights(rows: Rows) -> Floats:
    """How often each row was drawn, (s, N) for row numbers (s, N): sums over resamples become one product."""
    lines, count = rows.shape
    places = rows + count * np.arange(lines)[:, None]
    return np.bincount(places.ravel(), minlength=lines * count).reshape(lines, count).astype(np.float64)


def interval(values: Floats, coverage: float = 0.95) -> list[float]:
    """The percentile interval [low, high] of resampled figures (S,); NaN if most of them are not defined."""
    defined = values[np.isfinite(values)]
    if len(defined) * 2 <= len(values):
        return [math.nan, math.nan]
    tail = (1.0 - coverage) / 2.0
    low, high = np.quantile(defined, [tail, 1.0 - tail])
    return [float(low), float(high)]
