"""What a run does, shown on stderr: bars where it is a terminal, one line for each lasting fact elsewhere."""

from __future__ import annotations

import contextlib
import os
import sys
from typing import TYPE_CHECKING, Any, Protocol

from engine.errors import printable
from tui.commands.answer import say
from tui.number_format import UNDEFINED, defined, loss, span, whole

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from rich.progress import Progress, TaskID

    from engine.runs.events import Event
    from engine.runs.state import State


class Display(Protocol):
    """Something that shows a run."""

    def update(self, events: Sequence[Event], state: State) -> None:
        """Show new events and the state that they lead to."""

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

    def update(self, events: Sequence[Event], state: State) -> None:  # noqa: ARG002  events say it all
        """Print what the new events say."""
        for event in events:
            for line in (lasting(event), epoch_line(event) if event["kind"] == "epoch" else ""):
                if line:
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

    def update(self, events: Sequence[Event], state: State) -> None:
        """Print lasting lines above the bars, then move the bars."""
        for event in events:
            if line := lasting(event):
                self.print_line(line)
            if event["kind"] == "source":
                self._source(event)
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

    def _source(self, event: Event) -> None:
        key = f"source {event.get('series', '')}"
        if event.get("state") in ("end", "failed"):
            self._drop(key)
            return
        left = f"{span(event['left_s'])} left" if defined(event.get("left_s")) else ""
        page = (
            f"page {whole(event['page'])}/{whole(event.get('pages'))}" if defined(event.get("page")) else ""
        )
        rows = f"{whole(event['rows'])} rows" if defined(event.get("rows")) else ""
        details = "  ".join(part for part in (page, rows, left) if part)
        self._draw(key, str(event.get("series", "")), event.get("page"), event.get("pages"), details)

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


def lasting(event: Event) -> str:
    """The line that stays of an event, empty if there is none; epochs have their own."""
    line = LASTING.get(event["kind"])
    return line(event) if line else ""


def stage_line(event: Event) -> str:
    """A stage that ended, with its time."""
    return f"{event.get('stage')}: {span(event.get('seconds'))}" if event.get("state") == "end" else ""


def source_line(event: Event) -> str:
    """A source that ended or failed."""
    if event.get("state") == "failed":
        return f"  {event.get('series')}: failed: {event.get('error', '')}"
    simulated = " (SIMULATED)" if event.get("simulated") else ""
    return (
        f"  {event.get('series')}: {whole(event.get('rows'))} rows{simulated}"
        if event.get("state") == "end"
        else ""
    )


def model_line(event: Event) -> str:
    """What is about to be trained, on how much."""
    parts = ("features", "lookback", "parameters", "train", "validation", "test", "purged", "dropped")
    return f"model: {', '.join(f'{whole(event[part])} {part}' for part in parts if event.get(part))}"


def simulated_line(event: Event) -> str:
    """That the market is simulated; the word itself never lacks."""
    text = str(event.get("text", ""))
    return text if "SIMULATED" in text else f"SIMULATED: {text}"


def note_line(event: Event) -> str:
    """A note, with its level unless that is the usual one."""
    level = event.get("level", "info")
    return f"{'' if level == 'info' else f'{level}: '}{event.get('text', '')}"


def rate_line(event: Event) -> str:
    """The learning rate has changed."""
    before, after = (
        f"{rate:.1e}" if defined(rate := event.get(key)) else UNDEFINED for key in ("before", "after")
    )
    return f"learning rate {before} → {after}"


LASTING: dict[str, Callable[[Event], str]] = {
    "simulated": simulated_line,
    "stage": stage_line,
    "source": source_line,
    "note": note_line,
    "model": model_line,
    "early_stopped": lambda event: (
        f"stopped early after epoch {event.get('epoch')}; the best was {event.get('best_epoch')}"
    ),
    "learning_rate": rate_line,
}


def epoch_line(event: Event) -> str:
    """One epoch that ended, as a line."""
    star = " *" if event.get("best_epoch") == event.get("epoch") else ""
    parts = [
        f"epoch {event.get('epoch')}/{event.get('epochs')}",
        f"loss {loss(event.get('loss'))}",
        f"val loss {loss(event.get('val_loss'))}{star}",
        f"best {event.get('best_epoch')}",
        f"patience {event.get('wait')}/{event.get('patience')}",
        span(event.get("seconds")),
        f"{whole(event.get('sequences_per_s'))} sequences/s",
    ]
    return "  ".join(parts)


def epoch_label(state: State) -> str:
    """Which epoch is at work."""
    return f"epoch {whole(state.epoch)}/{whole(state.epochs)}"


def epoch_details(state: State) -> str:
    """Time left, loss, best and patience, as far as they are known yet."""
    last: dict[str, Any] = dict(state.history[-1]) if state.history else {}
    running = state.loss if defined(state.loss) else last.get("loss")
    parts = [
        f"{span(state.left_s)} left" if defined(state.left_s) else "",
        f"loss {loss(running)}" if defined(running) else "",
        f"val {loss(last['val_loss'])}" if defined(last.get("val_loss")) else "",
        f"best {state.best_epoch}" if state.best_epoch else "",
        f"patience {state.wait}/{state.patience}" if state.patience else "",
    ]
    return "  ".join(part for part in parts if part)
