"""The result of a leak audit, as audit.json holds it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from engine.results.codec import Number

AuditStatus = Literal["passed", "failed", "not run"]


@dataclass(frozen=True)
class Finding:
    """The first value of a stage that moved: its column and row, at which cut, and what it was and became.

    how: `cut off` or `changed`, or why it needs no second history. Times are ISO 8601 in UTC.
    """

    stage: str
    column: str
    row: str | None
    cut: str | None
    how: str
    before: Number
    after: Number

    @property
    def text(self) -> str:
        """One line for a person."""
        where = f"{self.stage}: {self.column} of {self.row}"
        what = f"was {self.before:.10g} and became {self.after:.10g}"
        return f"{where} {what} when all after {self.cut} was {self.how}"


@dataclass(frozen=True)
class AuditReport:
    """What an audit found, the first stage's first row before all others. manifest: SHA-256 of the run's."""

    run: str
    of: str
    manifest: str
    status: AuditStatus
    findings: tuple[Finding, ...]
    cuts: tuple[str | None, ...]
    histories: int
    stages: tuple[str, ...]
