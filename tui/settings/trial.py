"""The settings of a trial of a search, as a run of its own would have them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine import settings

if TYPE_CHECKING:
    from engine.results.search import SearchTrial
    from engine.runs.folder import RunFolder
    from engine.settings import Settings


def settings_of_trial(run: RunFolder, trial: SearchTrial) -> Settings:
    """The search's settings with what was drawn in its place, and nothing left to search.

    Raises SettingsError where what was drawn contradicts itself, RepairDataError.
    """
    own = settings.load(run.settings_path)
    drawn = settings.with_values(own, trial.drawn, settings.space_of(own))
    training = drawn.training.model_copy(update={"devices": 1})  # as its trainings had
    return drawn.model_copy(update={"training": training, "search": settings.Search()})


def file_of_trial(run: RunFolder, trial: SearchTrial) -> str:
    """The name of the file that its settings are written to."""
    return f"trial-{trial.number}-of-{run.id}.toml"


def written(run: RunFolder, trial: SearchTrial) -> bytes:
    """Its settings as a commented TOML file."""
    return settings.to_toml(settings_of_trial(run, trial), comments=True).encode()
