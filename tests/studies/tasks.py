"""Work for workers in other processes."""

import os
import signal
import time
from pathlib import Path


def squared(number):
    return number, number**2


def deadly(number, folder):
    """The first to come kills its own process, as a machine that is switched off."""
    try:
        (Path(folder) / "died").touch(exist_ok=False)
    except FileExistsError:
        return number, os.getpid()
    return os.kill(os.getpid(), signal.SIGKILL)


def refusing(number):
    raise ValueError(f"no {number}")


def endless(*_):
    while True:
        time.sleep(1)
