"""Errors on their way between processes: from any exception to plain fields and back."""

from __future__ import annotations

import errno
from typing import Any

from engine import errors
from engine.disk import REMEDIES
from engine.errors import (
    InternalError,
    MakeRoomError,
    Problem,
    QuantdeckError,
    SettingsError,
    StopRequestedError,
    printable,
)

OF_THE_MACHINE = REMEDIES.keys() - {errno.ENOENT, errno.EEXIST, errno.EISDIR}  # these may be our own fault
NO_MEMORY = (
    "resource_exhausted", "failed to map segment", "cannot allocate memory", "can't start new thread",
)  # fmt: skip
NO_TEMPORARY = "No usable temporary directory"  # how Python's tempfile says that it found none
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
    if refusal := refusal_of_the_machine(error):
        return refusal
    reason = f"its own fault: {one_line(error)}"
    return InternalError("quantdeck", reason, "engine.log holds the traceback; please report it")


def refusal_of_the_machine(error: BaseException) -> MakeRoomError | None:
    """What the machine has refused, if an exception says so: memory, or to do something with a file."""
    number = error.errno if isinstance(error, OSError) else None
    if isinstance(error, MemoryError) or number == errno.ENOMEM or tells_of_no_memory(error):
        reason = "the machine has none left to give"
        remedy = "Free some, or raise its limit: ulimit -v unlimited; or use less history or smaller batches"
        return MakeRoomError("memory", reason, remedy)
    if number == errno.ENOENT and NO_TEMPORARY in str(error):
        reason = "can be written nowhere: there is no folder for them"
        return MakeRoomError("temporary files", reason, "Name one that you may write: TMPDIR=FOLDER")
    if isinstance(error, OSError) and number in OF_THE_MACHINE:
        thing = str(error.filename or "the machine")
        return MakeRoomError(thing, error.strerror or "refuses", REMEDIES[number])
    return None


def tells_of_no_memory(error: BaseException) -> bool:
    """Whether a library says in words that memory was refused, or was told so when it raised the error."""
    said, told_by = str(error).lower(), error.__cause__ or error.__context__
    return any(words in said for words in NO_MEMORY) or (told_by is not None and tells_of_no_memory(told_by))


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
