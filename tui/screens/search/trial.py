"""A trial that has no run of its own: what was drawn, what it came to, or why it ended."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding
from textual.containers import VerticalScroll

from tui.screens.base import Dialog
from tui.screens.search.drawing import details
from tui.widgets.lines import Line, Lines

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.binding import BindingType

    from engine.results.search import SearchTrial

WHERE = (
    "Its figures are of the inner folds, before the test. It was trained for these alone and left no model: "
    "a writes its settings to a file and trains them."
)


class TrialDialog(Dialog):
    """The facts of one trial."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("a", "train", "train it"),
        Binding("enter,q", "close", "close"),
    ]

    def __init__(self, trial: SearchTrial) -> None:
        """`trial` is shown whole."""
        super().__init__()
        self._trial = trial

    def compose(self) -> ComposeResult:
        """A text that scrolls if it must."""
        yield Lines(id="needed")
        with VerticalScroll(id="box"):
            yield Lines(id="text")

    def on_mount(self) -> None:
        """Take the keys that scroll."""
        self.query_one("#box").focus()

    def lay_out(self) -> None:
        """The facts, and the keys."""
        keys: Line = [("a", "bright"), (" train it   ", "quiet"), ("esc", "bright"), (" close", "quiet")]
        self.query_one("#text", Lines).show([*details(self._trial, WHERE, self.columns), [], keys])

    def action_train(self) -> None:
        """Close, and have it trained."""
        self.dismiss(self._trial)
