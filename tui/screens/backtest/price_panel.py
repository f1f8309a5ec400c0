"""Prices under the trades of a result, with a cursor that is on the trade of the table, and the other way."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from engine.results.answers import PriceChart
from tui.background.questions import Question
from tui.screens.backtest import selection
from tui.terminal.keys import VIEW, key
from tui.widgets import price_chart
from tui.widgets.stretch import StretchPanel

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.binding import BindingType

    from engine.errors import QuantdeckError
    from engine.runs.events import Event
    from tui.background.questions import Questions
    from tui.widgets.virtual_table import VirtualTable


class PricePanel(StretchPanel):
    """The chart. It asks only while it is on the screen, for as many candles as it has columns."""

    BINDINGS: ClassVar[list[BindingType]] = [
        key("up,k", "trade(-1)", "trade", VIEW, key_display="↑ ↓"),
        key("down,j", "trade(1)", "next trade", VIEW, show=False),
        key("g", "end(0)", "first bar", VIEW, show=False),
        key("G", "end(1)", "last bar", VIEW, show=False),
        key("enter", "open", "open the trade", "trades RUN --trade N", show=False),
    ]  # fmt: skip

    def __init__(
        self,
        questions: Questions,
        request: Callable[..., Event],
        table: VirtualTable,
        *,
        ascii: bool = False,  # noqa: A002
        id: str | None = None,  # noqa: A002
    ) -> None:
        """`request` makes a question about the result and the trades that are shown; `table` lists these."""
        super().__init__(id=id)
        self._questions, self._request, self._table, self._ascii = questions, request, table, ascii
        self._asked = 0  # number of the question whose answer counts
        self.forget()

    def forget(self) -> None:
        """Another result: all of its bars, the cursor on the first."""
        self._found: PriceChart | None = None
        self._error: QuantdeckError | None = None
        self._bars = self._first = 0  # a stretch of 0 bars is all of them
        self._time_ms = 0  # of the cursor
        self.wait()
        self.draw()

    def wait(self) -> None:
        """What is shown is of other rules, another filter or another order than will be asked for."""
        self._asked += 1
        self._row: int | None = None  # of the trade under the cursor
        self._followed: int | None = None  # where the table was put, or went, last
        self.stale = True

    def on_show(self) -> None:
        """Go to the trade that the table is on."""
        self.ask(**{"row": self._table.cursor} if self._table.total else {})

    def on_resize(self) -> None:
        """Another width, other candles."""
        self.ask()
        self.draw()
        self.screen.refresh_bindings()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002
        """Where there is no room for the chart no key moves it."""
        return price_chart.fits(*self.size) or action in ("trade", "open")

    def ask(self, **where: int) -> None:
        """Ask for the stretch as it is now, or for one around the trade of a `row`."""
        if not self.is_on_screen or not self.size.width:
            self.stale = True
            return
        self._asked += 1
        number, columns = self._asked, self.columns
        stretch = self.stretch | where
        request = self._request("result.price", candles=columns, **stretch)

        def answered(found: PriceChart) -> None:
            if number == self._asked:
                self._found, self._error, self.stale = found, None, False
                self._first = found.first
                if "row" in where:
                    self._go_to(where["row"])
                else:
                    self._row = self._kept()
                self.draw()

        def failed(error: QuantdeckError) -> None:
            if number == self._asked:
                self._found, self._error, self.stale = None, error, False
                self.draw()

        self._questions.ask("price", Question(request, PriceChart, answered, failed))

    @property
    def found(self) -> PriceChart | None:
        """What is shown."""
        return self._found

    def draw(self) -> None:
        """Draw."""
        if self._found is None:
            self.show(selection.error_lines(self._error) if self._error else [[(" loading …", "quiet")]])
            return
        size = self.size
        self.show(
            price_chart.drawing(self._found, *size, cursor=self.cursor, row=self._row, ascii=self._ascii)
        )

    def follow(self, row: int) -> None:
        """The table's cursor is on another trade: go there, without another question where it is in sight."""
        if row == self._followed or not self.is_on_screen:
            return
        self._followed = row
        if not self._go_to(row) and self._table.total:
            self.ask(row=row)
        self.draw()

    def _go_to(self, row: int) -> bool:
        for each in self._found.trades if self._found and not self.stale else ():
            candle = each.exit if each.entry is None else each.entry
            if each.row == row and candle is not None and self._found:
                self._row, self._time_ms = row, self._found.candles.time_ms[candle]
                return True
        return False

    def put(self, candle: int) -> None:
        """The cursor to a candle that is there; the table follows."""
        super().put(candle)
        self._row = self._held()
        if self._row is not None and not self.stale:
            self._followed = self._row
            self._table.go(self._row)
        self.draw()

    def _kept(self) -> int | None:
        """The row that was chosen while its trade is held under the cursor, else that of the one that is."""
        for each in self._found.trades if self._found else ():
            begun = each.entry is None or each.entry <= self.cursor
            if each.row == self._row and begun and (each.exit is None or self.cursor <= each.exit):
                return each.row
        return self._held()

    def _held(self) -> int | None:
        """The row of the trade that is held under the cursor."""
        place = self._found.held[self.cursor] if self._found else -1
        return self._found.trades[place].row if self._found and place >= 0 else None

    def action_trade(self, step: int) -> None:
        """The next trade of the table."""
        self._table.action_move(step)

    def action_open(self) -> None:
        """Open the trade under the cursor."""
        self._table.action_choose()
