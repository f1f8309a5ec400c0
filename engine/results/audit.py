"""The result of a leak audit, as audit.json holds it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any, Literal, Self

from engine.results.codec import Number, from_json, to_json
from engine.results.notes import Note

AuditStatus = Literal["passed", "failed", "not judgeable", "not run"]


SAVED, REPLAYED = "as saved by the run", "as replayed"
AGAIN = "when the same history was computed again"


@dataclass(frozen=True)
class Finding:
    """The first value of a stage that moved: its column and row, at which cut, and what it was and became.

    row_ms, cut_ms: UTC, ms since 1970. how: what became of all after the cut, such as `cut off`; SAVED,
    REPLAYED and AGAIN need no second history.
    """

    stage: str
    column: str
    row_ms: int
    cut_ms: int
    how: str
    before: Number
    after: Number

    @property
    def text(self) -> str:
        """One line for a person."""
        where = f"{self.stage}: {self.column} of {iso(self.row_ms)}"
        if self.how in (SAVED, REPLAYED):
            by = "by the training rows" if self.how == SAVED else "as the run traded it"
            return f"{where} is {self.before:.17g} {by} and {self.after:.17g} {self.how}"
        if self.how == AGAIN:
            return (
                f"{where} is not repeatable: {self.before:.17g} and {self.after:.17g} {AGAIN}; it reads a "
                "clock or draws without a seed: give it a fixed one"
            )
        what = f"was {self.before:.17g} and became {self.after:.17g}"
        return f"{where} {what} when all after {iso(self.cut_ms)} was {self.how}"


@dataclass(frozen=True)
class AuditReport:
    """What an audit found, the first stage's first row before all others.

    manifest: SHA-256 of the manifest that was audited. cuts_ms: where histories were cut or changed, UTC.
    probed: cuts of short histories at which the features alone were compared. rounding: columns that differ
    by no more than a product or a Fourier transform of another length rounds otherwise. outside: what own
    features took from elsewhere, which no replay can hold still (`opens levels.csv`). edited: the features
    file is another one by now; the one that was trained with, kept in the run's folder, is what was audited.
    notes: what no replay shows and somebody has to know, such as values that join at their stamps.
    """

    run: str
    of: str
    manifest: str
    status: AuditStatus
    findings: tuple[Finding, ...]
    cuts_ms: tuple[int, ...]
    histories: int
    stages: tuple[str, ...]
    probed: int = 0
    rounding: tuple[Finding, ...] = ()
    outside: tuple[str, ...] = ()
    edited: bool = False
    notes: tuple[Note, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """As audit.json holds it."""
        return to_json(self)

    @classmethod
    def from_json(cls, answer: dict[str, Any], where: str = "the engine's answer") -> Self:
        """From what the engine answers. Raises RepairDataError."""
        return from_json(cls, answer, where)


def chance_to_find(share: float, cuts: int) -> float:
    """How likely one of so many cuts meets a leak of one bar that is there in this share of bars."""
    return 1.0 - (1.0 - share) ** cuts


def iso(time_ms: int) -> str:
    """ISO 8601, UTC, of ms since 1970."""
    return dt.datetime.fromtimestamp(time_ms / 1000, dt.UTC).isoformat().replace("+00:00", "Z")
