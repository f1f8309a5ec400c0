"""One stored series, to be browsed: the panel, and the screen around it."""

from __future__ import annotations

from bisect import bisect_right
from itertools import accumulate
from typing import TYPE_CHECKING, Any, ClassVar

from engine.results.series_stretch import SeriesStretch
from tui.background.questions import Question, Questions
from tui.screens.backtest import selection
from tui.screens.base import BaseScreen
from tui.screens.chart_file import ask_chart
from tui.terminal.keys import VIEW, key
from tui.widgets import series_chart
from tui.widgets.lines import Line, Lines, spread
from tui.widgets.stretch import StretchPanel

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from textual.binding import BindingType
    from textual.widget import Widget

    from engine.errors import QuantdeckError
    from engine.results.series import StoredSeries
    from engine.runs.events import Event

SHOW = "data show SERIES"


class SeriesPanel(StretchPanel, can_focus=True):
    """The chart of a series. It asks for as many candles as it has columns; gaps are jumped to."""

    BINDINGS: ClassVar[list[BindingType]] = [
        key("g", "gap(1)", "next gap", SHOW, key_display="g G"),
        key("G", "gap(-1)", "gap before", SHOW, show=False),
        key("c", "line", "candles or line", VIEW),
    ]  # fmt: skip

    def __init__(
        self, questions: Questions, request: Callable[..., Event], *, ascii: bool = False,  # noqa: A002
        id: str | None = None,  # noqa: A002
    ) -> None:  # fmt: skip
        """`request` makes a question about the series."""
        super().__init__(id=id)
        self._questions, self._request, self._ascii = questions, request, ascii
        self._found: SeriesStretch | None = None
        self._error: QuantdeckError | None = None
        self._asked, self._as_candles = 0, True

    @property
    def found(self) -> SeriesStretch | None:
        """What is shown."""
        return self._found

    def on_resize(self) -> None:
        """Another width, other candles."""
        super().on_resize()
        self.ask()
        self.draw()

    def ask(self, **where: int) -> None:
        """Ask for the stretch as it is now, or for the one around a `gap`."""
        if not self.size.width:
            return
        self._asked += 1
        number = self._asked
        request = self._request("data.browse", candles=self.columns, **self.stretch, **where)

        def answered(found: SeriesStretch) -> None:
            if number == self._asked:
                self._take(found, jumped="gap" in where)

        def failed(error: QuantdeckError) -> None:
            if number == self._asked:
                self._found, self._error = None, error
                self.draw()

        self._questions.ask("stretch", Question(request, SeriesStretch, answered, failed))

    def _take(self, found: SeriesStretch, *, jumped: bool) -> None:
        if jumped and found.gap < 0:
            self.notify("no further gap that way", timeout=2)
            return
        self._found, self._error, self._first = found, None, found.first
        if jumped:
            self._time_ms = self._time_of(found.gap)
        self.draw()

    def _time_of(self, bar: int) -> int:
        """When a bar of the stretch opens, about, so that the cursor stays on it as one zooms."""
        times, begins = self._found.candles.time_ms if self._found else (), self.begins
        at = bisect_right(begins, bar) - 1
        if at + 1 >= len(times):
            return times[at]
        share = (bar - begins[at]) / (begins[at + 1] - begins[at])
        return times[at] + round(share * (times[at + 1] - times[at]))

    @property
    def begins(self) -> list[int]:
        """The first bar of each candle, and the one behind the last."""
        if (found := self._found) is None:
            return []
        joined = (rows + missing for rows, missing in zip(found.rows, found.missing, strict=True))
        return list(accumulate(joined, initial=found.first))

    def draw(self) -> None:
        """Draw."""
        if self._found is None:
            self.show(
                selection.error_lines(self._error) if self._error else [[(" reading the series …", "quiet")]]
            )
            return
        self.show(
            series_chart.drawing(
                self._found, *self.size, cursor=self.cursor, as_candles=self._as_candles, ascii=self._ascii
            )
        )

    def put(self, candle: int) -> None:
        """The cursor to a candle that is there."""
        super().put(candle)
        self.draw()

    def action_gap(self, step: int) -> None:
        """The next gap that begins behind the candle under the cursor, or before it."""
        if self._found:
            begin, behind = self.begins[self.cursor], self.begins[self.cursor + 1]
            self.ask(gap=step, at=behind - 1 if step > 0 else begin)

    def action_line(self) -> None:
        """Candles, or a line."""
        self._as_candles = not self._as_candles
        self.draw()


class Browse(BaseScreen):
    """A series alone on the screen."""

    MODE: ClassVar[str] = "data"
    BINDINGS: ClassVar[list[BindingType]] = [
        key("escape", "app.pop_screen", "back", VIEW),
        key("e", "export", "export", "data show SERIES"),
    ]  # fmt: skip

    def __init__(self, series: StoredSeries) -> None:
        """As the store listed it."""
        super().__init__()
        self.questions = Questions(self, self.ask_engine)
        self._series = series

    def body(self) -> Iterable[Widget]:
        """Title and chart."""
        yield Lines(id="title")
        yield SeriesPanel(self.questions, self.request, ascii=self.deck.ascii, id="series")

    @property
    def panel(self) -> SeriesPanel:
        """The chart."""
        return self.query_one(SeriesPanel)

    def on_mount(self) -> None:
        """Keys go to the chart."""
        self.panel.focus()
        self.say()

    def on_resize(self, event: Any) -> None:
        """Another width, another title."""
        super().on_resize(event)
        self.say()

    def say(self) -> None:
        """Which series it is."""
        name: Line = [(" Data  ", "bright"), (self._series.series, "")]
        mark: Line = [("SIMULATED ", "warn")] if self._series.simulated else []
        self.query_one("#title", Lines).show([spread(name, mark, self.size.width)])

    def action_export(self) -> None:
        """The chart as a file."""
        request = self.request("charts.write", chart="series", **self.panel.stretch)
        ask_chart(self, self.questions, request, self._series.series)

    def request(self, do: str, **details: Any) -> Event:
        """A question about the series."""
        return {"do": do, "home": str(self.deck.home.path), "series": self._series.series, **details}
