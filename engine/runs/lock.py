"""The lock of a run: held for as long as its engine lives, from the very moment of launching.

A process id may be given to another process; a lock cannot outlive its holder. `flock` locks belong to the
open file, so the launcher takes the lock and hands the open file down: there is no moment between the two.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import threading
from time import monotonic
from typing import TYPE_CHECKING

from engine.disk import to_lock
from engine.errors import MakeRoomError

if TYPE_CHECKING:
    from pathlib import Path

INHERITED = "QUANTDECK_LOCK"


def held(path: Path) -> bool:
    """Whether some process holds the lock. A shared probe, so that any number may ask at once.

    Raises MakeRoomError when that cannot be told.
    """
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:
        raise MakeRoomError(str(path), f"cannot be opened: {error.strerror}", "Allow reading it") from None
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(handle)
    return False


def take(path: Path, patience_s: float = 1.0) -> int | None:
    """Take the lock and return its descriptor; closing that gives the lock back. None: somebody has it.

    The patience outlasts the moments in which others merely ask whether the lock is held.
    Raises MakeRoomError when the lock file cannot be opened.
    """
    handle = to_lock(path)
    if acquire(handle, fcntl.LOCK_EX, patience_s):
        return handle
    os.close(handle)
    return None


def acquire(handle: int, kind: int, patience_s: float) -> bool:
    """Lock an open file in that kind, once others let it; False if they have not when the time is up."""
    until, pause = monotonic() + patience_s, threading.Event()
    while True:
        try:
            fcntl.flock(handle, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            if monotonic() >= until:
                return False
            pause.wait(0.01)
        else:
            return True


def inherit(path: Path) -> int | None:
    """The descriptor of this very lock if the launcher handed it down, else None."""
    given = os.environ.pop(INHERITED, "")
    with contextlib.suppress(OSError, ValueError):
        handle = int(given)
        if os.path.samestat(os.fstat(handle), path.stat()):
            os.set_inheritable(handle, False)
            return handle
    return None
