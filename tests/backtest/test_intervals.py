"""Intervals: days add up to the simulation, arch (8.0.0) finds the same, and the truth is mostly inside."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import binomtest

from engine.backtest.rules import Rules
from engine.backtest.simulate import simulate
from engine.market.calendar import Calendar
from engine.statistics import intervals
from engine.statistics.drawdown import max_drawdown
from engine.statistics.forecast import forecast_quality
from engine.statistics.metrics import daily_returns
from engine.statistics.returns import sharpe
from tests.backtest.markets import HOUR_MS, random_bars, random_targets
from tests.backtest.test_bootstrap import autoregressive

RULES = Rules(1000.0, fee=0.001, slippage=0.0002, bars_per_year=8760)
DAY_MS = 24 * HOUR_MS


def simulated(seed, count=2000, volatility=0.003):
    generator = np.random.default_rng(seed)
    return simulate(random_bars(count, generator, volatility), random_targets(count, generator), RULES)


def of_days(returns):
    """A simulation of one bar a day with these returns."""
    equity = 1000.0 * np.cumprod(1 + returns)
    time = (np.arange(len(returns)) * DAY_MS).astype("datetime64[ms]")
    whole = simulated(1, len(returns))
    return replace(whole, time=time, equity=equity, calendar=Calendar(DAY_MS))


@pytest.mark.parametrize("seed", range(10))
def test_the_days_in_their_own_order_are_the_simulation(seed):
    found = simulated(seed)
    days = intervals.days_of(found)
    assert days.returns == pytest.approx(daily_returns(found), abs=1e-12)
    order = np.arange(len(days.growth))[None]
    assert intervals.drawdowns(days, order)[0] == pytest.approx(max_drawdown(found), abs=1e-12)


def test_days_without_bars_stand_still():
    found = simulated(3, 240)
    time = found.time.copy()
    time[100:] += np.timedelta64(5 * DAY_MS, "ms")
    found = replace(found, time=time)
    days = intervals.days_of(found)
    assert days.returns == pytest.approx(daily_returns(found), abs=1e-12)
    assert (days.growth == 1).sum() >= 4


def test_intervals_equal_those_of_arch():
    """Percentile intervals of the same series and block length by arch, 20,000 draws; Sharpe's is wider."""
    found = intervals.of_simulation(of_days(autoregressive(11, 400, 0.2) * 0.01 + 0.001), 20_000, 1)
    assert found["sharpe"] == pytest.approx([0.99629, 5.13447], abs=0.5)
    assert found["total_return"] == pytest.approx([0.20165, 1.78697], abs=0.03)
    assert found["max_drawdown"] == pytest.approx([0.060876, 0.204001], abs=0.003)


def test_the_same_seed_gives_the_same_interval_and_another_nearly():
    found = simulated(5)
    first, again, other = (intervals.of_simulation(found, 500, seed) for seed in (1, 1, 2))
    assert first == again
    assert first != other
    assert first["max_drawdown"] == pytest.approx(other["max_drawdown"], rel=0.2)


def test_the_true_sharpe_ratio_is_inside_as_often_as_it_should():
    covered = 0
    for case in range(60):
        returns = np.random.default_rng(case).normal(0.001, 0.02, 300)
        low, high = intervals.of_simulation(of_days(returns), 400, case)["sharpe"]
        covered += low < 0.05 * math.sqrt(365) < high
    assert covered >= 50


def test_what_cannot_be_told_is_nan():
    short, flat = (
        simulated(1, 100),
        simulate(random_bars(900, np.random.default_rng(1)), np.zeros(900), RULES),
    )
    for found in (short, flat, replace(simulated(1), ruined=True)):
        for bounds in intervals.of_simulation(found, 100, 0).values():
            assert all(map(math.isnan, bounds))


def test_forecasts_have_intervals_around_their_figures():
    generator = np.random.default_rng(7)
    prediction = generator.normal(0, 0.001, 3000)
    forward_return = prediction + generator.normal(0, 0.004, 3000)
    forward_return[::50] = np.nan
    figures = forecast_quality(prediction, forward_return)
    found = intervals.of_forecast(prediction, forward_return, 1, 500, 0)
    for name, (low, high) in found.items():
        assert low < figures[name] < high
    assert found["ic"][0] > 0.1
    count = int(np.isfinite(forward_return).sum())
    right = round(figures["directional_accuracy"] * count)
    exact = binomtest(right, count).proportion_ci(0.95)  # without overlap
    assert found["directional_accuracy"] == pytest.approx(list(exact), abs=0.006)


def test_overlapping_labels_widen_the_interval_of_the_ic():
    generator = np.random.default_rng(8)
    noise = generator.normal(0, 0.01, 4030)
    forward_return = np.convolve(noise, np.ones(24), "valid")[
        :4000
    ]  # each shares 23 of 24 bars with the next
    prediction = np.convolve(generator.normal(0, 0.01, 4030), np.ones(24), "valid")[:4000]
    apart = [
        high - low
        for low, high in (intervals.of_forecast(prediction, forward_return, h, 300, 0)["ic"] for h in (24,))
    ]
    independent = 2 * 1.96 / math.sqrt(4000)
    assert apart[0] > 2.5 * independent


def test_too_few_forecasts_or_none_that_vary_are_nan():
    few = intervals.of_forecast(np.ones(10), np.ones(10), 1, 100, 0)
    assert all(math.isnan(bound) for bounds in few.values() for bound in bounds)
    still = intervals.of_forecast(np.zeros(100), np.random.default_rng(1).normal(size=100), 1, 100, 0)
    assert all(map(math.isnan, [*still["ic"], *still["directional_accuracy"]]))


def test_a_difference_of_sharpe_ratios_is_paired():
    market = np.random.default_rng(3).normal(0, 0.03, 400)
    better = market + 0.002
    apart, found = intervals.sharpe_above(better, market, 500, 0, 365)
    assert apart == pytest.approx(sharpe(better) - sharpe(market))
    assert 0 < found.low < apart < found.high
    assert found.high - found.low < 0.5  # each alone is uncertain by some 4
    assert found.p_value < 0.01
    nothing, found = intervals.sharpe_above(better, np.zeros(400), 500, 0, 365)
    assert nothing == pytest.approx(sharpe(better))
    assert found.low < nothing < found.high


def held(truth, pairs):
    """How many of the pairs (forecast, return) have an interval of the IC with the truth inside."""
    bounds = [intervals.of_forecast(x, y, 1, 300, seed)["ic"] for seed, (x, y) in enumerate(pairs)]
    return sum(low < truth < high for low, high in bounds)


def test_the_interval_of_the_ic_holds_the_true_correlation_as_often_as_it_says():
    rng = np.random.default_rng(3)
    truth = 6 / math.pi * math.asin(0.1 / 2)  # Spearman's of a normal pair with Pearson's 0.1
    draws = (rng.standard_normal((2, 500)) for _ in range(200))
    inside = held(truth, [(x, 0.1 * x + math.sqrt(0.99) * noise) for x, noise in draws])
    assert abs(inside - 190) < 3 * math.sqrt(200 * 0.95 * 0.05)


def test_and_so_it_does_when_forecasts_are_large_where_returns_are():
    """Volatility that clusters: the interval of independent pairs misses nearly twice as often."""
    rng = np.random.default_rng(4)
    pairs = []
    for _ in range(200):
        volatility = np.exp(autoregressive(int(rng.integers(1 << 30)), 500, 0.97) * 0.25)
        pairs.append(tuple(rng.standard_normal((2, 500)) * volatility))
    inside = held(0.0, pairs)
    assert abs(inside - 190) < 3 * math.sqrt(200 * 0.95 * 0.05)
