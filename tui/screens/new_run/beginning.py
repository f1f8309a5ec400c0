"""What the form for a new run begins as, and whether its model was trained before."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING

from engine import settings
from engine.errors import QuantdeckError
from engine.plain_file import expanded
from engine.runs.modes import training
from tui.settings.draft import Draft

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tui.runs.watch import Watched

DEFAULT_FILE = "quantdeck.toml"


def draft_of(runs: Sequence[Watched], stored: tuple[str, ...]) -> Draft:
    """A draft that begins as ./quantdeck.toml, else as the newest of these runs whose settings can be read.

    Raises ChangeSettingsError for a file that is wrong.
    """
    if (path := Path(DEFAULT_FILE)).exists():
        return Draft(settings.load(path), origin=DEFAULT_FILE, stored=stored)
    for each in reversed(runs):
        try:
            return Draft(settings.load(each.run.settings_path), each.run.mode, stored=stored)
        except QuantdeckError:
            continue
    return Draft(stored=stored)


def taken_from(name: str) -> settings.Settings:
    """The settings of a file. Raises ChangeSettingsError."""
    return settings.load(expanded(name))


def trained_alike(runs: Sequence[Watched], mode: str, chosen: settings.Settings) -> str:
    """The newest run that has trained by the very same settings; empty if none has."""
    if mode not in training():
        return ""
    wanted = settings.to_toml(settings.pinned(chosen))
    for each in reversed(runs):
        if each.run.mode in training() and each.state.status == "done":
            with contextlib.suppress(OSError):
                if each.run.settings_path.read_text() == wanted:
                    return each.id
    return ""
