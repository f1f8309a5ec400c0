"""In which order the runs of a home were made, which the clock alone does not tell: it may be set back.

The home's file `order` has the id of each run that was made there, a line each, appended. A run that it does
not name, as one that was imported or one of a user who may not write there, stands where the clock says.
"""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING

from engine.plain_file import plain_bytes
from engine.runs.folder import ID

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from engine.runs.folder import RunFolder

FILE = "order"


def note(home: Path, run_id: str) -> None:
    """Keep that a run is the newest; where that cannot be written, its clock has to do."""
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
    with contextlib.suppress(OSError):
        handle = os.open(home / FILE, flags, 0o666)
        try:
            os.write(handle, f"{run_id}\n".encode())
        finally:
            os.close(handle)


def in_order(home: Path, runs: Iterable[RunFolder]) -> list[RunFolder]:
    """Runs of the home, the oldest first.

    A run counts as made no earlier than those that it was made after.
    """
    found, place = list(runs), places(home)
    made, latest = {}, ""
    for run in sorted((run for run in found if run.id in place), key=lambda run: place[run.id]):
        made[run.id] = latest = max(latest, run.created)
    return sorted(found, key=lambda run: (made.get(run.id, run.created), place.get(run.id, -1), run.id))


def places(home: Path) -> dict[str, int]:
    """The place of each run that the file names; none where it cannot be read."""
    try:
        lines = plain_bytes(home / FILE).decode(errors="replace").splitlines()
    except OSError:
        return {}
    return {line: at for at, line in enumerate(lines) if ID.fullmatch(line)}
