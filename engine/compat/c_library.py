"""The name by which ctypes opened a library, which it keeps for itself."""

from __future__ import annotations

from typing import Any


def name_of(library: Any) -> str:
    """The name that a ctypes library was opened by; empty for the whole process and for what is none."""
    return str(getattr(library, "_name", None) or "")
