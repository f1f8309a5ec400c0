from __future__ import annotations

import pytest

from engine.backtest.rules import Rules
from engine.errors import ChangeSettingsError
from engine.market.calendar import Calendar
from engine.settings import Backtest


def test_the_settings_become_rules():
    settings = Backtest(fee_bps=10.0, slippage_bps=2.0, sizing="volatility", stop_loss=0.02, unfilled="drop")
    rules = Rules.of(settings, Calendar(3_600_000))
    assert (rules.fee, rules.slippage) == pytest.approx((0.001, 0.0002))
    assert rules.bars_per_year == 8760
    assert (rules.sizing, rules.stop_loss, rules.unfilled) == ("volatility", 0.02, "drop")
    assert rules.rebalance_band == settings.rebalance_band
    assert Calendar(86_400_000).bars_per_year == 365


def test_the_benchmark_keeps_costs_and_drops_decisions():
    held = Rules(100.0, 0.001, 0.002, 8760, borrow_rate=0.1, fill="same-close", fraction=0.2, stop_loss=0.1)
    free = held.without_decisions()
    assert (free.fee, free.slippage, free.fill, free.borrow_rate) == (0.001, 0.002, "same-close", 0.1)
    assert (free.fraction, free.stop_loss, free.max_volume_share) == (1.0, 0.0, 0.0)


@pytest.mark.parametrize(
    "fault",
    [
        {"fill": "this-open"},
        {"sizing": "kelly"},
        {"fee": -0.1},
        {"slippage": 1.0},
        {"initial_capital": 0.0},
        {"fraction": float("nan")},
        {"stop_loss": float("inf")},
    ],
)
def test_what_makes_no_sense_is_refused_with_its_key(fault):
    given = {"initial_capital": 1.0, "fee": 0.0, "slippage": 0.0, "bars_per_year": 8760} | fault
    with pytest.raises(ChangeSettingsError, match=f"backtest.{next(iter(fault))}"):
        Rules(**given)
