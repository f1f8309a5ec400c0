"""Permutation in blocks, and what the IC loses by it."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.statistics.importance import block_permuted, ic_drop

SEEDS = st.integers(0, 2**32 - 1)


@given(SEEDS, st.integers(1, 400), st.integers(1, 50))
def test_an_order_holds_every_number_once_in_blocks(seed, count, least):
    order = block_permuted(count, least, np.random.default_rng(seed))
    assert sorted(order) == list(range(count))
    begins = np.flatnonzero((np.diff(order) - 1) % count) + 1
    length = np.diff(np.concatenate([[0], begins, [count]]))
    assert (length >= min(least, count)).all()


@given(SEEDS)
def test_what_nothing_moves_has_no_importance(seed):
    generator = np.random.default_rng(seed)
    forecast, came = generator.standard_normal((2, 60))
    drop, found = ic_drop(forecast, [forecast, forecast.copy()], came, 1, 50, generator)
    assert drop == found.low == found.high == 0


def test_all_that_is_known_is_lost_with_the_only_feature():
    generator = np.random.default_rng(0)
    feature = generator.standard_normal(2000)
    came = feature + generator.standard_normal(2000)
    permuted = [feature[block_permuted(2000, 10, generator)] for _ in range(3)]
    drop, found = ic_drop(feature, permuted, came, 1, 300, generator)
    assert drop == pytest.approx(6 / math.pi * math.asin(math.sqrt(0.5) / 2), abs=0.06)  # Spearman's, of √½
    assert 0 < found.low < drop < found.high


def test_a_forecast_that_never_changes_has_none_to_lose():
    generator = np.random.default_rng(0)
    drop, found = ic_drop(np.zeros(60), [generator.standard_normal(60)], np.arange(60.0), 1, 50, generator)
    assert all(map(math.isnan, (drop, found.low, found.high)))
