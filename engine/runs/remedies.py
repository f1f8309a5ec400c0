"""What can be done about a run that did not come to its end, or whose result is lacking or broken."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.errors import ChangeSettingsError, DivergedError, RepairDataError
from engine.hints import file_hint, run_hint
from engine.runs.folder import RunFolder
from engine.runs.launch import alive
from engine.runs.modes import MODES
from engine.runs.state import state_of

if TYPE_CHECKING:
    from pathlib import Path

    from engine.runs.fold import State

RESUMABLE = ("stopped", "failed", "crashed")
SETTLED = (ChangeSettingsError, DivergedError)  # met again by whoever resumes: a run's settings stay


def resumable(state: State) -> bool:
    """Whether resuming the run may get it further."""
    return state.status in RESUMABLE and not isinstance(state.error, SETTLED)


def anew(path: Path) -> str:
    """How to come by the result of the run in that folder: the command for its kind and its state."""
    run = RunFolder(path)
    try:
        if alive(run):
            return f"Wait for it: {run_hint(path, 'runs follow RUN')}"
        if not run.manifest_path.exists() and resumable(state_of(run)):
            return f"Resume it: {run_hint(path, 'runs resume RUN')}"
        return carried_out_anew(run)
    except RepairDataError:
        return "Restore it from a copy"


def carried_out_anew(run: RunFolder) -> str:
    """How to do the run's work once more, as a new run. Raises RepairDataError."""
    has_model = run.mode == "backtest" or (MODES[run.mode].trains and run.manifest_path.exists())
    if has_model:
        return f"Backtest the run again: {run_hint(run.path, 'backtest RUN')}"
    return start_anew(run) or "Restore it from a copy"


def start_anew(run: RunFolder) -> str:
    """How to start a run of the same kind by the same settings; empty where settings alone start none."""
    mode, home = MODES[run.mode], run.path.absolute().parents[1]
    if not mode.about:
        return ""
    begin = file_hint(home, f"{mode.command or mode.name} -c FILE", run.settings_path)
    return f"Start a new one: {begin}"
