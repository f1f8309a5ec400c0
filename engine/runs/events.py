"""What happened in a run: an append-only log of JSON lines with one writer and any number of readers.

Every event has `v` (version of this format), `seq` (1, 2, 3, …), `at` (UTC, ISO 8601 with milliseconds) and
`kind`; the rest depends on the kind. History is never edited. A writer that was killed in the middle of a
line leaves a torn piece; the next writer begins a new line, whose event says in `torn` how many broken lines
it found before it. So a reader can tell what a killed writer left from what somebody damaged.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from engine.disk import refusals
from engine.errors import RepairDataError
from engine.plain_file import opened
from engine.results.codec import plain
from engine.runs.progress_lines import outline

if TYPE_CHECKING:
    from pathlib import Path

Event = dict[str, Any]
Emit = Callable[[Event], None]

VERSION = 1
NEWLINE = "\n"
SHORTEST_PAUSE_S = 0.25  # between two progress events of one kind and series
RESTORE = "Restore the log from a copy, or delete the run"
STARTED = b'"kind":"started"'  # quotes inside a text are escaped, so this matches nothing but the key


def clock() -> dt.datetime:
    """Now, in UTC."""
    return dt.datetime.now(dt.UTC)


def stamp(time: dt.datetime) -> str:
    """ISO 8601 with milliseconds, such as `2026-11-22T18:04:05.123Z`."""
    return time.astimezone(dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class EventLog:
    """The writing end of a run's events. Safe to use from several threads of the one process that writes."""

    def __init__(self, path: Path, now: Callable[[], dt.datetime] = clock) -> None:
        """Open for appending and go on counting where the log ends. Raises MakeRoomError."""
        self._now, self._path = now, path
        self._guard = threading.Lock()
        self._last: dict[tuple[str, str], dt.datetime] = {}
        with refusals(path):
            flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
            self._handle = os.open(path, flags, 0o600)
            content = path.read_bytes()
        self.resumed = STARTED in content
        self._end = ending(content)

    def emit(self, event: Event) -> None:
        """Append one event. Raises MakeRoomError when it cannot be written whole.

        Progress (`batch`, and `source` with state `page`) is kept to four a second; `alive` is never written.
        """
        with self._guard:
            now = self._now()
            if not self._too_soon(event, now):
                self._append(event, now)

    def _too_soon(self, event: Event, now: dt.datetime) -> bool:
        kind = event["kind"]
        if kind == "alive":
            return True
        if kind != "batch" and not (kind == "source" and event.get("state") == "page"):
            return False
        key = (kind, str(event.get("series", "")))
        last = self._last.get(key)
        # A clock that was set back must not silence the log until it has caught up.
        if last is not None and 0 <= (now - last).total_seconds() < SHORTEST_PAUSE_S:
            return True
        self._last[key] = now
        return False

    def _append(self, event: Event, now: dt.datetime) -> None:
        end = self._end
        head = {"v": VERSION, "seq": end.seq + 1, "at": stamp(now)}
        torn = {"torn": end.torn} if end.torn else {}
        text = json.dumps(head | plain(event) | torn, separators=(",", ":"), allow_nan=False)
        rest = f"{'' if end.at_line_start else NEWLINE}{text}{NEWLINE}".encode()
        with refusals(self._path):
            try:
                while rest:  # once, unless the disk takes only a part
                    rest = rest[os.write(self._handle, rest) :]
            except OSError:
                self._end = ending(self._path.read_bytes())
                raise
        self._end = Ending(end.seq + 1, 0, at_line_start=True)

    def close(self) -> None:
        """Bring what was written to the disk and close."""
        with self._guard, refusals(self._path):
            try:
                os.fsync(self._handle)
            finally:
                os.close(self._handle)
                self._handle = -1  # a thread that tells too late must not write to another file

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


@dataclass(frozen=True)
class Ending:
    """How a log ends: its last event's number, the broken lines after it, and whether a new line is begun."""

    seq: int
    torn: int
    at_line_start: bool


def ending(content: bytes) -> Ending:
    """Find how a log ends, looking from its end backwards."""
    *lines, last = content.split(b"\n")
    if last:
        lines.append(last)
    torn = 0
    for line in reversed(lines):
        if event := parsed(line):
            return Ending(event["seq"], torn, at_line_start=not last)
        torn += 1
    return Ending(0, torn, at_line_start=not last)


@dataclass(frozen=True)
class Tail:
    """What `read` found: whole events, the offset to go on from, and what was torn."""

    events: list[Event]
    offset: int
    torn: int  # lines that killed writers left, before events of this tail
    rest: int  # bytes after the offset that are no event, or not yet


def read(path: Path, offset: int = 0, *, superseded: bool = True) -> Tail:
    """Every whole event from a byte offset on. No file is an empty log.

    superseded: whether progress that a later event supersedes is wanted; without it a long log is read in a
    tenth of the time, and comes to the same state.

    Raises RepairDataError for a broken line that no later writer vouches for, for another format, and for a
    log
    that is shorter than the offset.
    """
    try:
        with opened(path) as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(offset)
            content = file.read()
    except FileNotFoundError:
        size, content = 0, b""
    except OSError as error:
        remedy = "Allow reading it" if isinstance(error, PermissionError) else RESTORE
        raise RepairDataError(str(path), f"cannot be read: {error.strerror}", remedy) from None
    if size < offset:
        raise RepairDataError(str(path), f"has become shorter than the {offset} bytes already read", RESTORE)
    events: list[Event] = []
    torn = broken = position = taken = 0
    whole, content = len(content), content if superseded else outline(content, parsed)
    offset += whole - len(content)  # what is left out ends before the last event
    for line in content.split(b"\n")[:-1]:
        position += len(line) + 1
        event = parsed(line)
        if event is None:
            broken += 1
            continue
        if event["v"] != VERSION:
            raise RepairDataError(
                str(path), f"has format {event['v']}, not {VERSION}", "Use the version that wrote it"
            )
        if event.get("torn", 0) != broken:
            raise RepairDataError(str(path), f"the line before event {event['seq']} is broken", RESTORE)
        torn, broken, taken = torn + broken, 0, position
        events.append(event)
    return Tail(events, offset + taken, torn, len(content) - taken)


def parsed(line: bytes) -> Event | None:
    """One line as an event, or None if it is none."""
    try:
        event = json.loads(line)
        whole = (
            isinstance(event, dict)
            and type(event["v"]) is type(event["seq"]) is int
            and isinstance(event["kind"], str)
            and dt.datetime.fromisoformat(event["at"]).tzinfo is not None
        )
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    return event if whole else None
