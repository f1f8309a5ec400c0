"""The palette: every action by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from textual.await_complete import AwaitComplete
from textual.command import CommandInput

from tui.compat import SafePalette

if TYPE_CHECKING:
    from textual.worker import Worker


class Palette(SafePalette):
    """Textual's own, safe for keys that come before it is laid out or after it has closed."""

    def on_mount(self) -> None:
        """Let the cursor stand still; see Entry."""
        self.query_one(CommandInput).cursor_blink = False

    def run_worker(self, *arguments: Any, **options: Any) -> Worker[Any]:
        """Begin a search; one that outlives the palette ends no app."""
        return super().run_worker(*arguments, **options | {"exit_on_error": False})

    def dismiss(self, result: Any = None) -> AwaitComplete:
        """Close, once."""
        return super().dismiss(result) if self.is_active else AwaitComplete()
