"""What the keys of Data and Backtest do, on a real engine."""

import csv
import json
import os
from contextlib import asynccontextmanager
from dataclasses import fields, replace

import pytest

from engine.data.importing.hints import Hints, hints_of
from engine.disk import write_whole
from engine.results.codec import to_json
from engine.results.learned import Importance, ImportanceResult
from engine.results.learned_tables import basis_points
from engine.runs.audit_status import AUDIT, fingerprint
from engine.runs.events import EventLog
from engine.runs.home import Home
from engine.runs.results import backtest_of
from engine.runs.trial_ledger import WHAT_IF
from engine.runs.trial_store import read
from engine.settings import load
from tests.queries.results import own_signals
from tests.tui.app.recorded import hold, source
from tests.tui.results.conftest import RUN, press, quiet, text_of
from tui.screens.backtest.trade import TradeScreen


@asynccontextmanager
async def go(deck, *keys, size=(80, 24)):
    """The app on a screen, after keys."""
    async with deck.run_test(size=size) as pilot:
        await press(*keys)(pilot)
        yield pilot


def joined(text):
    """The text without blanks and line ends, wherever a long path was broken."""
    return "".join(text.split())


async def test_every_what_if_is_counted_and_0_leads_back(deck_on, home):
    deck = deck_on(home)
    async with go(deck, "3") as pilot:
        result = deck.screen.result
        recorded = result.shown
        await press("right_square_bracket")(pilot)
        await press("right_square_bracket")(pilot)
        assert result.tries == 2
        assert dict(result.moves.overrides) == {"signal.entry_threshold": 0.002}
        assert result.shown.metrics != recorded.metrics
        assert "WHAT-IF  threshold 0.0012 → 0.002" in text_of(deck)
        assert result.shown.metrics["trades"] == deck.screen.trades.table.total
        await press("0")(pilot)
        assert result.shown == recorded
        assert deck.screen.trades.table.total == recorded.metrics["trades"]
        assert "3 looks, 2 what-if" in text_of(deck)
        await press("right_square_bracket")(pilot)  # the same settings again: no new look
        assert result.tries == 2
        await press("0", "left_curly_bracket", "0")(pilot)
        assert "4 looks, 3 what-if" in text_of(deck)
    looks, broken = read(home.path)
    assert [look.kind for look in looks] == ["run", *3 * [WHAT_IF]]
    assert not broken


@pytest.mark.parametrize("key", ["status", "seal"])  # seal: in the files of version 0.1
@pytest.mark.parametrize("status", ["passed", "failed"])
async def test_the_audits_status_is_on_the_screen_as_long_as_it_holds(deck_on, home, status, key):
    run = home.find(RUN)
    audit = {key: status, "manifest": fingerprint(run)}
    (run.path / AUDIT).write_text(json.dumps(audit))
    deck = deck_on(home)
    async with go(deck, "3") as pilot:
        assert f"leak audit {status}" in text_of(deck)
        (run.path / AUDIT).write_text(json.dumps(audit | {"manifest": "of other artifacts"}))
        await press("f5")(pilot)
        assert "leak audit not run" in text_of(deck)


async def test_fills_come_from_the_result_and_stay_the_runs_own(deck_on, home):
    deck = deck_on(home)
    scenarios = backtest_of(home.find(RUN)).fills.scenarios
    async with go(deck, "3", "f") as pilot:
        for each in scenarios:
            assert f"{each.name:<27}{each.total_return * 100:>+9.2f} %" in text_of(deck)
        assert "There is no gain that fills could take." in text_of(deck)
        await press("right_square_bracket")(pilot)
        assert "of the run as it was recorded" in text_of(deck)
        kindest = scenarios[0]
        assert f"{kindest.name:<27}{kindest.total_return * 100:>+9.2f} %" in text_of(deck)


async def test_the_stress_tests_are_one_key_further_and_then_all_panels_again(deck_on, home):
    deck, found = deck_on(home), backtest_of(home.find(RUN)).stress
    async with go(deck, "3", "f", "f") as pilot:
        for each in found.regimes:
            assert f"{each.kind} {each.name}" in text_of(deck)
        assert f"5 bars late{found.delays[-1].total_return * 100:>+16,.2f}" in text_of(deck)
        await press("tab", "f", "f", "f")(pilot)  # three more panels are between
        assert "stress tests" not in text_of(deck)
        assert "max drawdown" in text_of(deck)


async def test_importance_is_shown_where_it_was_measured(deck_on, home):
    deck = deck_on(home, first="backtest")
    async with go(deck, "f", "f", "f") as pilot:
        panel = deck.screen.query_one("#forecasts-and-features")
        assert f"importance {RUN}" in panel.text.replace("\n ", " ")
        deciles = backtest_of(home.find(RUN)).calibration.deciles
        assert all(basis_points(each.forward_return) in text_of(deck) for each in deciles)
        run = home.create("importance", load(home.runs / RUN / "settings.toml"), of=RUN)
        each = Importance("momentum", 1, 0.0123, 0.01, 0.02)
        result = ImportanceResult(run.id, RUN, True, 900, 0.05, 20, 48, (), (each,))
        write_whole(run.result_path, json.dumps(to_json(result)).encode())
        with EventLog(run.events_path) as log:
            log.emit({"kind": "queued", "resumed": False})
            log.emit({"kind": "done", "seconds": 1.0})
        deck.watcher.look()
        await pilot.pause(0.5)
        await press()(pilot)
        assert "momentum" in panel.text
        assert "0.0123" in panel.text
        assert "not measured" not in panel.text


async def test_a_result_without_fills_says_how_to_get_them(deck_on, home):
    path = home.runs / RUN / "result.json"
    result = replace(backtest_of(home.find(RUN)), fills=None, intervals=None, trials=None)
    path.write_text(json.dumps(result.to_json()))
    deck = deck_on(home)
    async with go(deck, "3", "f"):
        assert "b backtests the run again" in text_of(deck)


async def test_signals_of_ones_own_have_their_screen_and_refuse_what_needs_forecasts(deck_on, tmp_path):
    run, _, _ = own_signals(tmp_path)
    deck = deck_on(Home(tmp_path))
    async with go(deck, "3") as pilot:
        assert run.id in text_of(deck)
        recorded = deck.screen.result.shown
        await press("left_curly_bracket")(pilot)
        assert "WHAT-IF  fee bps 10 → 8" in text_of(deck)
        assert deck.screen.result.shown.metrics["final_value"] > recorded.metrics["final_value"]
        await press("right_square_bracket")(pilot)
        assert "target weights, not forecasts" in " ".join(text_of(deck).replace("│", " ").split())
        await press("escape", "b")(pilot)
        assert len(Home(tmp_path).all()) == 1


async def test_any_rule_can_be_typed_and_a_wrong_one_is_told_at_once(deck_on, home):
    deck = deck_on(home)
    async with go(deck, "3", "w") as pilot:
        field = deck.screen.query_one("#field")
        field.value = "stop_los=0.02"
        await pilot.pause()
        assert "no key=value" in deck.screen.query_one("#wrong").text
        field.value = "stop_loss=0.02 fill=worst-of-bar"
        await press("enter")(pilot)
        await pilot.pause(0.3)
        await press()(pilot)
        assert deck.screen.result.shown.fill == "worst-of-bar"
        assert deck.screen.result.tries == 1
        await press("w")(pilot)
        deck.screen.query_one("#field").value = "fee_bps=99999"
        await press("enter")(pilot)
        await pilot.pause(0.3)
        await press()(pilot)
        assert "fee_bps" in text_of(deck)  # the dialog names the setting; the rules are the run's again
        await press("escape")(pilot)
        await pilot.pause(0.3)
        await press()(pilot)
        assert not deck.screen.result.moves.overrides


async def test_the_table_pages_sorts_and_filters(deck_on, home):
    deck = deck_on(home)
    rows = list(csv.DictReader((home.runs / RUN / "trades.csv").read_text().splitlines()))
    async with go(deck, "3", "G") as pilot:
        table = deck.screen.trades.table
        assert table.total == len(rows) == table.cursor + 1
        assert deck.screen.trades.number(table.cursor) == len(rows)
        await press("s")(pilot)
        worst = sorted(rows, key=lambda row: float(row["pnl"]))
        assert deck.screen.trades.number(0) == int(worst[-1]["trade"])
        await press("S")(pilot)
        assert deck.screen.trades.number(0) == int(worst[0]["trade"])
        deck.screen.trades.put("side=short pnl<0")
        await press()(pilot)
        kept = [row for row in rows if row["side"] == "short" and float(row["pnl"]) < 0]
        assert table.total == len(kept)
        deck.screen.trades.put("side=shirt")
        await press()(pilot)
        assert "long, short" in text_of(deck)
        assert table.total == 0


async def test_a_trade_opens_and_leads_back(deck_on, home):
    deck = deck_on(home)
    async with go(deck, "3", "j", "enter") as pilot:
        assert isinstance(deck.screen, TradeScreen)
        assert "Trade 2" in text_of(deck)
        assert "▲" in text_of(deck)
        await press("right")(pilot)
        assert "Trade 3" in text_of(deck)
        await press("escape")(pilot)
        assert deck.screen.trades.table.cursor == 2


@pytest.mark.parametrize(
    ("keys", "name", "holds"),
    [
        ((), "report.html", "<svg"),
        ((), "shown.csv", "entry_time"),
        (("enter",), "trade.svg", "<svg"),
        (("enter",), "trade.csv", "entry_time"),
    ],
)
async def test_export_writes_what_the_suffix_says(deck_on, home, tmp_path, keys, name, holds):
    deck = deck_on(home)
    async with go(deck, "3", *keys, "e") as pilot:
        deck.screen.query_one("#field").value = str(tmp_path / name)
        await press("enter")(pilot)
        assert holds in (tmp_path / name).read_text()


async def test_copy_goes_through_the_terminal(deck_on, home):
    deck = deck_on(home)
    async with go(deck, "3", "y") as pilot:
        assert "buy & hold" in deck.clipboard
        await press("1", "y")(pilot)
        assert "Gaps" in deck.clipboard


async def test_an_artifact_that_was_changed_is_told_and_the_figures_stay(deck_on, home):
    path = home.runs / RUN / "bars.parquet"
    path.write_bytes(path.read_bytes()[:-1])
    deck = deck_on(home)
    async with go(deck, "3"):
        shown = text_of(deck)
        assert "bars.parquet" in joined(shown)  # a long path is wrapped
        assert "truncated" in shown
        assert "Sharpe" in shown


async def test_series_say_how_fresh_they_are_and_what_they_are(deck_on, home):
    deck = deck_on(home)
    async with go(deck, "1"):
        shown = text_of(deck)
        rows = shown.splitlines()[2:9]
        lines = {name: next(row for row in rows if name in row) for name in ("binance", "kraken", "SIM")}
        assert " ok " in lines["binance"]
        assert "stale 1d" in lines["kraken"]
        assert "SIMULATED" in lines["SIM"]
        assert "broken" in shown
        assert "201 bars missing in 2 gaps" in shown
        assert "the exchange has none" in shown
        assert "not asked for yet" in shown


async def test_progress_and_failures_of_an_update_are_shown(deck_on, home):
    run = home.create("update", load(home.runs / RUN / "settings.toml"))
    events = [
        {"kind": "queued", "resumed": False},
        {
            "kind": "started",
            "run": run.id,
            "mode": "update",
            "of": "",
            "pid": 1,
            "versions": {},
            "resumed": False,
        },
        {"kind": "stage", "stage": "collect", "state": "begin"},
        source("binance_BTC-USDT_1h_candles", "page", page=3, pages=12, rows=3000, left_s=4.0),
        source("kraken_BTC-USD_1h_candles", "failed", error="timed out"),
    ]
    with EventLog(run.events_path) as log:
        for event in events:
            log.emit(event)
    handle = hold(run)
    deck = deck_on(home)
    async with go(deck, "1"):
        shown = text_of(deck)
        assert "1 of 2 sources done" in shown
        assert "25%  page 3/12  4.0 s left" in shown
        assert "failed: timed out" in shown
    os.close(handle)


async def test_result_json_alone_is_enough_for_the_figures(deck_on, home):
    deck = deck_on(home)
    result = backtest_of(home.find(RUN))
    async with go(deck, "3"):
        assert f"{result.metrics['final_value']:,.2f}" in text_of(deck)


async def test_a_result_that_cannot_be_read_is_told_with_the_keys_that_help(deck_on, home):
    result = home.runs / RUN / "result.json"
    result.write_text(result.read_text()[:-40])
    deck = deck_on(home)
    async with go(deck, "3") as pilot:
        assert "result.json:cannotberead" in joined(text_of(deck))
        assert "reload" in text_of(deck)
        assert "Sharpe" not in text_of(deck)
        result.write_text(result.read_text() + "}")
        await press("f5", "e", "w", "s", "z")(pilot)
        assert "reload" in text_of(deck)


async def test_an_import_says_what_its_file_leaves_open(deck_on, home, tmp_path):
    (tmp_path / "a.csv").write_text("time,value\n")
    deck = deck_on(home)
    async with go(deck, "1", "i") as pilot:
        form = deck.screen
        for each in fields(Hints):
            assert f"--{each.name.replace('_', '-')}" in text_of(deck)
        assert "enter import it" in text_of(deck)
        form.query_one("#field-file").value = str(tmp_path / "a.csv")
        form.query_one("#field-options").value = "day-first"
        await press()(pilot)
        assert "--dates day-first" in text_of(deck)
        assert form.judge() is None
        form.query_one("#field-options").value = "--dates day-first --timezone=Europe/Berlin --accept-losses"
        hints = {"dates": "day-first", "timezone": "Europe/Berlin", "accept_losses": True}
        assert form.judge().hints == hints
        assert hints_of(form.judge().hints) == Hints(
            "day-first", timezone="Europe/Berlin", accept_losses=True
        )


@pytest.mark.parametrize(("key", "seen", "gone"), [("t", "#trades", "#chart"), ("c", "#chart", "#trades")])
async def test_one_key_shows_a_panel_alone_and_all_of_them_again(deck_on, home, key, seen, gone):
    deck = deck_on(home, first="backtest")
    async with go(deck, size=(80, 22)) as pilot:
        screen = deck.screen
        assert screen.in_sight("#trades")
        before = screen.trades.table.body_height
        await press(key)(pilot)
        assert screen.in_sight(seen)
        assert not screen.in_sight(gone)
        if key == "t":
            assert screen.trades.table.body_height > 3 * before
        await press(key)(pilot)
        assert screen.in_sight(gone)


async def test_a_panels_key_matches_all_widgets_against_the_style_sheet_once(deck_on, home, monkeypatch):
    deck = deck_on(home, first="backtest")
    async with deck.run_test(size=(80, 24)) as pilot:
        await quiet(pilot)
        screen, matched, update = deck.screen, [], deck.stylesheet.update_nodes

        def counted(nodes, **options):
            found = [*nodes]
            matched.append(screen in found)
            update(found, **options)

        monkeypatch.setattr(deck.stylesheet, "update_nodes", counted)
        for panel in ("more", "stress", "chart", ""):
            matched.clear()
            screen.zoom(panel)
            assert sum(matched) == 1, panel
