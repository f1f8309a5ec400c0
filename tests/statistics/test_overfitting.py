"""PBO against an independent implementation, and what it says of families whose truth is known."""

from __future__ import annotations

import math
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import rankdata

from engine.statistics.overfitting import overfitting


def independent(returns, blocks):
    """CSCV as the paper tells it: put the halves together, one after the other."""
    size = len(returns) // blocks
    parts = np.split(returns[len(returns) - size * blocks :], blocks)
    logits = []
    for chosen in combinations(range(blocks), blocks // 2):
        halves = [
            np.concatenate([parts[place] for place in range(blocks) if (place in chosen) == inside])
            for inside in (True, False)
        ]
        inside, outside = (np.array([slow_sharpe(column) for column in half.T]) for half in halves)
        omega = rankdata(outside)[int(inside.argmax())] / (len(outside) + 1)
        logits.append(math.log(omega / (1 - omega)))
    return float(np.mean(np.array(logits) <= 1e-15))


def slow_sharpe(values):
    return 0.0 if values.max() == values.min() else float(values.mean() / values.std(ddof=1))


def noise(seed, days, trials, correlation=0.0):
    generator = np.random.default_rng(seed)
    own, common = generator.standard_normal((days, trials)), generator.standard_normal((days, 1))
    return 0.01 * (math.sqrt(1 - correlation) * own + math.sqrt(correlation) * common)


@settings(max_examples=60, deadline=None, database=None, derandomize=True)
@given(st.integers(0, 2**32), st.integers(20, 70), st.integers(2, 9), st.sampled_from([4, 6, 8]))
def test_it_equals_an_independent_implementation(seed, days, trials, blocks):
    returns = noise(seed, days, trials, 0.3)
    if seed % 3 == 0:
        returns[:, 0] = 0.0  # a trial that never trades
    if seed % 4 == 0:
        returns[: days // 2, -1] = 0.0  # one that begins late
    assert overfitting(returns, blocks) == pytest.approx(independent(returns, blocks), abs=1e-9)


def test_it_equals_the_independent_implementation_over_sixteen_blocks():
    returns = noise(1, 100, 5)
    assert overfitting(returns) == pytest.approx(independent(returns, 16), abs=1e-9)


@pytest.mark.parametrize("correlation", [0.0, 0.5])
def test_among_worthless_trials_it_is_one_half(correlation):
    found = [overfitting(noise(seed, 720, 50, correlation), 10) for seed in range(100)]
    assert 0.45 < np.mean(found) < 0.55


def test_one_trial_with_skill_among_noise_is_found():
    found = []
    for seed in range(10):
        returns = noise(seed, 720, 50)
        returns[:, 7] += 0.01 * 5 / math.sqrt(365)
        found.append(overfitting(returns))
    assert np.mean(found) < 0.05


def test_clones_are_ties_of_one_half():
    assert overfitting(np.repeat(noise(2, 160, 1), 5, axis=1)) == 1.0  # the median rank counts as below


def test_what_cannot_be_told_is_nan():
    assert math.isnan(overfitting(noise(1, 100, 1)))
    assert math.isnan(overfitting(noise(1, 15, 5)))
