"""Importing large libraries without what would only take time."""

from __future__ import annotations

import contextlib
import gc
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextlib.contextmanager
def collector_paused() -> Iterator[None]:
    """Look for no garbage meanwhile: what imports make stays, and the search takes a sixth of their time."""
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


@contextlib.contextmanager
def not_installed(*names: str) -> Iterator[None]:
    """Whoever tries to import these modules meanwhile finds none, unless they are imported already.

    For what a library takes along where it happens to be installed, and does without elsewhere.
    """
    absent = [name for name in names if name not in sys.modules]
    sys.modules.update(dict.fromkeys(absent))  # type: ignore[arg-type]  # None: cannot be imported
    try:
        yield
    finally:
        for name in absent:
            del sys.modules[name]
