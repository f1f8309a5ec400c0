"""A result opened: its figures and curves, as recorded or under other rules."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from engine.answers.curves import curves
from engine.answers.result import Result, Traded, result_of, simulations, traded
from engine.backtest.metrics import daily_returns, metrics
from engine.backtest.returns import sharpe_interval
from engine.backtest.tear_sheet import tear_sheet
from engine.errors import ChangeSettings
from engine.outcome import summed_up

if TYPE_CHECKING:
    from engine.backtest.simulate import Simulation
    from engine.runs.events import Event
    from engine.settings import Settings

COLUMNS = 120
SHOWN = ("signal", "backtest")
FREE: dict[str, Any] = {"fee_bps": 0.0, "slippage_bps": 0.0, "borrow_rate": 0.0}
FILLS: dict[str, dict[str, Any]] = {
    "next open, at these costs": {"fill": "next-open"},
    "next open, no costs": {"fill": "next-open"} | FREE,
    "same close (optimistic)": {"fill": "same-close"},
    "worst of the bar": {"fill": "worst-of-bar"},
}


def opened(request: Event) -> dict[str, Any]:
    """Figures and curves of a run as it was recorded: {run, result, settings, curves, intervals}.

    `columns` is the width of the chart that asks.
    """
    result = result_of(request)
    return answer(result, result.recorded, result.told, request)


def tried(request: Event) -> dict[str, Any]:
    """The same under the request's `overrides` of signal.* and backtest.*. Raises ChangeSettings."""
    result, again = traded(request)
    if again.simulations is None:
        return answer(result, again, result.told, request)
    strategy, holding = again.simulations
    recorded = {key: result.told.get(key) for key in ("run", "of", "simulated")}
    sheet, forecast = tear_sheet(strategy, holding), result.told.get("forecast")
    told = summed_up(sheet, result.decisions, strategy, again.settings, [], forecast)
    return answer(result, again, recorded | told, request)


def answer(result: Result, again: Traded, told: dict[str, Any], request: Event) -> dict[str, Any]:
    """What a screen draws a result from."""
    return {
        "run": result.run.id,
        "result": told,
        "settings": settings_shown(again.settings),
        "trades": len(again.trades),
        "curves": curves(again, columns_of(request)),
    }


def settings_shown(settings: Settings) -> dict[str, Any]:
    """The settings that a what-if can move, by their dotted keys."""
    return {f"{group}.{name}": value for group in SHOWN for name, value in getattr(settings, group)}


def columns_of(request: Event) -> int:
    """The width asked for. Raises ChangeSettings."""
    columns = request.get("columns", COLUMNS)
    if type(columns) is not int or columns < 1:
        raise ChangeSettings("columns", f"{columns!r} is no number of columns", "Give 1 or more")
    return columns


def fills(request: Event) -> dict[str, Any]:
    """What hangs on fills and costs, and how sure the Sharpe ratio is.

    {fills: [{name, total_return, sharpe, trades}], fill, sharpe_interval: [low, high], benchmark: the same};
    the intervals are 95 % stationary-bootstrap ones.
    """
    result = result_of(request)
    settings = result.recorded.settings
    ways = []
    for name, changes in FILLS.items():
        rules = settings.model_copy(update={"backtest": settings.backtest.model_copy(update=changes)})
        found = metrics(simulations(result, rules)[0])
        ways.append({"name": name, **{key: found[key] for key in ("total_return", "sharpe", "trades")}})
    strategy, holding = simulations(result, settings)
    return {
        "fills": ways,
        "fill": settings.backtest.fill,
        "sharpe_interval": interval(strategy),
        "benchmark": interval(holding),
    }


def interval(simulation: Simulation) -> list[float]:
    """95 % interval of the Sharpe ratio; the same for the same returns."""
    return list(sharpe_interval(daily_returns(simulation), np.random.default_rng(0)))
