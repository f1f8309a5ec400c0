"""Weights of several symbols: equal to a slow reference, within their limits, none from a later bar."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from engine.backtest import allocation
from engine.backtest.allocation import Limits, allocate
from engine.backtest.portfolio import Grid
from engine.backtest.simulate import buy_and_hold
from engine.backtest.trading import Decisions, rules_of, trade, weight_of
from engine.backtest.universe_trading import hold_equally, trade_universe, weights_in
from engine.errors import ChangeSettingsError, SettingsError
from engine.settings import make
from tests.backtest.allocation_reference import divide
from tests.backtest.markets import random_bars, random_targets
from tests.backtest.test_portfolio import pnl_by_symbol, some_bars

CASES = 150
ALLOCATIONS = ("equal", "volatility", "rank", "user")
HOUR_MS = 3_600_000


def decided(bars, generator):
    """Decisions as a model makes them: bars without a forecast, signals beyond a threshold."""
    forecast = generator.normal(0, 0.01, len(bars))
    forecast[generator.random(len(bars)) < 0.2] = np.nan
    signal = np.where(np.abs(forecast) > 0.004, np.sign(forecast), 0).astype(np.int8)
    return Decisions(bars, forecast, signal, generator.normal(0, 0.02, len(bars)))


def random_decisions(generator):
    """Symbols that begin, end and lack bars as they like."""
    count = int(generator.integers(2, 90))
    return {
        f"S{number}": decided(some_bars(random_bars(count, generator), generator), generator)
        for number in range(int(generator.integers(1, 7)))
    }


def random_settings(names, generator, allocated):
    """Settings of an account, limits there or not."""

    def maybe(key, low, high):
        return [f"{key}={generator.uniform(low, high):.3f}"] if generator.random() < 0.5 else []

    weights = ", ".join(f"{name}:{generator.uniform(0.01, 1):.3f}" for name in names)
    return make(
        {},
        [
            f"portfolio.allocation={allocated}",
            f"portfolio.weights={weights}",
            f"portfolio.top={generator.integers(1, 4)}",
            f"portfolio.bottom={generator.integers(0, 4)}",
            f"portfolio.every={generator.integers(0, 9)}",
            f"signal.exit={generator.choice(['signal', 'horizon'])}",
            f"signal.neutral={generator.choice(['hold', 'flat'])}",
            f"label.horizon={generator.integers(1, 9)}",
            *maybe("portfolio.symbol_cap", 0.05, 0.6),
            *maybe("portfolio.gross_cap", 0.1, 2),
            *maybe("portfolio.net_cap", 0.05, 0.8),
            *maybe("portfolio.turnover_limit", 0.05, 1),
            *maybe("backtest.rebalance_band", 0.01, 0.2),
        ],
    )


def random_limits(generator):
    """Limits, each there or not."""
    caps = np.where(generator.random(4) < 0.5, 0.0, generator.uniform(0.05, 1.0, 4)).round(3).tolist()
    every, exit_after = int(generator.integers(1, 6)), int(generator.integers(0, 6))
    return Limits(*caps, every, exit_after, bool(generator.random() < 0.5))


def memberships(markets, generator):
    """Whether the universe has each symbol, in stretches of seven bars."""
    return {
        name: np.repeat(generator.random(len(bars) // 7 + 1) < 0.8, 7)[: len(bars)]
        for name, bars in markets.items()
    }


def wide(bars, generator):
    """The same bars with days between some of them, in which a symbol is taken for gone."""
    days = np.cumsum(generator.random(len(bars)) < 0.05) * np.timedelta64(30, "h")
    return replace(bars, time=bars.time + days)


def test_equals_the_slow_reference():
    generator, told_nothing = np.random.default_rng(30), 0
    for _ in range(CASES):
        markets = {name: wide(made.bars, generator) for name, made in random_decisions(generator).items()}
        wanted = {name: random_targets(len(bars), generator) for name, bars in markets.items()}
        part = {
            name: np.where(generator.random(len(bars)) < 0.1, np.nan, generator.uniform(0.1, 2, len(bars)))
            for name, bars in markets.items()
        }
        member, limits = memberships(markets, generator), random_limits(generator)
        divided = bool(generator.random() < 0.5)
        found = allocate(markets, wanted, limits, part, member, divided=divided)
        hours = {name: (bars.time.astype(int) // HOUR_MS).tolist() for name, bars in markets.items()}
        given = {
            name: dict(
                zip(
                    hours[name],
                    zip(wanted[name].tolist(), part[name].tolist(), member[name].tolist(), strict=True),
                    strict=True,
                )
            )
            for name in markets
        }
        times = sorted({time for each in hours.values() for time in each})
        right = divide(times, given, limits, divided)
        for name, weights in found.items():
            wished = np.array([right[name].get(time, np.nan) for time in hours[name]])
            assert np.allclose(weights, wished, rtol=0, atol=1e-9, equal_nan=True)
            told_nothing += np.isnan(weights).sum()
    assert told_nothing


def standing(markets, weights):
    """Target weights as they stand, by time and symbol, (T, S), 0 before the first, and those before them."""
    targets = Grid.of(markets).table(list(weights.values()))
    now, rows = np.zeros(targets.shape[1]), []
    for row in targets:
        now = np.where(np.isnan(row), now, row)
        rows.append(now)
    return np.array(rows), np.vstack([np.zeros((1, targets.shape[1])), rows[:-1]])


def test_whatever_grows_stays_within_the_limits():
    generator, reached = np.random.default_rng(31), set()
    for _ in range(CASES):
        count = int(generator.integers(5, 60))
        markets = {f"S{number}": random_bars(count, generator) for number in range(6)}
        wanted = {name: np.sign(random_targets(count, generator)) for name in markets}
        limits = replace(random_limits(generator), exit_after=0, resized=True)
        now, before = standing(markets, allocate(markets, wanted, limits))  # (T, S) each
        growth = np.maximum(np.abs(now) - np.where(now * before > 0, np.abs(before), 0.0), 0.0)
        grew = growth.sum(axis=1) > 0
        shrunk = np.abs(before).sum(axis=1) + growth.sum(axis=1) - np.abs(now).sum(axis=1)
        beyond = np.abs(now.sum(axis=1)) > np.abs(before.sum(axis=1))
        for name, cap, value in (
            ("symbol", limits.symbol_cap, np.abs(now).max(axis=1)),
            ("gross", limits.gross_cap, np.abs(now).sum(axis=1)),
            ("net", limits.net_cap, np.where(beyond & (shrunk == 0), np.abs(now.sum(axis=1)), 0.0)),
            ("turnover", limits.turnover_limit, np.where(grew, growth.sum(axis=1) + shrunk, 0.0)),
        ):
            if cap:
                assert (value <= cap + 1e-9).all(), name
                reached |= {name} if (value > cap - 1e-9).any() else set()
    assert reached == {"symbol", "gross", "net", "turnover"}


def changed_after(made, cut, generator):
    """The same decisions with other prices, volumes and forecasts after a time, and fewer bars."""
    later = made.bars.time > cut
    kept = ~later | (generator.random(len(later)) < generator.choice([0.0, 0.7]))
    kept[0] = True
    factor = np.where(later, np.exp(generator.normal(0, 1)), 1.0)
    names = ("open", "high", "low", "close", "volume", "forecast_volatility")
    bars = replace(made.bars, **{name: factor * getattr(made.bars, name) for name in names})
    signal = np.where(later, generator.integers(-1, 2, len(later)), made.signal).astype(np.int8)
    forecast = np.where(later, generator.normal(0, 0.01, len(later)), made.forecast)
    rows = np.flatnonzero(kept)
    return Decisions(bars.rows(rows), forecast[rows], signal[rows], made.forward_return[rows])


def test_no_later_bar_changes_an_earlier_weight():
    generator = np.random.default_rng(32)
    for case in range(CASES):
        decisions = random_decisions(generator)
        settings = random_settings(decisions, generator, ALLOCATIONS[case % len(ALLOCATIONS)])
        member = memberships({name: made.bars for name, made in decisions.items()}, generator)
        times = np.unique(np.concatenate([made.bars.time for made in decisions.values()]))
        cut = times[int(generator.integers(0, len(times)))]
        moved = {name: changed_after(made, cut, generator) for name, made in decisions.items()}
        inside = {name: np.isin(made.bars.time, moved[name].bars.time) for name, made in decisions.items()}
        before = weights_in(decisions, settings, member)
        after = weights_in(moved, settings, {name: each[inside[name]] for name, each in member.items()})
        for name, made in decisions.items():
            known = made.bars.time <= cut
            assert np.array_equal(before[name][known], after[name][: known.sum()], equal_nan=True)


def test_one_symbol_trades_as_it_does_alone():
    generator = np.random.default_rng(33)
    for _ in range(40):
        made = decided(random_bars(int(generator.integers(2, 90)), generator), generator)
        chosen = ["backtest.stop_loss=0.02", f"signal.exit={generator.choice(['signal', 'horizon'])}"]
        settings = make({}, [*chosen, f"label.horizon={generator.integers(1, 9)}"])
        assert np.array_equal(
            weights_in({"BTC/USDT": made}, settings)["BTC/USDT"], weight_of(made, settings), equal_nan=True
        )
        for ours, alone in zip(
            trade_universe({"BTC/USDT": made}, settings), trade(made, settings), strict=True
        ):
            assert np.abs(ours.equity - alone.equity).max() <= 1e-12 * alone.equity.max()
            assert np.array_equal(ours.trades["exit_bar"], alone.trades["exit_bar"])


def test_ranks_are_long_at_the_top_and_short_at_the_bottom():
    generator = np.random.default_rng(34)
    for _ in range(40):
        count, symbols = int(generator.integers(2, 40)), int(generator.integers(1, 9))
        top, bottom, every = (int(each) for each in generator.integers((0, 1, 1), (4, 4, 6)))
        markets = {f"S{number}": random_bars(count, generator) for number in range(symbols)}
        score = {name: generator.normal(0, 1, count) for name in markets}
        found = np.array(list(allocation.ranked(markets, score, top, bottom, every).values())).T  # (T, S)
        ranked = np.isfinite(found).all(axis=1)
        assert np.array_equal(ranked, np.isfinite(found).any(axis=1))
        for row, scores in zip(found[ranked], np.array(list(score.values())).T[ranked], strict=True):
            held = np.flatnonzero(row)
            assert not len(held) or np.isclose(np.abs(row).sum(), 1.0)
            assert (row > 0).sum() == (top if symbols >= top + bottom else symbols * top // (top + bottom))
            if (row > 0).any() and (row <= 0).any():
                assert scores[row > 0].min() >= scores[row <= 0].max()
            if (row < 0).any() and (row >= 0).any():
                assert scores[row < 0].max() <= scores[row >= 0].min()


def test_equal_parts_that_are_held_are_accounts_of_their_own():
    generator = np.random.default_rng(35)
    for _ in range(40):
        decisions, settings = random_decisions(generator), make({}, [])
        markets = {name: made.bars for name, made in decisions.items()}
        rules = rules_of(settings, next(iter(markets.values())).calendar)
        found = hold_equally(markets, rules)
        part = replace(rules, initial_capital=rules.initial_capital / len(markets))
        ends = [buy_and_hold(bars, part).equity[-1] for bars in markets.values()]
        assert np.isclose(found.equity[-1], sum(ends), rtol=1e-12)
        worth = np.nan_to_num(found.position * found.close).sum(axis=1)
        assert np.allclose(found.cash + worth, found.equity, rtol=1e-12)
        assert np.allclose(found.gain.sum(axis=1), found.equity - rules.initial_capital, atol=1e-7)
        assert np.allclose(found.gain[-1], pnl_by_symbol(found), atol=1e-7)


@pytest.mark.parametrize(
    ("overrides", "key"),
    [
        (["portfolio.allocation=user"], "portfolio.weights"),
        (["portfolio.weights=BTC/USDT"], "portfolio.weights"),
        (["portfolio.weights=BTC/USDT:0.5,BTC/USDT:0.5"], "portfolio.weights"),
        (["portfolio.weights=BTC/USDT:nan"], "portfolio.weights"),
        (["portfolio.allocation=rank", "portfolio.top=0", "portfolio.bottom=0"], "portfolio.top"),
    ],
)
def test_settings_that_divide_nothing_are_refused(overrides, key):
    with pytest.raises(SettingsError) as caught:
        make({}, overrides)
    assert [problem.key for problem in caught.value.problems] == [key]


def test_weights_of_symbols_that_are_not_there_are_refused():
    decisions = random_decisions(np.random.default_rng(36))
    for weights in ("BTC/USDT:1", "S0:0"):
        with pytest.raises(ChangeSettingsError, match=r"portfolio\.weights"):
            weights_in(decisions, make({}, ["portfolio.allocation=user", f"portfolio.weights={weights}"]))
