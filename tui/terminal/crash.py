"""An app whose crash is written to a file, never to the terminal, and without anybody's variables."""

from __future__ import annotations

import contextlib
import traceback
from typing import TYPE_CHECKING

from tui.terminal.keyboard import Keyboard

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path


class CrashSafe(Keyboard):
    """`fault` is what ended the app, None if it was left."""

    def write_traceback(self, path: Path, now: datetime) -> str:
        """Append the traceback, without variables, to a file; return its path."""
        with contextlib.suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("a", encoding="utf-8") as file:
                file.write(f"--- {now.isoformat()} ---\n")
                file.writelines(traceback.format_exception(self.fault))
        return str(path)
