"""The permutation tests of an account find who knows the symbol and who knows the day, and nobody else."""

import numpy as np
import pytest

from engine.backtest.trading import Decisions
from engine.backtest.universe_trading import weights_in
from engine.results.portfolio import BY_DAYS, BY_SYMBOL
from engine.robustness.permutation import unit_returns
from engine.robustness.portfolio_permutation import Days, permutation_tests
from engine.settings import make
from tests.backtest.markets import random_bars

SYMBOLS, BARS = 4, 24 * 45


def settings_of(permutations=99):
    chosen = ["signal.exit=signal", "portfolio.gross_cap=0", f"evidence.permutations={permutations}"]
    return make({}, chosen)


def held(bars, weight):
    unknown = np.full(len(bars), np.nan)
    return Decisions(bars, unknown, np.zeros(len(bars), np.int8), unknown, weight=weight)


def universe(generator, know, cut=0):
    """Decisions on symbols, each begins `cut` bars after the one before; know: (S, T) of returns (S, T)."""
    every = [random_bars(BARS, generator, volatility=0.01) for _ in range(SYMBOLS)]
    earned = np.stack([unit_returns(bars) for bars in every])
    weight = know(earned, generator)
    return {
        f"S{s}": held(bars.rows(slice(cut * s, BARS)), weight[s, cut * s :]) for s, bars in enumerate(every)
    }


def nothing(earned, generator):
    """Random sides that last some hours."""
    return np.repeat(generator.choice([-1.0, 0.0, 1.0], (SYMBOLS, BARS // 6)), 6, axis=1)


def the_symbol(earned, generator):
    """At times the best symbol long and the worst short."""
    order, weight = np.argsort(np.argsort(earned, axis=0), axis=0), np.zeros(earned.shape)
    knows = generator.random(BARS) < 0.2
    weight[(order == SYMBOLS - 1) & knows] = 1.0
    weight[(order == 0) & knows] = -1.0
    return weight


def the_day(earned, generator):
    """All symbols on one side, at times the one that the market takes."""
    market = np.sign(earned.mean(axis=0))
    side = np.where(generator.random(BARS) < 0.3, market, generator.choice([-1.0, 1.0], BARS))
    return np.tile(side, (SYMBOLS, 1))


def p_values(decisions, permutations=99):
    return {each.name: each.p_value for each in permutation_tests(decisions, settings_of(permutations))}


def test_who_knows_the_symbol_is_found_by_symbol():
    for seed in range(5):
        assert p_values(universe(np.random.default_rng(seed), the_symbol))[BY_SYMBOL] == 0.01


def test_who_knows_the_day_alone_is_found_by_days_alone():
    for seed in range(5):
        found = p_values(universe(np.random.default_rng(seed), the_day))
        assert found[BY_DAYS] == 0.01
        assert found[BY_SYMBOL] == 1.0  # the same is held of all: it is no matter whose it is


@pytest.mark.parametrize("cut", [0, 100])
def test_who_knows_nothing_is_found_no_more_often_than_by_chance(cut):
    found = [p_values(universe(np.random.default_rng(seed), nothing, cut), 39) for seed in range(60)]
    for name in (BY_SYMBOL, BY_DAYS):
        below = sum(each[name] <= 0.1 for each in found)
        assert below <= 13  # of 60 at 0.1: more has probability 0.004
        assert sum(each[name] <= 0.5 for each in found) >= 17  # of 60 at 0.5: fewer has 0.0002


def test_the_timing_is_the_sum_over_bars_and_symbols():
    generator = np.random.default_rng(3)
    decisions = universe(generator, nothing, cut=50)
    days = Days.of(decisions, settings_of())
    wanted = weights_in(decisions, settings_of())
    gained = 0.0
    for name, made in decisions.items():
        earned, weight = unit_returns(made.bars), 0.0
        for target, one in zip(wanted[name], earned - earned.mean(), strict=True):
            weight = weight if np.isnan(target) else target
            gained += weight * one
    assert (days.weight * days.earned).sum() == pytest.approx(gained)
    order = generator.permutation(len(days.weight))
    moved = Days(days.weight[order], days.earned, days.there)
    assert np.trace(
        moved.weight.reshape(len(order), -1) @ days.earned.reshape(len(order), -1).T
    ) == pytest.approx((moved.weight * days.earned).sum())


def test_nothing_held_has_no_p_value_and_one_symbol_none_by_symbol():
    generator = np.random.default_rng(1)
    flat = universe(generator, lambda earned, _: np.zeros(earned.shape))
    assert all(np.isnan(each) for each in p_values(flat).values())
    alone = dict(list(universe(generator, nothing).items())[:1])
    assert list(p_values(alone)) == [BY_DAYS]
    assert permutation_tests(alone, settings_of(0)) == ()
