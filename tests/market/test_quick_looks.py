"""What looks at long series in one pass and little memory says what numpy says of the whole."""

from itertools import pairwise

import numpy as np
import pytest

from engine.market import spacing, spikes
from engine.market.calendar import Calendar
from engine.market.times import UNREADABLE, in_time_order

STEP = 60_000


@pytest.fixture(params=range(12))
def rng(request, monkeypatch):
    monkeypatch.setattr(spacing, "BLOCK", 7)
    return np.random.default_rng(request.param)


def test_order_of_time_is_that_of_a_stable_sort(rng):
    for span in (1, 5, 10**6, 2**62):
        times = rng.integers(-span, span, int(rng.integers(0, 60)), endpoint=True)
        assert np.array_equal(in_time_order(times), np.argsort(times, kind="stable"))
    times = np.append(times, UNREADABLE)
    assert np.array_equal(in_time_order(times), np.argsort(times, kind="stable"))


def test_phase_jumps_and_gaps_are_those_of_all_differences(rng):
    steps = rng.choice([1, 1, 1, 1, 3, 50], int(rng.integers(1, 40)))
    times = 1_600_000_000_000 + int(rng.integers(STEP)) + STEP * np.cumsum(steps)
    for some in (times, times + rng.integers(0, 2, len(times)) * 20_000):
        assert spacing.in_phase(some, STEP) == (np.unique(some % STEP).size == 1)
        rows = np.flatnonzero(np.diff(some) != STEP)
        assert np.array_equal(spacing.jumps(some, STEP), rows)
        assert spacing.usual_step(some) == spacing.usual(np.diff(some))
    found = Calendar(STEP).gaps(times)
    lacking = [
        (int(each + STEP), int(after), int(after - each) // STEP - 1)
        for each, after in pairwise(times)
        if after - each > STEP
    ]
    assert found == lacking


def test_spikes_found_a_block_at_a_time_are_those_of_the_whole(rng, monkeypatch):
    monkeypatch.setattr(spikes, "BLOCK", 64)
    move = rng.choice([0.0003, 0.01])
    close = 100 * np.exp(np.cumsum(rng.normal(0, move, 900)))
    high, low = (close * np.exp(sign * np.abs(rng.normal(0, move, 900))) for sign in (1, -1))
    high[rng.integers(0, 900, 3)] *= 1.4
    low[rng.integers(0, 900, 3)] /= 1.4
    rows, left = spikes.spikes(high, low, close)
    whole = spikes.departures(high, low, close)
    assert np.array_equal(rows, np.flatnonzero(whole))
    assert np.array_equal(left, whole[rows])
