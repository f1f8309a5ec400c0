"""A search through time on the Search screen: what its spans came to end to end, and a row for each."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from engine.results.number_format import amount, correlation, percent, whole
from tui.runs.status import status
from tui.screens.backtest.drawing import paragraph
from tui.screens.search.drawing import BAR, short
from tui.screens.train.drawing import bar
from tui.text.nested import nested_figures
from tui.text.search import settings
from tui.widgets.lines import Line, packed
from tui.widgets.virtual_table import Column

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.results.nested import NestedResult, SearchedSpan
    from tui.runs.nested import Spans
    from tui.runs.watch import Snapshot
    from tui.widgets.virtual_table import Cell

COLUMNS = (
    Column("span", "span", 5, right=True),
    Column("start", "traded from", 11),
    Column("end", "to", 11),
    Column("search", "search", 9),
    Column("promised", "promised", 9, right=True),
    Column("sharpe", "Sharpe", 8, right=True),
    Column("total_return", "return %", 9, right=True),
    Column("hold", "hold %", 8, right=True),
    Column("trades", "trades", 7, right=True),
    Column("deflated", "deflated", 9, right=True),
    Column("drawn", "the winner differs by", 24, spare=True),
)


def progress(found: Spans, snapshot: Snapshot, width: int, *, ascii: bool) -> Line:  # noqa: A002
    """How many spans are searched, of how many."""
    runs = [snapshot.by_id.get(name) for name in found.searches.values()]
    done = sum(run is not None and run.state.status == "done" for run in runs)
    done = len(runs) if found.result else done
    share = done / max(1, len(runs))
    return [
        (" spans ", "quiet"), *bar(share, min(BAR, width // 4), ascii=ascii),
        (f" {whole(done)}/{whole(len(runs))}", ""), ("  searched and traded, one after the other", "quiet"),
    ]  # fmt: skip


def verdicts(found: Spans, width: int, room: int, caveats: Sequence[str] = ()) -> list[Line]:
    """The figures of the spans end to end, and what they are, as far as `room` lines go.

    caveats: what must be read first.
    """
    if found.result is None:
        return [[(" no figure yet: they come when every span is traded", "quiet")]]
    first = [line for said in caveats for line in paragraph(said, width, "alarm")]
    lines = [*first, *packed(figures(found.result), width)]
    said = " ".join(note.text for note in found.result.notes)
    left = max(0, room - len(lines))
    notes = textwrap.wrap(said, max(20, width - 2), max_lines=left, placeholder=" …") if left else []
    return [*lines, *([(f" {line}", "quiet")] for line in notes)]


def figures(result: NestedResult) -> list[Line]:
    """Each figure with its label."""
    pairs = nested_figures(result)
    return [[(f" {label} ", "quiet"), (f"{value} ", "bright")] for label, value in pairs]


def rows(found: Spans, snapshot: Snapshot) -> list[list[Cell]]:
    """A row for each span: its figures, or how far its search is."""
    if found.result:
        return [traded(each) for each in found.result.spans]
    rows = []
    for number in sorted(found.searches):
        name = found.searches[number]
        run = snapshot.by_id.get(name)
        text, role = status(run.state) if run else ("no run here", "quiet")
        rows.append([(str(number), ""), (text, role), ("", ""), (name, ""), *[("", "")] * (len(COLUMNS) - 4)])
    return rows


def traded(each: SearchedSpan) -> list[Cell]:
    """A span that was traded."""
    texts = [
        str(each.span), each.start[:10], each.end[:10], each.search, amount(each.inner_sharpe),
        amount(each.sharpe), percent(each.total_return), percent(each.buy_and_hold), whole(each.trades),
        correlation(each.deflated_sharpe), settings(short(each.drawn)),
    ]  # fmt: skip
    return [(text, "") for text in texts]
