"""How returns and trades are spread: asked of the engine when somebody looks, and laid out as text."""

from __future__ import annotations

from itertools import zip_longest
from typing import TYPE_CHECKING

from engine.results.return_analysis import ReturnAnalysis
from engine.results.return_tables import (
    group_tables,
    on_groups,
    on_rolling,
    pnl_tables,
    rolling_table,
    sides_table,
)
from tui.background.questions import Question
from tui.screens.backtest.drawing import paragraph
from tui.screens.backtest.learned import BAR, WITH_BARS, laid_out
from tui.widgets.lines import Line, plain, width_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from engine.errors import QuantdeckError
    from engine.results.tables import Table
    from tui.background.questions import Questions
    from tui.screens.backtest.open_result import OpenResult

LONGEST_BAR = 24
TWO_COLUMNS = 150  # columns from which on days and hours stand beside sides and sizes


class AskedReturns:
    """The engine's answer for the rules that are shown; asked once, and when they have changed."""

    def __init__(self, questions: Questions, result: OpenResult, changed: Callable[[], object]) -> None:
        """`changed` is called whenever there is something new to draw."""
        self._questions, self._result, self._changed = questions, result, changed
        self.forget()

    def forget(self) -> None:
        """Another result."""
        self.found: ReturnAnalysis | None = None
        self.error: QuantdeckError | None = None
        self._asked: Mapping[str, Any] | None = None  # rules
        self._known: Mapping[str, Any] | None = None

    @property
    def stale(self) -> bool:
        """Whether what was found is of other rules than those that are set."""
        return self._known != self._result.moves.overrides

    def ask(self) -> None:
        """Ask, unless that was done for these rules, or the figures themselves are not there."""
        run, rules = self._result.run, self._result.moves.overrides
        if self._result.stale or self._asked == rules:
            return
        self._asked, self.error = rules, None

        def answered(found: ReturnAnalysis) -> None:
            if self._result.run is run:
                self.found, self._known = found, rules
                self._changed()

        def failed(error: QuantdeckError) -> None:
            if self._result.run is run:
                self.error = error
                self._changed()

        request = self._result.request("result.returns")
        self._questions.ask("returns", Question(request, ReturnAnalysis, answered, failed))


def spread_of(found: ReturnAnalysis, width: int, *, ascii: bool = False) -> list[Line]:  # noqa: A002
    """The panel: sides, PnL by size, weekdays, months, hours; in two columns where there is room."""
    head: Line = [(" returns and trades", "bright"), ("  * far from the mean of its kind", "quiet")]
    half = (width - 2) // 2 if width >= TWO_COLUMNS else width
    histogram, quantiles = pnl_tables(found.pnl)
    rolled = laid_out(rolling_table(found.rolling), half) if found.rolling.time_ms else []
    first = [laid_out(sides_table(found), half), histogram_of(found, histogram, half, ascii=ascii),
             laid_out(quantiles, half) if quantiles.rows else [], rolled]  # fmt: skip
    second = [marked(each, half) for each in group_tables(found) if each.rows]
    said = [
        line for text in (on_groups(found), on_rolling(found.rolling)) if text
        for line in paragraph(text, width)
    ]  # fmt: skip
    left, right = stacked(first), stacked(second)
    if half == width:
        return [head, *said, *left, *right]
    nothing: Line = []
    rows = zip_longest(left, right, fillvalue=nothing)
    return [head, *said, *([*a, (" " * (half + 2 - width_of(a)), ""), *b] for a, b in rows)]


def stacked(blocks: list[list[Line]]) -> list[Line]:
    """Blocks under each other, an empty line before each."""
    return [line for block in blocks if block for line in ([], *block)]


def histogram_of(found: ReturnAnalysis, table: Table, width: int, *, ascii: bool) -> list[Line]:  # noqa: A002
    """The table of bins, each with a bar as long as it has trades, where there is room."""
    if not table.rows:
        return []
    lines = laid_out(table, width)
    if width < WITH_BARS:
        return lines
    most = max(each.trades for each in found.pnl.bins)
    room = min(LONGEST_BAR, width - max(map(width_of, lines)) - 2)
    sizes = [-(-each.trades * room // most) for each in found.pnl.bins]  # one trade is seen
    bars: list[Line] = [[("  " + BAR[ascii] * size, "live")] for size in sizes]
    return [lines[0], *([*line, *bar] for line, bar in zip(lines[1:], bars, strict=True))]


def marked(table: Table, width: int) -> list[Line]:
    """The table; a row that lies far from the others stands out, and bears its mark."""
    lines = laid_out(table, width)
    return [[(text, "warn") for text, _ in line] if plain(line).endswith("*") else line for line in lines]
