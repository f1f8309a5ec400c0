"""All keys of a screen, from its bindings; the palette offers the same."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.keys import format_key

from tui.screens import SCREENS
from tui.screens.base import BOX, BaseScreen, Dialog
from tui.terminal.keys import same_as
from tui.widgets.lines import Line, Lines
from tui.widgets.virtual_table import VirtualTable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from textual.app import ComposeResult
    from textual.binding import BindingType
    from textual.screen import Screen
    from textual.widget import Widget

EVERYWHERE = (
    ("ctrl+p", "palette: every action by name, themes"),
    ("?", "this help"),
    ("esc", "back"),
    ("q", "leave; runs go on"),
)
TEXTUAL_OWN = ("app.focus_next", "app.focus_previous", "screen.copy_text", "screen.minimize")


@dataclass(frozen=True)
class Key:
    """Keys with one meaning: their names, what they do, and the sub-command that does the same."""

    names: str
    what: str
    action: str
    same: str


def keys(screen: Screen[Any], panel: Widget | None = None) -> Iterator[Key]:
    """A screen's own keys, and those of a panel of it; those with one meaning together."""
    seen: dict[tuple[str, str, str], list[str]] = {}
    for active in screen.active_bindings.values():
        binding = active.binding
        if active.node not in (screen, panel) or binding.action in TEXTUAL_OWN or not binding.description:
            continue
        key = binding.key_display or format_key(binding.key)
        seen.setdefault((binding.description, binding.action, same_as(binding)), []).append(key)
    for meaning, names in seen.items():
        yield Key(" ".join(dict.fromkeys(names)), *meaning)


def actions(screen: Screen[Any]) -> Iterator[tuple[str, str, str]]:
    """Label, action and explanation of everything that the palette offers."""
    for entry in SCREENS.values():
        yield f"Go to {entry.label}", f"app.mode('{entry.name}')", "one of the screens"
    if isinstance(screen, BaseScreen):
        for each in keys(screen):
            same = f"; {each.same}" if each.same else ""
            yield each.what.capitalize(), each.action, f"key {each.names}{same}"


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
        """Take the keys that scroll."""
        self.query_one("#box").focus()

    def lay_out(self) -> None:
        """List the keys; the sub-commands beside them where there is room."""
        roomy = self.columns == BOX - 6
        same_word: Line = [("the same by quantdeck …" if roomy else "", "quiet")]
        lines: list[Line] = [[(f"{'Keys of this screen':<40}", "bright"), *same_word]]
        focused = self._of.focused
        for each in keys(self._of, None if isinstance(focused, VirtualTable) else focused):
            if each.what not in ("help", "leave"):
                same = each.same.removeprefix("quantdeck ") if roomy else ""
                lines.append([(f"  {each.names:<14}", "bright"), (f"{each.what:<24}", ""), (same, "quiet")])
        screens = SCREENS.values()
        tabs = (" ".join(each.key for each in screens), ", ".join(each.label for each in screens))
        lines += [[], [("Everywhere", "bright")]]
        lines += [[(f"  {names:<14}", "bright"), (what, "")] for names, what in (tabs, *EVERYWHERE)]
        self.query_one("#text", Lines).show(lines)
