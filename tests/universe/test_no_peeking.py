"""What a symbol sees of the others, and who counts when, does not move when the future does."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.market.times import milliseconds
from engine.universe.cross_section import cross_section, lead
from engine.universe.membership import DAY_MS, members
from tests.universe.markets import FIRST_MS, market, universes


def until(universe, cut):
    """The markets merged from the candles of before bar number `cut` alone; None of a symbol without any."""
    found = []
    for seed, first, bars, missing in universe:
        later = tuple(at for at in range(bars) if first + at >= cut)
        there = bars - len(set(missing) | set(later))
        found.append(market(seed, first, bars, missing + later) if there else None)
    return found


@settings(max_examples=25)
@given(universes(), st.integers(1, 250))
def test_features_among_the_others_know_no_later_bar(universe, cut):
    markets = [market(*each) for each in universe]
    before = until(universe, cut)
    kept = [s for s, each in enumerate(before) if each is not None]
    if 0 not in kept:
        return  # lead-lag is of the first symbol
    for whole, part in (
        (cross_section(markets, 3), cross_section([before[s] for s in kept], 3)),
        (lead(markets, 3, 3), lead([before[s] for s in kept], 3, 3)),
    ):
        for s, seen in zip(kept, part, strict=True):
            assert np.array_equal(whole[s][: len(seen)], seen, equal_nan=True)


@settings(max_examples=25)
@given(universes(bars=(60, 400)), st.integers(1, 3), st.integers(1, 9), st.integers(0, 15), st.data())
def test_changed_volumes_change_no_earlier_membership(universe, top, days, day, data):
    markets = [market(*each) for each in universe]
    top, cut_ms = min(top, len(markets)), FIRST_MS + day * DAY_MS
    found = members(markets, top, days)
    for s, each in enumerate(markets):
        later = milliseconds(each.frame.index) >= cut_ms
        factor = data.draw(st.sampled_from([0.0, 1e-3, 1e3]), label=f"symbol {s}")
        each.frame.loc[later, "volume"] *= factor
    for each, before, after in zip(markets, found, members(markets, top, days), strict=True):
        known = milliseconds(each.frame.index) < cut_ms + DAY_MS  # the day is decided on the days before
        assert np.array_equal(before[known], after[known])


def test_the_largest_of_the_days_before_count():
    markets = [market(seed, 0, 24 * 8) for seed in (1, 2, 3)]
    for number, each in enumerate(markets):
        each.frame["volume"] = 10.0 ** (3 - number) / each.frame["close"]
    third = markets[2].frame
    third.loc[third.index[24 * 4] :, "volume"] *= 1e9
    found = np.stack(members(markets, 1, 3), axis=1).reshape(8, 24, 3)  # (day, hour, symbol)
    assert not found[0].any()  # nothing is known yet
    assert found[1:6, :, 0].all()
    assert not found[1:6, :, 1:].any()
    assert found[6:, :, 2].all()
    assert not found[6:, :, :2].any()
    assert all(each.all() for each in members(markets, 0, 3))
