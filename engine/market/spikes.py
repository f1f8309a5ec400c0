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
BLOCK = 16_384  # candles judged at a time, which a processor's cache holds
RANGES, LEAST = 20.0, float(np.log(1.05))


def spikes(
    high: NDArray[np.float64], low: NDArray[np.float64], close: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """The rows of spikes, (S,), and how far the high (> 0) or low (< 0) of each leaves its neighbours.

    That is a log ratio, (S,), of candles (T,).

    Let B and A be the median closes of the 5 candles before and after. A spike is a candle whose high is
    above both (or low below both) by more than 20 typical ranges and more than 5 %; the typical range is
    the median of log(high / low) over the 49 candles around. A lasting change of level is no spike, since
    one of B and A follows it. The rule looks ahead: it judges data, it must not feed a decision.
    """
    rows, departure = [np.zeros(0, np.int64)], [np.zeros(0)]
    for start in range(0, len(close), BLOCK):
        first, last = max(start - SPAN, 0), min(start + BLOCK + SPAN, len(close))
        candles = high[first:last], low[first:last], close[first:last]
        at_an_end = first == 0 or last == len(close)  # where fewer neighbours tell the level
        if at_an_end or may_depart(*candles):
            left = departures(*candles)[start - first :][:BLOCK]  # (n,)
            rows.append(start + (found := np.flatnonzero(left)))
            departure.append(left[found])
    return np.concatenate(rows), np.concatenate(departure)


def may_depart(high: NDArray[np.float64], low: NDArray[np.float64], close: NDArray[np.float64]) -> bool:
    """Whether any of these candles, (n,), that has all its neighbours is about LEAST or more away from them.

    Most blocks hold none, and are spared the logarithms, and the medians: of five closes the median is not
    below the least of any three of them, nor above their greatest.
    """
    inside, room = slice(NEIGHBOURS, len(close) - NEIGHBOURS), np.exp(0.99 * LEAST)
    a, b, c = (close[NEIGHBOURS - back : len(close) - NEIGHBOURS - back] for back in (1, 2, 3))
    least, most = np.minimum(np.minimum(a, b), c), np.maximum(np.maximum(a, b), c)
    if not ((high[inside] > room * least).any() or (room * low[inside] < most).any()):
        return False
    median = running_median(close)
    before, after = median[: -NEIGHBOURS - 1], median[NEIGHBOURS + 1 :]
    above = high[inside] > room * np.maximum(before, after)
    return bool(above.any() or (room * low[inside] < np.minimum(before, after)).any())


def departures(
    high: NDArray[np.float64], low: NDArray[np.float64], close: NDArray[np.float64]
) -> NDArray[np.float64]:
    """`spikes` of one block of rows, (n,); those within SPAN of an end see less than they should."""
    logs = np.log(close)
    before, after = medians_around(logs)
    up = np.log(high) - np.fmax(before, after)
    down = np.fmin(before, after) - np.log(low)
    departure = np.where(up >= down, np.maximum(up, 0.0), -np.maximum(down, 0.0))  # 0 between both levels
    far = np.abs(departure) > LEAST
    ranges = np.log(high / low)
    for row in np.flatnonzero(far):  # few rows: a typical range is asked of these alone
        typical = np.median(ranges[max(row - SPAN // 2, 0) : row + SPAN // 2 + 1])
        far[row] = abs(departure[row]) > RANGES * typical
    return np.where(far, departure, 0.0)


def medians_around(values: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Medians of the NEIGHBOURS values before and after each, of as many as there are; (n,), NaN for none."""
    rows, whole = len(values), running_median(values)
    few = min(NEIGHBOURS, rows)
    first = [np.median(values[:row]) if row else np.nan for row in range(few)]
    last = [np.median(values[row:]) if row < rows else np.nan for row in range(rows - few + 1, rows + 1)]
    return np.concatenate([first, whole[:-1]]), np.concatenate([whole[1:], last])


def running_median(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Median of each NEIGHBOURS values that follow each other: (n - 4,), or none."""
    whole = max(len(values) - NEIGHBOURS + 1, 0)
    a, b, c, d, e = (values[shift:][:whole] for shift in range(NEIGHBOURS))
    # Of five the greatest of the two pairs' lesser and the least of their greater lie about the median.
    low, high = np.maximum(np.minimum(a, b), np.minimum(c, d)), np.minimum(np.maximum(a, b), np.maximum(c, d))
    median: NDArray[np.float64] = np.maximum(np.minimum(low, high), np.minimum(np.maximum(low, high), e))
    return median


def flag_list(
    times_ms: NDArray[np.int64],
    candles: Sequence[NDArray[np.float64]],
    spiked: tuple[NDArray[np.int64], NDArray[np.float64]],
    step_ms: int,
    most: int,
) -> list[dict[str, Any]]:
    """What is flagged and why: each spike, then each run of candles without volume; at most `most`.

    candles: open, high, low, close, volume, each (T,); spiked: what `spikes` found.
    """
    _, high, low, _, volume = candles
    listing: list[dict[str, Any]] = []
    for row, departure in zip(*(each[:most] for each in spiked), strict=True):
        name, price = ("high", high[row]) if departure > 0 else ("low", low[row])
        level = price * np.exp(-departure)
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
