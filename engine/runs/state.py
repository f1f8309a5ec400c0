"""The state of a run: what its log comes to, and the judgement whether it still lives.

Opening a finished run, watching a live one and recovering after a crash are one code path: replay the log.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from engine.errors import InternalError, RepairDataError
from engine.runs import fold_cache
from engine.runs import log_entries as log
from engine.runs.events import clock, read
from engine.runs.fold import FINAL, KEPT_NOTES, NAMES, State, fold, replay
from engine.runs.launch import alive, last_words
from engine.runs.postmortem import cause, cure

if TYPE_CHECKING:
    from engine.runs.folder import RunFolder

__all__ = [
    "FINAL",
    "KEPT_NOTES",
    "NAMES",
    "Follower",
    "State",
    "fold",
    "replay",
    "state_of",
    "state_or_fault",
    "unread",
]

STALE_S = 30.0
KEPT_LINES = 500


def unread(error: RepairDataError) -> State:
    """The state of a run whose log cannot be read: a failed one."""
    return State(status="failed", error=error, seq=1)


class Follower:
    """Reads on from where it was: cheap to ask often."""

    def __init__(self, run: RunFolder, *, whole: bool = False) -> None:
        """Nothing is read before the first `poll`; `whole`: that one returns every entry."""
        self.run = run
        self.state = State()  # as judged at the last poll
        self.lines: tuple[log.LogEntry, ...] = ()  # the last that last
        self._folded = State()
        self._offset = self._kept = 0
        self._whole = whole

    def poll(self, now: datetime | None = None) -> list[log.LogEntry]:
        """Take in what is new and return it; `state` is up to date then. Raises RepairDataError.

        Unless asked for every entry, progress that a later one supersedes is left out.
        """
        living = alive(self.run)  # asked first: once no writer lives, what is read next is everything
        if not self._offset and not self._whole:
            self._go_on_from(fold_cache.cached(self.run))
        tail = read(self.run.events_path, self._offset, superseded=self._whole)
        where = f"events.jsonl of run {self.run.path.name}"
        entries = [log.entry_of(event, where) for event in tail.events]
        self._offset = tail.offset
        if entries:
            self._folded = replay(self._folded, entries)
            self.lines = (*self.lines, *filter(log.lasts, entries))[-KEPT_LINES:]
        if self._offset - self._kept >= fold_cache.LONG_BYTES:
            self._kept = self._offset
            fold_cache.keep(self.run, fold_cache.Fold(self._offset, self._folded, self.lines))
        folded = self._folded
        if folded.seq == 0 or folded.ended:
            self.state = folded
        # Asked again, since a launch may have come between the first question and the reading.
        elif living or alive(self.run):
            self.state = replace(folded, status=living_status(self.run, folded, now or clock()))
        else:
            self.state = crashed(self.run, replace(folded, torn=folded.torn + (tail.rest > 0)))
        return entries

    def _go_on_from(self, known: fold_cache.Fold | None) -> None:
        if known is not None:
            self._offset = self._kept = known.offset
            self._folded, self.lines = known.state, known.lines


def state_of(run: RunFolder, now: datetime | None = None) -> State:
    """The state of a run at this moment, from its whole log. Raises RepairDataError."""
    follower = Follower(run)
    follower.poll(now)
    return follower.state


def state_or_fault(run: RunFolder) -> State:
    """The same, where one log that cannot be read must not hold up what is done with others."""
    try:
        return state_of(run)
    except RepairDataError as error:
        return unread(error)


def living_status(run: RunFolder, state: State, now: datetime) -> str:
    """The status of a run whose process lives: it may have fallen silent, or have been asked to stop."""
    if (now - datetime.fromisoformat(state.updated_at)).total_seconds() > STALE_S:
        return "stale"
    return "stopping" if run.stop_path.exists() else state.status


def crashed(run: RunFolder, state: State) -> State:
    """The state of a run whose process died without a final event."""
    words = last_words(run)
    parts = [cause(run, state.memory_mb), f"engine.log ends with: {words}" if words else ""]
    reason = f"the engine died without a word{''.join(f'; {part}' for part in parts if part)}"
    remedy = f"{cure(run)}. The whole log: {run.log_path}"
    error = InternalError(f"run {run.path.name}", reason, remedy)
    return replace(state, status="crashed", ended_at=state.updated_at, error=error)
