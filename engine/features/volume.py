"""How much is traded, compared with before, and on which side."""

from __future__ import annotations

import numpy as np
import talib

from engine.features.definition import Feature
from engine.features.inputs import Column, FeatureInputs, log_ratio, ratio


def volume_change() -> Feature:
    """Log change of the volume from one bar to the next."""

    def compute(bars: FeatureInputs) -> Column:
        return log_ratio(bars.volume, bars.lag(bars.volume, 1))

    return Feature("volume_change", 1, "ln(volume / volume[-1]); 0 where either is 0", compute)


def volume_trend(span: int) -> Feature:
    """Log change of the volume from one stretch to the next."""

    def compute(bars: FeatureInputs) -> Column:
        traded = total(bars, span)
        return log_ratio(traded, bars.lag(traded, span))

    doc = f"ln(sum of the volume over {span} bars / the same {span} bars before); 0 where either is 0"
    return Feature(f"volume_trend_{span}", 2 * span - 1, doc, compute)


def volume_score(span: int) -> Feature:
    """How unusual the bar's volume is."""

    def compute(bars: FeatureInputs) -> Column:
        return bars.z_score(bars.volume, span)

    doc = f"(volume - mean) / std of the volume over {span} bars (ddof 1); 0 where std is 0"
    return Feature(f"volume_z_{span}", span - 1, doc, compute)


def balance_change(span: int) -> Feature:
    """Change of the on-balance volume (Granville 1963) as a share of what was traded, -1 … 1.

    Summed over the span alone: differences of the running balance lose digits as it grows.
    """

    def compute(bars: FeatureInputs) -> Column:
        signed = np.sign(bars.log_return) * bars.volume  # (T,)
        return np.clip(ratio(bars.rolling(talib.SUM, signed, span), total(bars, span)), -1, 1)

    doc = f"change of the on-balance volume over {span} bars / sum of their volume; 0 where that is 0"
    return Feature(f"obv_change_{span}", span, doc, compute)


def total(bars: FeatureInputs, span: int) -> Column:
    """Sum of the volume over the last `span` bars, (T,); exactly 0 where none of them traded."""
    summed = bars.rolling(talib.SUM, bars.volume, span)
    # A running sum keeps a little of what has left it.
    summed[bars.rolling(talib.MAX, bars.volume, span) == 0] = 0.0
    return summed


FEATURES = (
    volume_change(),
    volume_trend(24),
    volume_score(48),
    volume_score(168),
    balance_change(24),
    balance_change(168),
)
