"""Stops and the liquidity limit, worked by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from engine.backtest.simulate import simulate
from tests.backtest.markets import FREE, KEEP, bars_of, reasons

QUIET = bars_of((100, 101, 99, 100), (110, 121, 109, 120), (130, 131, 119, 120), (120, 120, 120, 120))


class TestStops:
    def stopped(self, row, target=1, **rules):
        """A position from 100 in bar 0, then a bar that may stop it."""
        bars = bars_of((100, 100, 100, 100), row, (100, 100, 100, 100))
        return simulate(bars, np.array([target, KEEP, KEEP]), replace(FREE, **rules))

    def test_a_touched_stop_fills_at_the_stop(self):
        result = self.stopped((99, 101, 94, 98), stop_loss=0.05)
        assert result.trades["exit_price"][0] == pytest.approx(95)
        assert (result.trades["exit_bar"][0], result.trades["bars"][0]) == (1, 2)
        assert reasons(result) == ["stop-loss"]
        assert result.equity.tolist() == pytest.approx([1000, 950, 950])
        short = self.stopped((101, 106, 100, 100), -1, stop_loss=0.05)
        assert short.trades["exit_price"][0] == pytest.approx(105)

    def test_slippage_comes_on_top_of_the_stop(self):
        result = self.stopped((99, 101, 90, 98), stop_loss=0.05, slippage=0.01, fee=0.001)
        level = 100 * 1.01 * 0.95  # from the price paid
        assert result.trades["exit_price"][0] == pytest.approx(level * 0.99)

    def test_a_bar_that_opens_beyond_the_stop_fills_at_its_open(self):
        assert self.stopped((80, 101, 79, 98), stop_loss=0.05).trades["exit_price"][0] == 80
        assert self.stopped((120, 121, 99, 100), -1, stop_loss=0.05).trades["exit_price"][0] == 120

    def test_a_target_fills_at_the_target_or_at_a_better_open(self):
        result = self.stopped((101, 112, 100, 105), take_profit=0.1)
        assert result.trades["exit_price"][0] == pytest.approx(110)
        assert reasons(result) == ["take-profit"]
        assert self.stopped((115, 116, 114, 115), take_profit=0.1).trades["exit_price"][0] == 115
        assert self.stopped((85, 86, 84, 85), -1, take_profit=0.1).trades["exit_price"][0] == 85

    def test_both_touched_is_the_stop(self):
        result = self.stopped((100, 120, 90, 100), stop_loss=0.05, take_profit=0.1)
        assert reasons(result) == ["stop-loss"]
        assert result.trades["exit_price"][0] == pytest.approx(95)
        result = self.stopped((115, 120, 90, 100), stop_loss=0.05, take_profit=0.1)
        assert reasons(result) == ["stop-loss"]
        assert result.trades["exit_price"][0] == pytest.approx(95)

    def test_the_entry_bar_can_stop_the_position(self):
        bars = bars_of((100, 101, 90, 99), (99, 99, 99, 99))
        result = simulate(bars, np.array([1, KEEP]), replace(FREE, stop_loss=0.05))
        (trade,) = result.trades
        assert (trade["entry_bar"], trade["exit_bar"], trade["bars"]) == (0, 0, 1)
        assert result.equity.tolist() == pytest.approx([950, 950])

    def test_after_a_stop_the_next_bars_signal_enters_again(self):
        bars = bars_of((100, 101, 90, 99), (99, 99, 99, 99), (99, 99, 99, 99))
        again = simulate(bars, np.array([1, 1, KEEP]), replace(FREE, stop_loss=0.05))
        assert again.trades["entry_bar"].tolist() == [0, 1]
        silent = simulate(bars, np.array([1, KEEP, KEEP]), replace(FREE, stop_loss=0.05))
        assert silent.trades["entry_bar"].tolist() == [0]

    def test_a_trailing_stop_follows_the_bars_before_and_this_open(self):
        bars = bars_of(
            (100, 110, 100, 108),  # the high of the entry bar does not count within it: 100 > 90
            (108, 130, 100, 125),  # peak 110, stop 99: not reached, though 130 · 0.9 = 117 would be
            (125, 126, 116, 120),  # peak 130, stop 117
        )
        result = simulate(bars, np.array([1, KEEP, KEEP]), replace(FREE, trailing_stop=0.1))
        (trade,) = result.trades
        assert (trade["exit_bar"], trade["exit_price"]) == (2, pytest.approx(117))
        assert reasons(result) == ["trailing-stop"]
        jump = bars_of((100, 100, 100, 100), (150, 151, 130, 140))  # this bar's open makes the peak
        assert simulate(jump, np.array([1, KEEP]), replace(FREE, trailing_stop=0.1)).trades["exit_price"][
            0
        ] == pytest.approx(135)

    def test_the_nearer_of_two_stops_is_reached_first(self):
        rising = bars_of((100, 120, 100, 119), (119, 119, 80, 90))
        both = replace(FREE, stop_loss=0.05, trailing_stop=0.1)
        result = simulate(rising, np.array([1, KEEP]), both)
        assert (reasons(result), result.trades["exit_price"][0]) == (["trailing-stop"], pytest.approx(108))

    def test_distances_in_volatility_units_are_fixed_at_entry(self):
        bars = bars_of(
            (100, 100, 100, 100), (100, 101, 97.5, 100), (100, 100, 96, 100), sigma=[0.01, 0.5, 0.0001]
        )
        result = simulate(
            bars, np.array([1, KEEP, KEEP]), replace(FREE, stop_loss=3.0, stop_unit="volatility")
        )
        assert (result.trades["exit_bar"][0], result.trades["exit_price"][0]) == (2, pytest.approx(97))

    def test_bought_at_the_high_the_open_is_no_gap(self):
        bars = bars_of((100, 110, 99, 105), (105, 105, 105, 105))
        result = simulate(bars, np.array([1, KEEP]), replace(FREE, fill="worst-of-bar", stop_loss=0.05))
        assert result.trades["exit_price"][0] == pytest.approx(110 * 0.95)

    def test_a_same_close_entry_is_open_to_the_gap(self):
        bars = bars_of((100, 100, 100, 100), (90, 95, 89, 92))
        result = simulate(bars, np.array([KEEP, 1]), replace(FREE, fill="same-close", stop_loss=0.05))
        assert (result.trades["entry_price"][0], result.trades["exit_price"][0]) == (100, 90)

    def test_excursions_end_where_the_trade_ends(self):
        (trade,) = simulate(QUIET, np.array([KEEP, 1, 0, KEEP]), FREE).trades
        assert trade["mae"] == pytest.approx(109 / 110 - 1)
        assert trade["mfe"] == pytest.approx(130 / 110 - 1)  # the exit's open, not the bar's high of 131
        (trade,) = simulate(QUIET, np.array([KEEP, -1, 0, KEEP]), FREE).trades
        assert (trade["mae"], trade["mfe"]) == pytest.approx((-(130 / 110 - 1), -(109 / 110 - 1)))


class TestLiquidity:
    BARS = bars_of(*[(100, 100, 100, 100)] * 5, volume=[10, 40, 40, 0, 1000])

    def test_the_rest_waits_for_the_next_bars(self):
        rules = replace(FREE, max_volume_share=0.1)
        result = simulate(self.BARS, np.array([1, KEEP, KEEP, KEEP, KEEP]), rules)
        assert result.position.tolist() == pytest.approx([1, 5, 9, 9, 0])
        assert (result.capped, result.dropped, len(result.trades)) == (4, 0, 1)
        assert result.trades["quantity"][0] == pytest.approx(10)

    def test_the_rest_is_dropped(self):
        rules = replace(FREE, max_volume_share=0.1, unfilled="drop")
        result = simulate(self.BARS, np.array([1, 1, KEEP, KEEP, KEEP]), rules)
        assert result.position.tolist() == pytest.approx([1, 1, 1, 1, 0])
        assert (result.capped, result.dropped) == (1, 1)

    def test_a_reversal_closes_first_and_opens_with_what_is_left(self):
        bars = bars_of(*[(100, 100, 100, 100)] * 3, volume=[1000, 150, 1000])
        result = simulate(bars, np.array([1, -1, KEEP]), replace(FREE, max_volume_share=0.1))
        assert result.position.tolist() == pytest.approx([10, -5, 0])
        assert result.trades["quantity"].tolist() == pytest.approx([10, 10])

    def test_a_newer_decision_replaces_what_waits(self):
        result = simulate(self.BARS, np.array([1, 0, KEEP, KEEP, KEEP]), replace(FREE, max_volume_share=0.1))
        assert result.position.tolist() == [1, 0, 0, 0, 0]

    def test_a_stop_that_the_volume_cuts_short_goes_on_at_the_next_open(self):
        bars = bars_of(
            (100, 100, 100, 100),
            (100, 100, 90, 92),
            (91, 91, 91, 91),
            (91, 91, 91, 91),
            volume=[1e6, 40, 1e6, 1e6],
        )
        rules = replace(FREE, stop_loss=0.05, max_volume_share=0.1)
        result = simulate(bars, np.array([1, KEEP, KEEP, KEEP]), rules)
        (trade,) = result.trades
        assert result.position.tolist() == pytest.approx([10, 6, 0, 0])
        assert trade["exit_price"] == pytest.approx((4 * 95 + 6 * 91) / 10)
        assert (reasons(result), trade["exit_bar"]) == (["stop-loss"], 2)

    def test_a_bar_without_volume_fills_nothing(self):
        bars = bars_of(*[(100, 100, 100, 100)] * 2, volume=[0, np.nan])
        result = simulate(bars, np.array([1, KEEP]), replace(FREE, max_volume_share=0.5))
        assert len(result.trades) == 0
        assert result.capped == 2
