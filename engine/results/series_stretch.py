"""A stretch of a stored series, in as many candles as a chart has columns."""

from __future__ import annotations

from dataclasses import dataclass

from engine.results.answers import Candles
from engine.results.codec import Number


@dataclass(frozen=True)
class SeriesStretch:
    """Bars `first` … `first + bars` of `all`, those that are missing counted with the others.

    Of each candle: volume, NaN of values; how many rows it joins, and how many bars are missing in it; what
    is odd about a row of it, in words. Prices are NaN where it joins no row; of values the first, highest,
    lowest and last. gaps: of the whole series. gap: the first bar of the gap that was asked for, -1 if there
    is none that way.
    """

    series: str
    label: str
    simulated: bool
    values: bool
    first: int
    bars: int
    all: int
    gaps: int
    candles: Candles
    volume: tuple[Number, ...]
    rows: tuple[int, ...]
    missing: tuple[int, ...]
    odd: tuple[str, ...]
    gap: int = -1
