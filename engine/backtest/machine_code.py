"""How numba compiles the loops, and what is kept on disk of that.

numba watches the file of the function that it keeps, and none that this one calls into. So what is kept
closes over `sources()`: what a closure holds is in numba's key, and a change in any file of this room
compiles anew.

All arrays are the caller's, so nobody counts references to them: to do so took a third of a loop's time, and
of the time to compile it.
"""

from __future__ import annotations

from typing import Any

from numba import njit

from engine import backtest
from engine.code_cache import source_digest
from engine.compat.numba_options import UNCOUNTED

OPTIONS = {"nogil": True, "error_model": "numpy", **UNCOUNTED}
# Compiled into its caller, never kept on its own: a call would hand all terms and the whole bar on.
step = njit(forceinline=True, **OPTIONS)
rare = njit(**OPTIONS)  # stays out of the loop's way


def compiled(function: Any) -> Any:
    """Compile, and keep the machine code on disk where numba finds a folder that it may write to."""
    try:
        return njit(cache=True, **OPTIONS)(function)
    except RuntimeError:  # no such folder: compile anew in each process
        return njit(**OPTIONS)(function)


def sources() -> str:
    """The digest of all files of this room."""
    return source_digest(backtest.__path__[0])
