"""What Python's own modules keep for themselves: looks at frames, the name by which a library was opened."""

from __future__ import annotations

from typing import Any

ONE_FRAME, ALL_FRAMES = "sys._getframe", "sys._current_frames"  # audit events, which the documentation lists


def name_of(library: Any) -> str:
    """The name that a ctypes library was opened by; empty for the whole process and for what is none."""
    return str(getattr(library, "_name", None) or "")
