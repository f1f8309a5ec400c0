"""Small dialogs: a question, a line of text to give, and an error with its remedy."""

from __future__ import annotations

import textwrap
import time
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding
from textual.containers import Vertical
from textual.widgets import Input

from engine.plain_file import expanded
from tui.runs.status import tone
from tui.screens.base import BaseScreen, Dialog
from tui.widgets.entry import Entry
from tui.widgets.lines import Line, Lines

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.app import ComposeResult
    from textual.binding import BindingType

    from engine.errors import QuantdeckError
    from tui.runs.watch import Watched

COPY_FILE = "quantdeck-copy.txt"
NAME = 10  # cells of a field's name
COLUMNS = 66  # where nothing is said of the room


def wrapped(text: str, role: str = "", width: int = COLUMNS) -> list[Line]:
    """Text as lines of at most so many cells."""
    return [
        [(line, role)]
        for paragraph in text.split("\n")
        for line in textwrap.wrap(paragraph, max(1, width), break_long_words=True) or [""]
    ]


def described(name: str, meaning: str, width: int) -> list[Line]:
    """A field's name with its meaning beside it, in as many lines as that needs."""
    first, *others = wrapped(meaning, "quiet", width - NAME)
    return [[(f"{name:<{NAME}}", ""), *first], *([(" " * NAME, ""), *line] for line in others)]


class Ask(Dialog):
    """A question that y answers with yes; everything else leaves things as they are."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "yes", "yes"),
        Binding("n,q", "close", "no"),
    ]

    def __init__(self, question: str, detail: str, yes: str) -> None:
        """`yes` says what y does."""
        super().__init__()
        self._question, self._detail, self._yes = question, detail, yes
        self.asked_at = time.monotonic()  # from when on keys are answers

    def compose(self) -> ComposeResult:
        """Question, what it means, keys."""
        yield Lines(id="needed")
        with Vertical(id="box"):
            yield Lines(id="text")

    def lay_out(self) -> None:
        """Question, what it means, keys."""
        keys: Line = [("y", "bright"), (f" {self._yes}   ", "quiet"), ("n", "bright"), (" cancel", "quiet")]
        lines = [
            *wrapped(self._question, "bright", self.columns),
            *wrapped(self._detail, width=self.columns),
            [],
            keys,
        ]
        self.query_one("#text", Lines).show(lines)

    def action_yes(self) -> None:
        """Yes."""
        self.dismiss(True)


class Prompt(Dialog):
    """Asks for a line of text; enter gives it, esc does not."""

    def __init__(self, question: str, value: str = "", check: Callable[[str], str] = lambda _: "") -> None:
        """`check` says what is wrong with a text, nothing if it will do."""
        super().__init__()
        self._question, self._value, self._check = question, value, check

    def compose(self) -> ComposeResult:
        """Question, field, what is wrong."""
        yield Lines(id="needed")
        with Vertical(id="box"):
            yield Lines(id="text")
            yield Entry(self._value, id="field", compact=True, select_on_focus=False)
            yield Lines(id="wrong")

    def on_mount(self) -> None:
        """Type into the field."""
        self.query_one("#field", Input).focus()

    def lay_out(self) -> None:
        """Question, and what is wrong."""
        self.query_one("#text", Lines).show(wrapped(self._question, "bright", self.columns))
        self._judge(self.query_one("#field", Input).value)

    def on_input_changed(self, event: Input.Changed) -> None:
        """Say while it is typed whether it will do."""
        self._judge(event.value)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Give the text."""
        if not self._judge(event.value):
            self.dismiss(event.value)

    def _judge(self, text: str) -> str:
        wrong = self._check(text)
        keys: Line = [("enter", "bright"), (" accept   ", "quiet"), ("esc", "bright"), (" cancel", "quiet")]
        self.query_one("#wrong", Lines).show(
            [*wrapped(wrong, "bad", self.columns), keys] if wrong else [[], keys]
        )
        return wrong


class ErrorDialog(Dialog):
    """An error: the thing, the reason, the remedy. y copies them."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "copy", "copy"),
        Binding("enter,q", "close", "close"),
    ]

    def __init__(self, error: QuantdeckError) -> None:
        """`error` is shown whole."""
        super().__init__()
        self._error = error

    def compose(self) -> ComposeResult:
        """The error and the keys."""
        yield Lines(id="needed")
        with Vertical(id="box"):
            yield Lines(id="text")

    def lay_out(self) -> None:
        """The error and the keys."""
        error = self._error
        problems = [str(problem) for problem in getattr(error, "problems", [])]
        lines = [
            *wrapped(error.thing, "bright", self.columns),
            *wrapped(error.reason, tone(error), self.columns),
        ]
        lines += [line for problem in problems for line in wrapped(f"  {problem}", width=self.columns)]
        lines += [[], *wrapped(error.remedy, width=self.columns)] if error.remedy else []
        keys: Line = [("y", "bright"), (" copy   ", "quiet"), ("esc", "bright"), (" close", "quiet")]
        self.query_one("#text", Lines).show([*lines, [], keys])

    def action_copy(self) -> None:
        """Copy the error."""
        self.deck.copy(str(self._error), "the error")


def ask_stop(screen: BaseScreen, watched: Watched) -> None:
    """Ask first, then ask the run; one that was asked before can be killed."""
    at_once = watched.state.status == "stopping"
    if at_once:
        question = Ask(
            f"Kill run {watched.id}?", "It was asked to stop already. R resumes it afterwards.", "kill it"
        )
    else:
        detail = "It ends at its next safe point and keeps a checkpoint; R resumes it from there."
        question = Ask(f"Stop run {watched.id}?", detail, "stop it")
    screen.app.push_screen(
        question, lambda yes: screen.deck.stop_run(watched.run, at_once=at_once) if yes else None
    )


def ask_copy_file(why: str) -> Prompt:
    """Ask where to write what the terminal takes no copy of, for the reason that is told."""

    def wrong(name: str) -> str:
        return "that file exists already: choose another name" if expanded(name).exists() else ""

    return Prompt(f"Not copied: {why}. Write it to a file instead:", COPY_FILE, wrong)
