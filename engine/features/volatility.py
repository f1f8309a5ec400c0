"""How much prices move: from closes, from ranges, and how volatility itself moves."""

from __future__ import annotations

import math

import numpy as np
import talib

from engine.features.definition import Feature
from engine.features.inputs import Bars, Column, ratio


def realised_volatility(span: int) -> Feature:
    """Realised volatility over `span` one-bar returns."""

    def compute(bars: Bars) -> Column:
        return bars.volatility(span)

    doc = f"std of the last {span} one-bar log returns (ddof 1), per bar"
    return Feature(f"volatility_{span}", span, doc, compute, "scaled")


def volatility_ratio(short: int, long: int) -> Feature:
    """Short over long volatility: above 1 when the market wakes up."""

    def compute(bars: Bars) -> Column:
        return ratio(bars.volatility(short), bars.volatility(long))

    doc = f"volatility_{short} / volatility_{long}; 0 where the latter is 0"
    return Feature(f"volatility_ratio_{short}_{long}", long, doc, compute, "scaled")


def volatility_of_volatility(short: int, span: int) -> Feature:
    """How unsteady volatility is, relative to its level."""

    def compute(bars: Bars) -> Column:
        volatility = bars.volatility(short)
        return ratio(bars.deviation(volatility, span), bars.mean(volatility, span))

    doc = f"std / mean of volatility_{short} over {span} bars (ddof 1); 0 where the mean is 0"
    return Feature("volatility_of_volatility", short + span - 1, doc, compute, "scaled")


def parkinson(span: int) -> Feature:
    """Parkinson (1980): volatility from high and low."""

    def compute(bars: Bars) -> Column:
        return root(bars.mean(bars.log_range**2, span) / (4 * math.log(2)))

    doc = f"√(mean of ln(high / low)² over {span} bars / (4 ln 2))"
    return Feature(f"parkinson_{span}", span - 1, doc, compute)


def garman_klass(span: int) -> Feature:
    """Garman and Klass (1980): volatility per bar from open, high, low and close."""

    def compute(bars: Bars) -> Column:
        body = np.log(bars.close / bars.open)  # (T,)
        variance = bars.log_range**2 / 2 - (2 * math.log(2) - 1) * body**2  # (T,)
        return root(bars.mean(variance, span))

    doc = f"√(mean of ln(high / low)² / 2 - (2 ln 2 - 1) ln(close / open)² over {span} bars)"
    return Feature(f"garman_klass_{span}", span - 1, doc, compute)


def average_true_range(span: int) -> Feature:
    """Wilder's average true range relative to the price."""

    def compute(bars: Bars) -> Column:
        inputs = bars.high, bars.low, bars.close
        return bars.recursive(talib.ATR, *inputs, warm_up=span, timeperiod=span) / bars.close

    doc = f"average true range, Wilder's over {span} bars / close"
    return Feature(f"atr_{span}", span, doc, compute, "goes on")


def root(variance: Column) -> Column:
    """Square root, (T,); rounding may have left a variance of nothing a little below 0."""
    return np.sqrt(np.maximum(variance, 0.0))


FEATURES = (
    *(realised_volatility(span) for span in (12, 24, 48, 168)),
    volatility_ratio(12, 168),
    volatility_ratio(24, 168),
    volatility_of_volatility(12, 48),
    parkinson(24),
    garman_klass(24),
    average_true_range(14),
)
