"""Exit at the end of the horizon: what is traded is what is labelled."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.backtest.signals import hold_for_horizon
from engine.backtest.simulate import buy_and_hold, simulate
from engine.backtest.sweep import sweep
from engine.backtest.trading import rules_of
from engine.market.calendar import Calendar
from engine.results.trade_terms import REASONS
from engine.settings import make
from tests.backtest.markets import FREE, KEEP, bars_of, random_bars, random_targets, reasons

RISING = bars_of(*[(price, price, price, price) for price in (100.0, 110, 121, 133, 146, 161)])


@given(seed=st.integers(0, 2**32), horizon=st.integers(1, 12), fee=st.sampled_from([0.0, 0.001]))
def test_each_trade_earns_its_label_and_ends_with_its_horizon(seed, horizon, fee):
    generator = np.random.default_rng(seed)
    bars = random_bars(60, generator)
    bars = replace(bars, **{name: np.zeros(60) for name in ("funding", "funding_paid", "funding_received")})
    trades = simulate(bars, random_targets(60, generator), replace(FREE, exit_after=horizon, fee=fee)).trades
    over = [REASONS[each] == "horizon" for each in trades["exit_reason"]]
    assert all(over[:-1])
    assert all(trades["entry_bar"][1:] >= trades["exit_bar"][:-1])
    for trade in trades[over]:
        t = trade["entry_bar"]
        label = bars.open[t + horizon] / bars.open[t] - 1
        assert trade["bars"] == horizon
        earned = trade["gross_pnl"] / (trade["quantity"] * trade["entry_price"])
        assert earned == pytest.approx(trade["side"] * label)


@given(seed=st.integers(0, 2**32), horizon=st.integers(1, 12))
def test_what_is_decided_in_between_moves_nothing(seed, horizon):
    generator = np.random.default_rng(seed)
    bars, target = random_bars(80, generator), random_targets(80, generator)
    rules = replace(FREE, exit_after=horizon, fee=0.001)
    found = simulate(bars, target, rules)
    other = target.copy()
    for trade in found.trades:
        between = slice(trade["entry_bar"] + 1, trade["entry_bar"] + horizon)
        other[between] = random_targets(80, generator)[between]
    assert simulate(bars, other, rules).equity.tolist() == found.equity.tolist()
    assert (np.sign(hold_for_horizon(other, horizon))[:-1] == np.sign(found.position)[:-1]).all()


def test_the_decision_of_the_closing_bar_opens_anew():
    result = simulate(RISING, np.array([1, -1, 1, KEEP, -1, KEEP]), replace(FREE, exit_after=2))
    assert result.trades["side"].tolist() == [1, 1, -1]
    assert result.trades["entry_bar"].tolist() == [0, 2, 4]
    assert reasons(result) == ["horizon", "horizon", "end"]
    flat = simulate(RISING, np.array([1, KEEP, 0, KEEP, KEEP, KEEP]), replace(FREE, exit_after=2))
    assert flat.trades["exit_bar"].tolist() == [2]


def test_a_stop_still_ends_a_trade_before_its_horizon():
    falling = bars_of((100, 100, 100, 100), (100, 100, 90, 92), (92, 92, 92, 92), (92, 92, 92, 92))
    result = simulate(falling, np.array([1, KEEP, KEEP, KEEP]), replace(FREE, exit_after=3, stop_loss=0.05))
    assert reasons(result) == ["stop-loss"]


def test_a_close_that_the_volume_cuts_short_goes_on_in_the_next_bar():
    bars = bars_of(*[(100, 100, 100, 100)] * 5, volume=[1e4, 1e4, 40, 1e4, 1e4])
    for unfilled in ("wait", "drop"):
        rules = replace(FREE, exit_after=2, max_volume_share=0.1, unfilled=unfilled)
        result = simulate(bars, np.array([1, KEEP, KEEP, KEEP, KEEP]), rules)
        assert result.position.tolist() == pytest.approx([10, 10, 6, 0, 0])
        assert reasons(result) == ["horizon"]


def test_the_settings_say_so_and_the_benchmark_is_held_all_the_same():
    calendar = Calendar(3_600_000)
    assert rules_of(make({}, ["label.horizon=7", "signal.exit=signal"]), calendar).exit_after == 0
    rules = rules_of(make({}, ["label.horizon=7", "signal.exit=horizon"]), calendar)
    assert rules.exit_after == 7
    assert len(buy_and_hold(RISING, replace(rules, exit_after=2)).trades) == 1


def test_a_sweep_holds_for_the_horizon_too():
    generator = np.random.default_rng(3)
    bars, target = random_bars(300, generator), random_targets(300, generator)
    variants = [(target, replace(FREE, exit_after=horizon)) for horizon in (0, 1, 4, 24)]
    alone = [simulate(bars, *variant) for variant in variants]
    assert sweep(bars, variants).final_value.tolist() == [each.equity[-1] for each in alone]
    assert len({len(each.trades) for each in alone}) > 1
