"""One trade: its facts, and the candles around it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from engine.errors import QuantdeckError
from engine.results.answers import TradeDetail
from tui.background.questions import Question, Questions
from tui.screens.backtest import selection, trade_rows
from tui.screens.base import BaseScreen
from tui.screens.chart_file import ask_chart
from tui.terminal.keys import VIEW, key
from tui.text.csv_file import write_csv
from tui.widgets.candle_chart import CandleChart
from tui.widgets.lines import Lines

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from textual import events
    from textual.binding import BindingType
    from textual.widget import Widget

    from engine.runs.events import Event
    from tui.widgets.virtual_table import VirtualTable

MARGIN = 12  # cells that the prices take beside the candles


class TradeScreen(BaseScreen):
    """Opened from the table of trades; esc leads back."""

    MODE: ClassVar[str] = "backtest"
    BINDINGS: ClassVar[list[BindingType]] = [
        key("escape", "back", "back", VIEW),
        key("left,k", "next(-1)", "previous, next trade", "trades RUN --trade N", key_display="← →"),
        key("right,j", "next(1)", "next trade", "trades RUN --trade N", show=False),
        key("y", "copy", "copy", "trades RUN --trade N", show=True),
        key("e", "export", "export", "charts RUN, trades RUN --trade N --csv"),
    ]  # fmt: skip

    def __init__(self, request: Callable[..., Event], table: VirtualTable, order: Event) -> None:
        """`request` makes a question about the result; the trade is the table's row, in its order."""
        super().__init__()
        self._request, self._table, self._order = request, table, order
        self._row = table.cursor
        self._found: TradeDetail | None = None
        self._questions = Questions(self, self.ask_engine)

    def body(self) -> Iterable[Widget]:
        """Title, facts, candles."""
        yield Lines(id="title")
        yield Lines(id="facts", classes="auto")
        yield CandleChart(ascii=self.deck.ascii, id="candles")

    def on_mount(self) -> None:
        """Ask for the trade."""
        self.query_one("#facts", Lines).show([[(" loading …", "quiet")]])
        self.ask(self._row)

    def on_resize(self, _event: events.Resize) -> None:
        """Another width, other candles."""
        self.call_after_refresh(self.ask, self._row)

    def ask(self, row: int) -> None:
        """Ask for the trade in a row of the table; what is shown stays until the answer."""
        candles = max(20, self.size.width - MARGIN)
        request = self._request("result.trade", **self._order, row=row, candles=candles)

        def answered(found: TradeDetail) -> None:
            self._row, self._found = row, found
            self._table.go(row)
            self.show_trade(found)

        self._questions.ask("trade", Question(request, TradeDetail, answered, self.refused))

    def show_trade(self, found: TradeDetail) -> None:
        """Facts and candles."""
        joined = found.bars_per_candle
        scale = f"   a candle is {joined} bars" if joined > 1 else ""
        title = f"   {found.trade['symbol']}{scale}"
        name = f" Trade {found.trade['trade']}"
        place = f"   {self._row + 1:,} of {self._table.total:,}" + (
            " filtered" if self._order["filter"] else ""
        )
        self.query_one("#title", Lines).show([[(name, "bright"), (title, "quiet"), (place, "quiet")]])
        self.query_one("#facts", Lines).show([*trade_rows.facts(found.trade, self.size.width), []])
        self.query_one(CandleChart).set_trade(found)

    def refused(self, error: QuantdeckError) -> None:
        """There is no such trade, or no answer."""
        if self._found:
            self.notify(str(error), severity="warning", markup=False, timeout=3)
        else:
            self.query_one("#facts", Lines).show(selection.broken(error, whole=False))

    def action_back(self) -> None:
        """Back to all trades."""
        self.dismiss()

    def action_next(self, step: int) -> None:
        """The trade before or after, as the table is filtered and sorted."""
        if 0 <= self._row + step < self._table.total:
            self.ask(self._row + step)

    def action_export(self) -> None:
        """Write the prices around the trade as a chart, or the trade as CSV."""
        if (found := self._found) is None:
            return

        def facts(path: Path) -> None:
            try:
                written = write_csv(str(path), [found.trade], self.deck.home)
            except QuantdeckError as error:
                self.deck.report_error(error)
            else:
                self.deck.wrote(written)

        bars = found.bars_per_candle * len(found.candles.close)
        order = self._request("charts.write", **self._order)
        stem = f"{Path(str(order['run'])).name}-trade-{found.trade['trade']}"
        request = {**order, "chart": "price", "row": self._row, "bars": bars}
        ask_chart(self, self._questions, request, stem, {".csv": ("the trade", facts)})

    def action_copy(self) -> None:
        """Copy the facts."""
        self.deck.copy(self.query_one("#facts", Lines).text, "the trade")
