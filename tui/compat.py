"""Private names of Textual, and plotext's colours, behind names of ours.

tests/tui/test_compat.py fails when the library changes; pyproject bounds its version.
"""

from __future__ import annotations

import contextlib
import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from rich.cells import cell_len
from rich.color import ColorSystem
from rich.style import Style
from textual._compositor import CompositorUpdate
from textual._context import visible_screen_stack
from textual.app import App
from textual.command import CommandPalette
from textual.css.query import NoMatches
from textual.screen import Screen

from engine.errors import printable
from tui.frames import Frames, Look
from tui.widths import one_cell_each

if TYPE_CHECKING:
    from textual.driver import Driver
    from textual.strip import Strip
    from textual.timer import Timer
    from textual.widget import Widget

COLOUR = re.compile(r"\x1b\[([\d;]*)m")  # how plotext marks a colour in what it builds
NO_COLOURS = Style(color="default", bgcolor="default")
PLOTEXT_COLOURS = {
    "38;5;4": "blue", "38;5;1": "red", "38;5;2": "green", "38;5;5": "magenta", "38;5;6": "cyan",
}  # fmt: skip


QUESTION = "\x1b[6n"  # where is the cursor; answered once all before it has been taken
TOGETHER_S = 0.02  # what changes within that time, a row and the keys that it allows, is one picture
UNANSWERED_S = 1.0  # between two pictures for a terminal that has never answered
LOST_S = 30.0  # an answer that takes longer got lost


class PacedApp(App[None]):
    """An app that sends a picture when the terminal has taken the one before, and of it only what differs.

    Pictures between are dropped: a slow line shows the present, and keys wait for one picture at most.
    """

    def __init__(self, *, fills: bool = False) -> None:
        """Nothing has been sent. fills: whether the terminal erases in the present background."""
        super().__init__()
        self._frames = Frames(fills=fills)
        self._due = self._answers = False
        self._waits: Timer | None = None
        self._soon: Timer | None = None

    def repaint(self) -> None:
        """Send the next picture whole: the terminal shows something else."""
        self._frames.forget()
        self.screen.refresh()

    def ring(self, text: str, how: str) -> None:
        """Call from afar: the terminal's bell, or with `osc9` a note of the desktop's; nothing for none."""
        driver: Driver | None = self._driver
        if how in ("", "0") or driver is None or self.is_headless:
            return
        driver.write(f"\x1b]9;{printable(text)}\x07" if how == "osc9" else "\x07")
        driver.flush()

    def _display(self, screen: Screen[Any], renderable: Any) -> None:
        if self.is_headless or not isinstance(renderable, CompositorUpdate):
            super()._display(screen, renderable)
        else:
            self.show_soon()

    def show_soon(self) -> None:
        """Have a picture sent: soon, or when the one before has been taken."""
        if self._running and not self._closed and not self._batch_count:
            self._due = True
            if self._waits is None and self._soon is None:
                self._soon = self.set_timer(TOGETHER_S, self._send)
        self.post_display_hook()

    def show_now(self) -> None:
        """Have a picture that is due soon sent at once."""
        if self._soon is not None:
            self._soon.stop()
            self._send()

    def _send(self) -> None:
        self._soon = None
        if not self._due or not self._running or self._closed:
            return
        self._due = False
        driver: Driver | None = self._driver
        if driver is None:
            return
        visible_screen_stack.set(self._background_screens)
        strips = self.screen._compositor.render_strips()  # noqa: SLF001
        system = None if self.no_color else self.console._color_system  # noqa: SLF001
        if changes := self._frames.changes([cells_of(strip, system) for strip in strips]):
            self._begin_update()
            driver.write(changes)
            self._end_update()
            driver.write(QUESTION)
            driver.flush()
            self._waits = self.set_timer(LOST_S if self._answers else UNANSWERED_S, self._taken)

    def _taken(self) -> None:
        if self._waits is not None:
            self._waits.stop()
            self._waits = None
        self._send()

    def answered(self) -> None:
        """The terminal has taken the last picture."""
        self._answers = True
        self._taken()


class PacedScreen(Screen[object]):
    """A screen that is drawn when a picture of it is sent; Textual would draw every one twice."""

    def _compositor_refresh(self) -> None:
        app = self.app
        if self is not app.screen or app.is_headless or not isinstance(app, PacedApp):
            super()._compositor_refresh()
            return
        self._dirty_widgets.clear()
        if self._compositor._dirty_regions:  # noqa: SLF001
            self._compositor._dirty_regions.clear()  # noqa: SLF001
            app.show_soon()
        app._update_mouse_over(self)  # noqa: SLF001


def cells_of(strip: Strip, system: ColorSystem | None) -> list[tuple[str, Look]]:
    """A strip cell by cell, each with its look in this system's colours, or in none."""
    cells: list[tuple[str, Look]] = []
    for text, style, control in strip:
        look = look_of(style, system) if style else Look()
        if not control and one_cell_each(text):
            cells += [(character, look) for character in text]
        elif not control:
            for character in text:
                if width := cell_len(character):
                    cells += [(character, look), *[("", look)] * (width - 1)]
                elif cells:  # a combining mark belongs to the character before it
                    cells[-1] = (cells[-1][0] + character, cells[-1][1])
    return cells


@lru_cache(maxsize=4096)
def look_of(style: Style, system: ColorSystem | None) -> Look:
    """A style's parameters of SGR; without colours where there is no system of them."""
    colours = [
        ";".join(colour.downgrade(system).get_ansi_codes(foreground=foreground)) if colour and system else ""
        for colour, foreground in ((style.color, True), (style.bgcolor, False))
    ]
    attributes = (style + NO_COLOURS)._make_ansi_codes(ColorSystem.STANDARD)  # noqa: SLF001
    return Look(";".join(part for part in attributes.split(";") if part not in ("39", "49")), *colours)


class ContainedApp(PacedApp):
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
