"""Folders of the user's own: what XDG's variables say, else those that are usual in his home folder."""

from __future__ import annotations

import os
from pathlib import Path

NOWHERE = Path("/nonexistent")  # as system users have it: what would lie there is not kept


def own_folder() -> Path:
    """The user's home folder; NOWHERE if neither HOME nor the list of users knows one, as in containers."""
    try:
        found = Path.home()
    except RuntimeError:
        return NOWHERE
    return found if found.is_absolute() else NOWHERE


def caches() -> Path:
    """What can be made anew: XDG_CACHE_HOME, or ~/.cache."""
    return named("XDG_CACHE_HOME", ".cache")


def states() -> Path:
    """What is remembered: XDG_STATE_HOME, or ~/.local/state."""
    return named("XDG_STATE_HOME", ".local/state")


def named(variable: str, usual: str) -> Path:
    """The folder that a variable names, if absolute, as the XDG specification asks."""
    given = Path(os.environ.get(variable) or "")
    return given if given.is_absolute() else own_folder() / usual
