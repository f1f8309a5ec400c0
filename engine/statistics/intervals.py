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

from engine.results.metrics import FEWEST_DAYS
from engine.statistics.bootstrap import Rows, block_length, draws, interval
from engine.statistics.forecast import (
    direction_influence,
    directional_accuracy,
    ic_influence,
    information_coefficient,
    r2_against_zero,
)
from engine.statistics.long_run import Bootstrapped, bootstrapped
from engine.statistics.returns import Floats, deviation, sharpe, sharpe_influence

if TYPE_CHECKING:
    from engine.statistics.account import AccountHistory

FEWEST_RESAMPLED_DAYS, FEWEST_FORECASTS = 10, 30
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
    place = number - number[0]  # (T,) among the days of the calendar
    if not account.calendar.every_day:
        place = np.unique(number, return_inverse=True)[1]  # a day without a session is none
    return cut(account.equity, account.initial_capital, place, int(place[-1]) + 1)


def cut(equity: Floats, before: float, place: Rows, count: int) -> Days:
    """Bars of equity (T,), each in one of `count` days by its place (T,), rising; before: equity at first."""
    first = np.flatnonzero(np.diff(place, prepend=-1))  # (d,) first bar of each day with bars
    start = np.concatenate([[before], equity[first[1:] - 1]])  # (d,)
    there = place[first]  # (d,)
    growth, highest, lowest = np.ones((3, count))  # (D,)
    depth = np.zeros(count)
    growth[there] = np.append(equity[first[1:] - 1], equity[-1]) / start
    highest[there] = np.maximum.reduceat(equity, first) / start
    lowest[there] = np.minimum.reduceat(equity, first) / start
    depth[there] = [
        float((1.0 - part / np.maximum.accumulate(part)).max()) for part in np.split(equity, first[1:])
    ]
    return Days(growth, highest, lowest, depth)


def of_simulation(account: AccountHistory, resamples: int, seed: int) -> dict[str, list[float]]:
    """Intervals [low, high] of Sharpe, total return and max drawdown; NaN where they cannot be told.

    That is: after ruin, without variance, below 30 days for the Sharpe ratio and below ten for the others.
    The Sharpe ratio's is studentised, see `long_run`; the others are percentiles.
    """
    names = ("sharpe", "total_return", "max_drawdown")
    if account.ruined:
        return dict.fromkeys(names, UNDEFINED)
    days = days_of(account)
    count = len(days.growth)
    if count < FEWEST_RESAMPLED_DAYS or not deviation(days.returns) > 0:
        return dict.fromkeys(names, UNDEFINED)
    found = [
        (np.exp(np.log(days.growth)[rows].sum(axis=1)) - 1.0, drawdowns(days, rows))
        for rows in draws(count, block_length(days.returns), resamples, np.random.default_rng(seed))
    ]
    gained, deepest = (interval(np.concatenate(values)) for values in zip(*found, strict=True))
    own = sharpe_above(days.returns, np.zeros(count), resamples, seed, account.calendar.days_per_year)[1]
    return {"sharpe": own.interval, "total_return": gained, "max_drawdown": deepest}


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

    prediction, forward_return: (N,) returns; rows where either is NaN are left out. NaN below thirty rows,
    and where the figure is not defined.
    """
    known = np.isfinite(prediction) & np.isfinite(forward_return)
    predicted, happened = prediction[known], forward_return[known]
    if len(predicted) < FEWEST_FORECASTS:
        return dict.fromkeys(("r2", "directional_accuracy", "ic"), UNDEFINED)
    size = float(np.square(happened).mean())
    r2 = r2_against_zero(predicted, happened)
    gained = np.square(happened) * (1.0 - r2) - np.square(happened - predicted)  # (N,)
    figures = {
        "r2": (r2, gained / size if size > 0 else np.zeros(len(gained))),
        "directional_accuracy": (
            directional_accuracy(predicted, happened),
            direction_influence(predicted, happened),
        ),
        "ic": (information_coefficient(predicted, happened), ic_influence(predicted, happened)),
    }
    return {
        name: bootstrapped(value, influence, resamples, np.random.default_rng(seed), horizon=horizon).interval
        for name, (value, influence) in figures.items()
    }


def sharpe_above(
    first: Floats, second: Floats, resamples: int, seed: int, per_year: float
) -> tuple[float, Bootstrapped]:
    """Annual Sharpe ratio of the first minus that of the second; both resampled together.

    first, second: daily returns (D,) of the same days. A series without variance counts as Sharpe ratio 0:
    there was nothing to win or lose. NaN below 30 days.
    """
    if len(first) < FEWEST_DAYS:
        return math.nan, Bootstrapped()
    apart = or_zero(sharpe(first, per_year)) - or_zero(sharpe(second, per_year))
    influence = math.sqrt(per_year) * (sharpe_influence(first) - sharpe_influence(second))
    return apart, bootstrapped(apart, influence, resamples, np.random.default_rng(seed))


def or_zero(value: float) -> float:
    """The value, 0 if it is NaN."""
    return value if math.isfinite(value) else 0.0
