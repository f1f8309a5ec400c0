"""Late fills, costs, capital, regimes, length of the record: each judge against what defines it."""

from __future__ import annotations

import math
from dataclasses import replace
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from engine.backtest.simulate import simulate
from engine.results.explanations import NEXT_OPEN, ONE_LATE, SAME_CLOSE, SLIPPED, TWO_LATE, WORST, on_fills
from engine.results.robustness import FillScenario, FillScenarios
from engine.robustness import capacity, regimes
from engine.robustness.break_even import break_even
from engine.robustness.delay_decay import DELAYS, delay_decay, delayed
from engine.robustness.track_record import track_record
from engine.statistics import returns
from engine.statistics.metrics import metrics, total_return
from tests.backtest.markets import FREE, random_bars, random_targets

seeds = st.integers(0, 2**32)
few = settings(max_examples=40, deadline=None, database=None, derandomize=True)
COSTLY = replace(FREE, fee=0.001, slippage=0.0002)


def drawn(seed, count=900, skill=0.3):
    """Bars without funding, and target weights that know a share of the next return."""
    generator = np.random.default_rng(seed)
    bars = random_bars(count, generator, 0.01)
    none = {name: np.zeros(count) for name in ("funding", "funding_paid", "funding_received")}
    bars = replace(bars, **none, volume=np.full(count, 1e4))
    after = np.append(bars.open[1:], bars.close[-1]) / bars.open - 1
    return bars, np.where(generator.random(count) < skill, np.sign(after), random_targets(count, generator))


@few
@given(seeds, st.integers(0, 9))
def test_a_delayed_decision_is_the_same_decision_later(seed, late):
    _, weight = drawn(seed, 60)
    found = delayed(weight, late)
    assert len(found) == 60
    np.testing.assert_array_equal(found[late:], weight[: 60 - late])
    assert np.isnan(found[:late]).all()


@few
@given(seeds)
def test_delay_decay_begins_with_the_strategy_itself(seed):
    bars, weight = drawn(seed)
    found = delay_decay(bars, weight, COSTLY)
    assert tuple(each.bars for each in found) == DELAYS
    for each in found:
        alone = metrics(simulate(bars, delayed(weight, each.bars), COSTLY))
        assert each.total_return == pytest.approx(alone["total_return"])
        assert each.sharpe == pytest.approx(alone["sharpe"])
    assert found[0].sharpe > found[1].sharpe  # what is known of the next bar is gone after it


@few
@given(seeds)
def test_at_the_break_even_cost_nothing_is_left(seed):
    bars, weight = drawn(seed)
    strategy = simulate(bars, weight, COSTLY)
    found = break_even(bars, weight, COSTLY, strategy)
    assume(math.isfinite(found.bps))
    at_it = simulate(bars, weight, replace(COSTLY, fee=found.bps * 1e-4, slippage=0.0))
    assert total_return(at_it) == pytest.approx(0.0, abs=1e-3)
    net = strategy.trades["pnl"].sum() / (strategy.trades["quantity"] * strategy.trades["entry_price"]).sum()
    assert (found.earned_bps - found.paid_bps) * 1e-4 == pytest.approx(net)


def test_without_a_gain_there_is_no_break_even():
    bars, weight = drawn(1)
    losing = break_even(bars, -weight, COSTLY, simulate(bars, -weight, COSTLY))
    assert math.isnan(losing.bps)
    assert losing.earned_bps < 0
    never = break_even(bars, weight * 0, COSTLY, simulate(bars, weight * 0, COSTLY))
    assert math.isnan(never.bps)
    assert math.isnan(never.earned_bps)


@few
@given(seeds)
def test_more_capital_earns_less_and_half_is_where_half_is_left(seed):
    bars, weight = drawn(seed)
    found = capacity.capacity(bars, weight, COSTLY)
    assume(math.isfinite(found.half))
    gains = [each.total_return for each in found.rows if each.capital < 100 * found.half]
    assert gains == sorted(gains, reverse=True)
    step = math.sqrt(10)
    impact = replace(COSTLY, slippage_impact=capacity.IMPACT)
    more, less = (
        total_return(simulate(bars, weight, replace(impact, initial_capital=capital)))
        for capital in (found.half * step, max(found.half / step, capacity.CAPITALS[0]))
    )
    assert more <= gains[0] / 2 <= less


def test_half_on_a_line_by_hand():
    gain = np.linspace(1.0, -0.2, len(capacity.CAPITALS))
    logs = np.log10(capacity.CAPITALS)
    assert math.log10(capacity.half_of(gain)) == pytest.approx(np.interp(-0.5, -gain, logs))
    assert capacity.half_of(np.ones(13)) == capacity.CAPITALS[-1]
    assert math.isnan(capacity.half_of(-np.ones(13)))


@few
@given(seeds)
def test_what_the_regimes_earned_adds_up(seed):
    bars, weight = drawn(seed)
    strategy = simulate(bars, weight, COSTLY)
    found = regimes.regimes(bars, strategy)
    for kind in (regimes.SIDE, regimes.WEEKDAY):
        earned = sum(each.earned for each in found if each.kind == kind)
        assert earned == pytest.approx(total_return(strategy))
    volatility = [each for each in found if each.kind == regimes.VOLATILITY]
    known = np.isfinite(bars.forecast_volatility).mean()
    assert sum(each.share for each in volatility) == pytest.approx(known)
    assert max(each.share for each in volatility) - min(each.share for each in volatility) < 0.01
    assert {each.name for each in found if each.kind == regimes.WEEKDAY} == set(regimes.WEEKDAYS)


@few
@given(seeds, st.integers(250, 899))
def test_a_trend_is_known_when_its_bar_opens(seed, cut):
    bars, weight = drawn(seed)
    past = np.arange(900) < cut
    prices = {name: np.where(past, getattr(bars, name), 7.0) for name in ("open", "high", "low", "close")}
    before_it = np.where(np.arange(900) <= cut, bars.previous_close, 7.0)
    strategy = simulate(bars, weight, COSTLY)
    before, after = (
        [rows for kind, _, rows in regimes.kinds(each, strategy) if kind == regimes.TREND]
        for each in (bars, replace(bars, **prices, previous_close=before_it))
    )
    for one, other in zip(before, after, strict=True):
        assert (one[: cut + 1] == other[: cut + 1]).all()


@few
@given(seeds, st.floats(0.02, 0.4))
def test_a_record_of_the_least_length_has_a_probability_of_95_percent(seed, ratio):
    generator = np.random.default_rng(seed)
    daily = generator.standard_t(5, 400)
    daily = 0.01 * ((daily - daily.mean()) / daily.std(ddof=1) + ratio)
    found = track_record(daily)
    error = math.sqrt(1 - returns.skew(daily) * ratio + (returns.kurtosis(daily) - 1) / 4 * ratio**2)
    probability = NormalDist().cdf(ratio * math.sqrt(found.needed - 1) / error)  # Bailey and López de Prado
    assert probability == pytest.approx(0.95)
    assert math.isnan(track_record(-daily).needed)


@given(st.lists(st.floats(-0.99, 3.0), min_size=6, max_size=6))
def test_the_sentence_on_fills_is_true_of_what_was_tried(gains):
    names = (SAME_CLOSE, NEXT_OPEN, SLIPPED, ONE_LATE, TWO_LATE, WORST)
    rows = [
        FillScenario(total_return=gain, sharpe=0.0, max_drawdown=0.0, trades=1, name=name)
        for name, gain in zip(names, gains, strict=True)
    ]
    said = on_fills(gains[1], FillScenarios(tuple(rows), 0.03))
    for gain in gains[1:]:
        assert f"{gain * 100:+,.2f} %" in said
    harsher = gains[2:]
    assert ("no gain" in said) == (gains[1] <= 0)
    if gains[1] > 0:
        assert ("A gain is left under each" in said) == all(gain > 0 for gain in harsher)
        assert ("Nothing is left" in said) == any(gain <= 0 for gain in harsher)


@few
@given(seeds)
def test_nothing_is_said_of_the_capacity_of_a_market_without_volume(seed):
    bars, weight = drawn(seed)
    found = capacity.capacity(replace(bars, volume=np.full(len(bars), np.nan)), weight, COSTLY)
    assert all(math.isnan(each.total_return) and math.isnan(each.sharpe) for each in found.rows)
    assert math.isnan(found.half)


@few
@given(seeds, st.integers(40, 899))
def test_a_regime_of_less_than_thirty_days_has_no_annual_figure(seed, count):
    bars, weight = drawn(seed, count)
    for each in regimes.regimes(bars, simulate(bars, weight, COSTLY)):
        assert math.isnan(each.sharpe) or each.share * count >= 30 * 24
