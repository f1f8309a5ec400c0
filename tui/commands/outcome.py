"""What a command answers once the run that it followed has ended, or that it has left."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from engine.errors import RepairDataError
from engine.runs.audit_status import seal_of
from tui.commands import study_summaries
from tui.commands.answer import Answer
from tui.commands.follow import farewell
from tui.commands.summary import backtest_summary, training_summary
from tui.number_format import span, table, whole

if TYPE_CHECKING:
    from engine.runs.folder import RunFolder
    from engine.runs.state import State
    from tui.commands.follow import Followed

FILES = ("trades", "equity", "predictions")


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
    result = result_of(run)
    if run.mode == "train":
        training = training_of(result, state)
        return Answer(
            head | {"result": training}, training_summary(run, training, simulated=bool(state.simulated))
        )
    if run.mode in study_summaries.MODES:
        return Answer(head | {"result": result}, study_summaries.summary(run, result))
    document = result_document(run, result) | {"audit": seal_of(run)}
    return Answer(head | document, backtest_summary(run, result))


def ending(run: RunFolder, state: State) -> dict[str, Any]:
    """The error of a run that did not come to its end."""
    if state.error:
        return dict(state.error)
    return {
        "class": "StopRequestedError",
        "thing": f"run {run.id}",
        "reason": f"{state.status}, as asked" if state.status == "stopped" else state.status,
        "remedy": f"Continue it: quantdeck runs resume {run.id}",
        "exit_code": 130 if state.status == "stopped" else 1,
    }


def result_of(run: RunFolder) -> dict[str, Any]:
    """result.json of a run. Raises RepairDataError."""
    remedy = f"Run it again, or look into {run.log_path}"
    try:
        result = json.loads(run.result_path.read_bytes())
    except FileNotFoundError:
        raise RepairDataError(str(run.result_path), "is missing", remedy) from None
    except (OSError, ValueError, RecursionError) as error:
        raise RepairDataError(str(run.result_path), f"cannot be read: {error}", remedy) from None
    if not isinstance(result, dict):
        raise RepairDataError(str(run.result_path), "is no result", remedy)
    return result


def result_document(run: RunFolder, result: dict[str, Any]) -> dict[str, Any]:
    """A backtest's result for machines: metrics flat under `result`, buy and hold beside them."""
    figures = (result.get("metrics") or {}) | {"benchmark": result.get("benchmark") or {}}
    paths = {f"{name}_path": str(run.path / result[name]) for name in FILES if result.get(name)}
    rest = {key: value for key, value in result.items() if key not in (*FILES, "run", "metrics", "benchmark")}
    return {"result": figures, "simulated": False} | paths | rest


def training_of(result: dict[str, Any], state: State) -> dict[str, Any]:
    """The training summary in result.json; what it lacks is taken from the run's events."""
    told = {key: value for key, value in result.items() if key not in ("run", "of", "simulated")}
    best = next((dict(epoch) for epoch in state.history if epoch.get("epoch") == state.best_epoch), {})
    known = {
        "epochs": len(state.history),
        "best_epoch": state.best_epoch,
        "loss": best.get("loss"),
        "val_loss": best.get("val_loss"),
    }
    inner: dict[str, Any] = told.pop("training", {})
    return known | inner | told


def updated(head: dict[str, Any], state: State) -> Answer:
    """What an update fetched, a row for each source."""
    sources = {name: dict(source) for name, source in state.sources.items()}
    rows = [
        [
            name,
            whole(source.get("rows")),
            str(source.get("error") or "ok"),
            "SIMULATED" if source.get("simulated") else "",
        ]
        for name, source in sources.items()
    ]
    seconds = sum(stage for stage in (state.stages or {}).values() if isinstance(stage, int | float))
    text = f"{table(('series', 'rows', 'state', ''), rows, right=(1,))}\nup to date after {span(seconds)}"
    return Answer(head | {"result": {"sources": sources}, "simulated": bool(state.simulated)}, text)
