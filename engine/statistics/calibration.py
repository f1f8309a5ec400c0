"""Whether returns come as high as they are forecast, and whether a distribution is still what it was."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from engine.statistics.long_run import FEWEST_ROWS, cosines, standard_error
from engine.statistics.returns import Floats, deviation

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.statistics.bootstrap import Rows

PARTS = 10
Bounds = tuple[float, float, float]  # a figure and its 95 % interval


def deciles(values: Floats) -> Floats:
    """The bounds that cut values (N,) into ten equal parts, at most nine; equal ones once."""
    bounds = np.unique(np.quantile(values, np.arange(1, PARTS) / PARTS, method="inverted_cdf"))
    found: Floats = bounds[bounds < values.max()]
    return found


def part_of(values: Floats, bounds: Floats) -> Rows:
    """Which part each value (N,) lies in, from 0; a value at a bound lies below it."""
    return np.searchsorted(bounds, values, side="left")


def mincer_zarnowitz(forecast: Floats, forward_return: Floats, horizon: int = 1) -> tuple[Bounds, Bounds]:
    """Intercept and slope of return = a + b forecast, each with its 95 % interval (Mincer, Zarnowitz 1969).

    forecast, forward_return: (N,) without NaN. horizon: bars within which labels overlap. Least squares;
    standard errors hold for autocorrelated and heteroskedastic residuals, see `long_run`, which the interval
    takes Student's t from. NaN below eight rows or without variance.
    """
    from scipy.special import stdtrit

    count = len(forecast)
    if count < FEWEST_ROWS or not deviation(forecast) > 0:
        undefined = (math.nan, math.nan, math.nan)
        return undefined, undefined
    centre = float(forecast.mean())
    apart = (forecast - centre) / float(np.square(forecast - centre).mean())  # (N,)
    slope = float((apart * forward_return).mean())
    intercept = float(forward_return.mean()) - slope * centre
    residual = forward_return - intercept - slope * forecast  # (N,)
    of_slope = apart * residual
    times = float(stdtrit(cosines(count, horizon).shape[1], 0.975))
    around = times * standard_error(np.stack([residual - centre * of_slope, of_slope]), horizon)  # (2,)
    (low, steep), (wide, high) = (intercept, slope), around.tolist()
    return (low, low - wide, low + wide), (steep, steep - high, steep + high)


def population_stability(expected: Floats, actual: Floats) -> float:
    """Σ (q - p) ln(q / p) over the deciles of the expected values (Siddiqi 2006, "Credit Risk Scorecards").

    expected, actual: (n,) and (m,) without NaN. p, q: shares of either in each part, half a value added to
    every count, so that an empty part is no infinity. NaN where one is empty.
    """
    if not len(expected) or not len(actual):
        return math.nan
    bounds = deciles(expected)
    before, after = (shares(part_of(values, bounds), len(bounds) + 1) for values in (expected, actual))
    return float(((after - before) * np.log(after / before)).sum())


def shares(part: NDArray[np.int64], parts: int) -> Floats:
    """Share of the values (N,) in each part, (parts,), half a value added to every count."""
    counted = np.bincount(part, minlength=parts) + 0.5
    found: Floats = counted / counted.sum()
    return found
