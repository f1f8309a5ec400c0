"""Questions about runs that are to be the same, or come from elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from engine.lineage import comparison
from engine.results.answers import ExaminedModel
from engine.runs.folder import RunFolder

if TYPE_CHECKING:
    from engine.results.answers import Comparison
    from engine.runs.events import Event


def compare(request: Event) -> Comparison:
    """Whether a repeated run came to the same as the original."""
    return comparison.compare(RunFolder(Path(request["original"])), RunFolder(Path(request["again"])))


def examine(request: Event) -> ExaminedModel:
    """Load a foreign run's model the guarded way and say what it is."""
    from engine.models.training import backend
    from engine.settings import Training

    backend.prepare(Training(devices=1))
    return ExaminedModel(tuple(comparison.examine(RunFolder(Path(request["path"])))))
