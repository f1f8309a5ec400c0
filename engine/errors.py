"""Every error that quantdeck raises on purpose, classed by what the user can do about it.

    QuantdeckError
    ├── TryAgainError          the world was unkind for a moment: network, rate limit, a busy lock
    │   └── AlreadyRunningError not a fault: what was asked for is going on
    ├── ChangeSettingsError    the request cannot be carried out as written
    │   └── SettingsError      several faults of one settings file, told at once
    ├── RepairDataError        a file, a series or an artifact is not what it should be
    ├── DivergedError          a training whose loss is no number any more
    ├── MakeRoomError          the machine refuses: disk full, folder read-only, memory
    ├── StopRequestedError     not a fault: somebody asked the run to stop
    └── InternalError          quantdeck's own fault

Each error names the thing, the reason and the remedy, so that a screen can lay the three out and a
log can keep them on one line. `exit_code` is what a command ends with.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from engine.hints import hint

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


class QuantdeckError(Exception):
    """An error with a thing, a reason and a remedy, each one plain sentence or phrase."""

    exit_code = 1
    is_fault: ClassVar[bool] = True  # whether anything is wrong that has to be remedied

    def __init__(self, thing: str, reason: str, remedy: str = "", problems: Sequence[Problem] = ()) -> None:
        """Keep the parts; control characters in them never reach a terminal raw. problems: one by one."""
        self.thing, self.reason, self.remedy = (printable(part) for part in (thing, reason, remedy))
        self.problems = [Problem(*map(printable, (p.key, p.value, p.reason))) for p in problems]
        super().__init__(thing, reason, remedy)

    def __str__(self) -> str:
        """One line: `thing: reason. remedy`."""
        first = f"{self.thing}: {self.reason}"
        return f"{first}. {self.remedy}" if self.remedy else first

    def __eq__(self, other: object) -> bool:
        """Errors that say the same are equal, so that states of runs can be compared."""
        return isinstance(other, QuantdeckError) and type(self) is type(other) and vars(self) == vars(other)

    def __hash__(self) -> int:
        """Of what is equal."""
        return hash((type(self), self.thing, self.reason, self.remedy))


class TryAgainError(QuantdeckError):
    """The same request may well succeed later."""


class AlreadyRunningError(TryAgainError):
    """What was asked for is going on."""

    is_fault = False


class ChangeSettingsError(QuantdeckError):
    """The request has to be written differently."""

    exit_code = 2


def no_such_series(name: str, stored: Sequence[str], home: Path) -> ChangeSettingsError:
    """That a series is not among those stored in a home, with those that are called nearly so."""
    near = difflib.get_close_matches(name, stored, 3, 0.4)
    remedy = f"Did you mean {' or '.join(near)}?" if near else f"See: {hint(home, 'data status')}"
    return ChangeSettingsError(f"series {name}", "is not in the store", remedy)


class RepairDataError(QuantdeckError):
    """A file on disk or a stored series has to be repaired or replaced."""


class DivergedError(QuantdeckError):
    """Training left the finite numbers; other settings or cleaner data may keep it there."""


class MakeRoomError(QuantdeckError):
    """The machine has no room or no permission."""


class StopRequestedError(QuantdeckError):
    """Raised from a progress callback when a stop was asked for; let it pass through."""

    exit_code = 130
    is_fault = False


class InternalError(QuantdeckError):
    """quantdeck did something wrong; the log holds the traceback."""


@dataclass(frozen=True)
class Problem:
    """One fault of one setting."""

    key: str
    value: str
    reason: str

    def __str__(self) -> str:
        """`key = value: reason`."""
        return f"{self.key} = {self.value}: {self.reason}" if self.value else f"{self.key}: {self.reason}"


class SettingsError(ChangeSettingsError):
    """All faults of the settings at once, in `problems`."""

    def __init__(self, where: str, problems: list[Problem]) -> None:
        """`where` is the file or the command line that the settings came from."""
        count = "1 setting is" if len(problems) == 1 else f"{len(problems)} settings are"
        super().__init__(where, f"{count} wrong", "Correct what follows", problems)
        self.listing = "\n".join(f"  {problem}" for problem in self.problems)

    def __str__(self) -> str:
        """The first line, then one line a problem."""
        return f"{self.thing}: {self.reason}\n{self.listing}"


def printable(text: str) -> str:
    """Return text with control characters (escape sequences above all) shown, not sent.

    Newline and tab stay: they move no cursor where text is laid out.
    """
    if text.replace("\n", "").replace("\t", "").isprintable():  # as nearly all texts are, however long
        return text
    return "".join(c if c.isprintable() or c in "\n\t" else c.encode("unicode_escape").decode() for c in text)
