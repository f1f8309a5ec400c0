"""A sweep says of each variant what simulating it alone says, to the last bit, however many threads work."""

from dataclasses import replace

import numpy as np
import pytest

from engine.backtest import batch_loop
from engine.backtest.simulate import simulate
from engine.backtest.sweep import sweep
from engine.statistics.metrics import daily_returns, metrics
from tests.backtest.markets import random_bars, random_rules, random_targets


@pytest.mark.parametrize("workers", [1, 2, 7, None])
def test_each_variant_is_as_if_it_were_alone(workers):
    generator = np.random.default_rng(5)
    bars = random_bars(700, generator)
    targets = [np.ascontiguousarray(random_targets(700, generator), np.float64) for _ in range(5)]
    variants = [
        (targets[number % 5], replace(random_rules(generator), initial_capital=1000.0 + number))
        for number in range(40)
    ]
    found = sweep(bars, variants, workers)
    for number, (target, rules) in enumerate(variants):
        alone = simulate(bars, target, rules)
        wanted = metrics(alone)
        assert found.trades[number] == len(alone.trades)
        assert found.final_value[number] == alone.equity[-1]
        for name in ("total_return", "sharpe", "max_drawdown"):
            there = np.nan if wanted[name] is None else wanted[name]
            np.testing.assert_array_equal(getattr(found, name)[number], there, f"{name} of {number}")
        np.testing.assert_array_equal(found.daily_returns[number], daily_returns(alone))


def test_no_variant_at_all():
    bars = random_bars(50, np.random.default_rng(1))
    assert len(sweep(bars, []).sharpe) == 0


@pytest.mark.parametrize("error", [OSError, AttributeError, ImportError])
def test_machine_code_that_cannot_be_kept_or_loaded_costs_only_time(monkeypatch, error):
    """A folder that refuses it has it compiled all the same; what another version left is done without."""
    generator = np.random.default_rng(7)
    bars = random_bars(120, generator)
    variants = [
        (np.ascontiguousarray(random_targets(120, generator), np.float64), random_rules(generator))
        for _ in range(3)
    ]
    wanted, code, refused = sweep(bars, variants, digests=True), batch_loop.compiled_trade(), []

    def trade(*given):
        if error is not OSError or not refused:
            refused.append(given)
            raise error
        code(*given)

    monkeypatch.setattr(batch_loop, "compiled_trade", lambda: trade)
    found = sweep(bars, variants, 1, digests=True)
    assert refused
    assert found.digests == wanted.digests
    np.testing.assert_array_equal(found.daily_returns, wanted.daily_returns)
    np.testing.assert_array_equal(found.max_drawdown, wanted.max_drawdown)
