"""95 % intervals of what a backtest and its forecasts came to, from the stationary bootstrap.

What is resampled are whole days of the equity curve, each with the path that equity took within it, so
that a resample has a Sharpe ratio of daily returns and a drawdown of bar equity, as the figures have that it
stands beside. Forecasts are resampled bar by bar, in blocks, because labels and their errors overlap.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from engine.statistics.bootstrap import Rows, block_length, draws, interval, weights
from engine.statistics.returns import Floats, deviation, resampled_sharpes, sharpe

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.statistics.account import AccountHistory

FEWEST_DAYS, FEWEST_FORECASTS = 10, 30
UNDEFINED = [math.nan, math.nan]


@dataclass(frozen=True)
class Days:
    """The equity curve by day, each (D,), relative to the equity before the day; days without bars are 1.

    growth: at the day's end. highest, lowest: of its bars. depth: largest drawdown among its own bars.
    """

    growth: Floats
    highest: Floats
    lowest: Floats
    depth: Floats

    @property
    def returns(self) -> Floats:
        """Daily returns, (D,)."""
        return self.growth - 1.0


def days_of(account: AccountHistory) -> Days:
    """Cut a simulation's equity into days. It must not have ended in ruin."""
    number = account.calendar.sessions(account.time.astype(np.int64))  # (T,)
    first = np.flatnonzero(np.diff(number, prepend=number[0] - 1))  # (d,) first bar of each day with bars
    equity = account.equity
    before = np.concatenate([[account.initial_capital], equity[first[1:] - 1]])  # (d,)
    place = number[first] - number[0]  # (d,) among the days of the calendar
    if not account.calendar.every_day:
        place = np.arange(len(first))  # a day without a session is none
    growth, highest, lowest = np.ones((3, place[-1] + 1))  # (D,)
    depth = np.zeros(place[-1] + 1)
    growth[place] = np.append(equity[first[1:] - 1], equity[-1]) / before
    highest[place] = np.maximum.reduceat(equity, first) / before
    lowest[place] = np.minimum.reduceat(equity, first) / before
    depth[place] = [
        float((1.0 - part / np.maximum.accumulate(part)).max()) for part in np.split(equity, first[1:])
    ]
    return Days(growth, highest, lowest, depth)


def of_simulation(account: AccountHistory, resamples: int, seed: int) -> dict[str, list[float]]:
    """Intervals [low, high] of Sharpe, total return and max drawdown; NaN below ten days and after ruin."""
    names = ("sharpe", "total_return", "max_drawdown")
    if account.ruined:
        return dict.fromkeys(names, UNDEFINED)
    days = days_of(account)
    count = len(days.growth)
    if count < FEWEST_DAYS or not deviation(days.returns) > 0:
        return dict.fromkeys(names, UNDEFINED)
    found = [
        (
            resampled_sharpes(days.returns, weights(rows), account.calendar.days_per_year),
            np.exp(np.log(days.growth)[rows].sum(axis=1)) - 1.0,
            drawdowns(days, rows),
        )
        for rows in draws(count, block_length(days.returns), resamples, np.random.default_rng(seed))
    ]
    return {
        name: interval(np.concatenate(values))
        for name, values in zip(names, zip(*found, strict=True), strict=True)
    }


def drawdowns(days: Days, rows: Rows) -> Floats:
    """Max drawdown (s,) of the curves that string the days of each line of rows (s, D) together."""
    equity, peak, deepest = np.ones(len(rows)), np.ones(len(rows)), np.zeros(len(rows))
    for day in rows.T:  # (s,) one day of every resample
        fall = 1.0 - equity * days.lowest[day] / peak
        deepest = np.maximum(deepest, np.maximum(fall, days.depth[day]))
        peak = np.maximum(peak, equity * days.highest[day])
        equity = equity * days.growth[day]
    return deepest


def of_forecast(
    prediction: Floats, forward_return: Floats, horizon: int, resamples: int, seed: int
) -> dict[str, list[float]]:
    """Intervals [low, high] of R², directional accuracy and IC, from blocks no shorter than the horizon.

    prediction, realised: (N,) returns; rows where either is NaN are left out. The IC resamples the ranks that
    the rows have among all. NaN below thirty rows, and where the figure is not defined.
    """
    from scipy.stats import rankdata

    known = np.isfinite(prediction) & np.isfinite(forward_return)
    predicted, happened = prediction[known], forward_return[known]
    names = ("r2", "directional_accuracy", "ic")
    if len(predicted) < FEWEST_FORECASTS:
        return dict.fromkeys(names, UNDEFINED)
    first, second = (ranks - ranks.mean() for ranks in (rankdata(predicted), rankdata(happened)))
    directed = ((predicted != 0) & (happened != 0)).astype(np.float64)
    right = directed * (np.sign(predicted) == np.sign(happened))
    gained = np.square(happened) - np.square(happened - predicted)
    parts = np.column_stack(
        [gained, np.square(happened), right, directed, first, second, first**2, second**2, first * second]
    )  # (N, 9) every figure is made of their sums
    block = max(float(horizon), *(block_length(parts[:, column]) for column in (0, 2, 8)))
    generator = np.random.default_rng(seed)
    sums = np.concatenate(
        [weights(rows) @ parts for rows in draws(len(parts), block, resamples, generator)]
    ).T  # (9, S)
    covariance = sums[8] - sums[4] * sums[5] / len(parts)
    scale = np.sqrt(
        np.maximum((sums[6] - sums[4] ** 2 / len(parts)) * (sums[7] - sums[5] ** 2 / len(parts)), 0.0)
    )
    figures = (quotient(sums[0], sums[1]), quotient(sums[2], sums[3]), quotient(covariance, scale))
    return {name: interval(values) for name, values in zip(names, figures, strict=True)}


def quotient(numerator: Floats, denominator: Floats) -> Floats:
    """Element by element, NaN where the denominator is not above 0."""
    undefined: Floats = np.full(len(numerator), np.nan)
    return np.divide(numerator, denominator, out=undefined, where=denominator > 0)


def sharpe_difference(
    first: Floats, second: Floats, resamples: int, seed: int, per_year: float
) -> tuple[float, list[float]]:
    """Annual Sharpe ratio of the first minus that of the second and its interval; both resampled together.

    first, second: daily returns (D,) of the same days. A series without variance counts as Sharpe ratio 0:
    there was nothing to win or lose. NaN below ten days.
    """
    if len(first) < FEWEST_DAYS:
        return math.nan, UNDEFINED
    block = max(block_length(first), block_length(second))
    generator = np.random.default_rng(seed)
    apart: list[NDArray[np.float64]] = []
    for rows in draws(len(first), block, resamples, generator):
        weight = weights(rows)
        one, other = (resampled_sharpes(each, weight, per_year) for each in (first, second))
        apart.append(np.nan_to_num(one) - np.nan_to_num(other))
    found = or_zero(sharpe(first, per_year)) - or_zero(sharpe(second, per_year))
    return found, interval(np.concatenate(apart))


def or_zero(value: float) -> float:
    """The value, 0 if it is NaN."""
    return value if math.isfinite(value) else 0.0
