"""Each fill, size and cost, worked by hand."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from engine.backtest.simulate import buy_and_hold, simulate
from engine.errors import ChangeSettingsError
from tests.backtest.markets import FREE, KEEP, bars_of, reasons

QUIET = bars_of((100, 101, 99, 100), (110, 121, 109, 120), (130, 131, 119, 120), (120, 120, 120, 120))


class TestFills:
    def test_next_open_fills_at_the_open_with_slippage_and_fee(self):
        rules = replace(FREE, fee=0.01, slippage=0.02)
        result = simulate(QUIET, np.array([KEEP, 1, 0, KEEP]), rules)
        (trade,) = result.trades
        bought, sold = 110 * 1.02, 130 * 0.98
        quantity = 1000 / (bought * 1.01)  # all the money, fee included
        assert trade["quantity"] == pytest.approx(quantity)
        assert (trade["entry_price"], trade["exit_price"]) == pytest.approx((bought, sold))
        assert (trade["entry_bar"], trade["exit_bar"], trade["bars"]) == (1, 2, 1)
        assert trade["fees"] == pytest.approx(quantity * (bought + sold) * 0.01)
        assert trade["slippage"] == pytest.approx(quantity * (110 + 130) * 0.02)
        assert trade["gross_pnl"] == pytest.approx(quantity * 20)
        assert trade["pnl"] == pytest.approx(trade["gross_pnl"] - trade["fees"] - trade["slippage"])
        assert trade["return"] == pytest.approx(trade["pnl"] / (quantity * bought))
        assert result.cash[1] == pytest.approx(0.0, abs=1e-9)
        assert result.equity.tolist() == pytest.approx([1000, quantity * 120, *[quantity * sold * 0.99] * 2])
        assert reasons(result) == ["signal"]

    def test_same_close_fills_at_the_close_before(self):
        result = simulate(QUIET, np.array([KEEP, 1, 0, KEEP]), replace(FREE, fill="same-close"))
        (trade,) = result.trades
        assert (trade["entry_price"], trade["exit_price"]) == (100, 120)
        assert result.equity.tolist() == pytest.approx([1000, 1200, 1200, 1200])

    def test_same_close_waits_where_the_close_before_is_not_known(self):
        result = simulate(
            QUIET, np.array([1, KEEP, KEEP, KEEP]), replace(FREE, fill="same-close", unfilled="drop")
        )
        assert (result.trades["entry_bar"][0], result.trades["entry_price"][0]) == (1, 100)
        known = bars_of((100, 101, 99, 100), (110, 121, 109, 120), previous=90)
        assert (
            simulate(known, np.array([1, KEEP]), replace(FREE, fill="same-close")).trades["entry_price"][0]
            == 90
        )

    def test_worst_of_bar_buys_at_the_high_and_sells_at_the_low(self):
        rules = replace(FREE, fill="worst-of-bar")
        (trade,) = simulate(QUIET, np.array([KEEP, 1, 0, KEEP]), rules).trades
        assert (trade["entry_price"], trade["exit_price"]) == (121, 119)
        (trade,) = simulate(QUIET, np.array([KEEP, -1, 0, KEEP]), rules).trades
        assert (trade["entry_price"], trade["exit_price"]) == (109, 131)

    def test_a_reversal_is_two_fills_at_one_price_each_with_its_fee(self):
        result = simulate(QUIET, np.array([1, KEEP, -1, KEEP]), replace(FREE, fee=0.01))
        first, second = result.trades
        quantity = 1000 / (100 * 1.01)
        left = quantity * 130 * 0.99
        assert first["equity_after"] == pytest.approx(left)
        assert second["quantity"] == pytest.approx(left / (130 * 1.01))
        assert (first["exit_price"], second["entry_price"]) == (130, 130)
        assert (first["side"], second["side"], first["exit_bar"], second["entry_bar"]) == (1, -1, 2, 2)
        assert reasons(result) == ["reversal", "end"]

    def test_the_end_closes_at_the_last_close_as_any_fill(self):
        result = simulate(QUIET, np.array([KEEP, KEEP, KEEP, 1]), replace(FREE, fee=0.01, slippage=0.02))
        (trade,) = result.trades
        assert (trade["entry_bar"], trade["exit_bar"], trade["bars"]) == (3, 3, 1)
        assert trade["exit_price"] == pytest.approx(120 * 0.98)
        assert result.equity[-1] == pytest.approx(trade["equity_after"])
        assert result.position[-1] == 0


class TestTargets:
    def test_the_same_signal_again_changes_nothing(self):
        once = simulate(QUIET, np.array([1, KEEP, KEEP, KEEP]), FREE)
        again = simulate(QUIET, np.array([1, 1, 0.5, 1]), FREE)
        assert once.equity.tolist() == again.equity.tolist()

    def test_a_weight_scales_the_size(self):
        (trade,) = simulate(QUIET, np.array([-0.25, KEEP, KEEP, KEEP]), FREE).trades
        assert trade["quantity"] == pytest.approx(2.5)
        assert trade["side"] == -1

    def test_a_close_while_flat_does_nothing(self):
        result = simulate(QUIET, np.zeros(4), FREE)
        assert len(result.trades) == 0
        assert (result.equity == 1000).all()

    def test_the_prediction_of_the_entry_bar_is_carried(self):
        result = simulate(QUIET, np.array([KEEP, 1, -1, KEEP]), FREE, np.array([0.1, 0.2, -0.3, 0.4]))
        assert result.trades["prediction"].tolist() == [0.2, -0.3]
        assert np.isnan(simulate(QUIET, np.ones(4), FREE).trades["prediction"]).all()

    @pytest.mark.parametrize(
        ("target", "prediction"),
        [(np.ones(3), None), (np.array([1, 1, np.inf, 1]), None), (np.ones(4), np.ones(5))],
    )
    def test_what_does_not_fit_is_refused(self, target, prediction):
        with pytest.raises(ChangeSettingsError):
            simulate(QUIET, target, FREE, prediction)


class TestSize:
    def test_fraction_is_of_equity_at_that_moment_for_long_and_short(self):
        for side in (1, -1):
            (trade,) = simulate(
                QUIET, np.array([side, KEEP, KEEP, KEEP]), replace(FREE, fraction=0.5, fee=0.01)
            ).trades
            assert trade["quantity"] == pytest.approx(500 / (100 * 1.01))

    def test_volatility_sizing_aims_at_a_yearly_volatility(self):
        rules = replace(FREE, sizing="volatility", target_volatility=0.4, max_leverage=3.0)
        yearly = 0.01 * math.sqrt(8760)
        (trade,) = simulate(QUIET, np.array([1, KEEP, KEEP, KEEP]), rules).trades
        assert trade["quantity"] == pytest.approx(0.4 / yearly * 1000 / 100)
        calm = replace(QUIET, forecast_volatility=np.full(4, 1e-6))
        (trade,) = simulate(calm, np.array([1, KEEP, KEEP, KEEP]), rules).trades
        assert trade["quantity"] == pytest.approx(30)

    @pytest.mark.parametrize("sigma", [np.nan, 0.0])
    @pytest.mark.parametrize(
        "option", [{"sizing": "volatility"}, {"stop_loss": 2.0, "stop_unit": "volatility"}]
    )
    def test_without_a_forecast_volatility_nothing_is_opened_and_that_is_counted(self, sigma, option):
        bars = replace(QUIET, forecast_volatility=np.array([sigma, sigma, 0.01, 0.01]))
        result = simulate(bars, np.array([1, KEEP, 1, KEEP]), replace(FREE, **option))
        assert result.unsized == 1
        assert result.trades["entry_bar"].tolist() == [2]

    def test_a_rebalance_band_brings_the_weight_back(self):
        rules = replace(FREE, fraction=0.5, rebalance_band=0.05)
        result = simulate(QUIET, np.array([1, KEEP, KEEP, KEEP]), rules)
        # at 110 the weight is 550 / 1050 = 0.524, inside the band; at 130 it is 650 / 1150 = 0.565, outside
        kept = 0.5 * 1150 / 130
        assert result.position.tolist() == pytest.approx([5, 5, kept, 0])
        (trade,) = result.trades
        assert trade["quantity"] == pytest.approx(5)
        assert trade["exit_price"] == pytest.approx(((5 - kept) * 130 + kept * 120) / 5)
        assert trade["entry_price"] == 100

    def test_a_rebalance_buys_more_at_an_average_entry_price(self):
        bars = bars_of((100, 100, 100, 100), (50, 50, 50, 50), (50, 50, 50, 50))
        result = simulate(bars, np.array([1, KEEP, KEEP]), replace(FREE, fraction=0.5, rebalance_band=0.1))
        # equity 500 + 5 · 50 = 750, half of it is 7.5 at 50
        (trade,) = result.trades
        assert result.position.tolist() == pytest.approx([5, 7.5, 0])
        assert trade["entry_price"] == pytest.approx((5 * 100 + 2.5 * 50) / 7.5)


class TestCarry:
    def test_funding_is_due_on_the_position_carried_in(self):
        flat = [(100, 100, 100, 100)] * 3
        bars = bars_of(*flat, funding=[0.01, 0.01, -0.02])
        result = simulate(bars, np.array([1, KEEP, KEEP]), FREE)  # not in bar 0, where it is opened
        assert result.trades["funding"][0] == pytest.approx(10 * 100 * (0.01 - 0.02))
        assert result.equity.tolist() == pytest.approx([1000, 990, 1010])
        short = simulate(bars, np.array([-1, KEEP, KEEP]), FREE)
        assert short.trades["funding"][0] == pytest.approx(10)
        closed = simulate(bars, np.array([1, 0, KEEP]), FREE)  # carried in, so it pays before it is closed
        assert closed.trades["funding"][0] == pytest.approx(10)

    def test_shorts_pay_for_borrowing_bar_by_bar_on_the_close(self):
        bars = bars_of((100, 100, 100, 100), (100, 110, 100, 110), (110, 110, 110, 110))
        rules = replace(FREE, borrow_rate=8760 * 0.001)
        result = simulate(bars, np.array([-1, KEEP, 0]), rules)
        assert result.trades["borrow"][0] == pytest.approx(10 * 100 * 0.001 + 10 * 110 * 0.001)
        assert result.trades["pnl"][0] == pytest.approx(-100 - 2.1)
        assert simulate(bars, np.array([1, KEEP, 0]), rules).trades["borrow"][0] == 0


class TestRuin:
    def test_equity_of_zero_ends_the_simulation(self):
        bars = bars_of((100, 100, 100, 100), (100, 250, 100, 240), (100, 100, 100, 100), (100, 100, 100, 100))
        result = simulate(bars, np.array([-1, KEEP, 1, 1]), replace(FREE, fee=0.01))
        quantity = 1000 / 101
        price = (1000 + quantity * 100 * 0.99) / quantity  # where nothing is left; the fee comes on top
        assert result.ruined
        assert reasons(result) == ["liquidation"]
        assert result.trades["absorbed"][0] == pytest.approx(quantity * price * 0.01)
        assert result.equity.tolist()[1:] == [0, 0, 0]
        assert result.position.tolist()[1:] == [0, 0, 0]

    def test_what_is_charged_at_the_close_can_ruin(self):
        bars = bars_of(*[(100, 100, 100, 100)] * 3)
        result = simulate(bars, np.array([-1, KEEP, 1]), replace(FREE, borrow_rate=2 * 8760))
        assert result.ruined
        assert reasons(result) == ["ruin"]
        assert result.trades["absorbed"][0] == pytest.approx(1000)
        assert result.equity.tolist() == [0, 0, 0]

    def test_a_gap_through_a_stop_can_ruin(self):
        bars = bars_of((100, 100, 100, 100), (250, 250, 250, 250), (100, 100, 100, 100))
        result = simulate(bars, np.array([-1, KEEP, 1]), replace(FREE, stop_loss=0.1))
        assert result.ruined
        assert reasons(result) == ["liquidation"]  # the bar opens beyond both
        assert result.trades["absorbed"][0] == pytest.approx(500)
        assert result.equity.tolist() == pytest.approx([1000, 0, 0])


def test_buy_and_hold_pays_funding_and_ignores_what_is_about_decisions():
    bars = bars_of(*[(100, 100, 50, 100)] * 3, volume=[1, 1, 1], funding=[0, 0.01, 0])
    rules = replace(FREE, fraction=0.1, stop_loss=0.05, max_volume_share=0.1, rebalance_band=0.01)
    held = buy_and_hold(bars, rules)
    assert held.equity.tolist() == pytest.approx([1000, 990, 990])
