"""Screen 3: a backtest beside buy and hold, its curves, its trades, and what other rules would make of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from engine.errors import QuantdeckError
from engine.runs.audit_status import audit_status, caveats_of, unclaimed_of
from tui.background.preload import warm
from tui.screens.backtest import actions, drawing, selection
from tui.screens.backtest.panels import Panels
from tui.settings.what_if import FEE, THRESHOLD, RuleOverrides
from tui.terminal.keys import VIEW, key
from tui.widgets.equity_chart import EquityChart
from tui.widgets.lines import Lines

if TYPE_CHECKING:
    from textual import events
    from textual.binding import BindingType
    from textual.timer import Timer

    from tui.runs.watch import Snapshot, Watched
    from tui.widgets.lines import Line
    from tui.widgets.virtual_table import VirtualTable

CHARTS = {"chart": "equity", "rolling": "rolling", "price": "price"}  # as files, by the panel that shows each
DEBOUNCE_S = 0.15
WHAT_IF = "whatif RUN -s KEY=VALUE"


class BacktestScreen(Panels):
    """One result at a time: figures, chart, trades; fills and months where there is room, or with f."""

    MODE: ClassVar[str] = "backtest"
    BINDINGS: ClassVar[list[BindingType]] = [
        key("left_square_bracket", "step('threshold', -1)", "threshold", WHAT_IF, key_display="[ ]"),
        key("right_square_bracket", "step('threshold', 1)", "threshold up", WHAT_IF,
            show=False, key_display="]"),
        key("left_curly_bracket", "step('fee', -1)", "fee", WHAT_IF, key_display="{ }"),
        key("right_curly_bracket", "step('fee', 1)", "fee up", WHAT_IF, show=False, key_display="}"),
        key("slash", "filter", "filter", "trades RUN --filter TEXT", key_display="/"),
        key("h", "symbol", "symbol", "trades RUN --filter symbol=SYMBOL"),
        key("s", "sort", "sort", "trades RUN --sort COLUMN"),
        key("S", "reverse", "reverse the order", "trades RUN --reverse", show=False, key_display="S"),
        key("p", "price", "price", VIEW),
        key("t", "only('trades')", "trades", VIEW),
        key("c", "only('chart')", "chart", VIEW, show=False),
        key("z", "zoom", "zoom", VIEW),
        key("e", "export", "export", "report, trades, charts"),
        key("l", "log_axis", "log axis", VIEW, show=False),
        key("f,tab", "more", "more panels", "runs show RUN, returns RUN", key_display="f"),
        key("w", "what_if", "what-if, any rule", WHAT_IF),
        key("0", "reset", "reset the what-if", "runs show RUN", show=False),
        key("left", "other(-1)", "other run", VIEW, key_display="← →"),
        key("right", "other(1)", "next run", VIEW, show=False),
        key("b", "again", "backtest by these rules", "backtest RUN -s KEY=VALUE", show=False),
        key("f5", "reload", "reload", VIEW, show=False),
        key("y", "copy", "copy figures", "runs show RUN", show=False),
        key("escape", "unzoom", "back", VIEW, show=False),
    ]  # fmt: skip

    def __init__(self) -> None:
        """Nothing is known yet."""
        super().__init__()
        self.watched: Watched | None = None
        self._shown = ("", "")
        self._state: list[Line] = []  # what is said where there is no result
        self._timer: Timer | None = None

    def on_mount(self) -> None:
        """Have what the first chart and the first prompt need."""
        self.trades.table.mark = ">" if self.deck.ascii else "▸"
        warm(self, "plotext", "engine.settings", "tui.screens.backtest.trade")

    def on_resize(self, event: events.Resize) -> None:
        """A wider chart gets more points."""
        self.result.widen(event.size.width)
        self.call_after_refresh(self.draw)

    def runs_changed(self, snapshot: Snapshot) -> None:
        """Show the run that is chosen, as soon as it has a backtest."""
        if not snapshot.ready:
            self._state = [[], [(" reading the runs …", "quiet")]]
            self.draw()
            return
        watched = selection.to_show(snapshot, self.deck.chosen)
        shown = (watched.id, watched.state.status) if watched else ("", "none")
        self.watched = watched
        if shown != self._shown:
            self._shown = shown
            self.open()
        else:
            self.draw()

    def open(self) -> None:
        """Show the run from scratch."""
        watched = self.watched
        self.questions.forget()
        self.returns.forget()
        self.trades.clear()
        run = watched.run if watched and selection.finished(watched) else None
        try:
            self.result.open(run, self.app.size.width)
        except QuantdeckError as error:
            self._state = selection.broken(error, whole=True)
        else:
            self._state = [] if self.result.shown else selection.without(watched)
            if shown := self.result.shown:
                parts = shown.portfolio
                self.trades.set_symbols([each.symbol for each in parts.symbols] if parts else ())
                self.trades.ask()
        self.query_one(EquityChart).set_curves(None, ascii=self.deck.ascii)
        self.call_after_refresh(self.draw)

    def draw(self) -> None:
        """Everything but the trades, from what is known."""
        if not self.is_attached or not self.is_current:
            return
        self.refresh_bindings()
        opened, run = self.result, self.result.run
        shown, error = opened.shown, opened.error
        self.set_class(shown is None, "empty")
        if shown and error and opened.moves.overrides:
            self.deck.report_error(error)
            self.action_reset()
            return
        state = selection.broken(error, whole=False) if shown and error else [] if shown else self._state
        self.query_one("#state", Lines).show(state)
        name = f"{self.watched.id} {self.watched.run.name}" if self.watched else ""
        title: Line = [(" Backtest  ", "bright"), (name, "")]
        banner: list[Line] = []
        if shown and run:
            title = drawing.title(run, opened.recorded or shown, self.size.width)
            moved, first = opened.moves.listing, caveats_of(run, shown)
            facts = drawing.Shown(shown, moved, opened.tries, audit_status(run), first, opened.stale)
            banner = [*drawing.caveats(facts, self.size.width), *drawing.banner(facts, self.size.width)]
            self.draw_result(shown, opened.recorded or shown, unclaimed_of(run, shown))
        self.query_one("#banner", Lines).show(banner)
        self.query_one("#title", Lines).show([title])

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002
        """Keys that would do nothing now, or nothing in sight, are neither shown nor taken."""
        if action in ("filter", "sort", "reverse", "symbol", "log_axis"):
            panel = "#chart" if action == "log_axis" else "#trades"
            known = self.trades.several if action == "symbol" else self.result.shown is not None
            return known and self.in_sight(panel)
        if action in ("step", "what_if", "export", "zoom", "only", "price", "more", "copy", "again"):
            return self.result.shown is not None
        if action == "reset":
            return bool(self.result.moves.overrides)
        if action == "unzoom":
            return bool(self.zoomed)
        if action == "other":
            return selection.neighbour(self.deck.snapshot, self.watched, 1) is not None or (
                selection.neighbour(self.deck.snapshot, self.watched, -1) is not None
            )
        return True

    def rules_known(self) -> bool:
        """Whether other rules can be tried already; says so where they cannot."""
        if not self.result.moves.recorded:
            self.notify("the result is still being opened; try again in a moment", timeout=2)
        return bool(self.result.moves.recorded)

    def move(self, moves: RuleOverrides) -> None:
        """Try other rules: said at once, asked when the keys rest."""
        if not self.rules_known():
            return
        self.result.moves, self.result.error = moves, None
        self.trades.wait()
        self.draw()
        if self._timer:
            self._timer.stop()
        self._timer = self.set_timer(DEBOUNCE_S, self.try_now)

    def try_now(self) -> None:
        """Ask for the result under the rules as they are now."""
        self.result.ask_now()
        self.trades.ask()

    def action_step(self, what: str, up: int) -> None:
        """Move the entry threshold or the fee by one step."""
        self.move(self.result.moves.step(THRESHOLD if what == "threshold" else FEE, up))

    def action_reset(self) -> None:
        """Back to the rules of the run."""
        if self.result.moves.overrides:
            self.move(RuleOverrides(self.result.moves.recorded))

    def action_what_if(self) -> None:
        """Ask for any other rules."""
        if self.rules_known():
            actions.ask_rules(self, self.result, self.move)

    def action_filter(self) -> None:
        """Ask for a filter of the trades."""
        if self.result.shown:
            actions.ask_filter(self, self.trades)

    def action_symbol(self) -> None:
        """The trades of one symbol after the other, then those of all."""
        self.trades.next_symbol()

    def action_sort(self) -> None:
        """Sort the trades by the next column."""
        self.trades.sort_next()

    def action_reverse(self) -> None:
        """Reverse the order of the trades."""
        self.trades.turn()

    def action_export(self) -> None:
        """Write the report, the trades or the chart."""
        if self.result.shown:
            chart = CHARTS.get(self.zoomed, "")
            actions.ask_export(self, self.result, self.trades, self.questions, chart)

    def action_again(self) -> None:
        """Start a backtest by the rules that are shown, as a run of its own."""
        if self.watched:
            actions.again(self, self.watched, self.result.moves)

    def action_copy(self) -> None:
        """Copy the figures."""
        if self.result.shown:
            actions.copy(self)

    def action_other(self, step: int) -> None:
        """The result of the run before or after."""
        if found := selection.neighbour(self.deck.snapshot, self.watched, step):
            self.deck.chosen = found.id
            self.runs_changed(self.deck.snapshot)

    def action_reload(self) -> None:
        """Read the result again."""
        self.open()

    def on_virtual_table_chosen(self, event: VirtualTable.Chosen) -> None:
        """Open one trade."""
        from tui.screens.backtest.trade import TradeScreen

        if event.row in event.table.rows:
            self.app.push_screen(TradeScreen(self.result.request, event.table, self.trades.question))
