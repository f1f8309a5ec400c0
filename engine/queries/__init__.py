"""Questions about results and stored data, answered by the warm process of `python -m engine serve`.

    result.open    figures and curves of a run's backtest       result.report  the same as one HTML file
    result.trades  a window of its trades, filtered and sorted  result.export  those trades as CSV
    result.trade   one trade and the bars around it             result.ledger  how often it was looked at
    result.whatif  the backtest under other rules               result.sweep   … under many rules at once
    result.price   prices, forecasts and trades of a stretch
    result.returns how returns and trades are spread: rolling, by size, by weekday, hour and month
    result.compare several runs: equity, and how each differs from the first
    charts.write   a chart as a file, or all charts of a run
    data.status    what is stored                               data.detail    all facts of a stored series
    data.browse    a stretch of a stored series in candles, its gaps and odd rows
    data.verify    whether it is what was stored                data.export    a stored series as a file
    data.import    a file into the store                        data.repair    repair a series, or undo it
    runs.compare   whether a repetition came to the same        runs.examine   load a foreign run's model

Requests are plain JSON, answers types of engine.results, which whoever asks names; `run` is the path of a
run's folder. A module is imported when its first question comes.
"""

from __future__ import annotations

import importlib
from functools import cache
from typing import TYPE_CHECKING, Any

from engine.imports import gc_paused

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.runs.events import Emit, Event
    from engine.runs.requests import Handler

QUESTIONS = {
    "result.open": "opening:opened",
    "result.whatif": "opening:what_if",
    "result.sweep": "sweep:sweep_rules",
    "result.ledger": "opening:ledger",
    "result.trades": "trades:window",
    "result.trade": "trade:one",
    "result.price": "price:chart",
    "result.returns": "return_analysis:analyse",
    "result.compare": "side_by_side:compared",
    "result.report": "report.html:write",
    "result.export": "trades:export",
    "charts.write": "charts:write",
    "data.detail": "series_detail:detail",
    "data.status": "store:status",
    "data.browse": "browse:stretch",
    "data.verify": "store:verify",
    "data.export": "store:export",
    "runs.compare": "repetition:compare",
    "runs.examine": "repetition:examine",
}
TASKS = {"data.import": "store:import_file", "data.repair": "store:repair"}  # they tell of their progress


def handlers() -> dict[str, Handler]:
    """What answers each question."""
    asked = {question: later(*place.split(":"), reports=False) for question, place in QUESTIONS.items()}
    return asked | {question: later(*place.split(":"), reports=True) for question, place in TASKS.items()}


def later(module: str, function: str, *, reports: bool) -> Handler:
    """A handler that imports the function behind it when it is first asked."""

    @cache
    def behind() -> Callable[..., Any]:
        with gc_paused():
            found: Callable[..., Any] = getattr(importlib.import_module(f"engine.queries.{module}"), function)
        return found

    def handler(request: Event, emit: Emit) -> Any:
        return behind()(request, emit) if reports else behind()(request)

    return handler
