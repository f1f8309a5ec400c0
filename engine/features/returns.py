"""Returns of the close over several spans, plain and in units of their own volatility."""

from __future__ import annotations

import numpy as np

from engine.features.definition import Feature
from engine.features.inputs import Bars, Column, ratio

DAILY, WEEKLY = 24, 168  # bars; days and weeks of hourly candles


def log_return(span: int) -> Feature:
    """Log of the close over the close `span` bars before."""

    def compute(bars: Bars) -> Column:
        return bars.change(bars.log_close, span)

    return Feature(f"return_{span}", span, f"ln(close / close[-{span}])", compute, "as of")


def normalised_return(span: int, over: int) -> Feature:
    """The return over `span` bars in standard deviations, estimated over `over` bars."""

    def compute(bars: Bars) -> Column:
        scale = bars.volatility(over) * np.sqrt(bars.elapsed(span))
        return ratio(bars.change(bars.log_close, span), scale)

    doc = f"return_{span} / (volatility_{over} · √{span}); 0 where volatility is 0"
    return Feature(f"normalised_return_{span}", over, doc, compute, "scaled")


FEATURES = (
    *(log_return(span) for span in (1, 3, 6, 12, DAILY, 48, WEEKLY)),
    *(normalised_return(span, WEEKLY) for span in (1, 6, DAILY)),
)
