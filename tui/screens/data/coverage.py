"""Which stored markets have candles when: a row a series, a mark a month, quarter, year or decade."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from textual.containers import VerticalScroll

from engine.results.coverage import coverage_of
from engine.results.number_format import percent
from tui.screens.base import BaseScreen
from tui.terminal.keys import VIEW, key
from tui.text import coverage
from tui.widgets.lines import Line, Lines, fitted, spread

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from textual.binding import BindingType
    from textual.widget import Widget

    from engine.results.series import StoredSeries

ROLES = {coverage.WHOLE: "", coverage.OUTSIDE: "quiet"}  # a gap warns


class CoverageMap(BaseScreen):
    """The series side by side on one axis of time, as they were when it was opened."""

    MODE: ClassVar[str] = "data"
    BINDINGS: ClassVar[list[BindingType]] = [
        key("escape,m", "app.pop_screen", "back", VIEW, key_display="esc")
    ]

    def __init__(self, series: Sequence[StoredSeries]) -> None:
        """As the store listed them."""
        super().__init__()
        self._series = series

    def body(self) -> Iterable[Widget]:
        """Title, axis, rows, which scroll if they must, and what the marks mean."""
        yield Lines(id="title")
        yield Lines(id="axis")
        with VerticalScroll(id="rows"):
            yield Lines(id="map", classes="auto")
        yield Lines(id="legend", classes="auto")

    def on_mount(self) -> None:
        """Keys scroll the rows."""
        self.query_one("#rows").focus()

    def on_resize(self, event: Any) -> None:
        """Another width, other periods."""
        super().on_resize(event)
        self.draw()

    def draw(self) -> None:
        """Everything, for the present width."""
        width = self.size.width - 2  # a scrollbar may take one
        found = coverage_of(self._series, coverage.most_periods(width))
        wide = coverage.label_width(found)
        title: Line = [(" Coverage  ", "bright"), (coverage.summary(found), "")]
        mark: Line = [("SIMULATED ", "warn")] if any(each.simulated for each in found.series) else []
        self.query_one("#title", Lines).show([spread(title, mark, self.size.width)])
        self.query_one("#axis", Lines).show([[(" " * (wide + 3) + coverage.years(found), "quiet")]])
        rows: list[Line] = []
        for name, each in zip(coverage.labels(found), found.series, strict=True):
            marks = [self.piece(coverage.mark(share)) for share in each.share]
            role = "warn" if each.simulated else ""
            rows.append(
                [(f" {fitted(name, wide):<{wide}}  ", role), *marks, (f"  {percent(each.whole):>6} %", "")]
            )
        self.query_one("#map", Lines).show(rows)
        legend: list[Line] = [[]]
        for sign, meaning in coverage.LEGEND:
            piece: Line = [(" ", ""), self.piece(sign), (f" {meaning} ", "quiet")]
            if sum(len(text) for text, _ in (*legend[-1], *piece)) > self.size.width:
                legend.append([])
            legend[-1] += piece
        self.query_one("#legend", Lines).show(legend)

    def piece(self, sign: str) -> tuple[str, str]:
        """A mark as this terminal can show it, with its role."""
        return sign.translate(coverage.ASCII) if self.deck.ascii else sign, ROLES.get(sign, "warn")
