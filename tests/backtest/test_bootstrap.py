"""The stationary bootstrap against figures of the arch package (8.0.0) and against its own definition."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.statistics.bootstrap import block_length, draws, interval, weights


def autoregressive(seed, count, share):
    """A series whose neighbours correlate."""
    noise = np.random.default_rng(seed).standard_normal(count)
    values = np.empty(count)
    values[0] = noise[0]
    for row in range(1, count):
        values[row] = share * values[row - 1] + noise[row]
    return values


@pytest.mark.parametrize(
    ("seed", "count", "share", "length"),  # the last by arch.bootstrap.optimal_block_length
    [
        (0, 50, 0.0, 1.9426315222654014),
        (1, 208, 0.1, 6.0132689999861855),
        (2, 500, 0.3, 5.15723104533434),
        (3, 1500, 0.6, 15.286790939261206),
        (4, 5000, 0.9, 58.019549103692846),
        (6, 3000, -0.4, 9.59979313748323),
        (7, 800, 0.95, 43.03699876657694),
    ],
)
def test_block_length_equals_arch(seed, count, share, length):
    assert block_length(autoregressive(seed, count, share)) == pytest.approx(length, rel=1e-10)


def test_no_variance_and_few_values_have_blocks_of_one():
    assert block_length(np.full(100, 0.3)) == 1
    assert block_length(np.arange(9.0)) == 1


@settings(max_examples=50, deadline=None, database=None, derandomize=True)
@given(st.integers(1, 400), st.floats(1, 60), st.integers(1, 30), st.integers(0, 2**32))
def test_resamples_are_made_of_blocks_that_wrap_around(count, block, resamples, seed):
    found = np.concatenate(list(draws(count, block, resamples, np.random.default_rng(seed))))
    assert found.shape == (resamples, count)
    assert found.min() >= 0
    assert found.max() < count
    again = np.concatenate(list(draws(count, block, resamples, np.random.default_rng(seed))))
    assert (found == again).all()


@pytest.mark.parametrize("block", [1.0, 4.0, 25.0])
def test_blocks_have_the_mean_length_and_every_row_its_turn(block):
    rows = np.concatenate(list(draws(500, block, 400, np.random.default_rng(1))))
    follows = (np.diff(rows, axis=1) == 1) | (np.diff(rows, axis=1) == -499)
    chance = 1 / 500  # that a new block begins where the old one ended
    assert 1 - follows.mean() == pytest.approx((1 - chance) / block, rel=0.03)
    turns = np.bincount(rows.ravel(), minlength=500)
    assert turns.mean() == 400
    assert turns.std() < 4 * math.sqrt(400 * block)


def test_weights_count_the_draws():
    rows = np.concatenate(list(draws(30, 3.0, 20, np.random.default_rng(2))))
    values = np.random.default_rng(3).normal(size=30)
    assert weights(rows) @ values == pytest.approx(values[rows].sum(axis=1))


def test_a_long_series_is_drawn_in_pieces():
    pieces = list(draws(300_000, 5.0, 20, np.random.default_rng(4)))
    assert len(pieces) > 1
    assert sum(len(piece) for piece in pieces) == 20


def test_an_interval_leaves_out_what_is_not_defined():
    assert interval(np.array([np.nan, 1.0, 2.0, 3.0])) == pytest.approx([1.05, 2.95])
    assert all(map(math.isnan, interval(np.array([np.nan, np.nan, 1.0]))))
