"""What a command answers once the run that it followed has ended, or that it has left."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engine.errors import InternalError, StopRequestedError
from engine.hints import run_hint
from engine.results.backtest import BacktestResult
from engine.results.codec import to_json
from engine.results.number_format import whole
from engine.results.studies import TrainResult
from engine.runs.audit_status import as_claimed, audit_status, caveats_of
from engine.runs.results import result_of
from tui.commands.answer import Answer
from tui.commands.follow import farewell
from tui.number_format import span, table
from tui.runs.trials import counted_by_now
from tui.text.backtest import backtest_document, backtest_summary
from tui.text.studies import study_summary

if TYPE_CHECKING:
    from engine.errors import QuantdeckError
    from engine.runs.folder import RunFolder
    from engine.runs.state import State
    from tui.commands.follow import Followed


def outcome(run: RunFolder, followed: Followed) -> Answer:
    """The answer about a followed run: its result, or why there is none."""
    state = followed.state
    head = {"run": run.id, "state": state.status, "folder": str(run.path)}
    if followed.left:
        return Answer(head, error=farewell(run, followed))
    if state.status != "done":
        return Answer(head, error=ending(run, state))
    if run.mode == "update":
        return updated(head, state)
    document, text = shown(run, result_of(run))
    return Answer(head | document, text)


def shown(run: RunFolder, result: Any) -> tuple[dict[str, Any], str]:
    """What a run came to, for machines and for people."""
    if isinstance(result, BacktestResult):
        result = counted_by_now(run, result)
        return backtest_document(run, result) | {"audit": audit_status(run)}, backtest_summary(run, result)
    document = to_json(as_claimed(run, result))
    if isinstance(result, TrainResult):
        document = to_json(result.training) | {"notes": [note.text for note in result.notes]}
    return {"caveats": caveats_of(run, result), "result": document}, study_summary(run, result)


def ending(run: RunFolder, state: State) -> QuantdeckError:
    """The error of a run that did not come to its end."""
    if state.error:
        return state.error
    remedy = f"Continue it: {run_hint(run.path, 'runs resume RUN')}"
    if state.status == "stopped":
        return StopRequestedError(f"run {run.id}", "stopped, as asked", remedy)
    return InternalError(f"run {run.id}", state.status, remedy)


def updated(head: dict[str, Any], state: State) -> Answer:
    """What an update fetched, a row for each source."""
    rows = [
        [
            name,
            whole(source.rows),
            source.error or "ok",
            "SIMULATED" if source.simulated else "",
        ]
        for name, source in state.sources.items()
    ]
    seconds = sum(stage or 0.0 for stage in state.stages.values())
    text = f"{table(('series', 'rows', 'state', ''), rows, right=(1,))}\nup to date after {span(seconds)}"
    sources = {name: source.facts() for name, source in state.sources.items()}
    return Answer(head | {"result": {"sources": sources}, "simulated": state.simulated}, text)
