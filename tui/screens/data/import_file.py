"""The form of an import: a file, and what somebody says about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.containers import Vertical
from textual.widgets import Input

from engine.plain_file import expanded
from tui.screens.base import Dialog
from tui.screens.dialogs import described, wrapped
from tui.widgets.entry import Entry
from tui.widgets.lines import Line, Lines, packed

if TYPE_CHECKING:
    from pathlib import Path

    from textual.app import ComposeResult

FIELDS = (
    ("file", "CSV or the like, Parquet, Feather, JSON; compressed or not"),
    ("name", "of the series; empty: that of the file"),
    ("options", "those of `quantdeck data import`, if a file is unclear"),
)
OPTIONS = (
    "--dates day-first|month-first", "--timezone Europe/Berlin", "--label open|close",
    "--decimal point|comma", "--part finer|later", "--accept-losses", "--memory-limit GB",
)  # fmt: skip


@dataclass(frozen=True)
class Chosen:
    """What is imported; hints are those of engine.data.importing.hints by name."""

    path: Path
    name: str
    hints: dict[str, str | bool]


class ImportFile(Dialog):
    """Dismissed with what was chosen, or None."""

    def compose(self) -> ComposeResult:
        """A field a line, with what it means; below, what is wrong."""
        yield Lines(id="needed")
        with Vertical(id="box"):
            yield Lines(id="text")
            for name, _ in FIELDS:
                yield Lines(id=f"about-{name}")
                yield Entry("", id=f"field-{name}", compact=True)
            yield Lines(id="wrong")

    def on_mount(self) -> None:
        """Lay out the text."""
        self.query_one("#text", Lines).show([[("Import a file", "bright")]])
        self.lay_out()
        self.query_one("#field-file", Input).focus()
        self.judge()

    def lay_out(self) -> None:
        """Say what each field is, in the room that there is."""
        for name, meaning in FIELDS:
            lines = described(name, meaning, self.columns)
            if name == "options":
                lines += packed([[(text, "quiet")] for text in OPTIONS], self.columns)
            self.query_one(f"#about-{name}", Lines).show(lines)

    def on_input_changed(self) -> None:
        """Say while it is typed whether it will do."""
        self.judge()

    def on_input_submitted(self) -> None:
        """Give what was chosen, if it will do."""
        if chosen := self.judge():
            self.dismiss(chosen)

    def judge(self) -> Chosen | None:
        """What is chosen; None where that is wrong, which is said."""
        file, name, options = (self.query_one(f"#field-{each}", Input).value.strip() for each, _ in FIELDS)
        path, hints = expanded(file).absolute(), hints_in(options)
        wrong = "name a file" if not file else "" if path.is_file() else "there is no such file"
        if hints is None:
            wrong = wrong or "options are written as in --dates day-first"
        keys: Line = []
        for key, what in (("enter", "import it"), ("tab", "next field"), ("esc", "cancel")):
            keys += [(key, "bright"), (f" {what}   ", "quiet")]
        self.query_one("#wrong", Lines).show(
            [*(wrapped(wrong, "bad", self.columns) if wrong else [[]]), keys]
        )
        return Chosen(path, name, hints) if hints is not None and not wrong else None


def hints_in(text: str) -> dict[str, str | bool] | None:
    """Options of a command line by name; None if a word is neither an option nor the value of one."""
    hints: dict[str, str | bool] = {}
    last = ""
    for word in text.replace("=", " ").split():
        if word.startswith("--"):
            last = word[2:].replace("-", "_")
            hints[last] = True
        elif last:
            hints[last], last = word, ""
        else:
            return None
    return hints
