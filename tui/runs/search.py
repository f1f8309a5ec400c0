"""How far a search is, from the log of its run alone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.runs.log_entries import LogNote
    from engine.runs.state import State

DONE, ENDED = "trial done", "trial ended"


@dataclass(frozen=True)
class SearchProgress:
    """Trials that are done, of how many; the best of them, and s that the rest takes at the pace so far.

    notes: of the trials, the latest first. objective, best and best_trial are None before one is complete.
    """

    done: int
    of: int
    left_s: float | None
    objective: str | None
    best: float | None
    best_trial: int | None
    notes: tuple[LogNote, ...]


def progress_of(state: State) -> SearchProgress | None:
    """How far a search is; None where no trial is done, and for other runs."""
    notes = [note for note in state.notes if note.code in (DONE, ENDED)]
    if not notes:
        return None
    whole = [note for note in notes if note.code == DONE]
    done, of = (
        int(number(notes[-1], "done")),
        int(number(notes[-1], "of")) + 1,
    )  # the settings as they are, too
    best = whole[-1] if whole else None
    return SearchProgress(
        done,
        of,
        left(notes, of - done),
        str(best.values["objective"]) if best else None,
        number(best, "best") if best else None,
        int(number(best, "best_trial")) if best else None,
        tuple(reversed(notes)),
    )


def left(notes: Sequence[LogNote], trials: int) -> float | None:
    """Seconds that so many more trials take at the pace of those told."""
    first, last = (datetime.fromisoformat(note.at) for note in (notes[0], notes[-1]))
    return (last - first).total_seconds() / (len(notes) - 1) * trials if len(notes) > 1 else None


def number(note: LogNote, name: str) -> float:
    """A number of a note."""
    value = note.values[name]
    return float("nan") if isinstance(value, str) else float(value)
