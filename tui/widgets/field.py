"""One setting of a form: its name, where it is typed or chosen, and what is to be said of it beside."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding
from textual.containers import Horizontal
from textual.message import Message
from textual.widgets import Input

from tui.widgets.entry import Entry
from tui.widgets.lines import Line, Lines, fitted, spread

if TYPE_CHECKING:
    from textual import events
    from textual.app import ComposeResult
    from textual.binding import BindingType

    from tui.settings.draft import About

LABEL = 27  # cells; the longest name has 23


class Choice(Lines, can_focus=True):
    """One of a few values; left and right, or its first letter, choose."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "turn(-1)", "previous", show=False),
        Binding("right,space", "turn(1)", "next", show=False),
        Binding("slash", "list", "list them", show=False),
    ]

    class Chosen(Message):
        """Another value."""

        def __init__(self, value: str) -> None:
            """`value` is the new one."""
            super().__init__()
            self.value = value

    class Listed(Message):
        """All values are to be shown in a list."""

        def __init__(self, values: tuple[str, ...], value: str) -> None:
            """`value` is the present one."""
            super().__init__()
            self.values, self.value = values, value

    def __init__(self, values: tuple[str, ...], value: str) -> None:
        """`value` need not be one of `values`: it may be wrong."""
        super().__init__()
        self._values, self._value = values, value

    def on_mount(self) -> None:
        """Show the value."""
        self.choose(self._value)

    def choose(self, value: str) -> None:
        """Take a value."""
        changed, self._value = value != self._value, value
        self.show([[("< ", "quiet"), (value, ""), (" >", "quiet")]])
        if changed:
            self.post_message(self.Chosen(value))

    def action_turn(self, by: int) -> None:
        """The next or previous value."""
        at = self._values.index(self._value) if self._value in self._values else -by
        self.choose(self._values[(at + by) % len(self._values)])

    def action_list(self) -> None:
        """Show them in a list."""
        self.post_message(self.Listed(self._values, self._value))

    def on_key(self, event: events.Key) -> None:
        """A letter goes to the next value that begins with it."""
        fitting = [each for each in self._values if event.character and each.startswith(event.character)]
        if fitting and event.is_printable and event.character != " ":
            event.stop()
            at = fitting.index(self._value) + 1 if self._value in fitting else 0
            self.choose(fitting[at % len(fitting)])


class Field(Horizontal):
    """A row of the form."""

    class Changed(Message):
        """Another text."""

        def __init__(self, key: str, text: str) -> None:
            """Of which setting, and what."""
            super().__init__()
            self.key, self.text = key, text

    def __init__(self, about: About, text: str) -> None:
        """The setting and its present text."""
        super().__init__()
        self.about = about
        self._text = text
        # Held, not looked up: a field may be told something while it is still coming, or already going.
        self._label, self._remark = Lines(classes="label"), Lines(classes="remark")

    def compose(self) -> ComposeResult:
        """Name, value, remark."""
        yield self._label
        if self.about.choices:
            yield Choice(self.about.choices, self._text)
        else:
            yield Entry(self._text, compact=True, select_on_focus=False)
        yield self._remark

    def on_input_changed(self, event: Input.Changed) -> None:
        """Pass on what is typed."""
        event.stop()
        self._pass_on(event.value)

    def on_choice_chosen(self, event: Choice.Chosen) -> None:
        """Pass on what is chosen."""
        event.stop()
        self._pass_on(event.value)

    def _pass_on(self, text: str) -> None:
        if text != self._text:
            self._text = text
            self.post_message(self.Changed(self.about.key, text))

    def put(self, text: str) -> None:
        """Replace the text."""
        for entry in self.query(Input):
            entry.value = text
        for choice in self.query(Choice):
            choice.choose(text)

    def remark(self, wrong: str, last: str, *, changed: bool, default: bool, meaning: str = "") -> None:
        """Say what is allowed if it is wrong, or else how it was at first, or else unit and meaning.

        default: whether the value is the default, which else has a mark.
        """
        plain = (" ", "") if default else ("•", "live")
        mark = ("✗", "bad") if wrong else ("≠", "warn") if changed else plain
        self._label.show(
            [[(" ", ""), mark, (" " + fitted(self.about.name, LABEL - 4), "" if changed else "quiet")]]
        )
        said = "   ".join(filter(None, (self.about.unit, meaning)))
        unit: Line = [(f" {said}", "quiet")]
        if wrong:
            line: Line = [(f" {self.about.allowed or wrong}", "bad")]
        elif changed:
            line = [(f" was {last or '(empty)'}", "warn"), *unit]
        else:
            line = unit
        room = self._remark.size.width
        self._remark.show([spread(line, [], room)])
