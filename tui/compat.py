"""Private names of Textual, and plotext's colours, behind names of ours.

tests/tui/test_compat.py fails when the library changes; pyproject bounds its version.
"""

from __future__ import annotations

import contextlib
import re
from typing import TYPE_CHECKING, Any

from textual.app import App
from textual.command import CommandPalette
from textual.css.query import NoMatches

if TYPE_CHECKING:
    from textual.screen import Screen
    from textual.widget import Widget

COLOUR = re.compile(r"\x1b\[([\d;]*)m")  # how plotext marks a colour in what it builds
PLOTEXT_COLOURS = {"38;5;4": "blue", "38;5;1": "red", "38;5;2": "green"}


class ContainedApp(App[None]):
    """An app that prints nothing of what ends it; `fault` is that, None if it was left."""

    fault: BaseException | None = None

    @property
    def leaving(self) -> bool:
        """Whether the app has been asked to end."""
        return self._exit

    def meet(self, error: Exception) -> None:
        """Take an error as Textual does one of a widget: the app ends."""
        self._handle_exception(error)

    def _handle_exception(self, error: Exception) -> None:
        # A screen that is taken apart while it is built lacks its parts; that is no fault.
        if not self._exit:
            super()._handle_exception(error)

    def _fatal_error(self) -> None:
        # Textual's own would print a traceback with all local variables, secrets included.
        self.fault = getattr(self._exception, "error", None) or self._exception  # of a worker, its own
        self._close_messages_no_wait()

    def begin_with(self, theme: str) -> None:
        """As `self.theme = theme`, which would read the style sheet and style everything a second time."""
        self.set_reactive(App.theme, theme)
        dark = self.current_theme.dark
        self.set_classes(f"-theme-{theme} {'-dark-mode' if dark else '-light-mode'}")
        self._refresh_truecolor_filter(self.ansi_theme)
        self.stylesheet.set_variables(self.get_css_variables())

    def styled_when_mounted(self, screen: Screen[Any]) -> None:
        """Keep Textual from parsing the whole style sheet for a new screen, twice; mounting styles it."""
        screen._css_update_count = self._css_update_count  # noqa: SLF001


class SafePalette(CommandPalette):
    """A palette that takes keys before it is laid out: a list that is not there yet has no pages."""

    def _action_command_list(self, action: str) -> None:
        with contextlib.suppress(KeyError, NoMatches):
            super()._action_command_list(action)


def forget_height(widget: Widget) -> None:
    """Have an automatic height worked out anew, though it was in this very cycle."""
    widget._box_model_cache.clear()  # noqa: SLF001


def coloured(row: str) -> list[tuple[str, str]]:
    """A row that plotext built as pieces of text and their colours; "" is any other colour, or none."""
    pieces, colour, at = [], "", 0
    for code in COLOUR.finditer(row):
        pieces.append((row[at : code.start()], colour))
        colour, at = PLOTEXT_COLOURS.get(code[1], ""), code.end()
    return [(text, colour) for text, colour in [*pieces, (row[at:], colour)] if text]
