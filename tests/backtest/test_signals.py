from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.backtest.signals import signals_from_band, targets, threshold

PREDICTION = np.array([0.002, 0.001, 0.0, -0.001, -0.002, np.nan])
SIGNAL = np.array([1, 0, -1], dtype=np.int8)


def test_a_signal_needs_more_than_the_threshold():
    signal = threshold(PREDICTION, 0.001)
    assert signal.dtype == np.int8
    assert signal.tolist() == [1, 0, 0, 0, -1, 0]


def test_a_threshold_of_zero_follows_the_sign():
    assert threshold(PREDICTION, 0.0).tolist() == [1, 1, 0, -1, -1, 0]


@settings(max_examples=100, deadline=None, database=None, derandomize=True)
@given(st.lists(st.floats(allow_nan=True, width=32)), st.floats(0, 1), st.floats(0, 1))
def test_a_higher_threshold_only_silences(predictions, one, other):
    low, high = sorted([one, other])
    many, few = (threshold(np.array(predictions, dtype=float), level) for level in (low, high))
    assert ((few == many) | (few == 0)).all()
    assert (threshold(-np.array(predictions, dtype=float), low) == -many).all()


RETURNS = st.lists(st.tuples(*[st.floats(-1, 1) | st.just(np.nan)] * 2), max_size=20)


@settings(max_examples=100, deadline=None, database=None, derandomize=True)
@given(RETURNS, st.floats(0, 1))
def test_a_band_decides_only_where_every_return_in_it_would(pairs, level):
    low, high = np.sort(np.array(pairs, dtype=float).reshape(-1, 2), axis=1).T
    signal, inner = signals_from_band(low, high, level), [threshold(edge, level) for edge in (low, high)]
    assert signal.dtype == np.int8
    alike = (inner[0] == inner[1]) & np.isfinite(low) & np.isfinite(high)
    assert (signal[alike] == inner[0][alike]).all()
    assert not signal[~alike & np.isfinite(low) & np.isfinite(high)].any()
    assert (signals_from_band(-high, -low, level) == -signal).all()


def test_hold_keeps_and_flat_closes():
    np.testing.assert_array_equal(targets(SIGNAL, "hold"), [1.0, np.nan, -1.0])
    np.testing.assert_array_equal(targets(SIGNAL, "flat"), [1.0, 0.0, -1.0])


def test_without_shorts_a_sell_signal_closes():
    np.testing.assert_array_equal(targets(SIGNAL, "hold", short=False), [1.0, np.nan, 0.0])
    np.testing.assert_array_equal(targets(SIGNAL, "flat", short=False), [1.0, 0.0, 0.0])


def test_a_bar_without_prediction_keeps_even_when_flat_closes():
    predicted = ~np.isnan(PREDICTION)
    weight = targets(threshold(PREDICTION, 0.001), "flat", predicted=predicted)
    np.testing.assert_array_equal(weight, [1.0, 0.0, 0.0, 0.0, -1.0, np.nan])
