"""The state of a run in words, with the role that colours them; the words alone say it all."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from engine.errors import DivergedError
from engine.results.number_format import defined, whole
from engine.runs.modes import training
from tui.number_format import span

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import TypeGuard

    from engine.errors import QuantdeckError
    from engine.runs.state import State
    from tui.runs.search import SearchProgress

ROLE = {
    "queued": "quiet", "starting": "live", "collecting": "live", "preparing": "live", "training": "live",
    "saving": "live", "backtesting": "live", "stopping": "warn", "stale": "warn", "done": "good",
    "stopped": "warn", "failed": "bad", "crashed": "bad",
}  # fmt: skip
SILENT_S = 60.0  # of the work, until that is told


def status(state: State) -> tuple[str, str]:
    """What the run is doing, in a few words, and the role of these words."""
    text = state.status
    if text == "starting":
        text = "starting (importing)"
    elif text == "queued" and state.before:
        text = f"queued, {whole(state.before)} ahead"
    elif text == "training" and state.early_stopped:
        text = "early-stopped"
    elif compiling(state):
        text = "starting (compiling)"
    elif text == "done" and state.early_stopped:
        text = "done, early-stopped"
    elif text == "failed" and diverged(state):
        text = "failed: NaN loss"
    elif text == "stale":
        text = f"heartbeat stale since {state.updated_at[11:16]}"
    elif state.stage and state.silent_s > SILENT_S:
        return f"silent {span(state.silent_s)} in {state.stage}", "warn"
    return text, ROLE.get(state.status, "")


def tone(error: QuantdeckError) -> str:
    """The role of an error's words: a stop that somebody asked for is none of which to be alarmed."""
    return "bad" if error.is_fault else "warn"


def compiling(state: State) -> bool:
    """Whether a network is built and compiled, of which no batch has come back yet."""
    begun = state.status == "training" and state.stage == "fit" and state.mode in training()
    other = state.model.devices is not None and state.model.parameters is None  # not of a network
    return begun and not other and not state.batch and not state.history


def waited(state: State, now: datetime) -> float | None:
    """How long a run imports or compiles already, s; None while it does something else."""
    if not state.reported_at or (state.status != "starting" and not compiling(state)):
        return None
    return max(0.0, (now - datetime.fromisoformat(state.reported_at)).total_seconds())


def to_come(left_s: Any) -> TypeGuard[float]:
    """Whether the time left is known and more than nothing."""
    return defined(left_s) and span(left_s) != span(0.0)


def progress(state: State) -> str:
    """How far the run is: epoch, model or trial, time left; empty if that says nothing."""
    if not state.ended and (search := trials_so_far(state)):
        left = f" · {span(search.left_s)} left" if to_come(search.left_s) else ""
        return f"trial {whole(search.done)}/{whole(search.of)}{left}"
    if state.status not in ("training", "stopping", "stale", "saving") or not state.epochs:
        return f"epoch {whole(state.epoch)} of {whole(state.epochs)}" if state.history else ""
    left = f" · {span(state.left_s)} left" if to_come(state.left_s) else ""
    if state.model.member:
        return f"model {state.model.member} of {state.model.members}{left}"
    return f"epoch {whole(max(1, state.epoch))}/{whole(state.epochs)}{left}"


def trials_so_far(state: State) -> SearchProgress | None:
    """How far a search is; its types are imported where there is one."""
    from tui.runs.search import progress_of

    return progress_of(state)


def diverged(state: State) -> bool:
    """Whether the loss is no number any more."""
    if isinstance(state.error, DivergedError):
        return True
    return any(epoch.loss is None or epoch.val_loss is None for epoch in state.history[-1:])


def alarm(state: State) -> str:
    """What must not be missed, or nothing."""
    if diverged(state):
        bad = next((epoch for epoch in state.history if epoch.loss is None), None)
        since = f" in epoch {bad.epoch}" if bad else ""
        best = (
            f"the best before it, epoch {state.best_epoch}, is kept"
            if state.best_epoch
            else "nothing to keep"
        )
        return f"ALARM  the loss is not a number (NaN){since}; {best}"
    alarms = [note.text for note in state.notes if note.level == "alarm"]
    return f"ALARM  {alarms[-1]}" if alarms else ""


def cannot_be_read(runs: Mapping[str, int]) -> str:
    """That there are runs which one may not read, by owner; empty if there are none."""
    counted = {owner: f"{count} run{'s' * (count > 1)}" if count else "runs" for owner, count in runs.items()}
    said = [f"{what} of {owner}" for owner, what in counted.items()]
    return f"{', '.join(said)} cannot be read" if said else ""
