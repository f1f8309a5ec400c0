"""What must hold of every result, whatever the market, the signals, the costs and the stops."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.backtest.simulate import buy_and_hold, simulate
from tests.backtest.markets import random_bars, random_rules, random_targets

PRECISION = 1e-9
many = settings(max_examples=1000, deadline=None, database=None, derandomize=True)
seeds = st.integers(0, 2**63 - 1)
lengths = st.integers(1, 400)
volatilities = st.sampled_from([0.001, 0.02, 0.1, 0.5])


def drawn(seed, length, volatility):
    generator = np.random.default_rng(seed)
    bars, rules = random_bars(length, generator, volatility), random_rules(generator)
    return bars, random_targets(length, generator), rules


def money_in_play(simulation):
    """What 1e-9 is relative to: the largest of equity, capital and notional."""
    trades = simulation.trades
    notional = (trades["quantity"] * np.maximum(trades["entry_price"], trades["exit_price"])).sum()
    return max(simulation.initial_capital, np.abs(simulation.equity).max(), notional)


@many
@given(seeds, lengths, volatilities)
def test_the_ledger_adds_up(seed, length, volatility):
    bars, target, rules = drawn(seed, length, volatility)
    result = simulate(bars, target, rules)
    trades, precision = result.trades, PRECISION * money_in_play(result)
    assert np.isfinite(result.equity).all()
    assert np.abs(result.cash + result.position * bars.close - result.equity).max() <= precision
    assert abs(result.equity[-1] - rules.initial_capital - trades["pnl"].sum()) <= precision
    costs = trades["fees"] + trades["slippage"] + trades["funding"] + trades["borrow"]
    assert (np.abs(trades["gross_pnl"] - costs + trades["absorbed"] - trades["pnl"]) <= precision).all()
    assert (result.equity >= 0).all()
    assert (trades["absorbed"] >= 0).all()
    assert (trades["equity_after"][trades["absorbed"] > 0] == 0).all()
    moved = trades["side"] * trades["quantity"] * (trades["exit_price"] - trades["entry_price"])
    assert (np.abs(moved + trades["slippage"] - trades["gross_pnl"]) <= precision).all()
    after = rules.initial_capital + np.cumsum(trades["pnl"])
    assert (np.abs(after - trades["equity_after"]) <= precision).all()


@many
@given(seeds, lengths, volatilities)
def test_trades_follow_each_other_and_end_flat(seed, length, volatility):
    bars, target, rules = drawn(seed, length, volatility)
    result = simulate(bars, target, rules)
    trades = result.trades
    assert result.position[-1] == 0
    assert (trades["trade"] == np.arange(1, len(trades) + 1)).all()
    assert len(trades) <= np.count_nonzero(np.nan_to_num(target))  # what the loop's room for trades relies on
    assert (trades["entry_bar"][1:] >= trades["exit_bar"][:-1]).all()
    assert (trades["exit_bar"] >= trades["entry_bar"]).all()
    assert trades["bars"].sum() <= length
    assert (trades["quantity"] > 0).all()
    assert (trades["fees"] >= 0).all()
    assert (trades["slippage"] >= 0).all()
    assert (trades["mae"] <= trades["mfe"]).all()
    assert result.ruined == bool((result.equity <= 0).any())
    if not rules.max_volume_share:
        assert result.capped == result.dropped == 0


@settings(max_examples=500, deadline=None, database=None, derandomize=True)
@given(seeds, st.integers(3, 120), volatilities, st.data())
def test_a_moved_future_moves_nothing_before_it(seed, length, volatility, data):
    bars, target, rules = drawn(seed, length, volatility)
    cut = data.draw(st.integers(1, length - 1))
    other, other_target, _ = drawn(seed + 1, length, volatility)
    mixed = {
        name: np.concatenate([getattr(bars, name)[:cut], getattr(other, name)[cut:]])
        for name in (
            "open",
            "high",
            "low",
            "close",
            "volume",
            "forecast_volatility",
            "previous_close",
            "funding",
        )
    }
    changed = simulate(replace(bars, **mixed), np.concatenate([target[:cut], other_target[cut:]]), rules)
    whole, part = simulate(bars, target, rules), simulate(bars.rows(slice(cut)), target[:cut], rules)
    for name in ("equity", "cash", "position"):
        assert (getattr(whole, name)[:cut] == getattr(changed, name)[:cut]).all()
        assert (getattr(whole, name)[: cut - 1] == getattr(part, name)[: cut - 1]).all()
    done = (whole.trades["exit_bar"] < cut).sum()
    assert whole.trades[:done].tobytes() == changed.trades[:done].tobytes()


@settings(max_examples=200, deadline=None, database=None, derandomize=True)
@given(seeds, st.integers(2, 200), st.sampled_from(["next-open", "same-close", "worst-of-bar"]))
def test_buy_and_hold_is_one_long_trade_at_the_same_costs(seed, length, fill):
    bars, _, rules = drawn(seed, length, 0.02)
    bars = replace(bars, **dict.fromkeys(("funding", "funding_paid", "funding_received"), np.zeros(length)))
    rules = type(rules)(rules.initial_capital, rules.fee, rules.slippage, rules.bars_per_year, fill=fill)
    held = buy_and_hold(bars, rules)
    assert len(held.trades) == 1
    price = {"next-open": bars.open[0], "same-close": bars.close[0], "worst-of-bar": bars.high[0]}[fill]
    growth = bars.close[-1] * (1 - rules.slippage) * (1 - rules.fee)
    growth /= price * (1 + rules.slippage) * (1 + rules.fee)
    np.testing.assert_allclose(held.equity[-1], rules.initial_capital * growth, rtol=1e-9)
