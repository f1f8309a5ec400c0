"""The compiled loop equals the slow reference simulator on random cases over all options."""

from __future__ import annotations

import numpy as np
import pytest

from engine.backtest.simulate import simulate
from engine.results.trade_terms import REASONS
from tests.backtest.markets import random_bars, random_rules, random_targets
from tests.backtest.reference import Reference

CASES_PER_BATCH = 500  # 2,000 markets in all; `python -m soak.simulator` tries many more
EXACT = ("trade", "side", "entry_bar", "exit_bar", "bars")
RATES = ("return", "mae", "mfe")


def differences(bars, target, rules):
    """Largest relative difference of each kind: money against the money in play, rates as they are."""
    found, expected = simulate(bars, target, rules), Reference(bars, target, rules)
    assert len(found.trades) == len(expected.trades)
    for name in ("capped", "dropped", "unsized", "too_small", "ruined"):
        assert getattr(found, name) == getattr(expected, name), name
    notional = max([row["quantity"] * row["entry_price"] for row in expected.trades], default=0.0)
    scale = max(rules.initial_capital, notional, np.abs(expected.equity).max())
    worst = 0.0
    for name in ("equity", "cash"):
        worst = max(worst, np.abs(getattr(found, name) - getattr(expected, name)).max() / scale)
    worst = max(worst, (np.abs(found.position - expected.position) * bars.close).max() / scale)
    for row, wanted in zip(found.trades, expected.trades, strict=True):
        assert REASONS[row["exit_reason"]] == wanted["exit_reason"]
        for name, value in wanted.items():
            if name in EXACT:
                assert row[name] == value, name
            elif name in RATES:
                worst = max(worst, abs(row[name] - value))
            elif name in ("quantity", "entry_price", "exit_price"):
                worst = max(worst, abs(row[name] / value - 1))
            elif name != "exit_reason":
                worst = max(worst, abs(row[name] - value) / scale)
    return worst, found


@pytest.mark.parametrize("batch", range(4))
def test_equals_the_reference_to_1e9_on_random_cases(batch):
    generator = np.random.default_rng([11, batch])
    seen = set()
    for _ in range(CASES_PER_BATCH):
        count = int(generator.integers(1, 50))
        volatility = float(generator.choice([0.005, 0.02, 0.1, 0.4]))
        bars, rules = random_bars(count, generator, volatility), random_rules(generator)
        worst, found = differences(bars, random_targets(count, generator), rules)
        assert worst <= 1e-9
        seen |= set(found.trades["exit_reason"])
        seen |= {
            name for name in ("capped", "dropped", "unsized", "too_small", "ruined") if getattr(found, name)
        }
    assert seen == {*range(len(REASONS)), "capped", "dropped", "unsized", "too_small", "ruined"}
