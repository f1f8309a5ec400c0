"""Whether two series of prices are of one market, whatever they are called.

    first = HourlyPrices.of(close_ms, close)              # when each bar closed, and at which price
    same_market(first, second)                            # True, False, None: too few hours in common

Copies of one market differ by a factor, by a shift of their clock, by rounding, by their timeframe and by
an exchange's own noise. Two markets may be correlated closely: the ratio of their prices wanders.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Hours = NDArray[np.int64]

HOUR_MS = 3_600_000
FURTHEST = 26  # hours by which clocks may differ: two time zones at the ends of the world
FEWEST_HOURS = 100
CONSTANT = 0.1  # of the hourly deviation, by which the ratio of the prices may vary
CORRELATED = 0.97
DAMAGED = 0.01  # share of the hours that may be wrong in one of the two
ROUGH_HOURS, ROUGHLY = 1000, 3.0  # a lag is tried on so many hours first, and taken if it is near


@dataclass(frozen=True, eq=False)
class HourlyPrices:
    """The last close of each hour in which a bar closed.

    hour: (H,) int64, hours since 1970 at whose end it was, rising. close: (H,) float64, above 0.
    """

    hour: Hours
    close: Floats

    @classmethod
    def of(cls, close_ms: Hours, close: Floats) -> Self:
        """Of bars that closed at (T,) ms, rising, at prices (T,)."""
        hour = -(-close_ms // HOUR_MS)
        last = np.append(np.flatnonzero(np.diff(hour)), len(hour) - 1)
        return cls(hour[last], close[last].astype(np.float64))

    @classmethod
    def phases(cls, close_ms: Hours, close: Floats) -> list[Self]:
        """The hours of shorter bars, begun at each of their bars: a clock may be off by some bars."""
        step = int(np.diff(close_ms).min()) if len(close_ms) > 1 else HOUR_MS
        return [cls.of(close_ms + shift, close) for shift in range(0, HOUR_MS, max(step, HOUR_MS // 60))]


def same_market(first: HourlyPrices, second: HourlyPrices) -> bool | None:
    """Whether at some lag the log ratio of the prices is constant and their returns move together.

    Constant: its deviation is at most a tenth of that of an hour's return; together: correlated above 0.97,
    on at least 100 common hours, up to 1 % of which may be damaged. None if no lag has so many.
    """
    enough = False
    for lag in sorted(range(-FURTHEST, FURTHEST + 1), key=abs):
        _, ours, theirs = np.intersect1d(
            first.hour, second.hour + lag, assume_unique=True, return_indices=True
        )
        if len(ours) < FEWEST_HOURS:
            continue
        enough = True
        pair = np.log(first.close[ours]), np.log(second.close[theirs])
        if near(*pair, first.hour[ours]) and alike(*pair, first.hour[ours]):
            return True
    return False if enough else None


def near(first: Floats, second: Floats, hour: Hours) -> bool:
    """Whether a lag is worth a closer look, by some of the hours (H,)."""
    rows = slice(None, None, max(1, len(hour) // ROUGH_HOURS))
    moves = np.diff(first) / np.sqrt(np.diff(hour))  # (H-1,) of an hour
    ratio = (first - second)[rows]
    return float(spread(ratio[whole(ratio)])) <= ROUGHLY * CONSTANT * float(moves.std())


def alike(first: Floats, second: Floats, hour: Hours) -> bool:
    """Whether log prices (H,) at the same hours are one market's."""
    kept = whole(first - second)
    first, second, hour = first[kept], second[kept], hour[kept]
    scale = np.sqrt(np.diff(hour))  # (H-1,)
    moves, others = np.diff(first) / scale, np.diff(second) / scale
    hourly = min(float(moves.std()), float(others.std()))
    if not hourly > 0 or spread(first - second) > CONSTANT * hourly:
        return False
    return float(np.corrcoef(moves, others)[0, 1]) > CORRELATED


def whole(ratio: Floats) -> NDArray[np.bool_]:
    """All of the ratios (H,) but those that lie furthest from the middle: an hour may be damaged."""
    apart = np.abs(ratio - np.median(ratio))
    kept: NDArray[np.bool_] = apart <= np.quantile(apart, 1.0 - DAMAGED)
    return kept


def spread(values: Floats) -> float:
    """The deviation."""
    return float(values.std(ddof=1)) if len(values) > 1 else 0.0
