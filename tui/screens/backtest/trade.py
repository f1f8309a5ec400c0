"""One trade: its facts, and the candles around it."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from engine.results.answers import TradeDetail
from tui.background.questions import Question, Questions
from tui.screens.backtest import selection, trade_rows
from tui.screens.base import BaseScreen
from tui.terminal.keys import VIEW, key
from tui.widgets.candle_chart import CandleChart
from tui.widgets.lines import Lines

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from textual import events
    from textual.binding import BindingType
    from textual.widget import Widget

    from engine.errors import QuantdeckError
    from engine.runs.events import Event

MARGIN = 12  # cells that the prices take beside the candles


class TradeScreen(BaseScreen):
    """Opened from the table of trades; esc leads back."""

    MODE: ClassVar[str] = "backtest"
    BINDINGS: ClassVar[list[BindingType]] = [
        key("escape", "back", "back", VIEW),
        key("left,k", "next(-1)", "trade before and after", "trades RUN --trade N", key_display="← →"),
        key("right,j", "next(1)", "next trade", "trades RUN --trade N", show=False),
        key("y", "copy", "copy", "trades RUN --trade N", show=True),
    ]  # fmt: skip

    def __init__(self, request: Callable[..., Event], number: int) -> None:
        """`request` makes a question about the result, `number` is the trade's."""
        super().__init__()
        self._request, self._number = request, number
        self._questions = Questions(self, self.ask_engine)

    def body(self) -> Iterable[Widget]:
        """Title, facts, candles."""
        yield Lines(id="title")
        yield Lines(id="facts", classes="auto")
        yield CandleChart(ascii=self.deck.ascii, id="candles")

    def on_mount(self) -> None:
        """Ask for the trade."""
        self.ask(self._number)

    def on_resize(self, _event: events.Resize) -> None:
        """Another width, other candles."""
        self.call_after_refresh(self.ask, self._number)

    def ask(self, number: int) -> None:
        """Ask for a trade; what is shown stays until the answer."""
        request = self._request("result.trade", number=number, candles=max(20, self.size.width - MARGIN))

        def answered(found: TradeDetail) -> None:
            self._number = number
            self.show_trade(found)

        self._questions.ask("trade", Question(request, TradeDetail, answered, self.refused))

    def show_trade(self, found: TradeDetail) -> None:
        """Facts and candles."""
        joined = found.bars_per_candle
        scale = f"   a candle is {joined} bars" if joined > 1 else ""
        title = f"   {found.trade['symbol']}{scale}"
        self.query_one("#title", Lines).show([[(f" Trade {self._number}", "bright"), (title, "quiet")]])
        self.query_one("#facts", Lines).show([*trade_rows.facts(found.trade), []])
        self.query_one(CandleChart).set_trade(found)

    def refused(self, error: QuantdeckError) -> None:
        """There is no such trade, or no answer."""
        if self.query_one("#facts", Lines).text:
            self.notify(str(error), severity="warning", markup=False, timeout=3)
        else:
            self.query_one("#facts", Lines).show(selection.broken(error, whole=False))

    def action_back(self) -> None:
        """Back to all trades."""
        self.dismiss()

    def action_next(self, step: int) -> None:
        """The trade before or after, by number."""
        if self._number + step >= 1:
            self.ask(self._number + step)

    def action_copy(self) -> None:
        """Copy the facts."""
        self.app.copy_to_clipboard(self.query_one("#facts", Lines).text)
        self.notify("trade copied", timeout=2)
