"""All keys of a screen, from its bindings; the palette offers the same."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from textual.binding import Binding
from textual.containers import Vertical, VerticalScroll

from tui.screens import SCREENS
from tui.screens.base import BOX, BaseScreen, Dialog
from tui.terminal.keys import changes, same_as, shown_as
from tui.widgets.lines import Line, Lines
from tui.widgets.virtual_table import VirtualTable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from textual.app import ComposeResult
    from textual.binding import BindingType
    from textual.screen import Screen
    from textual.widget import Widget

    from tui.screens import ScreenEntry

EVERYWHERE = (("ctrl+p", "palette: every action by name, themes"), ("ctrl+z", "to the shell; fg comes back"))
ON_SCREENS = (("?", "this help"), ("q", "leave; runs go on"))
WHERE_TYPED = (("f1", "this help"), ("ctrl+q", "leave; runs go on"))  # letters go into the field
TEXTUAL_OWN = ("app.focus_next", "app.focus_previous", "screen.copy_text", "screen.minimize")


@dataclass(frozen=True)
class Key:
    """Keys with one meaning: their names, what they do, and the sub-command that does the same."""

    names: str
    what: str
    action: str
    same: str


def keys(screen: Screen[Any], panel: Widget | None = None) -> Iterator[Key]:
    """A screen's own keys that do something now, and those of a panel; those with one meaning together."""
    seen: dict[tuple[str, str, str], list[str]] = {}
    view, plain = (getattr(screen.app, name, False) for name in ("view", "ascii"))
    for active in screen.active_bindings.values():
        binding = active.binding
        if active.node not in (screen, panel) or binding.action in TEXTUAL_OWN or not binding.description:
            continue
        if view and changes(binding):
            continue
        key = shown_as(binding, ascii=plain)
        seen.setdefault((binding.description, binding.action, same_as(binding)), []).append(key)
    for meaning, names in seen.items():
        yield Key(" ".join(dict.fromkeys(names)), *meaning)


def paired(listed: Sequence[Key]) -> set[str]:
    """Keys that are named beside another, with what both do: `]` in `[ ]`."""
    return {name for each in listed if " " in each.names for name in each.names.split()}


def actions(screen: Screen[Any]) -> Iterator[tuple[str, str, str]]:
    """Label, action and explanation of everything that the palette offers."""
    for entry in SCREENS.values():
        yield f"Go to {entry.label}", f"app.mode('{entry.name}')", "one of the screens"
    if isinstance(screen, BaseScreen):
        for each in keys(screen):
            same = f"; {each.same}" if each.same else ""
            yield each.what.capitalize(), each.action, f"key {each.names}{same}"


class Help(Dialog):
    """The keys of a screen that do something now."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("question_mark,q,enter", "close", "close")]

    def __init__(self, screen: Screen[Any]) -> None:
        """`screen` is the one to be explained, as it is now."""
        super().__init__()
        focused = screen.focused
        panel = None if isinstance(focused, VirtualTable) else focused
        self._keys = [each for each in keys(screen, panel) if each.what not in ("help", "leave")]
        typed = "question_mark" not in screen.active_bindings
        self._everywhere = (*EVERYWHERE, *(WHERE_TYPED if typed else ON_SCREENS))
        self._screens: tuple[ScreenEntry, ...] = () if typed else tuple(SCREENS.values())

    def compose(self) -> ComposeResult:
        """A list that scrolls if it must, and a line that says so."""
        yield Lines(id="needed")
        with Vertical(id="box"):
            with VerticalScroll(id="list"):
                yield Lines(id="text")
            yield Lines(id="more")

    def on_mount(self) -> None:
        """Take the keys that scroll."""
        scroll = self.query_one("#list")
        scroll.focus()
        self.watch(scroll, "scroll_y", self._mark, init=False)

    def lay_out(self) -> None:
        """List the keys; the sub-commands beside them where there is room."""
        lines = self._listed(roomy=self.columns == BOX - 6)
        self.query_one("#list").styles.height = min(len(lines), max(1, self.app.size.height - 6))
        self.query_one("#text", Lines).show(lines)
        self.call_after_refresh(self._mark)

    def _mark(self) -> None:
        """Say how many lines are below and above."""
        scroll = self.query_one("#list")
        below = round(scroll.max_scroll_y - scroll.scroll_y)
        hidden = [f"↓ {below} more"] * (below > 0) + [f"↑ {round(scroll.scroll_y)}"] * (scroll.scroll_y > 0)
        line: Line = [("  ".join(hidden), "warn"), ("   ↑ ↓ pgup pgdn   " if hidden else "", "quiet")]
        self.query_one("#more", Lines).show([[*line, ("esc", "bright"), (" close", "quiet")]])

    def _listed(self, *, roomy: bool) -> list[Line]:
        shown = [each for each in self._keys if each.names not in paired(self._keys)]
        names = max((len(each.names) for each in shown), default=0) + 2
        whats = max((len(each.what) for each in shown), default=0) + 2
        beside = 2 + names + whats
        same_word: Line = [("the same by quantdeck …" if roomy else "", "quiet")]
        lines: list[Line] = [[(f"{'Keys of this screen':<{beside}}", "bright"), *same_word]]
        for each in shown:
            same = each.same.removeprefix("quantdeck ") if roomy else ""
            first, *others = textwrap.wrap(same, max(8, self.columns - beside)) or [""]
            lines.append(
                [(f"  {each.names:<{names}}", "bright"), (f"{each.what:<{whats}}", ""), (first, "quiet")]
            )
            lines += [[(" " * beside, ""), (rest, "quiet")] for rest in others]
        tabs = (" ".join(each.key for each in self._screens), ", ".join(each.label for each in self._screens))
        lines += [[], [("Everywhere", "bright")]]
        for tab, what in ((tabs,) if self._screens else ()) + self._everywhere:
            lines.append([(f"  {tab:<14}", "bright"), (what, "")])
        return lines
