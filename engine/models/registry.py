"""Which kind of model the settings name. A new one is a file of this room and a line of settings.MODELS."""

from __future__ import annotations

import hashlib
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from engine.settings import MODELS

if TYPE_CHECKING:
    from engine.models.definition import Kind
    from engine.settings import Model


def to_build(model: Model) -> Kind:
    """The kind to build: that of the user's own file if one is named, which is executed here.

    Raises ChangeSettingsError, RepairDataError for a file that holds no model.
    """
    from engine.models import own

    return own.load_model(Path(model.file)) if model.file else named(model.kind)


def to_load(model: Model) -> Kind:
    """The kind that a saved model is read as. No file of the user's is executed."""
    from engine.models import own

    return own.OWN if model.file else named(model.kind)


def named(name: str) -> Kind:
    """The kind of that name. Imports its module, and Keras."""
    module, _, kind = MODELS[name].partition(":")
    found: Kind = getattr(import_module(module), kind)
    return found


def file_hash(model: Model) -> str:
    """SHA-256 of the user's own file, hex; empty if there is none, or if it cannot be read."""
    try:
        return hashlib.sha256(Path(model.file).read_bytes()).hexdigest() if model.file else ""
    except OSError:
        return ""
