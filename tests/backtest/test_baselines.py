"""Baselines, fills and thresholds on cases small enough to see through."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from sklearn.linear_model import Ridge

from engine.backtest import thresholds
from engine.backtest.rules import Rules
from engine.backtest.signals import targets
from engine.backtest.simulate import simulate
from engine.models import ridge
from engine.robustness import baselines, fill_scenarios
from engine.statistics.metrics import total_return
from tests.backtest.markets import random_bars, random_targets

RULES = Rules(1000.0, fee=0.001, slippage=0.0002, bars_per_year=8760)
FREE = Rules(1000.0, fee=0.0, slippage=0.0, bars_per_year=8760)


def test_last_sign_knows_nothing_of_its_own_bar():
    bars = random_bars(50, np.random.default_rng(1))
    expected = [0, 0, *np.sign(bars.close[1:-1] / bars.close[:-2] - 1)]
    assert baselines.signs(bars).tolist() == expected


def test_flat_keeps_its_money_and_last_sign_without_shorts_is_never_short():
    bars = random_bars(500, np.random.default_rng(1))
    assert (baselines.always_flat(bars, RULES).equity == 1000).all()
    assert (baselines.last_sign(bars, RULES, short=False).position >= 0).all()
    assert (baselines.last_sign(bars, RULES).position < 0).any()


def windows(matrix, start, lookback):
    return np.stack([matrix[first : first + lookback].ravel() for first in start]).astype(float)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(("features", "lookback"), [(5, 8), (3, 1), (1, 20)])
def test_ridge_equals_scikit_learn_on_flattened_windows(features, lookback, weighted, monkeypatch):
    monkeypatch.setattr(ridge, "LAID_OUT", 130)
    generator = np.random.default_rng(features)
    matrix = generator.normal(2.0, 3.0, (700, features)).cumsum(0).astype(np.float32)
    train = np.delete(np.arange(400), [50, 51, 52, 100, 200, 201])  # with gaps
    validation = np.arange(420, 520)
    label, later = generator.normal(0.001, 0.01, len(train)), generator.normal(0, 0.01, 100)
    weight = generator.exponential(size=len(train)) if weighted else None
    found = ridge.fit(matrix, lookback, train, label, validation, later, weight=weight)
    table, unseen = windows(matrix, train, lookback), windows(matrix, validation, lookback)
    mean = np.average(table, axis=0, weights=weight)
    scale = np.sqrt(np.average((table - mean) ** 2, axis=0, weights=weight))
    total = len(train) if weight is None else weight.sum()
    errors = {}
    for penalty in ridge.PENALTIES:
        peer = Ridge(alpha=penalty * total).fit((table - mean) / scale, label, sample_weight=weight)
        forecast = peer.predict((unseen - mean) / scale)
        errors[penalty] = np.square(forecast - later).mean()
        if penalty == found.penalty:
            assert found.predict(matrix, validation) == pytest.approx(forecast, abs=1e-9)
    assert found.penalty == min(errors, key=errors.get)


def test_ridge_uses_the_last_rows_of_windows_that_are_too_large():
    generator = np.random.default_rng(3)
    matrix = generator.normal(size=(600, 4)).astype(np.float32)
    train, validation = np.arange(300), np.arange(320, 400)
    label = matrix[train + 9, 2].astype(float)  # the last row of the window decides
    later = matrix[validation + 9, 2].astype(float)
    found = ridge.fit(matrix, 10, train, label, validation, later, largest=12)
    assert found.coefficient.shape == (3, 4)
    assert np.abs(found.coefficient).argmax() == 2 * 4 + 2


def test_ridge_stands_constant_features():
    matrix = np.ones((300, 2), np.float32)
    matrix[:, 1] = np.random.default_rng(1).normal(size=300)
    found = ridge.fit(
        matrix, 4, np.arange(200), matrix[4:204, 1].astype(float), np.arange(210, 250), np.zeros(40)
    )
    assert np.isfinite(found.predict(matrix, np.arange(250))).all()
    assert (found.coefficient[:, 0] == 0).all()


def test_six_fills_of_the_same_signals():
    generator = np.random.default_rng(5)
    bars, weight = random_bars(800, generator, 0.01), random_targets(800, generator)
    by_name = {way.name: way for way in fill_scenarios.scenarios(bars, weight, RULES)}
    assert list(by_name) == [
        fill_scenarios.SAME_CLOSE,
        fill_scenarios.NEXT_OPEN,
        fill_scenarios.SLIPPED,
        fill_scenarios.ONE_LATE,
        fill_scenarios.TWO_LATE,
        fill_scenarios.WORST,
    ]
    assert (by_name[fill_scenarios.NEXT_OPEN].simulation.equity == simulate(bars, weight, RULES).equity).all()
    assert by_name[fill_scenarios.SLIPPED].rules.slippage == pytest.approx(0.0006)
    returns = [total_return(way.simulation) for way in by_name.values()]
    assert returns[1] > returns[2] > returns[-1]
    late = np.concatenate([[np.nan], weight[:-1]])
    assert (by_name[fill_scenarios.ONE_LATE].simulation.equity == simulate(bars, late, RULES).equity).all()
    assert fill_scenarios.slipped(FREE).slippage == pytest.approx(0.0006)


def test_share_of_the_return_in_the_fills():
    assert fill_scenarios.share_in_fills(0.2, 0.05) == pytest.approx(0.75)
    assert fill_scenarios.share_in_fills(0.2, -0.3) == 1
    assert fill_scenarios.share_in_fills(0.2, 0.25) == 0
    assert math.isnan(fill_scenarios.share_in_fills(-0.1, -0.2))


def test_a_threshold_that_leaves_out_the_noise_is_found():
    """Forecasts above 0.001 are right, smaller ones are noise that costs fees."""
    generator = np.random.default_rng(6)
    bars = random_bars(3000, generator, 0.005)
    gained = bars.close / bars.open - 1
    loud = generator.random(3000) < 0.1
    noise = generator.uniform(-0.0009, 0.0009, 3000)
    forecast = np.where(loud, np.sign(gained) * generator.uniform(0.0011, 0.003, 3000), noise)
    chosen = thresholds.best(bars, forecast, RULES, partial(targets, neutral="flat"), otherwise=0.5).threshold
    assert 0.0006 < chosen < 0.0016


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(("fee", "pays"), [(0.0005, True), (0.02, False)])
def test_not_to_trade_is_chosen_where_nothing_pays_and_the_cost_of_breaking_even_is_told(seed, fee, pays):
    generator = np.random.default_rng(seed)
    bars = random_bars(3000, generator, 0.005)
    gained = bars.close / bars.open - 1
    forecast = np.where(generator.random(3000) < 0.7, gained, -gained)  # right in 7 of 10 bars
    rules = replace(FREE, fee=fee)
    found = thresholds.best(bars, forecast, rules, partial(targets, neutral="flat"), otherwise=None)
    assert found.trades == pays
    assert (found.threshold < thresholds.NEVER) == pays
    assert found.gross > 0
    assert (found.gross > 2 * fee) == pays


def test_too_few_trades_are_no_ground_to_trade():
    bars = random_bars(100, np.random.default_rng(1))
    for forecast in (np.full(100, np.nan), np.full(100, 0.01)):
        found = thresholds.best(bars, forecast, RULES, targets, otherwise=None)
        assert not found.trades
        assert math.isnan(found.gross)


def test_without_enough_trades_the_setting_stays():
    bars = random_bars(100, np.random.default_rng(1))
    assert thresholds.best(bars, np.full(100, np.nan), RULES, targets, otherwise=0.123).threshold == 0.123
    assert thresholds.best(bars, np.full(100, 0.01), RULES, targets, otherwise=0.123).threshold == 0.123


def test_rules_without_costs_trade_the_same_for_nothing():
    generator = np.random.default_rng(5)
    bars, weight = random_bars(500, generator, 0.01), random_targets(500, generator)
    paid = replace(RULES, borrow_rate=0.1, slippage_impact=0.0)
    dear, free = simulate(bars, weight, paid).trades, simulate(bars, weight, paid.without_costs()).trades
    assert (dear["fees"] > 0).all()
    for name in ("fees", "slippage", "borrow"):
        assert not free[name].any()
    assert list(free["entry_bar"]) == list(dear["entry_bar"])
