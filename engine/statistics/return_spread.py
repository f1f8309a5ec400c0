"""How returns are spread: in a moving window, by weekday, hour and month, and by size against a normal."""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np

from engine.market.calendar import MONDAY
from engine.market.hours import DAYS
from engine.market.spacing import HOUR_MS
from engine.results.return_analysis import FAR, Bin, GroupedReturn, PnlDistribution, Quantile
from engine.statistics.account import day_ends, trading_days
from engine.statistics.metrics import changes
from engine.statistics.returns import Floats, deviation, kurtosis, sharpes_of_paths, skew

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from engine.market.calendar import Calendar

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
HOURS = tuple(f"{hour:02}:00" for hour in range(24))
FEWEST_BINS, MOST_BINS = 5, 16
SHARES = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)


def moving(closes: Floats, window: int, per_year: float) -> tuple[Floats, Floats]:
    """Annual Sharpe ratio and deepest drawdown of each `window` days: (D - window + 1,) each.

    closes: (D+1,) equity at the ends of D days, behind the capital before them. The peak of a drawdown lies
    within its window. Empty with fewer days than that.
    """
    if len(closes) <= window:
        return np.empty(0), np.empty(0)
    parts = np.lib.stride_tricks.sliding_window_view(closes, window + 1)  # (W, window + 1)
    peaks = np.maximum.accumulate(parts, axis=1)
    left = np.divide(parts, peaks, out=np.zeros(parts.shape), where=peaks > 0)
    return sharpes_of_paths(parts[:, 1:], parts[:, :1], per_year), 1.0 - left.min(axis=1)


def grouped(
    kind: str, names: Sequence[str], group: NDArray[np.int64], returns: Floats
) -> list[GroupedReturn]:
    """Mean and standard error, deviation / √N, of returns (N,) by their group (N,), a place in `names`."""
    found, middle = [], float(returns.mean()) if len(returns) else math.nan
    for place in np.unique(group):
        own = returns[group == place]
        mean, error = float(own.mean()), deviation(own) / math.sqrt(len(own))
        far = error > 0 and abs(mean - middle) > FAR * error
        found.append(GroupedReturn(kind, names[place], len(own), mean, error, far))
    return found


def by_weekday_hour_month(
    time: NDArray[np.datetime64], equity: Floats, capital: float, calendar: Calendar
) -> tuple[GroupedReturn, ...]:
    """Daily returns by weekday, returns of hours by hour, of months by month; of bars (T,).

    An hour is UTC; it has the return since the last bar before it, and so one after a gap that of the gap.
    Days and months are the market's sessions. No hours where all bars open in the same one.
    """
    days, ends = trading_days(time, calendar), day_ends(time, calendar)  # (D,) each
    hours = time.astype(np.int64) // HOUR_MS  # (T,)
    months = days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)  # (D,)
    hour_ends, month_ends = last_of_each(hours), last_of_each(months)

    def earned(rows: NDArray[np.int64]) -> Floats:
        return changes(np.concatenate([[capital], equity[rows]]))

    hour = hours[hour_ends] % 24
    by_hour = grouped("hour", HOURS, hour, earned(hour_ends)) if len(np.unique(hour)) > 1 else []
    return (
        *grouped("weekday", DAYS, (days + MONDAY) % 7, earned(ends)),
        *grouped("month", MONTHS, months[month_ends] % 12, earned(ends[month_ends])),
        *by_hour,
    )


def last_of_each(values: NDArray[np.int64]) -> NDArray[np.int64]:
    """The last row of each run of equal values (N,)."""
    return np.append(np.flatnonzero(np.diff(values)), len(values) - 1)


def distribution(pnl: Floats) -> PnlDistribution:
    """Histogram and quantiles of the PnL of trades (N,), the latter beside those of a normal.

    Widths of bins as Freedman and Diaconis 1981 have them, within FEWEST_BINS … MOST_BINS.
    """
    if not len(pnl):
        return PnlDistribution((), (), math.nan, math.nan)
    low, high = float(pnl.min()), float(pnl.max())
    quarter = float(np.subtract(*np.quantile(pnl, (0.75, 0.25))))
    width = 2.0 * quarter / len(pnl) ** (1 / 3)
    wanted = (high - low) / width if width > 0 else FEWEST_BINS
    counts, edges = np.histogram(pnl, round(min(max(wanted, FEWEST_BINS), MOST_BINS)))
    bins = (Bin(*each) for each in zip(edges[:-1].tolist(), edges[1:].tolist(), counts.tolist(), strict=True))
    mean, spread = float(pnl.mean()), deviation(pnl)
    quantiles = (
        Quantile(share, float(value), mean + spread * NormalDist().inv_cdf(share))
        for share, value in zip(SHARES, np.quantile(pnl, SHARES), strict=True)
    )
    return PnlDistribution(tuple(bins), tuple(quantiles), skew(pnl), kurtosis(pnl))
