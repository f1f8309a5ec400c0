"""One of many, found by a few of its letters."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.containers import Vertical
from textual.widgets import Input

from tui.screens.base import Dialog
from tui.screens.dialogs import wrapped
from tui.terminal.keys import VIEW, key
from tui.widgets.entry import Entry
from tui.widgets.lines import Line, Lines, fitted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.app import ComposeResult
    from textual.binding import BindingType

LONGEST = 12  # rows of the list
AROUND = 9  # rows of the dialog besides the list


class Pick(Dialog):
    """Dismissed with the value that was taken, or None."""

    BINDINGS: ClassVar[list[BindingType]] = [
        key("down", "move(1)", "next", VIEW, show=False, priority=True),
        key("up", "move(-1)", "previous", VIEW, show=False, priority=True),
        key("pagedown", "move(10)", "ten down", VIEW, show=False, priority=True),
        key("pageup", "move(-10)", "ten up", VIEW, show=False, priority=True),
    ]

    def __init__(self, question: str, choices: Sequence[tuple[str, str]], present: str = "") -> None:
        """Each choice is a value and what is said beside it; `present` is where one begins."""
        super().__init__()
        self._question, self._choices = question, choices
        values = [value for value, _ in choices]
        self._at = values.index(present) if present in values else 0

    def compose(self) -> ComposeResult:
        """Question, words to look for, what has them, keys."""
        yield Lines(id="needed")
        with Vertical(id="box"):
            yield Lines(id="text")
            yield Entry("", placeholder="words to look for", id="field", compact=True)
            yield Lines(id="found")
            yield Lines(id="hints")

    def on_mount(self) -> None:
        """Type into the field."""
        self.query_one("#field", Input).focus()

    def lay_out(self) -> None:
        """The question and the list."""
        self.query_one("#text", Lines).show(wrapped(self._question, "bright", self.columns))
        self._show()

    @property
    def found(self) -> list[tuple[str, str]]:
        """The choices in which every word stands, those first whose values have them."""
        words = self.query_one("#field", Input).value.lower().split()

        def lack(text: str) -> bool:
            return not all(word in text.lower() for word in words)

        kept = [each for each in self._choices if not lack(" ".join(each))]
        return sorted(kept, key=lambda each: lack(each[0]))

    def on_input_changed(self) -> None:
        """Other words, other choices."""
        self._at = 0
        self._show()

    def on_input_submitted(self) -> None:
        """Take what the cursor is on."""
        if found := self.found:
            self.dismiss(found[self._at][0])

    def action_move(self, rows: int) -> None:
        """Move the cursor."""
        self._at = max(0, min(len(self.found) - 1, self._at + rows))
        self._show()

    def _show(self) -> None:
        found, room = self.found, max(1, min(LONGEST, self.app.size.height - AROUND))
        first = max(0, min(self._at - room // 2, len(found) - room))
        wide = min(30, max((len(value) for value, _ in self._choices), default=0)) + 1
        lines: list[Line] = []
        for place, (value, about) in enumerate(found[first : first + room], first):
            here = place == self._at
            text = fitted(about, max(0, self.columns - wide - 2))
            name: Line = [(fitted(value or "(empty)", wide), "bright" if here else "")]
            lines.append([("▸ " if here else "  ", "live"), *name, (text, "quiet")])
        none: list[Line] = [[("  none has these words", "quiet")]]
        count = f"{len(found)} of {len(self._choices)}   "
        hints: Line = [(count, "quiet"), ("↑ ↓", "bright"), (" move   ", "quiet")]
        hints += [("enter", "bright"), (" take   ", "quiet"), ("esc", "bright"), (" cancel", "quiet")]
        self.query_one("#found", Lines).show(lines or none)
        self.query_one("#hints", Lines).show([[], hints])
