"""An app whose crash is written to a file, never to the terminal, and without anybody's variables."""

from __future__ import annotations

import contextlib
import traceback
from typing import TYPE_CHECKING

from tui.keyboard import Keyboard

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path


class CrashSafe(Keyboard):
    """`fault` is what ended the app, None if it was left."""

    def __init__(self) -> None:
        """Nothing has happened."""
        super().__init__()
        self.fault: BaseException | None = None

    def _handle_exception(self, error: Exception) -> None:
        # A screen that is taken apart while it is built lacks its parts; that is no fault.
        if not self._exit:
            super()._handle_exception(error)

    def _fatal_error(self) -> None:
        # Textual's own would print a traceback with all local variables, secrets included.
        self.fault = getattr(self._exception, "error", None) or self._exception  # of a worker, its own
        self._close_messages_no_wait()

    def write_fault(self, path: Path, now: datetime) -> str:
        """Append the traceback, without variables, to a file; return its path."""
        with contextlib.suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("a", encoding="utf-8") as file:
                file.write(f"--- {now.isoformat()} ---\n")
                file.writelines(traceback.format_exception(self.fault))
        return str(path)
