"""One account over several symbols: equal to a slow reference, to one symbol's loop, to its own ledger."""

from __future__ import annotations

import warnings
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from engine.backtest import portfolio_loop
from engine.backtest.bars import DUE_LATER
from engine.backtest.portfolio import simulate_portfolio
from engine.backtest.rules import Rules
from engine.backtest.simulate import simulate
from engine.errors import ChangeSettingsError
from engine.results.trade_terms import REASONS
from tests.backtest.markets import random_bars, random_rules, random_targets
from tests.backtest.portfolio_reference import PortfolioReference

CASES = 600
EXACT = ("side", "bars", "symbol")
RATES = ("return", "mae", "mfe")


def some_bars(bars, generator):
    """A part of the bars: the symbol begins later, ends earlier, lacks some in between."""
    there = generator.random(len(bars)) < generator.choice([1.0, 0.8])
    first, last = np.sort(generator.integers(0, len(bars), 2))
    there[:first], there[last + 1 :], there[first] = False, False, True
    return bars.rows(np.flatnonzero(there))


def random_universe(generator):
    """Symbols with bars of their own, their weights and the rules of the account."""
    count, rules = int(generator.integers(2, 50)), random_rules(generator)
    volatility = float(generator.choice([0.005, 0.02, 0.1, 0.4]))
    markets = {
        f"S{number}": some_bars(random_bars(count, generator, volatility), generator)
        for number in range(int(generator.integers(1, 6)))
    }
    scale = float(generator.choice([1.0, 1.0 / len(markets)]))
    weights = {name: scale * random_targets(len(bars), generator) for name, bars in markets.items()}
    return markets, weights, rules


def scale_of(result, rules):
    notional = (result.trades["quantity"] * result.trades["entry_price"]).max(initial=0.0)
    return max(rules.initial_capital, notional, np.abs(result.equity).max())


def pnl_by_symbol(result):
    """(S,) net PnL of each symbol's trades."""
    return np.array([result.trades["pnl"][result.symbol == s].sum() for s in range(len(result.symbols))])


def compared_with_reference(markets, weights, rules):
    """The account, once it has been found equal to the slow reference's to 1e-9."""
    found = simulate_portfolio(markets, weights, rules)
    wanted = PortfolioReference(markets, weights, rules)
    scale = scale_of(found, rules)
    assert len(found.trades) == len(wanted.trades)
    assert np.abs(found.equity - wanted.equity).max() <= 1e-9 * scale
    assert np.abs(found.cash - wanted.cash).max() <= 1e-9 * scale
    for place, (row, other) in enumerate(zip(found.trades, wanted.trades, strict=True)):
        assert REASONS[row["exit_reason"]] == other["exit_reason"]
        assert found.time[row["entry_bar"]].astype(int) == other["entry_time"]
        assert found.time[row["exit_bar"]].astype(int) == other["exit_time"]
        assert (row["side"], row["bars"], found.symbol[place]) == tuple(other[name] for name in EXACT)
        for name in RATES:
            assert abs(row[name] - other[name]) <= 1e-9
        for name in ("pnl", "fees", "slippage", "funding", "borrow", "absorbed", "equity_after"):
            assert abs(row[name] - other[name]) <= 1e-9 * scale, name
    for number, symbol in enumerate(wanted.symbols):
        for name in ("capped", "dropped", "unsized", "too_small"):
            assert getattr(found, name)[number] == getattr(symbol, name)
    assert np.abs(found.gain.sum(axis=1) - (found.equity - rules.initial_capital)).max() <= 1e-9 * scale
    return found


def test_equals_the_slow_reference_to_1e9():
    generator, seen = np.random.default_rng(20), set()
    for _ in range(CASES):
        found = compared_with_reference(*random_universe(generator))
        seen |= set(found.trades["exit_reason"]) | ({"ruined"} if found.ruined else set())
        seen |= {"together"} if len(set(found.symbol)) > 1 else set()
    assert seen == {*range(len(REASONS)), "ruined", "together"}


def test_a_universe_of_one_is_the_one_symbol():
    generator = np.random.default_rng(21)
    for _ in range(200):
        count, rules = int(generator.integers(1, 50)), random_rules(generator)
        bars, target = random_bars(count, generator), random_targets(count, generator)
        one = simulate(bars, target, rules)
        found = simulate_portfolio({"BTC/USDT": bars}, {"BTC/USDT": target}, rules)
        assert np.abs(found.equity - one.equity).max() <= 1e-12 * scale_of(one, rules)
        for name in ("side", "entry_bar", "exit_bar", "bars", "exit_reason"):
            assert np.array_equal(found.trades[name], one.trades[name])


def test_the_ledger_adds_up_by_symbol_and_in_sum():
    generator = np.random.default_rng(22)
    for _ in range(200):
        markets, weights, rules = random_universe(generator)
        found = simulate_portfolio(markets, weights, rules)
        scale = scale_of(found, rules)
        worth = np.nansum(found.position * found.close, axis=1)
        assert np.abs(found.cash + worth - found.equity).max() <= 1e-9 * scale
        assert np.abs(found.gain.sum(axis=1) - (found.equity - rules.initial_capital)).max() <= 1e-9 * scale
        by_trades = pnl_by_symbol(found)
        assert np.abs(found.gain[-1] - by_trades).max() <= 1e-9 * scale
        gained = found.equity[-1] - rules.initial_capital
        assert abs(by_trades.sum() - gained) <= 1e-9 * scale
        trades = found.trades
        costs = trades["fees"] + trades["slippage"] + trades["funding"] + trades["borrow"]
        parts = trades["gross_pnl"] - costs + trades["absorbed"]
        assert np.abs(trades["pnl"] - parts).max(initial=0.0) <= 1e-9 * scale
        assert (found.equity >= -1e-9 * scale).all()


def test_the_order_of_the_symbols_changes_no_money():
    generator = np.random.default_rng(23)
    for _ in range(100):
        markets, weights, rules = random_universe(generator)
        rules = replace(rules, max_volume_share=0.0)
        found = simulate_portfolio(markets, weights, rules)
        turned = simulate_portfolio(dict(reversed(list(markets.items()))), weights, rules)
        assert np.abs(found.equity - turned.equity).max() <= 1e-7 * scale_of(found, rules)


def test_later_bars_of_any_symbol_change_no_earlier_equity():
    generator = np.random.default_rng(24)
    for _ in range(100):
        markets, weights, rules = random_universe(generator)
        before = simulate_portfolio(markets, weights, rules)
        cut = before.time[int(generator.integers(0, len(before.time)))]
        moved = {}
        for name, bars in markets.items():
            later, factor = bars.time > cut, float(np.exp(generator.normal(0, 1)))
            prices = ("open", "high", "low", "close")
            moved[name] = replace(
                bars, **{each: np.where(later, factor, 1.0) * getattr(bars, each) for each in prices}
            )
        after = simulate_portfolio(moved, weights, rules)
        known = before.time <= cut
        known[-1] = False
        assert np.array_equal(before.equity[known], after.equity[known])


def test_machine_code_that_cannot_be_kept_is_done_without(monkeypatch):
    markets, weights, rules = random_universe(np.random.default_rng(27))
    wanted, walk = simulate_portfolio(markets, weights, rules), portfolio_loop.compiled_walk()

    def refused(*_):
        raise OSError("no room")

    monkeypatch.setattr(portfolio_loop, "compiled_walk", lambda: refused)
    monkeypatch.setattr(portfolio_loop, "walk", walk)
    assert np.array_equal(simulate_portfolio(markets, weights, rules).equity, wanted.equity)


def test_what_cannot_be_traded_is_refused():
    generator = np.random.default_rng(25)
    markets, weights, rules = random_universe(generator)
    name = next(iter(markets))
    for given, wrong in (
        ({}, weights),
        (markets, {}),
        (markets, weights | {name: np.zeros(1_000)}),
        (markets, weights | {name: np.full(len(markets[name]), np.inf)}),
    ):
        with pytest.raises(ChangeSettingsError):
            simulate_portfolio(given, wrong, rules)


def test_equals_vectorbt_where_its_model_is_ours():
    """Shared cash, orders in percent of the account, at no cost: vectorbt keeps no room for a fee."""
    vectorbt, generator = vectorbt_of_peers(), np.random.default_rng(26)
    for _ in range(20):
        markets = random_markets_without_funding(generator)
        weights = {name: turning_weights(len(bars), generator, 1 / len(markets))
                   for name, bars in markets.items()}  # fmt: skip
        assert apart_from_vectorbt(vectorbt, markets, weights) <= 1e-6


def vectorbt_of_peers():
    """vectorbt, where it is installed."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its import warns about its own dependencies
        return pytest.importorskip("vectorbt")


def random_markets_without_funding(generator):
    """Two to six markets over the same bars."""
    count = 120
    none = dict.fromkeys(("funding", *DUE_LATER), np.zeros(count))
    return {
        f"S{number}": replace(random_bars(count, generator), **none)
        for number in range(int(generator.integers(2, 7)))
    }


def apart_from_vectorbt(vectorbt, markets, weights):
    """The largest difference of equity, as a share of it."""
    found = simulate_portfolio(markets, weights, Rules(10_000.0, fee=0.0, slippage=0.0, bars_per_year=8760))
    index = pd.DatetimeIndex(found.time)
    opened, close, size = (
        pd.DataFrame(values, index)
        for values in (
            {name: each.open for name, each in markets.items()},
            {name: each.close for name, each in markets.items()},
            weights,
        )
    )
    other = vectorbt.Portfolio.from_orders(
        close, size, size_type="targetpercent", price=opened, init_cash=10_000.0, freq="1h",
        cash_sharing=True, group_by=True, call_seq="auto",
    )  # fmt: skip
    return np.abs(found.equity / other.value().to_numpy().ravel() - 1).max()


def turning_weights(count, generator, share):
    """Weights (T,) of which each opens, turns or closes a position; flat in the end."""
    weight, held = np.full(count, np.nan), 0.0
    for t in np.flatnonzero(generator.random(count) < 0.2):
        side = generator.choice([each for each in (1.0, 0.0, -1.0) if each != np.sign(held)])
        weight[t] = held = side * share * generator.uniform(0.2, 1.0)
    weight[-1] = 0.0
    return weight
