"""What a run does, shown on stderr: bars where it is a terminal, one line for each lasting fact elsewhere."""

from __future__ import annotations

import contextlib
import os
import sys
from typing import TYPE_CHECKING, Protocol

from engine.errors import printable
from engine.results.number_format import defined, whole
from engine.runs.log_entries import Epoch, SourceProgress
from tui.commands.answer import say
from tui.number_format import loss, span
from tui.text.events import epoch_line, lasting

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.progress import Progress, TaskID

    from engine.runs.log_entries import LogEntry
    from engine.runs.state import State


class Display(Protocol):
    """Something that shows a run."""

    def update(self, entries: Sequence[LogEntry], state: State) -> None:
        """Show new entries of the log and the state that they lead to."""

    def print_line(self, text: str) -> None:
        """Show a line that stays."""


@contextlib.contextmanager
def display() -> Iterator[Display]:
    """Bars if stderr is a terminal that can redraw lines, plain lines otherwise."""
    if not sys.stderr.isatty() or os.environ.get("TERM", "dumb") in ("dumb", "unknown", ""):
        yield Lines()
        return
    with bars() as progress:
        yield Bars(progress)


class Lines:
    """One line for each stage, source and epoch that ended, and for each note."""

    def update(self, entries: Sequence[LogEntry], state: State) -> None:  # noqa: ARG002  entries say it all
        """Print what the new entries say."""
        for entry in entries:
            if line := epoch_line(entry) if isinstance(entry, Epoch) else lasting(entry):
                self.print_line(line)

    def print_line(self, text: str) -> None:
        """Print a line."""
        say(text)


@contextlib.contextmanager
def bars() -> Iterator[Progress]:
    """A rich display on stderr: label, bar, details. It vanishes at the end; lasting lines stay above it."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn
    from rich.table import Column

    fixed, rest = Column(no_wrap=True), Column(no_wrap=True, overflow="ellipsis", ratio=1)
    console = Console(stderr=True, highlight=False)
    progress = Progress(
        TextColumn("{task.description}", markup=False, table_column=fixed),
        BarColumn(bar_width=20 if console.width >= 100 else 10),
        TextColumn("{task.fields[details]}", markup=False, table_column=rest),
        console=console,
        refresh_per_second=4,
        transient=True,
        expand=True,
        redirect_stdout=False,
        redirect_stderr=False,
    )
    try:
        progress.start()
        yield progress
    finally:
        with contextlib.suppress(OSError):  # the terminal may have gone away
            progress.stop()


class Bars:
    """A bar for each source being collected, for the stage at work, and for the training."""

    def __init__(self, progress: Progress) -> None:
        """`progress` is on display already."""
        self._progress = progress
        self._tasks: dict[str, TaskID] = {}

    def update(self, entries: Sequence[LogEntry], state: State) -> None:
        """Print lasting lines above the bars, then move the bars."""
        for entry in entries:
            if line := lasting(entry):
                self.print_line(line)
            if isinstance(entry, SourceProgress):
                self._source(entry)
        if defined(state.epochs) and state.epochs and state.status in ("training", "stopping"):
            batch = state.batch / state.batches if state.batch and state.batches else 0.0
            self._draw(
                "fit",
                epoch_label(state),
                max(0.0, state.epoch - 1 + batch),
                state.epochs,
                epoch_details(state),
            )
        else:
            self._drop("fit")
        self._draw(
            "stage",
            state.stage or state.status,
            None,
            None,
            "" if state.stage == state.status else state.status,
        )

    def print_line(self, text: str) -> None:
        """Print a line above the bars."""
        with contextlib.suppress(OSError):  # the terminal may have gone away
            self._progress.console.print(printable(text), markup=False, highlight=False, soft_wrap=True)

    def _source(self, source: SourceProgress) -> None:
        key = f"source {source.series}"
        if source.over:
            self._drop(key)
            return
        left = f"{span(source.left_s)} left" if defined(source.left_s) else ""
        page = f"page {whole(source.page)}/{whole(source.pages)}" if defined(source.page) else ""
        rows = f"{whole(source.rows)} rows" if defined(source.rows) else ""
        details = "  ".join(part for part in (page, rows, left) if part)
        self._draw(key, source.series, source.page, source.pages, details)

    def _draw(self, key: str, label: str, done: float | None, total: float | None, details: str) -> None:
        shown = {"description": printable(label), "details": printable(details)}
        if key not in self._tasks:
            self._tasks[key] = self._progress.add_task(
                shown["description"], total=total, details=shown["details"]
            )
        self._progress.update(self._tasks[key], completed=done or 0, total=total, **shown)  # type: ignore[arg-type]

    def _drop(self, key: str) -> None:
        if key in self._tasks:
            self._progress.remove_task(self._tasks.pop(key))


def epoch_label(state: State) -> str:
    """Which epoch is at work."""
    return f"epoch {whole(state.epoch)}/{whole(state.epochs)}"


def epoch_details(state: State) -> str:
    """Time left, loss, best and patience, as far as they are known yet."""
    last = state.history[-1] if state.history else None
    running = state.loss if defined(state.loss) or not last else last.loss
    parts = [
        f"{span(state.left_s)} left" if defined(state.left_s) else "",
        f"loss {loss(running)}" if defined(running) else "",
        f"val {loss(last.val_loss)}" if last and defined(last.val_loss) else "",
        f"best {state.best_epoch}" if state.best_epoch else "",
        f"patience {state.wait}/{state.patience}" if state.patience else "",
    ]
    return "  ".join(part for part in parts if part)
