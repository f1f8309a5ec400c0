"""How two accounts differ over the days that both have, from days that are resampled together.

    days = common_days(first, second)                    # (D,) since 1970-01-01
    found = apart(over(first, days), over(second, days), 1000, seed=0, per_year=365.0)

A day that one account alone has belongs to the next common one: both returns reach over the same time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from engine.results.figures import Interval
from engine.results.metrics import FEWEST_DAYS
from engine.statistics.account import trading_days
from engine.statistics.bootstrap import block_length, draws, interval
from engine.statistics.intervals import Days, cut, drawdowns, sharpe_above

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.market.calendar import Calendar

    Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Equity:
    """An account's equity at each bar's close, (T,), of bars that open at `time` (T,) ms, and its capital."""

    time: NDArray[np.datetime64]
    equity: Floats
    initial_capital: float
    calendar: Calendar


@dataclass(frozen=True)
class Apart:
    """Second less first, each with its 95 % interval."""

    sharpe: float
    total_return: float
    max_drawdown: float
    intervals: tuple[Interval, Interval, Interval]


def common_days(first: Equity, second: Equity) -> NDArray[np.int64]:
    """The days that both have, (D,) since 1970-01-01, rising."""
    days: NDArray[np.int64] = np.intersect1d(
        trading_days(first.time, first.calendar), trading_days(second.time, second.calendar)
    )
    return days


def over(account: Equity, days: NDArray[np.int64]) -> Days:
    """The account on these days (D,) of its own, each from the end of the one before it on."""
    number = account.calendar.sessions(account.time.astype(np.int64))  # (T,)
    first, last = np.searchsorted(number, [days[0], days[-1] + 1])
    if first == last:
        still = np.ones(len(days))
        return Days(still, still, still, np.zeros(len(days)))
    before = account.equity[first - 1] if first else account.initial_capital
    place = np.searchsorted(days, number[first:last])
    return cut(account.equity[first:last], float(before), place, len(days))


def apart(first: Days, second: Days, resamples: int, seed: int, per_year: float) -> Apart | None:
    """Figures of the second less those of the first; None below 30 days, and where an account was ruined.

    Sharpe ratios as in `sharpe_above`; total returns and drawdowns have percentile intervals of the
    stationary bootstrap, in blocks as long as suit the difference of the returns.
    """
    count = len(first.growth)
    if count < FEWEST_DAYS or min(first.lowest.min(), second.lowest.min()) <= 0:
        return None
    sharpe, difference = sharpe_above(second.returns, first.returns, resamples, seed, per_year)
    block = block_length(second.returns - first.returns)
    found = [
        figures(second, rows) - figures(first, rows)
        for rows in draws(count, block, resamples, np.random.default_rng(seed))
    ]
    gained, deepest = map(interval, np.concatenate(found, axis=1))
    every = np.arange(count)[None]  # (1, D)
    total, depth = (figures(second, every) - figures(first, every))[:, 0].tolist()
    return Apart(
        sharpe, total, depth, (Interval(*difference.interval), Interval(*gained), Interval(*deepest))
    )


def figures(days: Days, rows: NDArray[np.int64]) -> Floats:
    """Total return and max drawdown, (2, s), of the curves that string the days of rows (s, D) together."""
    return np.stack([days.growth[rows].prod(axis=1) - 1.0, drawdowns(days, rows)])
