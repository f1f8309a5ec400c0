"""A result opened: its figures and curves, as recorded or under other rules."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engine.errors import ChangeSettingsError
from engine.outcome import summed_up
from engine.queries.curves import curves
from engine.queries.result import Result, Traded, result_of, simulations, traded
from engine.robustness import deflation, explanations
from engine.statistics.tear_sheet import tear_sheet

if TYPE_CHECKING:
    from engine.runs.events import Event
    from engine.settings import Settings

COLUMNS = 120
SHOWN = ("signal", "backtest")
KEPT = ("run", "of", "simulated", "symbol")  # what no rule moves


def opened(request: Event) -> dict[str, Any]:
    """Figures and curves of a run as it was recorded: {run, result, settings, trades, curves}.

    `columns` is the width of the chart that asks.
    """
    result = result_of(request)
    return answer(result, result.recorded, result.told, request)


def tried(request: Event) -> dict[str, Any]:
    """The same under the request's `overrides` of signal.* and backtest.*; a look at the test span.

    The result has the trial ledger's panel, as a backtest's has. Raises ChangeSettingsError, MakeRoomError.
    """
    result, again = traded(request)
    if again.simulations is None:
        return answer(result, again, result.told, request)
    return answer(result, again, told_of(result, again), request)


def told_of(result: Result, again: Traded) -> dict[str, Any]:
    """What other rules came to, as result.json holds it."""
    if again.simulations is None or again.look is None:
        return result.told
    strategy, benchmark = again.simulations
    ledger = deflation.counted(result.home, again.look, strategy)
    kept = {key: result.told.get(key) for key in KEPT}
    sheet, forecast = tear_sheet(strategy, benchmark), result.told.get("forecast")
    told = summed_up(sheet, result.decisions, strategy, again.settings, [], forecast)
    return told | kept | {"ledger": ledger, "sentences": {"ledger": explanations.on_ledger(ledger)}}


def ledger(request: Event) -> dict[str, Any]:
    """How often the bars of a run were looked at by now, and its deflated Sharpe ratio; no new look."""
    result = result_of(request)
    settings = result.recorded.settings
    strategy, _ = simulations(result, settings)
    return deflation.counted(result.home, result.look(deflation.Seen.of(strategy), settings), strategy)


def answer(result: Result, again: Traded, told: dict[str, Any], request: Event) -> dict[str, Any]:
    """What a screen draws a result from."""
    return {
        "run": result.run.id,
        "result": told,
        "settings": settings_shown(again.settings),
        "trades": again.count,
        "curves": curves(again, columns_of(request)),
    }


def settings_shown(settings: Settings) -> dict[str, Any]:
    """The settings that a what-if can move, by their dotted keys."""
    return {f"{group}.{name}": value for group in SHOWN for name, value in getattr(settings, group)}


def columns_of(request: Event) -> int:
    """The width asked for. Raises ChangeSettingsError."""
    columns = request.get("columns", COLUMNS)
    if type(columns) is not int or columns < 1:
        raise ChangeSettingsError("columns", f"{columns!r} is no number of columns", "Give 1 or more")
    return columns
