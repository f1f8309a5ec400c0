"""What long logs came to, kept for whoever opens them next: that one reads on from there.

A log is appended to and never edited, so what was read of it stays true as long as its beginning is the same:
the file is as it was, or the SHA-256 of what was read is.
"""

from __future__ import annotations

import contextlib
import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.disk import stamp
from engine.runs import log_entries as log
from engine.runs import reader_cache, state_fields

if TYPE_CHECKING:
    from engine.runs.fold import State
    from engine.runs.folder import RunFolder

LONG_BYTES = 1 << 22  # of a log, or of what was added to it, from which keeping pays
PIECE_BYTES = 1 << 20


@dataclass(frozen=True)
class Fold:
    """The state after so many bytes of a log, and the last entries that are shown of it."""

    offset: int
    state: State
    lines: tuple[log.LogEntry, ...]


def cached(run: RunFolder) -> Fold | None:
    """What is kept of a run's log, if that log goes on from there."""
    try:
        found = stamp(str(run.events_path))
        if found.size < LONG_BYTES:
            return None
        stored = reader_cache.cached(reader_cache.place(run.path, "fold"))
        offset: int = stored["offset"]
        same = stored["stamp"] == str(found) and reader_cache.settled(found)
        if not same and stored["digest"] != digest(run, offset):
            return None
        lines = (log.TYPES[kind](**fields) for kind, fields in stored["lines"])
        return Fold(offset, state_fields.from_json(stored["state"]), tuple(lines))
    except (OSError, TypeError, KeyError, ValueError):
        return None


def keep(run: RunFolder, fold: Fold) -> None:
    """Keep it."""
    with contextlib.suppress(OSError, ValueError):
        names = {kind: name for name, kind in log.TYPES.items()}
        content = {
            "offset": fold.offset,
            "stamp": str(stamp(str(run.events_path))),
            "digest": digest(run, fold.offset),
            "state": state_fields.to_json(fold.state),
            "lines": [(names[type(line)], state_fields.as_fields(line)) for line in fold.lines],
        }
        reader_cache.keep(reader_cache.place(run.path, "fold"), content)


def digest(run: RunFolder, size: int) -> str:
    """SHA-256 of the first bytes of a run's log; that of fewer where it has become shorter."""
    found = hashlib.sha256()
    with run.events_path.open("rb") as file:
        while size > 0 and (piece := file.read(min(size, PIECE_BYTES))):
            found.update(piece)
            size -= len(piece)
    return found.hexdigest()
