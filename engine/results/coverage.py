"""How much of each month, quarter, year or decade the stored candles hold: which markets there are, when."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from typing import TYPE_CHECKING

from engine.results.codec import Number

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.results.series import StoredSeries

Span = tuple[float, float]
MONTHS = {"month": 1, "quarter": 3, "year": 12, "decade": 120}  # in a period, the finest first


@dataclass(frozen=True)
class SeriesCoverage:
    """The share of each period that a series holds, of the part of it between its first and last candle.

    share: P of them from 0 to 1, NaN outside of the series. whole: from its first to its last candle.
    """

    series: str
    exchange: str  # empty: it came from a file
    symbol: str
    timeframe: str
    simulated: bool
    share: tuple[Number, ...]
    whole: Number


@dataclass(frozen=True)
class Coverage:
    """The series side by side over the same P periods, by the first day of each."""

    period: str
    begins: tuple[str, ...]
    series: tuple[SeriesCoverage, ...] = ()


def seconds(text: str) -> float:
    """An ISO 8601 date or time in seconds since the epoch; without an offset it is UTC."""
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def overlap(ranges: Sequence[Span], low: float, high: float) -> float:
    """How much of [low, high) the ranges cover; they do not overlap each other."""
    return sum(max(0.0, min(high, end) - max(low, start)) for start, end in ranges)


def coverage_of(stored: Sequence[StoredSeries], most: int) -> Coverage:
    """The candles among the series, by the finest period of which there are at most so many, else decades."""
    candles = [each for each in stored if each.kind == "candles" and each.known]
    if not candles:
        return Coverage("month", ())
    lives = [(seconds(each.known[0][0]), seconds(each.known[-1][1])) for each in candles]
    first, last = min(lives)[0], max(end for _, end in lives)
    axes = {period: periods(first, last, months) for period, months in MONTHS.items()}
    period = next((name for name, begins in axes.items() if len(begins) <= most + 1), "decade")
    begins = axes[period]
    days = tuple(f"{datetime.fromtimestamp(begin, UTC):%Y-%m-%d}" for begin in begins[:-1])
    return Coverage(period, days, tuple(of_series(each, begins) for each in candles))


def periods(first: float, last: float, months: int) -> list[float]:
    """Where periods of so many months begin, in seconds; the last one ends at or after `last`."""
    moment = datetime.fromtimestamp(first, UTC)
    month = (12 * moment.year + moment.month - 1) // months * months
    found: list[float] = []
    while not found or found[-1] < last:
        year, left = divmod(month, 12)
        found.append(datetime(year, left + 1, 1, tzinfo=UTC).timestamp())
        month += months
    return found


def of_series(series: StoredSeries, begins: Sequence[float]) -> SeriesCoverage:
    """A series over the periods between the P + 1 times."""
    known, absent = (
        [(seconds(start), seconds(end)) for start, end in ranges] for ranges in (series.known, series.absent)
    )
    first, last = known[0][0], known[-1][1]

    def share(begin: float, end: float) -> float:
        low, high = max(begin, first), min(end, last)
        if not low < high:
            return math.nan
        return (overlap(known, low, high) - overlap(absent, low, high)) / (high - low)

    each = tuple(share(begin, end) for begin, end in pairwise(begins))
    return SeriesCoverage(
        series.series, series.exchange, series.symbol, series.timeframe, series.simulated, each,
        share(first, last),
    )  # fmt: skip
