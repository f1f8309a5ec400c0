"""The panels of a result: what each shows, and which of them has the screen to itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.containers import Container, VerticalScroll

from engine.results.answers import Curves
from tui.background.questions import Questions
from tui.screens.backtest import drawing, selection
from tui.screens.backtest.figures import ComparedColumns, figures
from tui.screens.backtest.learned import learned, measured
from tui.screens.backtest.open_result import OpenResult
from tui.screens.backtest.portfolio import portfolio
from tui.screens.backtest.returns import AskedReturns, spread_of
from tui.screens.backtest.stress import stress
from tui.screens.backtest.trades_panel import TradesPanel
from tui.screens.base import BaseScreen
from tui.widgets.equity_chart import EquityChart
from tui.widgets.lines import Lines
from tui.widgets.rolling_chart import RollingChart

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from textual.widget import Widget

    from engine.results.backtest import BacktestResult
    from tui.widgets.lines import Line

ZOOMS = ("", "chart", "figures", "trades")
MORE = ("more", "portfolio", "stress", "learned", "rolling", "returns")  # one behind the other
OF_RULES = ("#figures", "#aside", "#chart", "#months")  # what other rules change


class Panels(BaseScreen):
    """The panels of `result`; `zoomed` is the one that is alone, empty where all are shown."""

    def __init__(self) -> None:
        """Nothing is known yet."""
        super().__init__()
        self.questions = Questions(self, self.ask_engine)
        self.result = OpenResult(self.questions, self.draw)
        self.returns = AskedReturns(self.questions, self.result, self.draw)
        self.zoomed = ""

    def draw(self) -> None:
        """Everything but the trades, from what is known."""
        raise NotImplementedError

    def body(self) -> Iterable[Widget]:
        """Title and warnings, then figures, chart, trades, and where there is room months and fills."""
        yield Lines(id="title")
        yield Lines(id="banner")
        yield Lines(id="state")
        with Container(id="result"):
            with VerticalScroll(id="all-figures", can_focus=False):
                yield Lines(id="figures", classes="auto")
            yield Lines(id="aside")
            yield EquityChart(id="chart")
            yield TradesPanel(self.questions, self.result.request, ascii=self.deck.ascii, id="trades")
            with VerticalScroll(id="more"):
                yield Lines(id="months", classes="auto")
                yield Lines(id="fills", classes="auto")
            with VerticalScroll(id="portfolio"):
                yield Lines(id="symbols", classes="auto")
            yield Lines(id="stress")
            with VerticalScroll(id="learned"):
                yield Lines(id="forecasts-and-features", classes="auto")
            yield RollingChart(ascii=self.deck.ascii, id="rolling")
            with VerticalScroll(id="returns"):
                yield Lines(id="spread", classes="auto")

    @property
    def trades(self) -> TradesPanel:
        """The trades."""
        return self.query_one(TradesPanel)

    def draw_result(self, shown: BacktestResult, recorded: BacktestResult, unclaimed: str) -> None:
        """The panels of the result; keys go to the trades as soon as they are on the screen."""
        if self.focused is None and not self.zoomed:
            self.set_focus(self.trades.table)
        opened = self.result
        for name in OF_RULES:
            self.query_one(name, Lines).stale = opened.stale
        sides = ComparedColumns.of(shown, opened.trials, recorded if opened.tried else None)
        room = None if self.zoomed == "figures" else self.query_one("#all-figures").size.height
        self.fill("#figures", figures, sides, room)
        self.fill("#aside", drawing.aside, shown, recorded)
        width, plain = self.query_one("#more").size.width or self.size.width, self.deck.ascii
        self.fill("#months", drawing.months, shown, width)
        self.fill("#fills", drawing.fills, shown, recorded, width, tried=opened.tried, unclaimed=unclaimed)
        self.fill("#stress", stress, recorded, width)
        self.fill("#symbols", portfolio, recorded, width, ascii=plain)
        if self.zoomed == "learned" and opened.run:
            importance = measured(self.deck.snapshot, opened.run)
            measure = self.hint(f"importance {recorded.of or recorded.run}")
            block, facts = "#forecasts-and-features", (recorded, importance, measure, width)
            self.fill(block, learned, *facts, unclaimed=unclaimed, ascii=plain)
        if self.zoomed in ("rolling", "returns"):
            self.draw_returns(width)
        curves = Curves() if opened.error and not opened.curves else opened.curves
        self.query_one(EquityChart).set_curves(curves, ascii=self.deck.ascii)

    def fill(self, selector: str, make: Callable[..., list[Line]], *facts: object, **options: object) -> None:
        """Have a block that is in sight show what is made of these facts."""
        if self.in_sight(selector):
            self.query_one(selector, Lines).show_made(make, *facts, **options)

    def draw_returns(self, width: int) -> None:
        """The panels of what is computed when somebody looks; dim while it is of other rules."""
        returns = self.returns
        returns.ask()
        chart, text = self.query_one(RollingChart), self.query_one("#spread", Lines)
        chart.stale = text.stale = returns.stale
        if returns.error:
            chart.show(selection.broken(returns.error, whole=False))
            text.show(selection.broken(returns.error, whole=False))
            return
        found = returns.found
        chart.set_rolling(found.rolling if found else None)
        if found:
            self.fill("#spread", spread_of, found, width, ascii=self.deck.ascii)
        else:
            text.show([[(" computing …", "quiet")]])

    def action_zoom(self) -> None:
        """The next panel alone; in the end all of them."""
        self.zoom(ZOOMS[(ZOOMS.index(self.zoomed) + 1) % len(ZOOMS)] if self.zoomed in ZOOMS else "")

    def action_only(self, panel: str) -> None:
        """That panel alone, and back."""
        self.zoom("" if self.zoomed == panel else panel)

    def action_price(self) -> None:
        """Prices with the trades under them, of the first symbol where none is chosen, and back."""
        if self.trades.several and not self.trades.symbol:
            self.trades.next_symbol()
        self.zoom("" if self.zoomed == "price" else "price")

    def action_log_axis(self) -> None:
        """Equity on a logarithmic axis, or linear."""
        chart = self.query_one(EquityChart)
        chart.log_axis = not chart.log_axis
        chart.draw()

    def action_more(self) -> None:
        """Fills and months alone, then each further panel, and back."""
        recorded = self.result.recorded
        panels = [name for name in MORE if name != "portfolio" or (recorded and recorded.portfolio)]
        place = panels.index(self.zoomed) + 1 if self.zoomed in panels else 0
        self.zoom((*panels, "")[place])

    def action_unzoom(self) -> None:
        """All panels."""
        self.zoom("")

    def zoom(self, panel: str) -> None:
        """One panel alone, or all."""
        self.zoomed = panel
        self.set_class(bool(panel), "zoom", update=False)
        for name in (*ZOOMS[1:], "price", *MORE):
            self.set_class(panel == name, f"zoom-{name}", update=False)
        self.update_node_styles()  # once: all widgets are matched against all rules
        table = self.trades.table
        scrolled = {name: self.query_one(f"#{name}") for name in ("more", "portfolio", "learned", "returns")}
        scrolled |= {"figures": self.query_one("#all-figures"), "price": self.trades.price}
        self.query_one("#all-figures").can_focus = panel == "figures"
        self.trades.price.can_focus = panel == "price"
        self.set_focus(scrolled.get(panel, table if panel in ("", "trades") else None))  # for ↑ and ↓
        self.refresh_bindings()
        self.call_after_refresh(self.draw)
