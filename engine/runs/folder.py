"""The folder of a run: what the run is, and where its files lie."""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from engine.errors import RepairDataError
from engine.plain_file import plain_bytes
from engine.runs.modes import MODES

if TYPE_CHECKING:
    from pathlib import Path


ID = re.compile(r"[0-9a-f]{8}")
ABOUT_KEYS = ("id", "mode", "of", "name", "created", "quantdeck")


@dataclass(frozen=True)
class RunFolder:
    """What a run is and where its files lie.

    `id` is eight hexadecimal characters, `mode` one of MODES, `of` the id of the run whose model this one
    uses (empty: its own), `name` the user's name for it (may be empty), `created` UTC, ISO 8601 with
    milliseconds. They raise RepairDataError when run.json is missing or broken.
    """

    path: Path

    @cached_property
    def about(self) -> dict[str, str]:
        """run.json: id, mode, of, name, created, quantdeck (the version that made the run)."""
        remedy = "Restore the file from a copy, or delete the folder"
        try:
            about = json.loads(plain_bytes(self.about_path))
        except FileNotFoundError:
            raise RepairDataError(
                str(self.path), "is no run: it has no run.json", "Name a run's folder"
            ) from None
        except OSError as error:
            remedy = "Allow reading it" if isinstance(error, PermissionError) else remedy
            raise RepairDataError(str(self.about_path), f"cannot be read: {error.strerror}", remedy) from None
        except (ValueError, RecursionError) as error:
            raise RepairDataError(str(self.about_path), f"cannot be read: {error}", remedy) from None
        if not isinstance(about, dict) or not all(isinstance(about.get(key), str) for key in ABOUT_KEYS):
            raise RepairDataError(
                str(self.about_path), f"does not hold the texts {', '.join(ABOUT_KEYS)}", remedy
            )
        if not ID.fullmatch(about["id"]) or about["mode"] not in MODES:
            raise RepairDataError(str(self.about_path), "holds no valid id and mode", remedy)
        return about

    @property
    def id(self) -> str:
        return self.about["id"]

    @property
    def mode(self) -> str:
        return self.about["mode"]

    @property
    def of(self) -> str:
        return self.about["of"]

    @property
    def name(self) -> str:
        return self.about["name"]

    @property
    def created(self) -> str:
        return self.about["created"]

    @property
    def now(self) -> str:
        """The run's present: its creation, or the present of the run that it repeats."""
        return str(self.about.get("now") or self.created)

    @property
    def is_genuine(self) -> bool:
        """Whether run.json is valid, of a run of the folder's name, and all that tells of it may be read."""
        try:
            return self.path.name == self.id and self.may_be_read
        except RepairDataError:
            return False

    @property
    def may_be_read(self) -> bool:
        """Whether this process may read what tells of the run: the folder, run.json, the log and the lock."""
        read = (self.about_path, self.events_path, self.lock_path)
        return (
            os.access(self.path, os.R_OK | os.X_OK, effective_ids=True)
            and all(os.access(each, os.R_OK, effective_ids=True) or not lies(each) for each in read)
            and not self.lock_path.is_symlink()
        )

    @property
    def repeats(self) -> str:
        """The id of the run that this one repeats, or nothing."""
        return str(self.about.get("repeats") or "")

    @property
    def settings_path(self) -> Path:
        return self.path / "settings.toml"  # the settings, as TOML

    @property
    def about_path(self) -> Path:
        return self.path / "run.json"  # what the properties tell

    @property
    def events_path(self) -> Path:
        return self.path / "events.jsonl"  # what happened, one JSON object a line

    @property
    def log_path(self) -> Path:
        return self.path / "engine.log"  # what the engine prints, and its tracebacks

    @property
    def features_path(self) -> Path:
        """The file of own features that the model was trained with."""
        return self.path / "features.py"

    @property
    def own_model_path(self) -> Path:
        """The file of the user's own model that was trained."""
        return self.path / "model.py"

    @property
    def modules_path(self) -> Path:
        """The modules of the user's own that it imported: SHA-256 and text of each, by path."""
        return self.path / "features_modules.json"

    @property
    def origin_path(self) -> Path:
        return self.path / "origin.json"  # what the run was made from

    @property
    def lock_path(self) -> Path:
        return self.path / "lock"  # locked by the engine for life

    @property
    def stop_path(self) -> Path:
        return self.path / "stop"  # its presence asks the engine to stop

    @property
    def result_path(self) -> Path:
        return self.path / "result.json"  # what the run came to

    @property
    def manifest_path(self) -> Path:
        return self.path / "manifest.json"  # SHA-256 of every artifact


def lies(path: Path) -> bool:
    """Whether anything lies there, as far as can be told."""
    try:
        path.lstat()
    except OSError as error:
        return not isinstance(error, FileNotFoundError)
    return True
