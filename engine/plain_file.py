"""Small files that a person names: read whole, and refused where reading might never end."""

from __future__ import annotations

import errno
import os
import stat
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

MOST_BYTES = 1 << 24


def plain_bytes(path: Path, most: int = MOST_BYTES) -> bytes:
    """The bytes of a regular file of at most so many.

    Raises OSError, with the reason in words, for a folder, a pipe, a socket or a device, none of which is
    waited for; for a larger file; and for a name that no file can have.
    """
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    except ValueError:
        raise OSError(errno.EINVAL, "is no name of a file") from None
    with os.fdopen(handle, "rb") as file:
        mode = os.fstat(handle).st_mode
        if not stat.S_ISREG(mode):
            what = "is a folder" if stat.S_ISDIR(mode) else "is a pipe, a socket or a device, no plain file"
            raise OSError(errno.EINVAL, what)
        content = file.read(most + 1)
    if len(content) > most:
        raise OSError(errno.EFBIG, f"is larger than the {most:,} bytes that are read")
    return content
