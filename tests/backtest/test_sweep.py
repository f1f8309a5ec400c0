"""A sweep says of each variant what simulating it alone says, however many threads share the work."""

from dataclasses import replace

import numpy as np
import pytest

from engine.backtest.simulate import simulate
from engine.backtest.sweep import sweep
from engine.statistics.metrics import metrics
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
            here = getattr(found, name)[number]
            there = np.nan if wanted[name] is None else wanted[name]
            np.testing.assert_allclose(here, there, rtol=1e-9, atol=1e-12, err_msg=f"{name} of {number}")


def test_no_variant_at_all():
    bars = random_bars(50, np.random.default_rng(1))
    assert len(sweep(bars, []).sharpe) == 0
