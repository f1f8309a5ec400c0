"""Importing large libraries without what would only take time."""

from __future__ import annotations

import contextlib
import gc
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextlib.contextmanager
def gc_paused(*, stays: bool = True) -> Iterator[None]:
    """Look for no garbage meanwhile: what imports make stays, and the search takes a sixth of their time.

    stays: nor is what was made searched later.
    """
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        if stays:
            gc.freeze()
        gc.enable()
