"""Other rules on a universe's stored decisions: what a backtest by these rules from the start comes to."""

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.backtest import signals
from engine.backtest.trading import Decisions
from engine.errors import ChangeSettingsError
from engine.outcome import FILES, Source
from engine.preparation import Job
from engine.queries import opening, return_analysis, sweep, trades
from engine.queries.result import result_of
from engine.results.codec import plain
from engine.robustness import deflation
from engine.runs.home import Home
from engine.runs.manifest import write_manifest
from engine.runs.trial_store import read
from engine.settings import make
from engine.universe import results
from engine.universe.trading import Decided, trade
from tests.backtest.markets import random_bars
from tests.queries.results import backtested

QUICK = {
    "data": {"symbols": ("A/USDT", "B/USDT", "C/USDT"), "exchange": "demo"},
    "evidence": {"resamples": 100}, "signal": {"threshold_from": "settings", "exit": "signal"},
}  # fmt: skip
MOVES = {
    "signal.entry_threshold": st.sampled_from([0.0, 0.002, 0.01]),
    "signal.exit": st.sampled_from(["signal", "horizon"]),
    "backtest.fee_bps": st.sampled_from([0.0, 7.0]),
    "backtest.fill": st.sampled_from(["next-open", "same-close", "worst-of-bar"]),
    "backtest.short": st.booleans(),
    "backtest.stop_loss": st.sampled_from([0.0, 0.01]),
    "portfolio.allocation": st.sampled_from(["equal", "volatility", "rank"]),
    "portfolio.gross_cap": st.sampled_from([0.0, 0.5, 1.0]),
    "portfolio.every": st.sampled_from([0, 6]),
}


def decided(chosen, bars=900, seed=3):
    """Decisions on markets that begin and end at different times; the universe lacks each now and then."""
    generator, decisions, members = np.random.default_rng(seed), {}, {}
    for number, name in enumerate(chosen.data.symbols):
        every = random_bars(bars, generator, volatility=0.01)
        own = every.rows(slice(100 * number, bars - 60 * (number % 2)))
        forecast = generator.normal(0, 0.01, len(own))
        forecast[generator.random(len(own)) < 0.02] = np.nan
        signal = signals.threshold(forecast, chosen.signal.entry_threshold)
        decisions[name] = Decisions(own, forecast, signal, generator.normal(0, 0.01, len(own)))
        members[name] = generator.random(len(own)) < 0.95
    return Decided(decisions, members)


def concluded(home, universe, chosen):
    """A run folder with all that such a backtest leaves."""
    run = home.create("run", chosen)
    account, benchmark = trade(universe, chosen)
    source = Source(run.id, run.id, simulated=True, symbol=results.named(universe))
    origin = deflation.TrialOrigin("run", run.id, run.id, simulated=True, market="demo, three")
    job = Job(chosen, run, home, 0, lambda _: None)
    result = results.conclude(job, source, origin, universe, account, benchmark, chosen, [])
    run.result_path.write_text(json.dumps(plain(result)))
    write_manifest(run.path, FILES)
    return run, result


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    chosen = make(QUICK)
    universe = decided(chosen)
    return (chosen, universe, *concluded(Home(tmp_path_factory.mktemp("home")), universe, chosen))


def ask(run, **more):
    return {"run": str(run.path), **more}


@settings(max_examples=25, deadline=None)
@given(st.fixed_dictionaries({}, optional=MOVES))
def test_a_what_if_is_the_backtest_by_these_rules(made, moves):
    chosen, universe, run, _ = made
    found = opening.what_if(ask(run, overrides=moves))
    rules = make(chosen.model_dump(), [f"{key}={json.dumps(value)}" for key, value in moves.items()])
    level = rules.signal.entry_threshold
    again = Decided(
        {
            name: Decisions(
                each.bars, each.forecast, signals.threshold(each.forecast, level), each.forward_return
            )
            for name, each in universe.decisions.items()
        },
        universe.members,
    )
    account, benchmark = trade(again, rules)
    expected = results.build(Source(run.id, run.id, simulated=True), again, account, benchmark, rules)
    assert plain(found.result.metrics) == plain(expected.metrics)
    assert plain(found.result.benchmark) == plain(expected.benchmark)
    assert found.result.forecast == expected.forecast
    listed = trades.window(ask(run, overrides=moves, count=1))
    assert (listed.all, found.trades) == (len(account.trades), len(account.trades))
    assert {name: found.settings[name] for name in moves} == moves


def test_without_moves_it_is_the_run_to_the_bit(made):
    _, _, run, recorded = made
    equity = pd.read_parquet(run.path / "equity.parquet")["equity"].to_numpy()
    level = result_of(ask(run)).recorded.settings.signal.entry_threshold
    same = opening.what_if(ask(run, overrides={"signal.entry_threshold": level}))
    assert plain(same.result.metrics) == plain(recorded.metrics)
    assert equity[-1] == same.result.metrics["final_value"]
    assert same.result.trials.trials == opening.ledger(ask(run)).trials  # the same curve is no new trial


def test_a_variant_of_a_sweep_is_a_what_if_and_each_is_one_look(tmp_path):
    chosen = make(QUICK)
    run, _ = concluded(Home(tmp_path), decided(chosen, bars=400), chosen)
    choices = {
        "signal.entry_threshold": [0.002, 0.01],
        "portfolio.allocation": ["equal", "rank"],
        "backtest.fee_bps": [1.0, 10.0],
    }
    before = len(read(tmp_path)[0])
    answer = sweep.sweep_rules(ask(run, choices=choices))
    assert len(answer.variants) == 8
    assert len(read(tmp_path)[0]) == before + 8
    for row in answer.variants:
        alone = opening.what_if(ask(run, overrides=row.settings)).result.metrics
        for name in ("final_value", "total_return", "max_drawdown", "trades"):
            assert getattr(row, name) == pytest.approx(alone[name], rel=1e-9, nan_ok=True), name
    assert len(read(tmp_path)[0]) == before + 8
    busy = [row.total_return for row in answer.variants if row.trades >= 10]
    assert len(set(busy)) > 1  # the choices differ, or nothing would have been compared
    assert answer.trials.looks == before + 8


@pytest.mark.parametrize(
    "key",
    ["training.epochs", "universe.lead", "data.universe_top", "backtest.volatility_span", "backtest.span"],
)
def test_what_needs_another_training_or_bars_is_refused(made, key):
    with pytest.raises(ChangeSettingsError, match="cannot be tried"):
        opening.what_if(ask(made[2], overrides={key: 1}))


def test_returns_and_trades_are_told_under_other_rules(made):
    _, _, run, _ = made
    moved = {"portfolio.allocation": "rank", "portfolio.top": 1, "portfolio.bottom": 0}
    analysis = return_analysis.analyse(ask(run, overrides=moved))
    assert [each.trades > 0 for each in analysis.sides] == [True, False]  # none is sold short
    listed = trades.window(ask(run, overrides=moved, filter="symbol=B/USDT", count=5))
    assert 0 < listed.total < listed.all
    assert {row[listed.columns.index("symbol")] for row in listed.rows} == {"B/USDT"}


def test_one_symbol_has_no_portfolio_to_move(tmp_path):
    run = backtested(Home(tmp_path), 200)
    with pytest.raises(ChangeSettingsError, match="cannot be tried"):
        opening.what_if(ask(run, overrides={"portfolio.gross_cap": 0.5}))
