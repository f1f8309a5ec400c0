"""Bands of forecasts that are to hold a set share of the returns: split conformal prediction.

Errors are divided by the volatility that was forecast at the decision, so a band is wide in wild times and
narrow in calm ones. Where a model has learned a lower and an upper quantile, the band is laid around these
(Romano, Patterson and Candès 2019, "Conformalized Quantile Regression"); its forecasts are (N, 3), the
forecast and the two. Forecasts (N,) are both of their own quantiles.

Of rows that could change places the share would be kept exactly, in samples of any size (Lei, G'Sell,
Rinaldo, Tibshirani and Wasserman 2018, "Distribution-Free Predictive Inference for Regression", locally
weighted). Returns are no such rows, so what the bands come to hold is counted and shown.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

from engine.statistics.long_run import FEWEST_ROWS, cosines, standard_error

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.statistics.returns import Floats

Bounds = tuple[float, float, float]  # a figure and its 95 % interval


@dataclass(frozen=True, eq=False)
class Band:
    """Between what returns a forecast's own is to lie: low and high, (N,) each, NaN where there is none."""

    low: Floats
    high: Floats

    @classmethod
    def around(cls, forecast: Floats, volatility: Floats, width: float | Floats) -> Self:
        """From the quantiles of forecasts, (N,) or (N, 3), width volatilities (N,) outwards.

        width: one, or (N,); a negative one leads inwards, and no further than to the middle.
        """
        half = width * volatility  # (N,)
        low, high = quantiles(forecast)  # (N,) each
        middle = (low + high) / 2
        return cls(np.minimum(low - half, middle), np.maximum(high + half, middle))

    def holds(self, forward_return: Floats) -> NDArray[np.bool_]:
        """Which returns (N,) lie within; False where either is not known."""
        return (self.low <= forward_return) & (forward_return <= self.high)

    def known(self, forward_return: Floats) -> NDArray[np.bool_]:
        """Where there are both a band and a return, (N,)."""
        return np.isfinite(self.low) & np.isfinite(self.high) & np.isfinite(forward_return)


def centre(forecast: Floats) -> Floats:
    """The forecasts alone, (N,), of (N,) or of (N, 3) with their quantiles."""
    return forecast if forecast.ndim == 1 else forecast[:, 0]


def quantiles(forecast: Floats) -> tuple[Floats, Floats]:
    """The lower and the upper quantile, (N,) each, of forecasts (N, 3); of (N,) the forecast is both."""
    return (forecast, forecast) if forecast.ndim == 1 else (forecast[:, 1], forecast[:, 2])


def scores(forecast: Floats, forward_return: Floats, volatility: Floats) -> Floats:
    """How far returns (N,) lie beyond the forecasts' quantiles, in volatilities, (n,) where all are known.

    |return - forecast| / volatility for forecasts (N,); of forecasts (N, 3) negative between the quantiles.
    Without volatility any error is endless, and none is 0.
    """
    low, high = quantiles(forecast)  # (N,) each
    known = np.isfinite(low) & np.isfinite(high) & np.isfinite(forward_return) & np.isfinite(volatility)
    error = np.maximum(low - forward_return, forward_return - high)[known]  # (n,)
    scale = volatility[known]  # (n,)
    beyond = np.copysign(np.where(error != 0, math.inf, 0.0), error)
    return np.divide(error, scale, out=beyond, where=scale > 0)


def width(found: Floats, share: float) -> float:
    """The ⌈(n + 1) share⌉-th smallest of scores (n,): half of a band's width, in volatilities.

    NaN where there are too few scores for that share, or too many that are endless.
    """
    place = math.ceil(round((len(found) + 1) * share, 9))  # from 1
    if not 0 < place <= len(found):
        return math.nan
    score = float(np.partition(found, place - 1)[place - 1])
    return score if math.isfinite(score) else math.nan


def share_held(held: NDArray[np.bool_], horizon: int = 1) -> Bounds:
    """The share of rows (N,) that were held, with its 95 % interval.

    Wilson's score interval, of as many independent rows as would have the long-run standard error that these
    have (see `long_run`), so it stays between 0 and 1. horizon: bars within which labels overlap. It is NaN
    below eight rows, and where all are alike.
    """
    from scipy.special import stdtrit

    count = len(held)
    share = float(held.mean()) if count else math.nan
    if count < FEWEST_ROWS or not 0 < share < 1:
        return share, math.nan, math.nan
    error = float(standard_error(held.astype(np.float64) - share, horizon))
    rows = min(share * (1 - share) / error**2, count) if error > 0 else count
    times = float(stdtrit(cosines(count, horizon).shape[1], 0.975))
    shrunk = 1 + times**2 / rows
    centre = (share + times**2 / (2 * rows)) / shrunk
    half = times * math.sqrt(share * (1 - share) / rows + (times / (2 * rows)) ** 2) / shrunk
    return share, centre - half, centre + half
