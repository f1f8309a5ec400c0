"""Errors, p-values and intervals hold where terms depend on each other: sizes in their binomial bands."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from engine.statistics.forecast import forecast_quality
from engine.statistics.long_run import bootstrapped, cosines, probability_below, standard_error, two_sided
from engine.statistics.returns import deviation, probabilistic_sharpe, sharpe, sharpe_influence
from soak import null

few = settings(max_examples=50, deadline=None, database=None, derandomize=True)
REPETITIONS = 200


def in_band(times, share, repetitions=REPETITIONS):
    """Whether a count is within three binomial deviations of its share."""
    return abs(times - share * repetitions) <= 3 * math.sqrt(share * (1 - share) * repetitions)


@few
@given(st.integers(0, 2**32), st.integers(8, 300), st.integers(1, 24))
def test_the_error_is_that_of_the_formula_term_by_term(seed, count, horizon):
    values = np.random.default_rng(seed).standard_normal(count)
    waves = max(4, min(int(0.4 * count ** (2 / 3)), count // (2 * horizon), 64))
    total = 0.0
    for wave in range(1, waves + 1):
        part = sum(math.cos(math.pi * wave * (row + 0.5) / count) * values[row] for row in range(count))
        total += 2 / count * part**2
    assert standard_error(values, horizon) == pytest.approx(math.sqrt(total / waves / count), rel=1e-9)
    assert cosines(count, horizon).T @ cosines(count, horizon) == pytest.approx(np.eye(waves), abs=1e-9)


def test_of_independent_terms_it_is_the_usual_one():
    values = np.random.default_rng(1).standard_normal((300, 1000))
    assert standard_error(values).mean() == pytest.approx(1 / math.sqrt(1000), rel=0.02)


@few
@given(st.integers(0, 2**32), st.floats(-3, 3))
def test_the_p_value_is_students(seed, estimate):
    values = np.random.default_rng(seed).standard_normal(200)
    found = estimate / float(standard_error(values))
    assert probability_below(estimate, values) == pytest.approx(stats.t.cdf(found, 13))
    assert two_sided(estimate, values) == pytest.approx(2 * stats.t.sf(abs(found), 13))


@few
@given(st.integers(0, 2**32), st.integers(20, 200))
def test_influence_is_how_the_sharpe_ratio_moves_with_a_return(seed, count):
    """The derivative by a row's weight, taken by its difference; with ddof 1 as close as 1 / N."""
    returns = np.random.default_rng(seed).normal(0.001, 0.02, count)
    influence, step = sharpe_influence(returns), 1e-6

    def weighted(weight):
        mean = weight @ returns / weight.sum()
        return mean / math.sqrt(weight @ (returns - mean) ** 2 / weight.sum())

    moved = np.ones(count)
    moved[0] += step
    slope = (weighted(moved) - weighted(np.ones(count))) / step * count
    assert influence[0] == pytest.approx(slope, abs=0.2 * 20 / count + 1e-3)


def test_what_does_not_vary_has_neither_error_nor_interval():
    assert math.isnan(two_sided(0.1, np.zeros(100)))
    assert math.isnan(bootstrapped(0.1, np.zeros(100), 50, np.random.default_rng(0)).low)
    assert math.isnan(bootstrapped(0.1, np.ones(5), 50, np.random.default_rng(0)).p_value)


@few
@given(st.integers(2, 400), st.floats(-0.5, 0.5).filter(lambda rate: abs(rate) > 1e-9), st.floats(1e-6, 1e6))
def test_equal_values_have_no_deviation_however_they_are_rounded(count, rate, scale):
    values = np.full(count, rate) * scale
    values[::2] = np.full(len(values[::2]), rate * scale) * (1 + 2e-16)
    assert deviation(values) == 0
    assert math.isnan(sharpe(values))


@pytest.mark.parametrize("kind", null.RETURNS)
@pytest.mark.parametrize("days", [30, 110])
def test_sharpe_intervals_hold_the_truth_as_often_as_they_say(kind, days):
    inside = null.sharpe_coverage(kind, days, REPETITIONS, 300)
    assert in_band(inside, 0.92 if (kind, days) == ("t3", 30) else 0.95)  # as docs/definitions.md says


@pytest.mark.parametrize("kind", null.RETURNS)
def test_a_probabilistic_sharpe_ratio_above_95_percent_is_as_rare_as_it_says(kind):
    above = sum(
        probabilistic_sharpe(null.returns(kind, 110, np.random.default_rng([3, seed]))) > 0.95
        for seed in range(1000)
    )
    assert in_band(above, 0.05, 1000)


@pytest.mark.parametrize(("kind", "horizon"), null.FORECASTS)
def test_forecasts_without_skill_have_small_p_values_as_rarely_as_they_should(kind, horizon):
    found = [
        forecast_quality(*null.forecast(kind, horizon, 1500, np.random.default_rng([5, seed])), horizon)
        for seed in range(REPETITIONS)
    ]
    for name in ("ic_p_value", "directional_accuracy_p_value"):
        assert in_band(sum(each[name] < 0.05 for each in found), 0.05), name


def test_skill_is_seen():
    generator = np.random.default_rng(1)
    prediction = generator.normal(0, 0.001, 3000)
    found = forecast_quality(prediction, prediction + generator.normal(0, 0.01, 3000), 24)
    assert found["ic_p_value"] < 0.01
    assert found["directional_accuracy_p_value"] < 0.01
