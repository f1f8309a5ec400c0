"""Margin and liquidation: published examples of exchanges, and each rule worked by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.backtest.rules import Rules
from engine.backtest.simulate import simulate
from engine.backtest.trades import trade_table
from engine.backtest.trading import rules_of
from engine.errors import SettingsError
from engine.market.calendar import Calendar
from engine.results.trade_terms import REASONS
from engine.settings import make
from tests.backtest.markets import FREE, KEEP, bars_of, random_bars, random_rules, random_targets, reasons

# Margin brackets of BTCUSDT and ETHUSDT perpetuals when the page below was written: notional, rate. They give
# its maintenance amounts, 16,300 in the bracket of 1 to 10 and 135,365 in that of 2 to 5 million USDT.
BTC = ((0, 0.004), (50e3, 0.005), (250e3, 0.01), (1e6, 0.025), (10e6, 0.05), (20e6, 0.1), (50e6, 0.125))
ETH = ((0, 0.005), (10e3, 0.0065), (100e3, 0.01), (500e3, 0.02), (1e6, 0.05), (2e6, 0.1), (5e6, 0.125))
DYDX = ((0, 0.05),)
# Binance, "How to Calculate Liquidation Price of USDⓈ-M Futures Contracts",
# https://www.binance.com/en/support/faq/b3c689c1f50a44cabb3a84e663b81d93: wallet balance 1,535,443.01 USDT;
# 3,683.979 ETH at 1,456.84 and 109.488 BTC at 32,481.98, alone (isolated) and together (cross), where the
# other's maintenance margin (71,200.81144 and 356,512.508) and loss (56,354.57 and 448,192.89) are taken off.
# dYdX, "Liquidations", Isolated Liquidation Price, https://docs.dydx.xyz/concepts/trading/liquidations:
# "Suppose a trader deposits $1,000 (e = 1000). The trader shorts 3 ETH contracts (s = -3) at $3,000 per
# contract, with a maintenance margin fraction of 5% (MMF = 0.05)."
WALLET = 1_535_443.01
PUBLISHED = {  # equity at entry, quantity, entry price, brackets, liquidation price, its decimals
    "Binance, ETH isolated": (WALLET, 3_683.979, 1_456.84, ETH, 1_114.78, 2),
    "Binance, BTC isolated": (WALLET, 109.488, 32_481.98, BTC, 18_778.73, 2),
    "Binance, ETH cross": (WALLET - 71_200.81144 - 56_354.57, 3_683.979, 1_456.84, ETH, 1_153.26, 2),
    "Binance, BTC cross": (WALLET - 356_512.508 - 448_192.89, 109.488, 32_481.98, BTC, 26_316.89, 2),
    "dYdX, ETH short": (1_000.0, -3.0, 3_000.0, DYDX, 10_000 / 3.15, 9),
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_liquidates_where_the_exchanges_say(name):
    equity, quantity, price, brackets, published, decimals = PUBLISHED[name]
    worst = 0.5 if quantity > 0 else 2.0
    rows = [
        (price, price, price, price),
        (price, max(price, price * worst), min(price, price * worst), price),
    ]
    rules = Rules(equity, 0.0, 0.0, 8760, margin_brackets=brackets)
    result = simulate(bars_of(*rows), np.array([quantity * price / equity, KEEP]), rules)
    (trade,) = result.trades
    assert trade["quantity"] == pytest.approx(abs(quantity))
    assert reasons(result) == ["liquidation"]
    assert round(trade["exit_price"], decimals) == pytest.approx(published, rel=1e-9)


def held(*rows, target=5.0, **rules):
    """A position of five times the equity, long unless said, from 100 in bar 0, then the rows."""
    bars = bars_of((100, 100, 100, 100), *rows)
    return simulate(bars, np.array([target, *[KEEP] * len(rows)]), replace(FREE, **rules))


MARGIN = {"maintenance_long": 0.005, "maintenance_short": 0.005}


class TestLiquidation:
    def test_a_position_does_not_survive_a_low_that_it_cannot_pay(self):
        result = held((100, 100, 40, 100), **MARGIN)
        limit = 4000 / (50 * 0.995)  # cash is -4,000
        assert reasons(result) == ["liquidation"]
        assert result.trades["exit_price"][0] == pytest.approx(limit)
        assert result.equity.tolist() == pytest.approx([1000, 50 * limit - 4000])
        assert (result.trades["bars"][0], result.trades["absorbed"][0]) == (2, 0)
        assert not result.ruined

    def test_a_short_is_liquidated_above(self):
        result = held((100, 200, 100, 100), target=-5.0, **MARGIN)
        assert result.trades["exit_price"][0] == pytest.approx(6000 / (50 * 1.005))

    def test_a_bar_that_opens_beyond_is_liquidated_at_its_open_and_the_lack_absorbed(self):
        result = held((70, 71, 69, 70), (70, 70, 70, 70), **MARGIN, fee=0.001)
        (trade,) = result.trades
        assert trade["exit_price"] == 70
        assert trade["absorbed"] == pytest.approx(-(1000 + trade["quantity"] * -30 - trade["fees"]))
        assert trade["pnl"] == pytest.approx(-1000)
        assert result.equity.tolist()[1:] == [0, 0]
        assert result.ruined

    @pytest.mark.parametrize(
        ("stop", "opened", "reason", "price"),
        [
            (0.10, 100, "stop-loss", 90.0),  # nearer to the open than 80.4
            (0.25, 100, "liquidation", 4000 / (50 * 0.995)),
            (0.10, 85, "stop-loss", 85.0),  # opens beyond the stop alone
            (0.10, 75, "liquidation", 75.0),  # opens beyond both
        ],
    )
    def test_of_stop_and_liquidation_the_first_that_is_reached(self, stop, opened, reason, price):
        result = held((opened, 100, 70, 100), stop_loss=stop, **MARGIN)
        assert reasons(result) == [reason]
        assert result.trades["exit_price"][0] == pytest.approx(price)

    def test_what_a_stop_leaves_is_liquidated_in_the_same_bar(self):
        bars = bars_of((100, 100, 100, 100), (100, 100, 60, 100), volume=[1e6, 100])
        rules = replace(FREE, stop_loss=0.1, max_volume_share=0.1, **MARGIN)
        result = simulate(bars, np.array([5.0, KEEP]), rules)
        limit = (4000 - 10 * 90) / (40 * 0.995)
        assert reasons(result) == ["liquidation"]
        assert result.trades["exit_price"][0] == pytest.approx((10 * 90 + 40 * limit) / 50)

    def test_a_later_decision_opens_again_with_what_is_left(self):
        bars = bars_of((100, 100, 100, 100), (100, 100, 75, 80), (80, 80, 80, 80))
        result = simulate(bars, np.array([5.0, KEEP, 1.0]), replace(FREE, **MARGIN))
        assert reasons(result) == ["liquidation", "end"]
        assert result.trades["equity_after"][0] > 0

    def test_without_leverage_a_long_is_never_liquidated(self):
        result = held((1, 1, 1e-6, 1), target=1.0, **MARGIN)
        assert reasons(result) == ["end"]

    def test_brackets_ask_for_more_of_larger_positions(self):
        flat = held((100, 100, 70, 100), maintenance_long=0.01)
        brackets = ((0.0, 0.01), (3000.0, 0.2))
        larger = held((100, 100, 70, 100), margin_brackets=brackets)
        price = larger.trades["exit_price"][0]
        assert price > flat.trades["exit_price"][0]
        assert 50 * price - 4000 == pytest.approx(30 + 0.2 * (50 * price - 3000))


@settings(max_examples=300, deadline=None, database=None, derandomize=True)
@given(seed=st.integers(0, 2**32))
def test_equity_is_never_below_0_and_margin_holds_at_every_worst_price(seed):
    generator = np.random.default_rng(seed)
    bars, target = random_bars(60, generator, 0.2), random_targets(60, generator) * 10
    rules = replace(random_rules(generator), slippage_volatility=0.0, slippage_impact=0.0)
    result = simulate(bars, target, replace(rules, borrow_rate=0.0, margin_brackets=()))
    assert (result.equity >= 0).all()
    worst = np.where(result.position > 0, bars.low, bars.high)  # (T,)
    rate = np.where(result.position > 0, rules.maintenance_long, rules.maintenance_short)
    kept = result.cash + result.position * worst - rate * np.abs(result.position) * worst
    through = np.diff(result.position, prepend=0.0) == 0  # held through the whole bar
    scale = np.abs(result.position) * worst + rules.initial_capital
    paid = bars.funding_paid + np.abs(bars.funding_received)  # what came after the check
    assert (kept >= -1e-9 * scale - paid * scale)[through & (result.position != 0)].all()


def test_the_trade_list_says_what_was_absorbed():
    table = trade_table(held((70, 71, 69, 70), maintenance_long=0.005), "BTC/USDT")
    assert table.columns[-1] == "absorbed"
    assert table["absorbed"].tolist() == pytest.approx([500])
    assert table["exit_reason"].tolist() == [REASONS[-1]] == ["liquidation"]


class TestSettings:
    CALENDAR = Calendar(3_600_000)

    @pytest.mark.parametrize(
        ("overrides", "long", "short"),
        [
            ((), 0.0, 0.05),
            (("data.perpetual_symbol=BTC/USDT:USDT", "data.perpetual=true"), 0.005, 0.005),
            (("backtest.maintenance_margin=0.02",), 0.02, 0.02),
        ],
    )
    def test_the_market_says_how_much_unless_the_settings_do(self, overrides, long, short):
        if "data.perpetual=true" in overrides:
            overrides = ("data.funding_series=rates",)
        rules = rules_of(make({}, list(overrides)), self.CALENDAR)
        assert (rules.maintenance_long, rules.maintenance_short) == (long, short)

    def test_brackets(self):
        rules = rules_of(make({}, ['backtest.margin_brackets=["0:0.004", "50000:0.005"]']), self.CALENDAR)
        assert rules.margin_brackets == ((0, 0.004), (50_000, 0.005))
        assert rules.tiers()[0].tolist() == pytest.approx(np.array([[0.004, 0], [0.005, 50]]))

    @pytest.mark.parametrize(
        "overrides",
        [
            "backtest.maintenance_margin=1",
            "backtest.maintenance_margin=-0.1",
            "backtest.maintenance_margin=much",
            'backtest.margin_brackets=["1000:0.01"]',
            'backtest.margin_brackets=["0:0.01", "1000:0.005"]',
            'backtest.margin_brackets=["0:0.01:3"]',
            'backtest.margin_brackets=["0:1"]',
        ],
    )
    def test_what_makes_no_sense_is_refused(self, overrides):
        with pytest.raises(SettingsError):
            make({}, [overrides])
