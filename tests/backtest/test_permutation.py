"""Shuffles keep trades and holding times, all orders are equally likely, and chance is called chance."""

from __future__ import annotations

import math
from collections import Counter
from itertools import pairwise, permutations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.backtest.bars import Bars
from engine.backtest.rules import Rules
from engine.backtest.simulate import simulate
from engine.robustness.permutation import Shuffler, Stretches, shuffle
from engine.statistics import metrics
from soak.null import garch
from tests.backtest.markets import random_bars

RULES = Rules(1000.0, fee=0.001, slippage=0.0002, bars_per_year=8760)
FREE = Rules(1000.0, fee=0.0, slippage=0.0, bars_per_year=8760)
seeds = st.integers(0, 2**32)


def targets(seed, count, flat):
    """Long, short, close and keep; without `flat` never out of the market."""
    generator = np.random.default_rng(seed)
    shares = [0.1, 0.1, 0.1 if flat else 0.0, 0.7 if flat else 0.8]
    return generator.choice([1.0, -1.0, 0.0, np.nan], count, p=shares)


def lengths(stretches):
    """How often each side was held for how long."""
    return Counter(zip(stretches.side, stretches.stop - stretches.start, strict=True))


@settings(max_examples=200, deadline=None, database=None, derandomize=True)
@given(seeds, st.integers(1, 300), st.booleans())
def test_a_shuffle_keeps_trades_and_holding_times(seed, count, flat):
    weight = targets(seed, count, flat)
    weight[0] = 0.0 if math.isnan(weight[0]) else weight[0]
    stretches = Stretches.of(weight)
    rows = stretches.rows(Shuffler(stretches).order(np.random.default_rng(seed)))
    assert sorted(rows) == list(range(count))
    assert lengths(Stretches.of(weight[rows])) == lengths(stretches)


@settings(max_examples=50, deadline=None, database=None, derandomize=True)
@given(seeds, st.booleans())
def test_the_simulated_trades_are_as_many_and_as_long(seed, flat):
    weight = targets(seed, 300, flat)
    weight[0] = 0.0 if math.isnan(weight[0]) else weight[0]
    bars = random_bars(300, np.random.default_rng(seed), 0.01)
    stretches = Stretches.of(weight)
    order = Shuffler(stretches).order(np.random.default_rng(seed))
    before, after = (simulate(bars, each, FREE).trades for each in (weight, weight[stretches.rows(order)]))
    assert Counter(map(tuple, before[["side", "bars"]])) == Counter(map(tuple, after[["side", "bars"]]))


def test_all_orders_are_equally_likely():
    weight = np.array([0, 1, 1, -1, 0, 0, 1, -1], float)  # 2 long, 2 short, 2 flat
    stretches = Stretches.of(weight)
    shuffler, generator = Shuffler(stretches), np.random.default_rng(1)
    seen = Counter(tuple(shuffler.order(generator)) for _ in range(8_000))
    side = stretches.side
    allowed = [
        order
        for order in permutations(range(len(side)))
        if all(side[a] != side[b] for a, b in pairwise(order))
    ]
    assert set(seen) == set(allowed)
    expected = 8_000 / len(allowed)
    statistic = sum((seen[order] - expected) ** 2 / expected for order in allowed)
    degrees = len(allowed) - 1
    assert abs(statistic - degrees) < 4 * math.sqrt(2 * degrees)


def test_signals_of_chance_are_called_chance():
    found = []
    for seed in range(25):
        generator = np.random.default_rng(seed)
        bars = random_bars(800, generator, 0.01)
        weight = targets(seed + 1000, 800, flat=True)
        found.append(shuffle(bars, weight, RULES, 99, seed).p_value)
    assert np.mean(np.array(found) <= 0.1) <= 0.25
    assert 0.3 < np.mean(found) < 0.7


def test_foresight_is_no_chance():
    bars = random_bars(1000, np.random.default_rng(4), 0.01)
    weight = np.where(bars.close > bars.open, 1.0, -1.0)
    found = shuffle(bars, weight, FREE, 199, 0)
    assert found.p_value == 1 / 200
    assert found.distinct == 199


def test_figures_of_a_shuffle_are_those_of_the_simulator():
    bars = random_bars(1000, np.random.default_rng(4), 0.01)
    weight = np.full(1000, np.nan)
    weight[0] = 1.0  # one stretch: every shuffle is the original
    figures = metrics.metrics(simulate(bars, weight, RULES))
    found = shuffle(bars, weight, RULES, 3, 0)
    for name in ("sharpe", "total_return", "max_drawdown"):
        assert getattr(found, name) == pytest.approx([figures[name]] * 3, rel=1e-9)
    assert found.p_value == 1
    assert found.distinct == 1


def test_the_same_seed_shuffles_the_same():
    bars, weight = random_bars(500, np.random.default_rng(2), 0.01), targets(3, 500, flat=True)
    first, again = (shuffle(bars, weight, RULES, 20, 5).sharpe for _ in range(2))
    assert (first == again).all()


def test_no_trade_and_no_shuffle_have_no_p_value():
    bars = random_bars(500, np.random.default_rng(2), 0.01)
    assert math.isnan(shuffle(bars, np.full(500, np.nan), RULES, 5, 0).p_value)
    assert math.isnan(shuffle(bars, np.ones(500), RULES, 0, 0).p_value)


@pytest.mark.parametrize("wild", [True, False])
@pytest.mark.parametrize("flat", [True, False])
def test_rules_that_trade_only_in_wild_or_in_calm_times_are_called_chance(wild, flat):
    """With costs, which shuffles into other times pay on smaller or larger moves."""
    found = []
    for seed in range(120):
        generator = np.random.default_rng([seed, wild, flat])
        close = 100 * np.cumprod(1 + 0.005 * garch(generator.standard_normal(900), 0.09, 0.9))
        opens = np.append(100.0, close[:-1])
        frame = pd.DataFrame(
            {"open": opens, "high": np.maximum(opens, close), "low": np.minimum(opens, close), "close": close,
             "volume": 1.0}, pd.date_range("2025-01-01", periods=900, freq="h", tz="UTC", name="time"),
        )  # fmt: skip
        bars = Bars.of(frame, 48).rows(slice(60, None))
        signal = generator.choice([1.0, -1.0, 0.0 if flat else np.nan], len(bars), p=[0.1, 0.1, 0.8])
        middle = np.median(bars.forecast_volatility)
        weight = np.where((bars.forecast_volatility > middle) == wild, signal, 0.0)
        found.append(shuffle(bars, weight, RULES, 49, seed).p_value)
    for level in (0.1, 0.5):
        rejected = np.count_nonzero(np.array(found) <= level)
        assert abs(rejected - 120 * level) <= 3 * math.sqrt(120 * level * (1 - level)), level
