"""A result opened: its figures and curves, as recorded or under other rules."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from engine.errors import ChangeSettingsError
from engine.outcome import Source, build_result
from engine.queries.curves import curves
from engine.queries.result import Result, Traded, account_of, by_symbol, result_of, traded
from engine.results.answers import OpenedResult
from engine.robustness import deflation
from engine.statistics.tear_sheet import tear_sheet
from engine.universe.results import build

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.results.backtest import BacktestResult
    from engine.results.robustness import TrialCounts
    from engine.runs.events import Event
    from engine.settings import Settings

COLUMNS = 120


def opened(request: Event) -> OpenedResult:
    """Figures and curves of a run as it was recorded; `columns` is the width of the chart that asks."""
    result = result_of(request)
    return answer(result, result.recorded, request)


def what_if(request: Event) -> OpenedResult:
    """The same under the request's `overrides` of signal.* and backtest.*; a look at the test span.

    The result has the counts of the trial ledger, as a backtest's has. Raises ChangeSettingsError,
    MakeRoomError.
    """
    return answer(*traded(request), request)


def figures_of(result: Result, again: Traded) -> BacktestResult:
    """What these rules came to: the run's own result, or that of other rules with the looks until then."""
    if again.simulations is None or again.look is None:
        return result.figures
    strategy, benchmark = again.simulations
    own, settings = result.figures, again.settings
    source = Source(own.run, own.of, own.simulated, own.symbol, own.members)
    if result.universe is not None:
        universe = by_symbol(result.universe, result, settings)
        found = build(source, universe, strategy, benchmark, settings, quality=own.forecast)
    else:
        sheet = tear_sheet(strategy, benchmark)
        found = build_result(source, sheet, result.decisions, strategy, settings, quality=own.forecast)
    return replace(found, trials=deflation.trial_counts(result.home, again.look, strategy))


def ledger(request: Event) -> TrialCounts:
    """How often the bars of a run were looked at by now, and its deflated Sharpe ratio; no new look."""
    result = result_of(request)
    strategy = account_of(result)
    look = result.look(deflation.Performance.of(strategy), result.recorded.settings)
    counts, recorded = deflation.trial_counts(result.home, look, strategy), result.figures.trials
    return recorded if recorded and recorded.looks > counts.looks else counts  # another's ledger knows fewer


def answer(result: Result, again: Traded, request: Event) -> OpenedResult:
    """What a screen draws a result from."""
    return OpenedResult(
        run=result.run.id,
        result=figures_of(result, again),
        settings=settings_shown(again.settings, result.groups_to_try),
        trades=again.count,
        curves=curves(again, result.decisions.without_forecast, columns_of(request)),
    )


def settings_shown(settings: Settings, groups: Sequence[str]) -> dict[str, Any]:
    """The settings of these groups, by their dotted keys."""
    return {f"{group}.{name}": value for group in groups for name, value in getattr(settings, group)}


def columns_of(request: Event) -> int:
    """The width asked for. Raises ChangeSettingsError."""
    columns = request.get("columns", COLUMNS)
    if type(columns) is not int or columns < 1:
        raise ChangeSettingsError("columns", f"{columns!r} is no number of columns", "Give 1 or more")
    return columns
