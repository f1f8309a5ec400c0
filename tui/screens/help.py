"""All keys of a screen, from its bindings; the palette offers the same."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.keys import format_key

from tui.screens.base import BaseScreen, Dialog
from tui.sub_commands import same_as
from tui.widgets.lines import Line, Lines

if TYPE_CHECKING:
    from collections.abc import Iterator

    from textual.app import ComposeResult
    from textual.binding import BindingType
    from textual.screen import Screen

EVERYWHERE = (
    ("1 2 3 4", "Data, Train, Backtest, Runs"),
    ("ctrl+p", "palette: every action by name, themes"),
    ("?", "this help"),
    ("esc", "back"),
    ("q", "leave; runs go on"),
)
TEXTUAL_OWN = ("app.focus_next", "app.focus_previous", "screen.copy_text", "screen.minimize")


def keys(screen: Screen[Any]) -> Iterator[tuple[str, str, str]]:
    """Key, what it does, and the action, of a screen's own bindings; keys with one meaning together."""
    seen: dict[tuple[str, str], list[str]] = {}
    for active in screen.active_bindings.values():
        binding = active.binding
        if active.node is not screen or binding.action in TEXTUAL_OWN or not binding.description:
            continue
        key = binding.key_display or format_key(binding.key)
        seen.setdefault((binding.description, binding.action), []).append(key)
    for (what, action), names in seen.items():
        yield " ".join(dict.fromkeys(names)), what, action


def actions(screen: Screen[Any]) -> Iterator[tuple[str, str, str]]:
    """Label, action and explanation of everything that the palette offers."""
    for name, label in (("data", "Data"), ("train", "Train"), ("backtest", "Backtest"), ("runs", "Runs")):
        yield f"Go to {label}", f"app.mode('{name}')", "one of the four screens"
    if isinstance(screen, BaseScreen):
        for key, what, action in keys(screen):
            same = same_as(type(screen).__name__, action)
            yield what.capitalize(), action, f"key {key}{f'; {same}' if same else ''}"


class Help(Dialog):
    """The keys of a screen."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("question_mark,q,enter", "close", "close")]

    def __init__(self, screen: Screen[Any]) -> None:
        """`screen` is the one to be explained."""
        super().__init__()
        self._of = screen

    def compose(self) -> ComposeResult:
        """A list that scrolls if it must."""
        yield Lines(id="needed")
        with VerticalScroll(id="box"):
            yield Lines(id="text")

    def on_mount(self) -> None:
        """List the keys."""
        same_word: Line = [("the same by quantdeck …", "quiet")]
        lines: list[Line] = [[(f"{'Keys of this screen':<40}", "bright"), *same_word]]
        for key, what, action in keys(self._of):
            if what not in ("help", "leave"):
                same = (same_as(type(self._of).__name__, action) or "").removeprefix("quantdeck ")
                lines.append([(f"  {key:<14}", "bright"), (f"{what:<24}", ""), (same, "quiet")])
        lines += [[], [("Everywhere", "bright")]]
        lines += [[(f"  {key:<14}", "bright"), (what, "")] for key, what in EVERYWHERE]
        self.query_one("#text", Lines).show(lines)
        self.query_one("#box").focus()
