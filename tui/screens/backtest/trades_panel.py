"""The trades of a result: a window of rows from the engine, filtered and sorted there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from textual.containers import Vertical

from engine.results.answers import TradesPage
from engine.results.number_format import signed, whole
from tui.background.questions import Question
from tui.screens.backtest import trade_rows
from tui.screens.backtest.price_panel import PricePanel
from tui.widgets.lines import Line, Lines, fitted
from tui.widgets.virtual_table import VirtualTable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from textual.app import ComposeResult

    from engine.errors import QuantdeckError
    from engine.runs.events import Event
    from tui.background.questions import Questions

SORTS = ("trade", "pnl", "return", "bars", "side", "exit_reason", "mae", "mfe")
FIRST_ROWS = 100


class TradesPanel(Vertical):
    """A line about the filter, the table, and above it the prices where they are asked for."""

    def __init__(
        self, questions: Questions, request: Callable[..., Event], *, ascii: bool = False,  # noqa: A002
        id: str | None = None,  # noqa: A002
    ) -> None:  # fmt: skip
        """`request` makes a question about the result that is shown."""
        super().__init__(id=id)
        self._questions, self._request = questions, request
        self.filter, self.sort, self.reverse = "", "trade", False
        self._symbols: tuple[str, ...] = ()  # of a run that trades several
        self.symbol = ""  # the one whose trades are shown; empty for all
        self._page: TradesPage | None = None
        self._error: QuantdeckError | None = None
        self._asked = 0  # number of the question whose answers count
        self.table = VirtualTable(trade_rows.COLUMNS, empty="no trades", id="table")
        self.price = PricePanel(questions, self._about, self.table, ascii=ascii, id="price")

    def compose(self) -> ComposeResult:
        """Prices, line and table."""
        yield self.price
        yield Lines(id="trades-title")
        yield self.table

    @property
    def question(self) -> Event:
        """What makes the order of the rows."""
        words = (f"symbol={self.symbol}" if self.symbol else "", self.filter)
        text = " ".join(filter(None, words))
        return {"filter": text, "sort": self.sort, "reverse": self.reverse, "symbol": self.symbol}

    def _about(self, do: str, **details: Any) -> Event:
        return self._request(do, **self.question, **details)

    def ask(self) -> None:
        """Ask for the trades from the first on; what is shown stays until the answer, dimmed."""
        self.wait()
        self._fetch(0, FIRST_ROWS, fresh=True)

    def wait(self) -> None:
        """What is shown is of other rules, another filter or another order than will be asked for."""
        self._asked += 1
        self.price.wait()
        for block in self.query(Lines):
            block.stale = True

    def clear(self) -> None:
        """Another result: forget its filter's outcome."""
        self.wait()
        self._page, self._error = None, None
        self.table.forget()
        self.price.forget()
        self.query_one("#trades-title", Lines).show([])

    def put(self, text: str) -> None:
        """Filter by this."""
        self.filter = text.strip()
        self.ask()

    def set_symbols(self, symbols: Sequence[str]) -> None:
        """Which symbols the run trades; none where it is one alone, which needs no column."""
        self._symbols, self.symbol = tuple(symbols), ""
        self.table.columns = trade_rows.OF_SEVERAL if symbols else trade_rows.COLUMNS

    @property
    def several(self) -> bool:
        """Whether the run trades several symbols."""
        return bool(self._symbols)

    def next_symbol(self) -> None:
        """The trades of the next symbol, after the last one those of all."""
        turn = ("", *self._symbols)
        self.symbol = turn[(turn.index(self.symbol) + 1) % len(turn)]
        self.ask()

    def sort_next(self) -> None:
        """Sort by the next column."""
        self.sort = SORTS[(SORTS.index(self.sort) + 1) % len(SORTS)]
        self.reverse = self.sort in {"pnl", "return"}
        self.ask()

    def turn(self) -> None:
        """Reverse the order."""
        self.reverse = not self.reverse
        self.ask()

    def on_virtual_table_wanted(self, event: VirtualTable.Wanted) -> None:
        """The table lacks rows."""
        event.stop()
        self._fetch(event.start, event.count, fresh=False)

    def on_virtual_table_moved(self, event: VirtualTable.Moved) -> None:
        """The prices go to the trade that the table's cursor is on."""
        event.stop()
        self.price.follow(self.table.cursor)  # several may have been passed since

    def _fetch(self, start: int, count: int, *, fresh: bool) -> None:
        number = self._asked

        def answered(page: TradesPage) -> None:
            if number == self._asked:
                self._take(page, fresh=fresh)

        def failed(error: QuantdeckError) -> None:
            if number == self._asked:
                self._error, self._page = error, None
                self.table.forget(waits=False)  # the rows there are answer another question
                self.say()

        request = self._about("result.trades", **{"from": start, "count": count})
        self._questions.ask("trades", Question(request, TradesPage, answered, failed))

    def _take(self, page: TradesPage, *, fresh: bool) -> None:
        self._error, self._page = None, page
        for block in (self.query_one("#trades-title", Lines), self.table):
            block.stale = False
        rows = [trade_rows.cells(self.table.columns, page.columns, row) for row in page.rows]
        table = self.table
        if fresh:
            table.sorted_by = (self.sort, self.reverse)
            table.set_total(page.total, rows=rows)
            self.price.ask()
        else:
            table.set_rows(page.start, rows)
        self.say()

    def say(self) -> None:
        """How many trades, of how many, by which filter; or what is wrong with it."""
        line: Line = [(" trades", "bright")]
        if self._error:
            text = f"  {self._error}"
            title = self.query_one("#trades-title", Lines)
            title.stale = False
            title.show([[*line, (fitted(text, self.size.width - 8), "bad")]])
            return
        if self._page is None:
            return
        of_all = f" of {whole(self._page.all)}" if self.question["filter"] else ""
        line.append((f"  {whole(self._page.total)}{of_all}", ""))
        if self.symbol:
            line += [("   symbol ", "quiet"), (self.symbol, "live")]
        if self.filter:
            line += [("   filter ", "quiet"), (self.filter, "live")]
        line += [("   Σ pnl ", "quiet"), (signed(self._page.pnl), "")]
        self.query_one("#trades-title", Lines).show([line])

    def number(self, row: int) -> int | None:
        """The number of the trade in a row, if it is there."""
        cells = self.table.rows.get(row)
        return int(cells[0][0]) if cells else None
