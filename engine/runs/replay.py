"""A run's log written anew in another home, event by event with the pauses between them: a run seen again."""

from __future__ import annotations

import datetime as dt
import os
import shutil
from typing import TYPE_CHECKING

from engine.errors import TryAgainError
from engine.hints import run_hint
from engine.runs import lock
from engine.runs.events import EventLog, read
from engine.runs.folder import RunFolder
from engine.runs.home import Home
from engine.runs.launch import alive

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from engine.runs.events import Event

LONGEST_PAUSE_S = 20.0  # before the speed counts; a run that was resumed a day later takes no day to see
OF_THE_LINE = ("v", "seq", "at", "torn")  # what a log gives each event itself
NO_PROCESS = 0  # another may have the number of the one that has ended


class Replay:
    """A run in the making once more, for whoever watches its folder in `home`."""

    def __init__(self, run: RunFolder, home: Path, speed: float) -> None:
        """Make the folder and hold its lock, so that the run counts as one that goes on.

        Raises TryAgainError for a run that does go on, RepairDataError for a broken log.
        """
        if alive(run):
            hint = run_hint(run.path, "runs follow RUN")
            raise TryAgainError(f"run {run.id}", "has not ended yet", f"Watch it: {hint}")
        self._run, self._speed = run, speed
        self._events = read(run.events_path).events
        self.folder = RunFolder(Home(home).runs / run.id)
        self.folder.path.mkdir(mode=0o700, parents=True)
        for path in (run.settings_path, run.about_path):
            shutil.copy(path, self.folder.path)
        self._lock = lock.take(self.folder.lock_path)

    def play(self, left: Callable[[float], bool]) -> None:
        """Write the events until the last, or until `left`, which waits so many seconds, or a stop says so.

        The run's other files come before its last event, which says that they are there.
        """
        try:
            with EventLog(self.folder.events_path) as log:
                for number, (pause, event) in enumerate(paced(self._events), 1):
                    if left(pause / self._speed) or self.folder.stop_path.exists():
                        return
                    if number == len(self._events):
                        self._bring_files()
                    log.emit(event)
        finally:
            if self._lock is not None:
                os.close(self._lock)

    def _bring_files(self) -> None:
        known = {self._run.events_path.name, self._run.lock_path.name, self._run.stop_path.name}
        shutil.copytree(
            self._run.path,
            self.folder.path,
            ignore=lambda _, names: known.intersection(names),
            symlinks=True,
            dirs_exist_ok=True,
        )


def paced(events: list[Event]) -> Iterator[tuple[float, Event]]:
    """Each event as somebody may emit it, and the seconds that lay between it and the one before."""
    before: dt.datetime | None = None
    for event in events:
        at = dt.datetime.fromisoformat(event["at"])
        pause = (at - before).total_seconds() if before else 0.0
        before = at
        again = {name: value for name, value in event.items() if name not in OF_THE_LINE}
        if "pid" in again:
            again["pid"] = NO_PROCESS
        yield min(max(pause, 0.0), LONGEST_PAUSE_S), again
