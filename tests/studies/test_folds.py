"""Folds cover what follows the first cut once, in order, and know nothing of what comes after them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import ChangeSettingsError
from engine.settings import make
from engine.studies.folds import folds

STEP = 3_600_000


@settings(max_examples=60, deadline=None)
@given(
    st.integers(600, 3000), st.integers(2, 6), st.integers(0, 12), st.integers(1, 9), st.booleans(),
    st.integers(0, 1000),
)  # fmt: skip
def test_no_label_reaches_the_part_that_follows(count, number, embargo, horizon, rolling, seed):
    rng = np.random.default_rng(seed)
    bar = np.cumsum(rng.choice([1, 1, 1, 5], count))
    labelled = np.arange(count) < count - horizon
    chosen = make({}, [
        f"walk_forward.folds={number}", f"label.horizon={horizon}", f"walk_forward.embargo={embargo}",
        f"walk_forward.window={'rolling' if rolling else 'anchored'}",
    ])  # fmt: skip
    found = folds(bar, labelled, chosen)
    tests = np.concatenate([fold.test for fold in found])
    assert np.array_equal(tests, np.arange(int(count * 0.4), count))
    for fold in found:
        reach = horizon + embargo
        assert bar[fold.train[-1]] + reach <= bar[fold.validation[0]]
        assert bar[fold.validation[-1]] + reach <= bar[fold.test[0]]
        assert labelled[fold.train].all()
        assert labelled[fold.validation].all()
        first = fold.test[0] - int(count * 0.4) if rolling else 0
        assert fold.train[0] == first


def test_too_few_samples_are_refused():
    with pytest.raises(ChangeSettingsError, match="too few samples"):
        folds(np.arange(120), np.ones(120, bool), make({}, ["walk_forward.folds=5"]))
