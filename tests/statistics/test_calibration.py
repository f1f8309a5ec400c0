"""Calibration of forecasts and drift of features, on numbers whose truth is known."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.signal import lfilter

from engine.statistics.calibration import deciles, mincer_zarnowitz, part_of, population_stability

SEEDS = st.integers(0, 2**32 - 1)


@given(SEEDS, st.floats(-0.01, 0.01), st.floats(-3, 3))
def test_the_regression_finds_the_line_that_returns_follow(seed, intercept, slope):
    forecast = np.random.default_rng(seed).normal(0.002, 0.01, 50)
    (found, low, high), (steep, least, most) = mincer_zarnowitz(forecast, intercept + slope * forecast)
    assert [found, steep] == pytest.approx([intercept, slope], abs=1e-9)
    assert low <= found <= high
    assert least <= steep <= most


@pytest.mark.parametrize("share", [0.0, 0.6])
def test_intervals_hold_the_truth_though_residuals_last_and_follow_the_forecast(share):
    repetitions, inside = 200, np.zeros(2)
    for seed in range(repetitions):
        generator = np.random.default_rng([7, seed])
        forecast, noise = (lfilter([1.0], [1.0, -share], generator.standard_normal(400)) for _ in range(2))
        found = mincer_zarnowitz(forecast, 0.5 + forecast + noise * (1 + np.abs(forecast)), 4)
        inside += [low <= truth <= high for (_, low, high), truth in zip(found, (0.5, 1.0), strict=True)]
    assert (inside >= 0.88 * repetitions).all()
    assert (inside < repetitions).all()


def test_forecasts_that_never_change_have_no_line():
    for bounds in mincer_zarnowitz(np.ones(100), np.arange(100.0)):
        assert all(map(math.isnan, bounds))


@given(SEEDS, st.integers(10, 500), st.integers(1, 400))
def test_deciles_part_all_values_in_order_and_evenly_where_none_are_equal(seed, count, different):
    values = np.random.default_rng(seed).integers(different, size=count).astype(float)
    part = part_of(values, deciles(values))
    assert (np.diff(part[np.argsort(values, kind="stable")]) >= 0).all()
    assert set(part) == set(range(part.max() + 1))
    even = part_of(np.arange(count, dtype=float), deciles(np.arange(count, dtype=float)))
    assert np.ptp(np.bincount(even)) <= 1


@given(SEEDS, st.integers(1, 300), st.integers(1, 300))
def test_the_index_is_not_below_0_and_0_for_the_same_values(seed, first, second):
    generator = np.random.default_rng(seed)
    before, after = generator.standard_normal(first), generator.standard_normal(second)
    assert population_stability(before, after) >= 0
    assert population_stability(before, before) == pytest.approx(0)


def test_the_index_of_a_shift_is_that_of_its_formula():
    """Of Gaussians a deviation apart by the shares of their quantiles, and it grows with the shift."""
    from scipy.stats import norm

    generator = np.random.default_rng(3)
    before = generator.standard_normal(200_000)
    bounds = norm.ppf(np.arange(11) / 10)
    found = []
    for shift in (0.0, 0.3, 1.0):
        shares = np.diff(norm.cdf(bounds - shift))
        expected = ((shares - 0.1) * np.log(shares / 0.1)).sum()
        found.append(population_stability(before, generator.normal(shift, 1, 200_000)))
        assert found[-1] == pytest.approx(expected, rel=0.05, abs=1e-3)
    assert found == sorted(found)
    assert math.isnan(population_stability(before, before[:0]))
