"""Runs as columns of a table: which of them have room, and their rows, of which nothing is cut."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.cells import chop_cells

from engine.errors import QuantdeckError
from engine.results.number_format import UNDEFINED, defined
from tui.number_format import NUMBER, loss
from tui.runs import status as run_status
from tui.runs.comparison import (
    against_first,
    backtest_if_any,
    different,
    figures,
    intervals_of,
    why_not,
)
from tui.screens.backtest.drawing import paragraph
from tui.text.comparison import first_read
from tui.widgets.lines import Line, fitted
from tui.widgets.overlay_chart import mark_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from engine.results.backtest import BacktestResult
    from engine.results.compared import ComparedRuns
    from tui.runs.facts import RunFacts

LABEL, NARROWEST, WIDEST = 16, 14, 30  # cells of a label at least, and of a column


@dataclass(frozen=True)
class Shown:
    """Which columns a table of that width has: the first run's and `others`, so many cells each.

    first: the column that stands beside the first run's; said: that there are more, empty if there are none.
    """

    width: int
    label: int
    wide: int
    first: int
    others: tuple[int, ...]
    said: str

    @property
    def numbers(self) -> tuple[int, ...]:
        """All of them in their order."""
        return (0, *self.others)


@dataclass(frozen=True)
class Columns:
    """The runs with what their files tell; with two of them a column more, for their difference."""

    runs: Sequence[RunFacts]
    results: Sequence[BacktestResult | None]
    differ: Mapping[str, list[Any]]
    faults: Sequence[QuantdeckError] = ()  # of results that cannot be read

    @property
    def count(self) -> int:
        """How many columns there are."""
        return len(self.runs) + (len(self.runs) == 2)

    @property
    def with_result(self) -> list[RunFacts]:
        """The runs that have a backtest."""
        return [each for each, result in zip(self.runs, self.results, strict=True) if result]

    def shown(self, width: int, first: int) -> Shown:
        """The columns that have room, from `first` on, or the last ones if these are fewer than fit."""
        room = min(self.count, max(2, (width - LABEL) // NARROWEST))
        label = min(26, width - room * NARROWEST)
        wide = min(WIDEST, (width - label) // room)
        first = max(1, min(first, self.count - room + 1))
        others = tuple(range(first, min(self.count, first + room - 1)))
        before, behind = first - 1, self.count - 1 - (others[-1] if others else 0)
        said = "   ".join(
            text for text, there in ((f"← {before} more", before), (f"{behind} more →", behind)) if there
        )
        return Shown(width, label, wide, first, others, said)


def columns_of(runs: Sequence[RunFacts]) -> Columns:
    """Read what the runs' files tell."""
    read = [backtest_if_any(each.run) for each in runs]
    results = [None if isinstance(each, QuantdeckError) else each for each in read]
    faults = [each for each in read if isinstance(each, QuantdeckError)]
    return Columns(runs, results, different([each.differ for each in runs]), faults)


def head(columns: Columns, shown: Shown) -> list[Line]:
    """The runs' marks and ids."""
    ids = [f"{mark_of(number)} {each.run.id}" for number, each in enumerate(columns.runs)]
    return row("", [*ids, "Δ 2 − 1"], shown, "bright")


def table(columns: Columns, shown: Shown, found: ComparedRuns | None, *, waits: bool) -> list[Line]:
    """Figures with intervals, differences from the first run, settings that differ."""
    runs = columns.runs
    names = [each.run.name for each in runs]
    said = first_read(runs, columns.results)
    lines = [line for text in said for line in paragraph(text, shown.width, "alarm")]
    lines += row("name", names, shown) if any(names) else []
    lines += row("state", [run_status.status(each.state)[0] for each in runs], shown)
    spans = [(each.start[:10], each.end[:10]) if each else ("", "") for each in columns.results]
    if len({*spans} - {("", "")}) > 1:
        lines += row("tested from", [first for first, _ in spans], shown)
        lines += row("tested to", [last for _, last in spans], shown)
    losses = [each.best_loss for each in runs]
    if any(map(defined, losses)):
        lines += row("best val loss", [*map(loss, losses), apart(losses)], shown)
    every = figures([each.metrics for each in runs], [intervals_of(each) for each in columns.results])
    for label, texts in every:
        if any(text not in (UNDEFINED, "") for text in texts):
            lines += row(label, texts, shown)
    lines += differences(columns, shown, found, waits=waits)
    lines += [[], [(" settings that differ", "bright")]]
    for key, values in columns.differ.items():
        lines += row(key, [*map(str, values)], shown)
    none: list[Line] = [[(" none: all have the same", "quiet")]]
    return [*lines, *([] if columns.differ else none)]


def apart(losses: Sequence[float | None]) -> str:
    """The second loss less the first, of two."""
    if len(losses) != 2 or not (defined(losses[0]) and defined(losses[1])):
        return ""
    gap = losses[1] - losses[0]
    return f"{'+' if gap > 0 else ''}{loss(gap)}"


def differences(columns: Columns, shown: Shown, found: ComparedRuns | None, *, waits: bool) -> list[Line]:
    """How each run differs from the first over common days, and why it cannot be told."""
    if found is None:
        return [[], [(" computing differences …", "quiet")]] if waits else []
    if len(found.runs) < 2:
        return []
    numbers = {each.run.id: number for number, each in enumerate(columns.runs)}
    first = found.runs[0].run
    title = f" less {mark_of(numbers[first])} {first}, over common days"
    lines: list[Line] = [[], [(title, "bright")]]
    for label, texts in against_first([each.run.id for each in columns.runs], found):
        lines += row(label, texts, shown)
    for sentence in why_not(found):
        lines += [[(f" {line}", "quiet")] for line in textwrap.wrap(sentence, max(20, shown.width - 2))]
    return lines


def row(label: str, texts: Sequence[str], shown: Shown, role: str = "") -> list[Line]:
    """A label and a text for each column, in as many lines as the longest of them takes."""
    indent = " " * (1 + len(label) - len(label.lstrip()))
    first = [f"{indent}{line}" for line in wrapped(label.strip(), shown.label - len(indent))]
    columns = [
        in_column(texts[number] if number < len(texts) else "", shown.wide - 2) for number in shown.numbers
    ]
    lines: list[Line] = []
    for at in range(max(len(first), *map(len, columns))):
        line: Line = [(fitted(first[at] if at < len(first) else "", shown.label), "quiet")]
        for column in columns:
            line.append(
                ("  " + fitted(column[at] if at < len(column) else "", shown.wide - 2, right=True), role)
            )
        lines.append(line)
    return lines


def in_column(text: str, width: int) -> list[str]:
    """A number in one line, shortened if it must be; another text in several."""
    if text == UNDEFINED:
        return ["n/a"]
    return [text] if NUMBER.fullmatch(text) else wrapped(text, width)


def wrapped(text: str, width: int) -> list[str]:
    """Lines of at most so many cells, none of which is cut."""
    lines = textwrap.wrap(text, max(1, width), break_long_words=True, break_on_hyphens=False) or [""]
    return [piece for line in lines for piece in chop_cells(line, max(2, width))]
