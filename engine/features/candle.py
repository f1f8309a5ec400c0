"""The shape of one candle, free of its price."""

from __future__ import annotations

import numpy as np

from engine.features.definition import Feature
from engine.features.inputs import Column, FeatureInputs, ratio


def height(bars: FeatureInputs) -> Column:
    """ln(high / low), (T,)."""
    return bars.log_range


def relative_height(bars: FeatureInputs) -> Column:
    """The height over its mean of 24 bars, (T,)."""
    return ratio(bars.log_range, bars.mean(bars.log_range, 24))


def body(bars: FeatureInputs) -> Column:
    """Signed body as a share of the range, (T,)."""
    return ratio(bars.close - bars.open, bars.high - bars.low)


def upper_wick(bars: FeatureInputs) -> Column:
    """What lies above the body as a share of the range, (T,)."""
    return ratio(bars.high - np.maximum(bars.open, bars.close), bars.high - bars.low)


def lower_wick(bars: FeatureInputs) -> Column:
    """What lies below the body as a share of the range, (T,)."""
    return ratio(np.minimum(bars.open, bars.close) - bars.low, bars.high - bars.low)


def place_in_bar(bars: FeatureInputs) -> Column:
    """Place of the close in the bar's own range: -1 at the low, 1 at the high, (T,)."""
    return ratio(2 * bars.close - bars.high - bars.low, bars.high - bars.low)


FLAT = "0 where high = low"
FEATURES = (
    Feature("bar_range", 0, "ln(high / low)", height),
    Feature("bar_range_relative", 23, "bar_range / its mean of 24 bars; 0 where that is 0", relative_height),
    Feature("bar_body", 0, f"(close - open) / (high - low); {FLAT}", body),
    Feature("bar_upper_wick", 0, f"(high - max(open, close)) / (high - low); {FLAT}", upper_wick),
    Feature("bar_lower_wick", 0, f"(min(open, close) - low) / (high - low); {FLAT}", lower_wick),
    Feature("place_in_bar", 0, f"(2 close - high - low) / (high - low); {FLAT}", place_in_bar),
)
