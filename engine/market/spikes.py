"""Candles that no market would show: flagged, never clipped."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from engine.market.times import iso

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

NEIGHBOURS = 5  # candles on each side that tell the level
SPAN = 49  # candles whose median range is the typical one
BLOCK = 100_000  # candles judged at a time, which bounds the memory
RANGES, LEAST = 20.0, float(np.log(1.05))


def spikes(
    high: NDArray[np.float64], low: NDArray[np.float64], close: NDArray[np.float64]
) -> NDArray[np.float64]:
    """How far the high (> 0) or low (< 0) of each spike leaves its neighbours: a log ratio; (T,), else 0.

    Let B and A be the median closes of the 5 candles before and after. A spike is a candle whose high is
    above both (or low below both) by more than 20 typical ranges and more than 5 %; the typical range is
    the median of log(high / low) over the 49 candles around. A lasting change of level is no spike, since
    one of B and A follows it. The rule looks ahead: it judges data, it must not feed a decision.
    """
    departure = np.zeros(len(close))  # (T,)
    for start in range(0, len(close), BLOCK):
        first, last = max(start - SPAN, 0), min(start + BLOCK + SPAN, len(close))
        block = departures(high[first:last], low[first:last], close[first:last])
        departure[start : start + BLOCK] = block[start - first :][:BLOCK]
    return departure


def departures(
    high: NDArray[np.float64], low: NDArray[np.float64], close: NDArray[np.float64]
) -> NDArray[np.float64]:
    """`spikes` of one block of rows, (n,); those within SPAN of an end see less than they should."""
    logs = np.log(close)
    before, after = median_before(logs), median_before(logs[::-1])[::-1]
    up = np.log(high) - np.fmax(before, after)
    down = np.fmin(before, after) - np.log(low)
    departure = np.where(up >= down, up, -down)
    far = np.abs(departure) > LEAST
    ranges = np.log(high / low)
    for row in np.flatnonzero(far):  # few rows: a typical range is asked of these alone
        typical = np.median(ranges[max(row - SPAN // 2, 0) : row + SPAN // 2 + 1])
        far[row] = abs(departure[row]) > RANGES * typical
    return np.where(far, departure, 0.0)


def median_before(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Median of the NEIGHBOURS values before each, of as many as there are; (n,), NaN for the first."""
    first = [np.median(values[:row]) if row else np.nan for row in range(min(NEIGHBOURS, len(values)))]
    whole = max(len(values) - NEIGHBOURS, 0)
    a, b, c, d, e = (values[shift:][:whole] for shift in range(NEIGHBOURS))
    # Of five the greatest of the two pairs' lesser and the least of their greater lie about the median.
    low, high = np.maximum(np.minimum(a, b), np.minimum(c, d)), np.minimum(np.maximum(a, b), np.maximum(c, d))
    middle = np.maximum(np.minimum(low, high), np.minimum(np.maximum(low, high), e))
    return np.concatenate([first, middle])


def flag_list(
    times_ms: NDArray[np.int64],
    candles: Sequence[NDArray[np.float64]],
    departure: NDArray[np.float64],
    step_ms: int,
    most: int,
) -> list[dict[str, Any]]:
    """What is flagged and why: each spike, then each run of candles without volume; at most `most`.

    candles: open, high, low, close, volume, each (T,); departure: (T,) of `spikes`.
    """
    _, high, low, _, volume = candles
    listing: list[dict[str, Any]] = []
    for row in np.flatnonzero(departure)[:most]:
        name, price = ("high", high[row]) if departure[row] > 0 else ("low", low[row])
        level = price * np.exp(-departure[row])
        reason = f"spike: {name} {price:.10g} against {level:.10g} around it"
        listing.append(entry(times_ms[row], times_ms[row], step_ms, reason))
    quiet = np.flatnonzero(volume == 0)
    if len(quiet):
        runs = np.split(quiet, np.flatnonzero(np.diff(times_ms[quiet]) != step_ms) + 1)
        listing += [entry(times_ms[run[0]], times_ms[run[-1]], step_ms, "volume 0") for run in runs[:most]]
    return listing[:most]


def entry(first_ms: int, last_ms: int, step_ms: int, reason: str) -> dict[str, Any]:
    """One line of the listing; `to` is exclusive."""
    bars = int(last_ms - first_ms) // step_ms + 1
    return {"from": iso(first_ms), "to": iso(last_ms + step_ms), "bars": bars, "reason": reason}
