"""Signals at bars that are missing wait for the next one."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.backtest.given_signals import align_to_bars, wait_for_bars
from engine.errors import RepairDataError
from engine.settings import make
from engine.studies.simulate_signals import simulate_signals
from tests.backtest.markets import candles

HOUR_MS = 3_600_000


def market(missing, count=60):
    """Hourly candles without the hours that are missing."""
    opened, high, low, close = candles(count, np.random.default_rng(4))
    time = pd.date_range("2024-01-01", periods=count, freq="h", tz="UTC", name="time")
    frame = pd.DataFrame(
        {"open": opened, "high": high, "low": low, "close": close, "volume": 1e6}, index=time
    )
    return frame.drop(frame.index[list(missing)])


def simulated(missing, signals, *keys, name="signal"):
    frame = market(missing)
    time = pd.date_range("2024-01-01", periods=60, freq="h", tz="UTC")
    series = pd.Series({time[hour]: value for hour, value in signals.items()}, name=name, dtype=float)
    return simulate_signals(frame, series, make({}, list(keys)))


def entries(judged):
    return [str(time)[11:13] for time in judged.trades["entry_time"]]


def test_a_signal_in_a_gap_is_filled_at_the_next_bar_and_noted():
    found = simulated({11, 12}, {2: 1, 11: -1})
    assert entries(found) == ["02", "13"]
    (note,) = [note for note in found.notes if note.code == "signals waited"]
    assert note.text.startswith("1 signals stand at bars that are missing")


@pytest.mark.parametrize(
    ("signals", "keys", "second"),
    [
        ({2: 1, 11: -1, 13: 0}, (), "13"),  # 0 holds, so the order goes on waiting
        ({2: 1, 11: -1, 13: 0}, ("signal.neutral=flat",), None),
        ({2: 1, 11: -1, 13: 1}, (), None),  # a newer decision takes its place
        ({2: 1, 11: 1, 12: -1}, (), "13"),
    ],
)
def test_of_several_the_last_that_decides_counts(signals, keys, second):
    assert entries(simulated({11, 12}, signals, *keys))[1:] == ([second] if second else [])


def test_a_longer_gap_and_other_times_are_refused_as_before():
    with pytest.raises(RepairDataError, match="no bar's open time"):
        simulated(range(10, 20), {2: 1, 11: -1})
    with pytest.raises(RepairDataError, match="no bar's open time"):
        simulated({11}, {2: 1, 11: -1}, "data.fill_gaps=0")
    frame = market({11})
    twice = pd.Series([1.0, -1.0, 1.0], frame.index[[2, 2, 5]], name="signal")
    with pytest.raises(RepairDataError, match="more than once"):
        simulate_signals(frame, twice)


@given(st.data())
def test_it_is_as_if_every_bar_were_asked_in_turn(data):
    missing = data.draw(st.sets(st.integers(1, 18)))
    bars = np.array([hour for hour in range(20) if hour not in missing], np.int64) * HOUR_MS
    hours = data.draw(st.lists(st.integers(0, 18), unique=True, min_size=1))
    values = np.array([data.draw(st.sampled_from([1.0, -1.0, 0.0, np.nan])) for _ in hours])
    times = np.array(hours, np.int64) * HOUR_MS
    absent = np.array(sorted(missing), np.int64) * HOUR_MS
    decides = np.isfinite(values)
    expected, waiting = np.full(len(bars), np.nan), np.nan
    signals = dict(zip(hours, values.tolist(), strict=True))
    for hour in range(20):
        value = signals.get(hour, np.nan)
        waiting = value if np.isfinite(value) else waiting
        if hour not in missing:
            expected[np.searchsorted(bars, hour * HOUR_MS)] = waiting
            waiting = np.nan
    found_ms, found, _ = wait_for_bars(bars, times, values, absent, decides)
    if not np.isfinite(found).any():
        assert not np.isfinite(expected).any()
        return
    np.testing.assert_array_equal(align_to_bars(bars, found_ms, found), expected)
