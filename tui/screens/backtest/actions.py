"""What the screen Backtest does besides showing: prompts, exports, a new run, the clipboard."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from engine.errors import QuantdeckError
from engine.plain_file import expanded
from engine.results.answers import WrittenReport, WrittenTrades
from engine.results.trade_terms import terms
from tui.background.questions import Question
from tui.screens import chart_file
from tui.screens.backtest import selection
from tui.screens.dialogs import Prompt

if TYPE_CHECKING:
    from collections.abc import Callable

    from tui.background.questions import Questions
    from tui.runs.watch import Watched
    from tui.screens.backtest.open_result import OpenResult
    from tui.screens.backtest.trades_panel import TradesPanel
    from tui.screens.base import BaseScreen
    from tui.settings.what_if import RuleOverrides

REPORT, TRADES = ("result.report", WrittenReport), ("result.export", WrittenTrades)
SUFFIXES = {".html": REPORT, ".htm": REPORT, ".csv": TRADES}
KINDS = {".html": "report", ".csv": "trades as shown"}


def ask_rules(screen: BaseScreen, result: OpenResult, move: Callable[[RuleOverrides], object]) -> None:
    """Ask for any rules to try; `move` takes them."""
    moves = result.moves

    def wrong(text: str) -> str:
        try:
            moves.typed(text)
        except QuantdeckError as error:
            return str(error)
        return ""

    def typed(text: object) -> None:
        if isinstance(text, str) and text.strip():
            move(result.moves.typed(text))

    question = "What if? Settings of signal and backtest, such as stop_loss=0.02 fill=worst-of-bar"
    screen.app.push_screen(Prompt(question, check=wrong), typed)


def ask_filter(screen: BaseScreen, trades: TradesPanel) -> None:
    """Ask which trades to show."""

    def wrong(text: str) -> str:
        try:
            terms(text)
        except QuantdeckError as error:
            return str(error)
        return ""

    def typed(text: object) -> None:
        if isinstance(text, str):
            trades.put(text)

    question = "Filter the trades, such as pnl<0 side=short bars>24 return>1% (empty: all)"
    screen.app.push_screen(Prompt(question, trades.filter, check=wrong), typed)


def ask_export(
    screen: BaseScreen, result: OpenResult, trades: TradesPanel, questions: Questions, chart: str
) -> None:
    """Ask for a file: .html is the report, .csv the trades as filtered and sorted, .svg the chart.

    chart: the one that stands alone on the screen, empty where none does.
    """
    run = result.run
    if run is None:
        return

    def answered(written: WrittenReport | WrittenTrades) -> None:
        screen.deck.wrote(Path(written.path))

    def typed(text: object) -> None:
        if not isinstance(text, str):
            return
        path = expanded(text).absolute()
        if path.suffix in SUFFIXES:
            do, kind = SUFFIXES[path.suffix]
            request = result.request(do, path=str(path), **trades.question)
            questions.ask("export", Question(request, kind, answered, screen.deck.report_error))
        else:
            stretch = trades.price.stretch if chart == "price" else {}
            request = result.request("charts.write", chart=chart or "equity", **trades.question, **stretch)
            chart_file.write(screen, questions, request, path)

    question = "Export to: .html is the whole report, .csv the trades as filtered and sorted, .svg the chart"
    free = chart_file.free_name(f"quantdeck-{run.id}", chart_file.SVG if chart else ".html")
    check = partial(chart_file.wrong, more=KINDS | {".htm": "report"})
    screen.app.push_screen(Prompt(question, free, check=check), typed)


def again(screen: BaseScreen, watched: Watched, moves: RuleOverrides) -> None:
    """Start a backtest of the same model by the rules that are shown; it is a run of its own."""
    from engine.settings import load

    if watched.run.mode not in selection.TRADED_MODEL:
        text = f"run {watched.id} ({watched.run.mode}) has no single model to backtest again"
        screen.notify(text, severity="warning", markup=False, timeout=4)
        return
    overrides = [f"{key}={value}" for key, value in moves.overrides.items()]
    try:
        settings = load(watched.run.settings_path, overrides)
        run = screen.deck.home.create("backtest", settings, of=watched.run.of or watched.id)
    except QuantdeckError as error:
        screen.deck.report_error(error)
        return
    if screen.deck.launch(run):
        screen.deck.chosen = run.id


def copy(screen: BaseScreen) -> None:
    """Copy title and figures through the terminal (OSC 52)."""
    from tui.widgets.lines import Lines

    text = "\n".join(screen.query_one(name, Lines).text for name in ("#title", "#banner", "#figures"))
    screen.deck.copy(text, "the figures")
