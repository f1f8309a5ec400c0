"""Whether two series of prices are of one market, whatever they are called.

    first = HourlyPrices.of(close_ms, close)              # when each bar closed, and at which price
    same_market(first, second)                            # True, False, None: too few hours in common

Copies of one market differ by a factor that may drift, by a power (an inverse quote, a logarithm), by an
added constant, by a shift of their clock, in summer by another one, by rounding, by their timeframe and by an
exchange's own noise. Two markets may be correlated closely: within days already the ratio of their prices
wanders.
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
CONSTANT = 0.1  # of the hourly deviation, by which log prices may deviate from a line of each other
CORRELATED = 0.97
DAMAGED = 0.01  # share of the hours that may be wrong in one of the two
ROUGH_HOURS, ROUGHLY = 1000, 0.2  # a lag is tried on so many hours first: in how many more moves agree


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
    """Whether at some lag the log prices are a line of each other for days, and returns move together.

    A line: in most stretches of 100 common hours they deviate from one by at most a tenth of the deviation of
    an hour's return; together: correlated beyond 0.97 there, in either direction. An hour in 100 may be
    damaged. Stretches of two lags an hour apart count together: a clock may be put forward in summer. None
    if no lag has 100 hours in common.
    """
    shares: dict[int, float] = {}  # lag → of the stretches
    for lag in sorted(range(-FURTHEST, FURTHEST + 1), key=abs):
        _, ours, theirs = np.intersect1d(
            first.hour, second.hour + lag, assume_unique=True, return_indices=True
        )
        if len(ours) < FEWEST_HOURS:
            continue
        pair = np.log(first.close[ours]), np.log(second.close[theirs])
        shares[lag] = alike(*pair, first.hour[ours]) if near(*pair) else 0.0
        if shares[lag] + max(shares.get(lag - 1, 0.0), shares.get(lag + 1, 0.0)) > 0.5:
            return True
    return False if shares else None


def near(first: Floats, second: Floats) -> bool:
    """Whether a lag is worth a closer look, by hours from all over (H,): many moves go together."""
    step = 1 + len(first) // ROUGH_HOURS
    signs = np.sign(np.diff(first)[::step]) * np.sign(np.diff(second)[::step])
    return abs(float(signs.sum())) > ROUGHLY * float(np.abs(signs).sum())


def alike(first: Floats, second: Floats, hour: Hours) -> float:
    """In which share of the stretches that move log prices (H,) at the same hours are one market's."""
    shape = (len(hour) // FEWEST_HOURS, FEWEST_HOURS)
    rows = slice(-shape[0] * FEWEST_HOURS, None)
    first, second = first[rows].reshape(shape), second[rows].reshape(shape)  # (S, 100)
    hour = hour[rows].reshape(shape)
    rests = (line(*pair, np.ones_like(first))[1] for pair in ((first, second), (second, first)))
    kept = without_worst(sum(np.abs(rest) / (rest.std(axis=1, keepdims=True) + 1e-300) for rest in rests))
    slope, rest = line(first, second, kept)
    scale, both = np.sqrt(np.diff(hour)), (kept[:, 1:] * kept[:, :-1]) > 0.0  # (S, 99)
    moves, others = np.diff(first) / scale, np.diff(second) / scale
    hourly = deviation(moves, both)  # (S,)
    allowed = CONSTANT * np.minimum(np.abs(slope) * hourly, deviation(others, both))
    moving = hourly > 0
    within = moving & (deviation(rest, kept > 0.0) <= allowed)
    if not within.any():
        return 0.0
    both &= within[:, None]
    together = abs(np.corrcoef(moves[both], others[both])[0, 1]) > CORRELATED
    return float(within.sum() / moving.sum()) if together else 0.0


def line(first: Floats, second: Floats, weight: Floats) -> tuple[Floats, Floats]:
    """Slopes (S,) of the second (S, 100) on the first by least squares, and what they leave, (S, 100)."""
    total = weight.sum(axis=1, keepdims=True)
    one, other = (each - (each * weight).sum(axis=1, keepdims=True) / total for each in (first, second))
    square = (weight * one * one).sum(axis=1)  # (S,)
    slope = (weight * one * other).sum(axis=1) / np.where(square > 0, square, 1.0)
    return slope, other - slope[:, None] * one


def without_worst(apart: Floats) -> Floats:
    """1 for each of (S, 100) but for those furthest off in their stretch, which may be damaged: 0."""
    most = np.quantile(apart, 1.0 - DAMAGED, axis=1, keepdims=True)
    return (apart <= most).astype(np.float64)


def deviation(values: Floats, kept: NDArray[np.bool_]) -> Floats:
    """That of each row of (S, n), of the values that are kept."""
    return np.asarray(np.ma.masked_array(values, ~kept).std(axis=1, ddof=1).filled(0.0), np.float64)
