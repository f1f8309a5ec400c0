"""A run once more: a fresh one that does what an earlier one did."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from engine import settings
from engine.errors import ChangeSettingsError, RepairDataError
from engine.hints import run_hint
from engine.runs import manifest
from engine.runs.modes import MODES

if TYPE_CHECKING:
    from engine.runs.folder import RunFolder
    from engine.runs.home import Home


def repeat(home: Home, run: RunFolder) -> RunFolder:
    """A fresh run with the settings, the present and the number of devices of a finished one.

    Raises ChangeSettingsError if the run cannot be repeated, RepairDataError if its files are not as they
    were saved.
    """
    if not MODES[run.mode].reproducible:
        raise ChangeSettingsError(
            f"run {run.id}",
            f"a run of mode {run.mode} is not repeated",
            f"Name one of mode {', '.join(mode.name for mode in MODES.values() if mode.reproducible)}",
        )
    refuse_unfinished(run)
    origin = json.loads(manifest.read_checked(run.path, run.origin_path.name))
    chosen = settings.load(run.settings_path)
    training = chosen.training.model_copy(update={"devices": origin["devices"]})
    chosen = chosen.model_copy(update={"training": training})
    return home.create(run.mode, chosen, run.of, run.name, repeats=run)


def refuse_unfinished(run: RunFolder) -> None:
    """Raise RepairDataError unless the run came to its end and every file is as it was saved."""
    problems = manifest.verify(run.path)
    if problems:
        faults = "; ".join(f"{problem.key} {problem.reason}" for problem in problems)
        raise RepairDataError(
            f"run {run.path.name}", faults, "Restore it from a copy, or let it run to its end"
        )
    named = manifest.manifest_of(run.path)
    wanted = (run.settings_path, run.result_path, run.origin_path)
    lacking = [path.name for path in wanted if path.name not in named]
    if lacking:
        reason = f"has not come to its end: its manifest does not name {', '.join(lacking)}"
        raise RepairDataError(
            f"run {run.path.name}", reason, f"Resume it: {run_hint(run.path, 'runs resume RUN')}"
        )
