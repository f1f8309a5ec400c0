"""Small files that a person names: read whole, and refused where reading might never end."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import IO

MOST_BYTES = 1 << 24


def plain_bytes(path: Path, most: int = MOST_BYTES) -> bytes:
    """The bytes of a regular file of at most so many.

    Raises OSError, with the reason in words, for a folder, a pipe, a socket or a device, none of which is
    waited for; for a larger file; and for a name that no file can have.
    """
    with opened(path) as file:
        content = file.read(most + 1)
    if len(content) > most:
        raise OSError(errno.EFBIG, f"is larger than the {most:,} bytes that are read")
    return content


def opened(path: Path) -> IO[bytes]:
    """A regular file, to be read. Raises OSError as `plain_bytes` does."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    except ValueError:
        raise OSError(errno.EINVAL, "is no name of a file") from None
    file = os.fdopen(handle, "rb") if is_plain(handle) else None
    if file is None:
        os.close(handle)
        raise OSError(errno.EINVAL, "is a folder, a pipe, a socket or a device, no plain file")
    return file


def is_plain(handle: int) -> bool:
    """Whether an open file is a regular one."""
    return stat.S_ISREG(os.fstat(handle).st_mode)


def expanded(text: str) -> Path:
    """The path of a text that may begin with `~`; that of a user who is not known stays as it is."""
    try:
        return Path(text).expanduser()
    except RuntimeError:
        return Path(text)
