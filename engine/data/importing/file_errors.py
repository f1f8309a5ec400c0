"""What can go wrong in reading a file, as errors that name it, the reason and the remedy."""

from __future__ import annotations

import contextlib
import stat
from typing import TYPE_CHECKING

import pyarrow as pa

from engine.data.importing.code_pages import GUESSED
from engine.data.importing.hints import HintNeededError, UnclearError
from engine.errors import ChangeSettingsError, MakeRoomError, RepairDataError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from engine.data.importing.tables import Table

WANTED = (
    "Give a table in UTF-8 with a header such as time,open,high,low,close,volume or time,value, or a file of "
    "one of the publishers that docs/data.md lists"
)


@contextlib.contextmanager
def naming_code_page(table: Table) -> Iterator[None]:
    """Add to a refusal which code page the names were read in, where that was a guess."""
    try:
        yield
    except HintNeededError:
        raise
    except UnclearError as error:
        if table.form is None or table.form.encoding != GUESSED:
            raise
        raise UnclearError(
            f"{error}. It is not UTF-8 and was read as {GUESSED}, as no code page gave names that are known: "
            "if these letters look wrong, save it as UTF-8"
        ) from None


def refuse_others_than_files(path: Path) -> None:
    """ChangeSettingsError for what is no plain file: a pipe or a device may never end."""
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError) as error:
        absent = isinstance(error, FileNotFoundError | NotADirectoryError)
        reason = "is not there" if absent else f"cannot be read: {getattr(error, 'strerror', None) or error}"
        raise ChangeSettingsError(str(path), reason, "Name a file") from None
    if not stat.S_ISREG(mode):
        what = "is a folder" if stat.S_ISDIR(mode) else "is a pipe, a socket or a device, no plain file"
        raise ChangeSettingsError(str(path), what, "Name a file")


@contextlib.contextmanager
def wrapping_read_errors(path: Path) -> Iterator[None]:
    """Turn whatever goes wrong in reading a file into an error that names it, the reason and the remedy."""
    refuse_others_than_files(path)
    try:
        yield
    except PermissionError:
        raise MakeRoomError(str(path), "may not be read", "Allow reading it") from None
    except MakeRoomError as error:
        raise MakeRoomError(str(path), error.reason, error.remedy) from None
    except MemoryError:  # Arrow's is one, too
        remedy = "Free memory, or import it in parts"
        raise MakeRoomError(str(path), "needs more memory than there is", remedy) from None
    except RepairDataError as error:
        raise RepairDataError(str(path), error.reason, error.remedy) from None
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:  # the last: a name that is no text
        reason = str(error).partition("\n")[0].rstrip(".")
        raise RepairDataError(
            str(path), f"is damaged: {reason}", "Get the file again from where it came"
        ) from error
    except HintNeededError as error:
        raise RepairDataError(str(path), str(error), f"Say what is meant with {error.option}") from error
    except UnclearError as error:
        raise RepairDataError(str(path), str(error), WANTED) from error
