"""Errors on their way between processes: from any exception to plain fields and back."""

from __future__ import annotations

import errno
from typing import Any

from engine import errors
from engine.errors import (
    InternalError,
    MakeRoomError,
    Problem,
    QuantdeckError,
    SettingsError,
    StopRequestedError,
    printable,
)

NO_ROOM = {errno.ENOSPC, errno.EROFS, errno.EACCES, errno.EPERM, errno.EDQUOT, errno.EFBIG}
XLA_NO_MEMORY = "RESOURCE_EXHAUSTED"
LONGEST_REASON = 300
EARLIER_NAMES = {  # of classes in the logs of version 0.1
    "TryAgain": "TryAgainError",
    "ChangeSettings": "ChangeSettingsError",
    "RepairData": "RepairDataError",
    "Diverged": "DivergedError",
    "MakeRoom": "MakeRoomError",
    "StopAsked": "StopRequestedError",
    "Report": "InternalError",
}


def as_error(error: BaseException) -> QuantdeckError:
    """The quantdeck error that an exception amounts to."""
    if isinstance(error, QuantdeckError):
        return error
    if isinstance(error, BaseExceptionGroup):
        # A stop outranks what it set off in the tasks beside it.
        found = [as_error(member) for member in error.exceptions]
        return next((each for each in found if isinstance(each, StopRequestedError)), found[0])
    if isinstance(error, KeyboardInterrupt):
        return StopRequestedError("the run", "was interrupted")
    number = error.errno if isinstance(error, OSError) else None
    if isinstance(error, MemoryError) or number == errno.ENOMEM or XLA_NO_MEMORY in str(error):
        reason = "the machine has none left to give"
        return MakeRoomError("memory", reason, "Use less history or smaller batches")
    if isinstance(error, OSError) and number in NO_ROOM:
        thing = str(error.filename or "the disk")
        return MakeRoomError(thing, error.strerror or "is refused", "Free space or allow writing there")
    reason = f"its own fault: {one_line(error)}"
    return InternalError("quantdeck", reason, "engine.log holds the traceback; please report it")


def one_line(error: BaseException) -> str:
    """`ValueError: first line of its message`, cut to a readable length."""
    first = str(error).strip().partition("\n")[0]
    name = type(error).__name__
    return printable(f"{name}: {first}" if first else name)[:LONGEST_REASON]


def to_fields(error: QuantdeckError) -> dict[str, Any]:
    """An error as plain fields: class, thing, reason, remedy, exit_code, and problems if there are any."""
    fields: dict[str, Any] = {
        "class": type(error).__name__,
        "thing": error.thing,
        "reason": error.reason,
        "remedy": error.remedy,
        "exit_code": error.exit_code,
    }
    if error.problems:
        fields["problems"] = [vars(problem) for problem in error.problems]
    return fields


def from_fields(fields: dict[str, Any]) -> QuantdeckError:
    """The error that `to_fields` wrote down, of its own class.

    InternalError for a class that is not known here.
    """
    name = str(fields.get("class"))
    known = getattr(errors, EARLIER_NAMES.get(name, name), None)
    thing, reason, remedy = (str(fields.get(part, "")) for part in ("thing", "reason", "remedy"))
    listed = fields.get("problems")  # a log from elsewhere may hold anything there
    problems = [
        Problem(*(str(each.get(part, "")) for part in ("key", "value", "reason")))
        for each in (listed if isinstance(listed, list) else ())
        if isinstance(each, dict)
    ]
    if known is SettingsError:
        return SettingsError(thing, problems)
    if isinstance(known, type) and issubclass(known, QuantdeckError):
        return known(thing, reason, remedy, problems)
    return InternalError(thing, reason, remedy, problems)
