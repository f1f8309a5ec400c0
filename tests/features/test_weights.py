"""Weights of training samples, checked against slow and obvious versions of themselves."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from engine.samples import weights

targets = st.sets(st.integers(0, 120), min_size=1, max_size=60).map(sorted).map(np.array)


@given(targets, st.integers(1, 30))
def test_a_label_is_as_unique_as_its_bars_are_by_others_not_shared(target, horizon):
    bars = [set(range(first, first + horizon)) for first in target.tolist()]
    expected = [np.mean([1 / sum(bar in others for others in bars) for bar in own]) for own in bars]  # (n,)
    found = weights.label_uniqueness(target, horizon)
    assert np.allclose(found, expected, atol=1e-12)
    assert ((found > 0) & (found <= 1 + 1e-12)).all()


@given(targets, st.integers(1, 500), st.integers(1, 30), st.booleans(), st.booleans())
def test_weights_have_a_mean_of_one_and_are_none_where_all_are_alike(target, life, horizon, recent, unique):
    expected = np.ones(len(target))
    for place, number in enumerate(target.tolist()):
        expected[place] *= 2 ** (-(max(target.tolist()) - number) / life) if recent else 1.0
    expected *= weights.label_uniqueness(target, horizon) if unique else 1.0
    found = weights.sample_weights(target, target, horizon, life if recent else 0, uniqueness=unique)
    if not recent and (not unique or horizon == 1):
        assert found is None
    elif found is None:
        assert np.ptp(expected) == 0
    else:
        assert np.allclose(found, expected * len(target) / expected.sum())


def test_labels_that_share_no_bar_weigh_alike():
    target = np.arange(0, 400, 4)
    assert weights.sample_weights(target, target, 4, 0, uniqueness=True) is None
    assert weights.sample_weights(target[:0], target[:0], 4, 9, uniqueness=True) is None
