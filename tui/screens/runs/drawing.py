"""What the Runs screen tells of a run: its row, its details, and two runs side by side."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from engine.results.metrics import METRICS, placed
from engine.results.number_format import defined, figure, signed_percent
from tui.number_format import loss
from tui.runs import status as run_status
from tui.runs.facts import pairs
from tui.runs.run_order import branch
from tui.terminal.sizes import NARROW
from tui.widgets.lines import Line, fitted, packed, spread

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from engine.results.metrics import Format, Metric
    from engine.runs.state import State
    from tui.runs.facts import RunFacts


def nothing(_: RunFacts) -> str:
    """No role."""
    return ""


def quiet(_: RunFacts) -> str:
    """The role of what matters less."""
    return "quiet"


@dataclass(frozen=True)
class Column:
    """A column of the list: its title, width in cells, text, role, and what it is sorted by (None: last)."""

    title: str
    width: int
    text: Callable[[RunFacts], str]
    role: Callable[[RunFacts], str] = nothing
    key: Callable[[RunFacts], Any] | None = None
    right: bool = False

    def sort_key(self, each: RunFacts) -> Any:
        """What the list is sorted by."""
        return (self.key or self.text)(each)


def gain(each: RunFacts) -> str:
    """The role of loss or gain, whose sign says the same."""
    value = METRICS["total_return"].of(each.metrics)
    return ("good" if value > 0 else "bad") if defined(value) and value else ""


def state_text(each: RunFacts) -> str:
    """The state in words."""
    return run_status.status(each.state)[0]


def state_role(each: RunFacts) -> str:
    """The role of the state's words."""
    return run_status.status(each.state)[1]


def created(each: RunFacts) -> str:
    """When the run was made, to the minute, UTC."""
    return each.run.created[:16].replace("T", " ")


def figure_column(metric: Metric) -> Column:
    """The column of a metric, blank where it is not defined; a drawdown stands as the loss that it is."""
    down = metric.format == "percent" and metric.better == "lower"

    def text(each: RunFacts) -> str:
        value = metric.of(each.metrics)
        if not defined(value):
            return ""
        return (
            signed_percent(-value if down else value) if metric.format == "percent" else figure(metric, value)
        )

    def key(each: RunFacts) -> float | None:
        value = metric.of(each.metrics)
        return value if defined(value) else None

    title = metric.short or metric.label
    width = max(WIDTHS[metric.format] - down, len(title))
    return Column(title, width, text, gain if metric.key == "total_return" else nothing, key, right=True)


WIDTHS: dict[Format, int] = {"percent": 11, "amount": 7, "count": 7}
FIRST = (
    Column("run", 8, lambda each: each.run.id),
    Column("name", 14, lambda each: each.run.name),
    Column("mode", 11, lambda each: each.run.mode, quiet),
    Column("state", 20, state_text, state_role),
)
LAST = (
    Column("val loss", 9, lambda each: loss(each.best_loss) if defined(each.best_loss) else "",
           key=lambda each: each.best_loss, right=True),
    Column("created (UTC)", 16, created, quiet, lambda each: each.run.created),
    Column("tags", 14, lambda each: " ".join(each.tags)),
    Column("settings that differ", 60, lambda each: "  ".join(pairs(each.differ)), quiet),
)  # fmt: skip
LEAST_SETTINGS = 24  # cells in which settings begin to tell runs apart
ALWAYS = len(FIRST) + 2  # columns that 80 cells have room for
IN_NARROW = {"name": 10, "mode": 0, "state": 15}  # widths below that, where a mode says least


def every_column() -> list[Column]:
    """All columns in their order, the metrics of the short list among them."""
    return [*FIRST, *map(figure_column, placed("headline")), *LAST]


def columns(width: int) -> list[Column]:
    """The columns that a terminal of that width has room for."""
    every = every_column()
    if width < NARROW:
        fewer = [
            replace(column, width=IN_NARROW.get(column.title, column.width)) for column in every[:ALWAYS]
        ]
        return [column for column in fewer if column.width]
    chosen, used = every[:ALWAYS], 3 + sum(column.width + 1 for column in every[:ALWAYS])
    for column in every[ALWAYS:]:
        room = width - used - 1
        if column is every[-1] and room >= LEAST_SETTINGS:  # as many settings as there is room for
            chosen.append(replace(column, width=min(column.width, room)))
        elif column.width <= room:
            chosen.append(column)
            used += column.width + 1
    return chosen


def header(shown: Sequence[Column], by: str, *, down: bool) -> Line:
    """The titles; an arrow at the one sorted by."""
    line: Line = [("  ", "")]
    for column in shown:
        text = f"{column.title}{'↓' if down else '↑'}" if column.title == by else column.title
        line.append((f"{fitted(text, column.width, right=column.right)} ", "quiet"))
    return line


def row(each: RunFacts, shown: Sequence[Column], *, marked: bool, depth: int = 0) -> Line:
    """One run; depth: how far below the one that it is of."""
    line: Line = [("✓ " if marked else "  ", "live")]
    for column in shown:
        text = branch(column.text(each), depth) if column.title == "name" else column.text(each)
        line.append((f"{fitted(text, column.width, right=column.right)} ", column.role(each)))
    return line


def details(each: RunFacts, width: int, height: int) -> list[Line]:
    """The run under the cursor; what is wrong with it, if anything is, takes the room of the rest."""
    run, state = each.run, each.state
    said, role = run_status.status(state)
    far = run_status.progress(state)
    differ = packed([[(pair, "")] for pair in pairs(each.differ)], width - 11)[:2]
    differ = differ if each.differ else [[(" all defaults", "quiet")]]
    head: Line = [
        (" " + run.id, "bright"), (f"   {said}", role), (f" · {far}" if far else "", ""),
        (f"   {run.mode}{f' of {run.of}' if run.of else ''}   {run.name}", ""),
    ]  # fmt: skip
    lines: list[Line] = [
        head,
        [(" created   ", "quiet"), (f"{created(each)} UTC", ""), ("   market ", "quiet"), (each.symbol, ""),
         ("   SIMULATED" if state.simulated else "", "warn")],
        [(" settings ", "quiet"), *differ[0]], *([(" " * 10, ""), *line] for line in differ[1:]),
        [(" note      ", "quiet"),
         (each.note or "none; o writes one, #words are tags", "" if each.note else "quiet")],
    ]  # fmt: skip
    wrong = failure(state, run.id, width)
    kept = lines[: max(1, height - len(wrong))] if wrong else lines
    return [spread(line, [], width) for line in [*kept, *wrong]]


def failure(state: State, run_id: str, width: int) -> list[Line]:
    """What is wrong with a run, and the remedy, in full. The run itself is named above already."""
    if state.error is None:
        return []
    thing = "" if state.error.thing == f"run {run_id}" else f"{state.error.thing}: "
    said = (f"{thing}{state.error.reason}", run_status.tone(state.error))
    return [
        [(f" {line}", role)]
        for text, role in (said, (state.error.remedy, ""))
        for line in textwrap.wrap(text, width - 2, break_on_hyphens=False)
    ]
