"""Watches all runs of a home from a thread of its own and tells the app, at most 4 times a second.

The thread reads; the app gets frozen snapshots. A message that is not yet taken is replaced, never queued.
"""

from __future__ import annotations

import contextlib
import threading
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from textual.message import Message

from engine.errors import RepairDataError
from engine.runs.events import clock
from engine.runs.launch import alive
from engine.runs.notes import note_of
from engine.runs.state import Follower, State

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from engine.runs import log_entries as log
    from engine.runs.folder import Home, RunFolder

LIVE_S, IDLE_S = 0.25, 1.0


@dataclass(frozen=True)
class Watched:
    """One run as it is known now. `log` holds the last entries of its log that last, oldest first."""

    run: RunFolder
    state: State
    log: tuple[log.LogEntry, ...] = ()
    name: str = ""  # two folders are equal by their path alone
    note: str = ""

    @property
    def id(self) -> str:
        """The run's id."""
        return self.run.id

    @property
    def live(self) -> bool:
        """Whether its process goes on."""
        return self.state.seq > 0 and not self.state.ended


@dataclass(frozen=True)
class Snapshot:
    """All runs, newest last. `ready` is false until everything has been read once."""

    runs: tuple[Watched, ...] = ()
    ready: bool = False
    by_id: dict[str, Watched] = field(default_factory=dict, compare=False, repr=False)

    @property
    def live(self) -> tuple[Watched, ...]:
        """The runs that go on."""
        return tuple(each for each in self.runs if each.live)


class RunsChanged(Message):
    """There is a new snapshot; `Watch.snapshot` holds it."""


class Watch:
    """Follows every run of a home."""

    def __init__(
        self, home: Home, changed: Callable[[], object], now: Callable[[], datetime] = clock
    ) -> None:
        """`changed` is called from the thread whenever there is a new snapshot."""
        self.home = home
        self.snapshot = Snapshot()
        self._changed, self._now = changed, now
        self._wake, self._over = threading.Event(), False
        self._tracks: dict[str, Track] = {}
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to watch."""
        self._thread = threading.Thread(target=self._watch, name="watch", daemon=True)
        self._thread.start()

    def look(self) -> None:
        """Look now: something was just started, stopped or renamed."""
        self._wake.set()

    def stop(self) -> None:
        """Watch no more."""
        self._over = True
        self._wake.set()

    def _watch(self) -> None:
        turn = 0
        while not self._over:
            with contextlib.suppress(OSError):
                self.poll(everything=turn % round(IDLE_S / LIVE_S) == 0 or not self.snapshot.live)
            turn = 0 if self._wake.wait(LIVE_S if self.snapshot.live else IDLE_S) else turn + 1
            self._wake.clear()

    def poll(self, *, everything: bool = True) -> None:
        """Look at every run, or only at those that live; tell if anything is new."""
        runs = self.home.all() if everything else [track.watched.run for track in self._tracks.values()]
        tracks = {run.id: self._tracks.get(run.id) or Track(run) for run in runs}
        for run in runs:
            if everything or tracks[run.id].watched.live:
                tracks[run.id].poll(run, self._now())
        self._tracks = tracks
        watched = tuple(track.watched for track in tracks.values())
        if not self.snapshot.ready or watched != self.snapshot.runs:
            self.snapshot = Snapshot(watched, ready=True, by_id={each.id: each for each in watched})
            self._changed()


class Track:
    """One run: its follower, and whether there is anything new to read."""

    def __init__(self, run: RunFolder) -> None:
        self.watched = Watched(run, State(), name=run.name)
        self._follower = Follower(run)
        self._size = -1
        self._broken = False

    def poll(self, run: RunFolder, now: datetime) -> None:
        """Read on. An ended run is read again only when its log has grown: it was resumed."""
        run = self.watched.run if run.about == self.watched.run.about else run
        note = note_of(run)
        if run is not self.watched.run or note != self.watched.note:
            self.watched = replace(self.watched, run=run, name=run.name, note=note)
        size = size_of(run)
        if self._broken or (size == self._size and self.watched.state.ended and not alive(run)):
            return
        self._size = size
        try:
            self._follower.poll(now)
        except RepairDataError as error:
            self._broken = True
            state = replace(self.watched.state, status="failed", error=error, seq=1)
            self.watched = replace(self.watched, state=state)
            return
        lines = self._follower.lines
        if lines != self.watched.log or self._follower.state != self.watched.state:
            self.watched = replace(self.watched, state=self._follower.state, log=lines)


def size_of(run: RunFolder) -> int:
    """How long the run's log is."""
    try:
        return run.events_path.stat().st_size
    except OSError:
        return 0
