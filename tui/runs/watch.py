"""Watches all runs of a home from a thread of its own and tells the app, at most 4 times a second.

The thread reads; the app gets frozen snapshots. A message that is not yet taken is replaced, never queued.
"""

from __future__ import annotations

import contextlib
import threading
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from textual.message import Message

from engine.errors import MakeRoomError, RepairDataError
from engine.runs.events import clock
from engine.runs.launch import alive
from engine.runs.notes import note_of
from engine.runs.unreadable import unreadable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from engine.runs import log_entries as log
    from engine.runs.folder import RunFolder
    from engine.runs.home import Home
    from engine.runs.state import State
    from engine.runs.summary import Summary

LIVE_S, IDLE_S = 0.25, 1.0


@dataclass(frozen=True)
class Watched:
    """One run as it is known now. `log` holds the last entries of its log that last, oldest first.

    summary: of a run that has ended, if that was kept and its log not read; `state` then tells what lists do.
    """

    run: RunFolder
    state: State
    log: tuple[log.LogEntry, ...] = ()
    name: str = ""  # two folders are equal by their path alone
    note: str = ""
    summary: Summary | None = None

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
    closed: Mapping[str, int] = field(default_factory=dict)  # runs that may not be read, by owner
    by_id: dict[str, Watched] = field(default_factory=dict, compare=False, repr=False)

    @property
    def live(self) -> tuple[Watched, ...]:
        """The runs that go on."""
        return tuple(each for each in self.runs if each.live)

    @property
    def foremost(self) -> Watched | None:
        """The run that one comes to see: the newest at work, else the newest that waits."""
        working = [each for each in self.live if each.state.status != "queued"]
        return (working or self.live or (None,))[-1]


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

    def read_log(self, run_id: str) -> None:
        """Have the whole log of a run read, of which so far only a summary is known."""
        if track := self._tracks.get(run_id):
            track.wanted = True
            self.look()

    def look(self) -> None:
        """Look now: something was just started, stopped or renamed."""
        self._wake.set()

    def stop(self) -> None:
        """Watch no more."""
        self._over = True
        self._wake.set()

    def _watch(self) -> None:
        turn, kept = 0, False
        while not self._over:
            with contextlib.suppress(OSError):
                if turn and not kept:
                    kept = True
                    self.keep_summaries()
                self.poll(everything=turn % round(IDLE_S / LIVE_S) == 0 or not self.snapshot.live)
            turn = 0 if self._wake.wait(LIVE_S if self.snapshot.live else IDLE_S) else turn + 1
            self._wake.clear()

    def poll(self, *, everything: bool = True) -> None:
        """Look at every run, or only at those that live; tell if anything is new."""
        runs = self.home.all() if everything else [track.watched.run for track in self._tracks.values()]
        tracks = {run.id: self._tracks.get(run.id) or Track(run) for run in runs}
        if tracks and not self.snapshot.ready:
            self._take_summaries(tracks)
        for run in runs:
            if everything or tracks[run.id].watched.live:
                with contextlib.suppress(MakeRoomError):  # this time; the next may be luckier
                    tracks[run.id].poll(run, self._now())
        self._tracks = tracks
        watched = tuple(track.watched for track in tracks.values())
        closed = unreadable(self.home) if everything else self.snapshot.closed
        if (watched, closed) != (self.snapshot.runs, self.snapshot.closed) or not self.snapshot.ready:
            self.snapshot = Snapshot(
                watched, ready=True, closed=closed, by_id={each.id: each for each in watched}
            )
            self._changed()

    def _take_summaries(self, tracks: Mapping[str, Track]) -> None:
        """What is kept of runs that have ended spares the reading of their logs."""
        from engine.runs.summary import summaries

        sizes = {run_id: size_of(track.watched.run) for run_id, track in tracks.items()}  # before the summary
        for run, summary in summaries(self.home, anew=False):
            if run.id in tracks:
                tracks[run.id].take(summary, sizes[run.id])

    def keep_summaries(self) -> None:
        """Keep summaries of ended runs for the next time, where many were read without one."""
        from engine.runs.summary import ENOUGH, summaries

        read = sum(each.summary is None and each.state.ended for each in self.snapshot.runs)
        if read >= ENOUGH:
            summaries(self.home)


class Track:
    """One run: its follower, and whether there is anything new to read."""

    def __init__(self, run: RunFolder) -> None:
        from engine.runs.state import Follower, State

        self.watched = Watched(run, State(), name=run.name)
        self.wanted = False  # by somebody who looks at the run, though a summary is known
        self._follower = Follower(run)
        self._size = -1
        self._broken = False

    def take(self, summary: Summary, size: int) -> None:
        """Know a run by its summary, which was kept of a log of that size or a longer one."""
        self.watched, self._size = replace(self.watched, state=summary.state, summary=summary), size

    def poll(self, run: RunFolder, now: datetime) -> None:
        """Read on. An ended run is read again only when its log has grown: it was resumed."""
        run = self.watched.run if run.about == self.watched.run.about else run
        note = note_of(run)
        if run is not self.watched.run or note != self.watched.note:
            self.watched = replace(self.watched, run=run, name=run.name, note=note)
        size = size_of(run)
        lacking = self.wanted and self.watched.summary is not None
        same = size == self._size and self.watched.state.ended and not lacking
        if self._broken or (same and not alive(run)):
            return
        self._size = size
        try:
            self._follower.poll(now)
        except RepairDataError as error:
            from engine.runs.state import unread

            self._broken = True
            self.watched = replace(self.watched, state=unread(error), summary=None)
            return
        lines = self._follower.lines
        if lines != self.watched.log or self._follower.state != self.watched.state or self.watched.summary:
            self.watched = replace(self.watched, state=self._follower.state, log=lines, summary=None)


def size_of(run: RunFolder) -> int:
    """How long the run's log is."""
    try:
        return run.events_path.stat().st_size
    except OSError:
        return 0
