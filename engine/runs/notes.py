"""A run's name and note: what its user may change afterwards. Neither belongs to the artifacts."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from engine.disk import refusals, write_whole
from engine.errors import ChangeSettingsError
from engine.plain_file import plain_bytes
from engine.runs.folder import RunFolder
from engine.runs.home import checked_name

if TYPE_CHECKING:
    from pathlib import Path

LONGEST_NOTE = 2000


def rename(run: RunFolder, name: str) -> RunFolder:
    """Give the run another name (empty: none) and return it anew.

    Raises ChangeSettingsError, MakeRoomError.
    """
    about = run.about | {"name": checked_name(name)}
    write_whole(run.about_path, json.dumps(about, indent=2).encode())
    return RunFolder(run.path)


def note_path(run: RunFolder) -> Path:
    """Where the note lies; there need not be one."""
    return run.path / "note.txt"


def note_of(run: RunFolder) -> str:
    """The user's note on the run, empty if there is none or it cannot be read."""
    try:
        return plain_bytes(note_path(run))[: 4 * LONGEST_NOTE].decode(errors="replace")[:LONGEST_NOTE]
    except OSError:
        return ""


def write_note(run: RunFolder, text: str) -> None:
    """Keep a note on the run; an empty one removes it. Raises ChangeSettingsError, MakeRoomError."""
    text = text.strip()
    if len(text) > LONGEST_NOTE or not all(letter.isprintable() or letter == "\n" for letter in text):
        reason = f"must be at most {LONGEST_NOTE} printable characters"
        raise ChangeSettingsError(f"note on run {run.id}", reason, "Write a shorter, plain one")
    with refusals(note_path(run)):
        if text:
            write_whole(note_path(run), text.encode())
        else:
            note_path(run).unlink(missing_ok=True)
