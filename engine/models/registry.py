"""Which kind of model the settings name. A new one is a file of this room and a line of settings.MODELS."""

from __future__ import annotations

import hashlib
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from engine import python_file
from engine.disk import write_whole
from engine.errors import RepairDataError
from engine.settings import MODELS

if TYPE_CHECKING:
    from engine.models.definition import Kind
    from engine.settings import Model


def to_build(model: Model, kept: bytes | None = None) -> Kind:
    """The kind to build: that of the user's own file if one is named, which is executed here.

    kept: what the file held when a model was trained, to be executed instead. Raises ChangeSettingsError,
    RepairDataError for a file that holds no model.
    """
    from engine.models import own

    return own.load_model(Path(model.file), kept) if model.file else named(model.kind)


def to_load(model: Model) -> Kind:
    """The kind that a saved model is read as. No file of the user's is executed."""
    from engine.models import own

    return own.OWN if model.file else named(model.kind)


def named(name: str) -> Kind:
    """The kind of that name. Imports its module, and Keras."""
    module, _, kind = MODELS[name].partition(":")
    found: Kind = getattr(import_module(module), kind)
    return found


def keep(model: Model, sha256: str, copy: Path) -> list[str]:
    """Keep the user's own file as a copy; the name of what was written, nothing without such a file.

    Raises RepairDataError if the file is another one by now than was executed, whose SHA-256 is given.
    """
    if not model.file:
        return []
    content = python_file.read(Path(model.file), "model.file")
    if hashlib.sha256(content).hexdigest() != sha256:
        raise RepairDataError(model.file, "was written while it was used", "Start the run again")
    write_whole(copy, content)
    return [copy.name]


def file_hash(model: Model) -> str:
    """SHA-256 of the user's own file, hex; empty if there is none, or if it cannot be read."""
    try:
        return hashlib.sha256(Path(model.file).read_bytes()).hexdigest() if model.file else ""
    except OSError:
        return ""
