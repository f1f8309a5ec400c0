"""What a training keeps in its run's folder, and what it was made from, of one symbol or of several."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.data.importing import features_file
from engine.lineage import origin
from engine.models import registry
from engine.results.notes import Note, log_event
from engine.runs.manifest import write_manifest
from engine.runs.modes import training

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.features import Feature
    from engine.models.artifact import Artifact
    from engine.preparation import Job


def save_model(job: Job, made: Artifact, own: Sequence[Feature]) -> None:
    """Write a model with the user's own features and model that it was made with, all under the manifest.

    Raises MakeRoomError.
    """
    from engine.models import artifact

    run = job.run
    files = artifact.save(run.path, made)
    files += features_file.keep(own, run.features_path, run.modules_path)
    files += registry.keep(job.settings.model, made.metadata.own_model, run.own_model_path)
    write_manifest(run.path, [*files, run.origin_path.name])


def record_origin(job: Job, data: str, own: Sequence[Feature], own_model: str, devices: int) -> None:
    """Keep what the run is made from; say so if a model was made from the very same before.

    data: fingerprint of the market. own_model: hash of the user's file. Raises MakeRoomError.
    """
    features = own[0].sha256 if own else ""
    begun = origin.record(job.run, job.settings, data, features, own_model, devices)
    alike = origin.trained_alike(job.home, job.run, begun.key)
    if alike and job.run.mode in training() and not job.run.repeats:
        job.emit(log_event(Note("already trained", {"run": alike})))
