"""Combinatorial purged cross-validation, beside a slow walk over every pair of samples."""

from itertools import combinations
from math import comb

import numpy as np
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from engine.samples.combinatorial import paths, splits


@st.composite
def cases(draw):
    """Bars with gaps, of one symbol or of several, groups, tested ones, horizon, embargo."""
    steps = draw(st.lists(st.sampled_from([1, 1, 1, 2, 7]), min_size=20, max_size=60))
    bar = np.cumsum(steps)
    others = [
        bar[draw(st.integers(0, 19)) :][: draw(st.integers(1, 40))] for _ in range(draw(st.integers(0, 2)))
    ]
    groups = draw(st.integers(3, 7))
    tested = draw(st.integers(1, groups - 1))
    return np.concatenate([bar, *others]), groups, tested, draw(st.integers(1, 6)), draw(st.integers(0, 5))


def slow(bar, groups, tested, horizon, embargo):
    """Train positions and test positions of every choice, pair by pair."""
    bars = sorted(set(bar.tolist()))
    size = len(bars) // groups
    group = [min(bars.index(each) // size, groups - 1) for each in bar.tolist()]
    for chosen in combinations(range(groups), tested):
        test = [place for place in range(len(bar)) if group[place] in chosen]
        train = []
        for place in range(len(bar)):
            clear = place not in test
            for other in test:
                overlap = bar[place] < bar[other] + horizon and bar[other] < bar[place] + horizon
                after = bar[other] < bar[place] < bar[other] + horizon + embargo
                clear = clear and not overlap and not after
            if clear:
                train.append(place)
        yield chosen, train, test


@given(cases())
@examples(max_examples=25)
def test_splits_are_those_of_the_definition(case):
    found = splits(*case)
    assert len(found) == comb(case[1], case[2])
    for each, (chosen, train, test) in zip(found, slow(*case), strict=True):
        assert each.groups == chosen
        assert each.train.tolist() == train
        assert sorted(each.test.tolist()) == test


@given(st.integers(3, 9).flatmap(lambda groups: st.tuples(st.just(groups), st.integers(1, groups - 1))))
def test_every_path_goes_through_every_group_and_uses_each_forecast_once(case):
    groups, tested = case
    found = paths(groups, tested)
    choices = list(combinations(range(groups), tested))
    assert found.shape == (comb(groups, tested) * tested // groups, groups)
    assert all(group in choices[split] for path in found for group, split in enumerate(path))
    used = sorted((int(split), group) for path in found for group, split in enumerate(path))
    assert used == sorted((split, group) for split, chosen in enumerate(choices) for group in chosen)
