"""Backtests of several runs beside each other, as they were recorded."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from engine.errors import ChangeSettingsError
from engine.queries.curves import column_starts, thinned
from engine.queries.opening import columns_of
from engine.queries.result import result_of
from engine.results.compared import AgainstFirst, ComparedRun, ComparedRuns, Difference
from engine.results.figures import Interval
from engine.statistics.paired import Equity, apart, common_days, over

if TYPE_CHECKING:
    from engine.queries.result import Result, Traded
    from engine.results.answers import Curve
    from engine.runs.events import Event
    from engine.settings import Settings

NONE = Difference(math.nan, Interval(math.nan, math.nan))


def compared(request: Event) -> ComparedRuns:
    """The runs of the folders `runs`, the others held against the first; `columns` is the chart's width.

    Intervals are made as the first run's settings of `evidence` say. Raises ChangeSettingsError.
    """
    paths = request.get("runs")
    if not isinstance(paths, list) or not paths:
        raise ChangeSettingsError("runs", "names no run", "Name two or more")
    first: Equity | None = None
    settings: Settings | None = None
    found = []
    for path in paths:
        result = result_of({"run": path})
        equity = equity_of(result.recorded)
        against = against_first(first, equity, settings) if first and settings else None
        first, settings = first or equity, settings or result.recorded.settings
        found.append(one(result, equity, columns_of(request), against))
    return ComparedRuns(tuple(found))


def one(result: Result, account: Equity, columns: int, against: AgainstFirst | None) -> ComparedRun:
    """A run with its growth, thinned to the columns of a chart."""
    curve = growth(account, columns)
    return ComparedRun(result.run.id, result.figures.simulated, curve, against)


def equity_of(traded: Traded) -> Equity:
    """The account of a result."""
    time = traded.time_ms.astype("datetime64[ms]")
    return Equity(time, traded.equity, traded.settings.backtest.initial_capital, traded.calendar)


def growth(account: Equity, columns: int) -> Curve:
    """Equity over the initial capital, 1 at the first bar's open."""
    opens = account.time.astype(np.int64)
    moments = np.concatenate([opens[:1], account.calendar.ends(opens)])  # (B+1,)
    values = np.append(1.0, account.equity / account.initial_capital)  # (B+1,)
    return thinned(moments, values, column_starts(moments, columns))


def against_first(first: Equity, account: Equity, settings: Settings) -> AgainstFirst:
    """An account less the first one; a year has as many days as that of the market with fewer."""
    days, evidence = common_days(first, account), settings.evidence
    if not len(days):
        return AgainstFirst(0, "", "", NONE, NONE, NONE)
    start, end = (str(day) for day in days[[0, -1]].astype("datetime64[D]"))
    both = over(first, days), over(account, days)
    per_year = min(first.calendar.days_per_year, account.calendar.days_per_year)
    found = apart(*both, evidence.resamples, evidence.seed, per_year)
    if found is None:
        ruined = min(each.lowest.min() for each in both) <= 0
        return AgainstFirst(len(days), start, end, NONE, NONE, NONE, ruined=bool(ruined))
    values = (found.sharpe, found.total_return, found.max_drawdown)
    sharpe, total, depth = (
        Difference(value, each) for value, each in zip(values, found.intervals, strict=True)
    )
    return AgainstFirst(len(days), start, end, sharpe, total, depth)
