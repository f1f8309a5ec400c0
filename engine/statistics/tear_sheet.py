"""The page that sums a backtest up: strategy beside buy and hold, drawdown, months."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from engine.statistics.drawdown import Drawdown, drawdown
from engine.statistics.metrics import changes, metrics

if TYPE_CHECKING:
    from engine.statistics.account import AccountHistory


@dataclass(frozen=True)
class TearSheet:
    """Figures by name for the strategy and for the benchmark, the deepest drawdown, the months' returns."""

    metrics: dict[str, float]
    benchmark: dict[str, float]
    drawdown: Drawdown
    months: pd.DataFrame


def tear_sheet(account: AccountHistory, benchmark: AccountHistory) -> TearSheet:
    """Sum up a account beside its benchmark, which walked over the same bars."""
    return TearSheet(metrics(account), metrics(benchmark), drawdown(account), monthly_returns(account))


def monthly_returns(account: AccountHistory) -> pd.DataFrame:
    """Returns by month: one row a year, columns 1 … 12 and `year`; NaN for a month without bars.

    A bar belongs to the month that it opens in; a month's return is against the last equity before it.
    """
    day = account.calendar.sessions(account.time.astype(np.int64))
    last = np.append(np.flatnonzero(np.diff(day)), len(day) - 1)  # bar of each day
    month = day[last].astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)  # since January 1970
    final = np.append(np.flatnonzero(np.diff(month)), len(month) - 1)  # day of each month
    month, ends = month[final], last[final]
    gained = changes(np.concatenate([[account.initial_capital], account.equity[ends]]))
    years = 1970 + month // 12
    grid = np.full((years[-1] - years[0] + 1, 13), np.nan)  # (years, 13): months, year
    grid[years - years[0], month % 12] = gained
    has = np.isfinite(grid[:, :12])
    whole = np.prod(np.where(has, 1.0 + grid[:, :12], 1.0), axis=1) - 1.0  # (years,)
    grid[:, 12] = np.where(has.any(axis=1), whole, np.nan)
    index = pd.RangeIndex(years[0], years[-1] + 1, name="year")
    return pd.DataFrame(grid, index, [*range(1, 13), "year"])
