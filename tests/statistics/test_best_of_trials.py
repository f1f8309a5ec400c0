"""The expected best of worthless trials: looks never lower it, clones add nothing."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.statistics.best_of_trials import expected_best
from engine.statistics.returns import probabilistic_sharpe

few = settings(max_examples=60, deadline=None, database=None, derandomize=True)
ROUNDING = 1e-6  # of single precision


def trials(generator, number, days, correlation=0.0):
    """Daily returns (N, D) without skill; each pair has this correlation."""
    own, common = generator.standard_normal((number, days)), generator.standard_normal((1, days))
    return 0.01 * (math.sqrt(1 - correlation) * own + math.sqrt(correlation) * common)


@few
@given(
    st.integers(0, 2**32), st.integers(1, 12), st.integers(1, 12), st.integers(2, 90),
    st.sampled_from([0.0, 0.5, 0.99]), st.integers(0, 3), st.integers(-40, 40),
)  # fmt: skip
def test_looks_never_lower_it(seed, before, more, days, correlation, unknown, shift):
    """Looks of any returns, on other days, without variance or without returns."""
    generator = np.random.default_rng(seed)
    known = trials(generator, before, days, correlation)
    added = trials(generator, more, days, correlation)
    added[generator.random(added.shape) < 0.2] = np.nan
    added[-1] = generator.choice([0.0, 0.001, math.nan])
    span = np.full((before + more, days + abs(shift)), np.nan)  # of both, the new ones some days off
    span[:before, max(-shift, 0) :][:, :days] = known
    span[before:, max(shift, 0) :][:, :days] = added
    least = expected_best(known, 20_000, unknown)
    most = expected_best(span, 20_000 - max(-shift, 0), unknown + 1)
    assert -ROUNDING <= least <= most + ROUNDING
    assert expected_best(span, 20_000 - max(-shift, 0), unknown) >= least - ROUNDING


@few
@given(st.integers(0, 2**32), st.integers(1, 8))
def test_clones_and_looks_that_differ_in_money_or_a_hair_add_nothing(seed, number):
    generator = np.random.default_rng(seed)
    known = trials(generator, number, 120)
    near = np.repeat(known, 1000 // number, axis=0)
    scaled = near * generator.uniform(0.5, 2, (len(near), 1)) + generator.normal(0, 1e-8, near.shape)
    found, cloned = expected_best(known, 0), expected_best(np.concatenate([known, scaled]), 0)
    assert found <= cloned + ROUNDING
    apart = [probabilistic_sharpe(known[0], best / math.sqrt(119)) for best in (found, cloned)]
    assert apart[0] == pytest.approx(apart[1], abs=1e-3)


@pytest.mark.parametrize("number", [2, 10, 100])
def test_independent_trials_have_the_mean_of_the_maximum_of_independent_gaussians(number):
    grid = np.linspace(-8, 8, 16_001)
    below = np.array([0.5 * math.erfc(-value / math.sqrt(2)) for value in grid]) ** number
    truth = float(np.trapezoid(np.where(grid > 0, 1 - below, -below), grid))
    generator = np.random.default_rng(number)
    assert expected_best(trials(generator, number, 5000), 0) == pytest.approx(truth, abs=0.04)
    assert expected_best(np.empty((0, 0)), 0, number) == pytest.approx(truth, abs=0.03)


def test_two_opposite_trials_are_the_mean_size_of_a_gaussian():
    one = trials(np.random.default_rng(1), 1, 200)
    assert expected_best(np.concatenate([one, -one]), 0) == pytest.approx(math.sqrt(2 / math.pi), abs=0.02)


def test_one_trial_and_none_are_nothing_to_beat():
    one = trials(np.random.default_rng(1), 1, 200)
    for found in (expected_best(one, 0), expected_best(one[:0], 0), expected_best(np.zeros((3, 200)), 0)):
        assert found == pytest.approx(0, abs=ROUNDING)


def test_the_draws_of_a_day_do_not_depend_on_the_days_beside_it():
    known = trials(np.random.default_rng(3), 6, 50)
    wide = np.full((6, 150), np.nan)
    wide[:, 70:120] = known
    assert expected_best(wide, 930) == pytest.approx(expected_best(known, 1000), abs=ROUNDING)


@pytest.mark.parametrize("correlation", [0.0, 0.5, 0.9])
def test_the_best_of_worthless_trials_is_rarely_convincing(correlation):
    """Above 0.95 in 5 % or fewer; three binomial deviations are allowed."""
    for number in (1, 3, 30):
        generator, convincing, families = np.random.default_rng(number), 0, 100
        for _ in range(families):
            tried = trials(generator, number, 250, correlation)
            best = tried[np.argmax(tried.mean(axis=1) / tried.std(axis=1))]
            benchmark = expected_best(tried, 0) / math.sqrt(249)
            convincing += probabilistic_sharpe(best, benchmark) > 0.95
        assert convincing <= families * 0.05 + 3 * math.sqrt(families * 0.05 * 0.95)
