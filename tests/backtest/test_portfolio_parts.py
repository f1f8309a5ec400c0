"""The parts of an account over several symbols add up to it, and are what their definitions say."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import spearmanr

from engine.backtest.trading import Decisions
from engine.backtest.universe_trading import trade_universe
from engine.results.codec import from_json, to_json
from engine.results.portfolio import FEWEST_SYMBOLS, PORTFOLIO_BASELINES, PortfolioParts
from engine.robustness.portfolio_parts import daily_pnl, parts_of, past_return
from engine.settings import make
from engine.statistics import cross_section
from engine.statistics.metrics import total_return
from tests.backtest.markets import random_bars
from tests.backtest.test_allocation import decided, random_decisions


@pytest.fixture(scope="module")
def cases():
    """Accounts of a few symbols, of many over some weeks, and of one."""
    generator, settings = np.random.default_rng(40), make({}, ["signal.exit=signal"])
    made = [random_decisions(generator) for _ in range(4)]
    made += [{f"S{s}": decided(random_bars(900, generator, 0.01), generator) for s in range(count)}
             for count in (1, 7)]  # fmt: skip
    found = []
    for decisions in made:
        strategy, benchmark = trade_universe(decisions, settings)
        found.append((decisions, strategy, benchmark, parts_of(decisions, strategy, settings)))
    return found


def test_parts_of_return_and_risk_add_up(cases):
    for _, strategy, _, parts in cases:
        gained = sum(each.return_contribution for each in parts.symbols)
        assert gained == pytest.approx(total_return(strategy), abs=1e-9)
        assert sum(each.trades for each in parts.symbols) == len(strategy.trades)
        shares = [each.risk_contribution for each in parts.symbols]
        if not any(map(math.isnan, shares)):
            assert sum(shares) == pytest.approx(1.0, abs=1e-9)
        assert daily_pnl(strategy).sum() == pytest.approx(strategy.equity[-1] - 10_000.0, abs=1e-6)


def test_correlations_are_numpys(cases):
    for _, strategy, _, parts in cases:
        daily, found = daily_pnl(strategy), np.array(parts.correlation)
        moving = np.flatnonzero(daily.std(axis=0) > 1e-12) if len(daily) > 1 else np.array([], int)
        if len(moving) > 1:
            assert np.allclose(found[np.ix_(moving, moving)], np.corrcoef(daily[:, moving].T), atol=1e-9)
        assert np.isnan(np.delete(found, moving, axis=0)).all()


def test_the_cross_section_is_spearmans_at_each_bar():
    generator = np.random.default_rng(41)
    forecast, happened = generator.normal(0, 1, (2, 200, 9)).round(1)  # equal ones among them
    forecast[generator.random(forecast.shape) < 0.3] = np.nan
    found, count = cross_section.rank_correlations(forecast, happened, FEWEST_SYMBOLS)
    for row, known in enumerate(np.isfinite(forecast)):
        assert count[row] == known.sum()
        if known.sum() < FEWEST_SYMBOLS:
            assert np.isnan(found[row])
        else:
            wished = spearmanr(forecast[row][known], happened[row][known]).statistic
            assert found[row] == pytest.approx(wished, abs=1e-12, nan_ok=True)


def test_newey_and_west_hold_where_labels_overlap():
    """Of means of 6 independent values each the plain error is far too small, theirs about right."""
    generator, plain, theirs = np.random.default_rng(42), 0, 0
    for _ in range(400):
        values = np.convolve(generator.normal(0, 1, 605), np.ones(6) / 6, "valid")  # (600,)
        lags = cross_section.lags_of(len(values), 6)
        plain += abs(values.mean()) > 1.96 * cross_section.newey_west(values, 0)
        theirs += abs(values.mean()) > 1.96 * cross_section.newey_west(values, lags)
    assert theirs < 0.16 * 400 < 0.3 * 400 < plain


def test_skill_across_symbols_is_seen_and_none_is_not():
    generator, t = np.random.default_rng(43), {}
    for skill in (0.0, 0.3):
        decisions = {}
        for s in range(6):
            bars, noise = random_bars(400, generator), generator.normal(0, 1, (2, 400))
            forecast = skill * noise[1] + noise[0]
            decisions[f"S{s}"] = Decisions(bars, forecast, np.sign(forecast).astype(np.int8), noise[1])
        settings = make({}, ["label.horizon=1"])
        parts = parts_of(decisions, trade_universe(decisions, settings)[0], settings)
        t[skill] = parts.cross_section.t
        assert parts.cross_section.bars == 400
    assert abs(t[0.0]) < 3
    assert t[0.3] > 5


def test_below_five_symbols_there_is_no_cross_section(cases):
    for decisions, _, _, parts in cases:
        if len(decisions) < FEWEST_SYMBOLS:
            assert math.isnan(parts.cross_section.mean)
            assert parts.cross_section.bars == 0


def test_the_first_baseline_is_the_benchmark(cases):
    for _, _, benchmark, parts in cases:
        assert tuple(each.name for each in parts.baselines) == PORTFOLIO_BASELINES
        assert parts.baselines[0].total_return == pytest.approx(total_return(benchmark), rel=1e-12)


def test_parts_are_read_as_they_were_written(cases):
    for *_, parts in cases:
        assert repr(from_json(PortfolioParts, to_json(parts), "a file")) == repr(parts)
        assert len(parts.exposure.time) == len(parts.exposure.gross) == len(parts.exposure.net) <= 400


def test_momentum_looks_back_at_known_closes_only():
    bars = random_bars(60, np.random.default_rng(44))
    found = past_return(bars, 10 * bars.calendar.step_ms)
    for t in range(60):
        wished = bars.close[t - 1] / bars.close[t - 11] - 1 if t > 10 else np.nan
        assert found[t] == pytest.approx(wished, nan_ok=True)
