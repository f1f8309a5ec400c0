"""Validation's loss of each symbol, read off the means that Keras keeps."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.models.training.by_symbol import PADDING, LossBySymbol, apart

COUNTS = st.lists(st.integers(1, 40), min_size=1, max_size=6)


@settings(max_examples=100, deadline=None)
@given(COUNTS, st.integers(1, 7), st.integers(1, 5), st.integers(0, 99))
def test_each_symbol_has_the_mean_of_its_own_windows(counts, batch, batches, seed):
    starts = np.arange(sum(counts))
    loss = np.random.default_rng(seed).lognormal(0, 1, len(starts))
    symbol = np.repeat(np.arange(len(counts)), counts)
    groups = apart(starts, counts, batch * batches).reshape(-1, batches, batch)
    of = [group[group != PADDING] for group in groups]
    assert np.array_equal(np.concatenate(of), starts)
    assert all(len(set(symbol[each])) == 1 for each in of)
    found = LossBySymbol({f"s{number}": count for number, count in enumerate(counts)}, groups)
    for number in range(len(of)):
        found.means[number] = loss[np.concatenate(of[: number + 1])].mean()
    expected = {f"s{number}": loss[symbol == number].mean() for number in range(len(counts))}
    assert found.found() == pytest.approx(expected, rel=1e-9)
