"""Where the price stands: oscillators, bands, moving averages and the range of late."""

from __future__ import annotations

import numpy as np
import talib

from engine.features.definition import Feature
from engine.features.inputs import Bars, Column, ratio


def relative_strength(span: int) -> Feature:
    """Wilder's relative strength index on -1 … 1, which is what TA-Lib calls CMO, over 100."""

    def compute(bars: Bars) -> Column:
        return bars.recursive(talib.CMO, bars.close, warm_up=span, timeperiod=span) / 100

    doc = f"Wilder's RSI over {span} bars / 50 - 1; 0 if the price has never moved"
    return Feature(f"rsi_{span}", span, doc, compute, "goes on")


def macd_histogram() -> Feature:
    """Distance of the MACD line from its signal line, relative to the price."""

    def compute(bars: Bars) -> Column:
        return bars.recursive(histogram, bars.close, warm_up=33) / bars.close

    return Feature("macd_histogram", 33, "MACD(12, 26) less its signal line (9), / close", compute, "goes on")


def histogram(close: Column) -> Column:
    """The third of TA-Lib's three MACD columns, (T,)."""
    columns: tuple[Column, Column, Column] = talib.MACD(close, 12, 26, 9)
    return columns[2]


def bollinger_position(span: int) -> Feature:
    """Place of the close within the Bollinger bands: -1 lower, 1 upper."""

    def compute(bars: Bars) -> Column:
        return bars.z_score(bars.close, span) / 2

    doc = f"(close - mean) / (2 std) of the close over {span} bars (ddof 1); 0 where std is 0"
    return Feature("bollinger_position", span - 1, doc, compute)


def bollinger_width(span: int) -> Feature:
    """Distance of the Bollinger bands from each other, relative to their middle."""

    def compute(bars: Bars) -> Column:
        return 4 * bars.deviation(bars.close, span) / bars.mean(bars.close, span)

    doc = f"4 std / mean of the close over {span} bars (ddof 1)"
    return Feature("bollinger_width", span - 1, doc, compute)


def distance_to_simple_average(span: int) -> Feature:
    """Log distance of the close to its simple moving average."""

    def compute(bars: Bars) -> Column:
        return np.log(bars.close / bars.mean(bars.close, span))

    doc = f"ln(close / mean of the close over {span} bars)"
    return Feature(f"sma_distance_{span}", span - 1, doc, compute)


def distance_to_exponential_average(span: int) -> Feature:
    """Log distance of the close to its exponential moving average."""

    def compute(bars: Bars) -> Column:
        average = bars.recursive(talib.EMA, bars.close, warm_up=span - 1, timeperiod=span)
        return np.log(bars.close / average)

    doc = f"ln(close / exponential average of the close, span {span}, started from a mean)"
    return Feature(f"ema_distance_{span}", span - 1, doc, compute, "goes on")


def place_in_range(span: int) -> Feature:
    """Place of the close in the range of the last bars: -1 at the lowest low, 1 at the highest high."""

    def compute(bars: Bars) -> Column:
        highest, lowest = bars.rolling(talib.MAX, bars.high, span), bars.rolling(talib.MIN, bars.low, span)
        return ratio(2 * bars.close - highest - lowest, highest - lowest)

    doc = f"(2 close - highest - lowest) / (highest - lowest) over {span} bars; 0 where both are equal"
    return Feature(f"place_in_range_{span}", span - 1, doc, compute)


FEATURES = (
    relative_strength(14),
    relative_strength(28),
    macd_histogram(),
    bollinger_position(20),
    bollinger_width(20),
    *(distance_to_simple_average(span) for span in (12, 24, 48, 168)),
    *(distance_to_exponential_average(span) for span in (12, 48)),
    *(place_in_range(span) for span in (24, 168)),
)
