"""What several results tell in the same way: an interval, what chance makes, the few figures of a row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from engine.results.codec import Number


class Interval(NamedTuple):
    """A 95 % interval; NaN where it is not defined."""

    low: Number
    high: Number


class Spread(NamedTuple):
    """The 2.5 % quantile, the median and the 97.5 % quantile of what chance makes."""

    low: Number
    median: Number
    high: Number


@dataclass(frozen=True)
class Headline:
    """The few figures of a row in a table."""

    total_return: Number
    sharpe: Number
    max_drawdown: Number
    trades: int
