"""Signals of somebody's own, laid on bars."""

import numpy as np
import pytest

from engine.backtest.given_signals import align_to_bars, weights
from engine.errors import RepairDataError

BARS = np.arange(6, dtype=np.int64) * 3_600_000


def test_a_value_lies_on_the_bar_of_its_time_and_others_keep():
    weight = align_to_bars(BARS, BARS[[4, 1]], np.array([-0.5, 1.0]))
    assert np.array_equal(weight, [np.nan, 1, np.nan, np.nan, -0.5, np.nan], equal_nan=True)


@pytest.mark.parametrize(
    ("time", "values", "reason"),
    [
        ([1800_000], [1.0], "at no bar's open time, first 1970-01-01T00:30:00Z"),
        ([0, 6 * 3_600_000], [1.0, 1.0], "1 of 2"),
        ([0, 0], [1.0, -1.0], "more than once"),
        ([0], [np.inf], "infinite"),
        ([0], [np.nan], "no number"),
        ([], [], "no number"),
    ],
)
def test_what_fits_no_bar_is_refused(time, values, reason):
    with pytest.raises(RepairDataError, match=reason):
        align_to_bars(BARS, np.array(time, np.int64), np.array(values, np.float64))


def test_signals_mean_what_the_settings_say():
    signal = np.array([1, np.nan, 0, -1])
    assert np.array_equal(weights(signal, "hold", short=True), [1, np.nan, np.nan, -1], equal_nan=True)
    assert np.array_equal(weights(signal, "flat", short=False), [1, np.nan, 0, 0], equal_nan=True)
    with pytest.raises(RepairDataError, match="other numbers"):
        weights(np.array([0.5]), "hold", short=True)
