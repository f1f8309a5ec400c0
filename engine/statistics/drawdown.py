"""Drawdown: how far, and for how long, equity lay below its highest value so far."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.statistics.account import DAY_MS, AccountHistory, shared

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Drawdown:
    """The deepest drawdown; times are when a bar closed, in milliseconds, None where there is none.

    depth               share of the peak that was lost
    start_ms            the peak before it; trough_ms its deepest point; recovery_ms back at the peak
    longest_under_water the longest time below a peak, of any drawdown, in days
    """

    depth: float
    start_ms: int | None
    trough_ms: int | None
    recovery_ms: int | None
    longest_under_water: float


def curve(account: AccountHistory) -> Floats:
    """Equity (T+1,): the initial capital, then each bar's close."""
    return np.concatenate([[account.initial_capital], account.equity])


def depths(account: AccountHistory) -> Floats:
    """Drawdown at each point of the curve (T+1,): 1 - E / running max E."""
    equity = curve(account)
    return 1.0 - equity / np.maximum.accumulate(equity)


def moments_ms(account: AccountHistory) -> NDArray[np.int64]:
    """When the curve had each of its values (T+1,): the first bar's open, then each bar's close."""
    opens = account.time.astype(np.int64)
    return np.concatenate([opens[:1], account.calendar.ends(opens)])


def max_drawdown(account: AccountHistory) -> float:
    """max(1 - E / running max E) on bar equity."""
    return float(depths(account).max())


def ulcer_index(account: AccountHistory) -> float:
    """√mean(drawdown²) on bar equity, as a share (Martin and McCann 1989)."""
    return math.sqrt(float(np.square(depths(account)).mean()))


@shared
def drawdown(account: AccountHistory) -> Drawdown:
    """The deepest drawdown with its times, and the longest time under water."""
    depth, moments = depths(account), moments_ms(account)
    peaks = np.flatnonzero(depth == 0.0)  # points at, or back at, the highest value so far
    lows = np.flatnonzero(np.diff(peaks) > 1)
    waits = moments[peaks[lows + 1]] - moments[peaks[lows]]
    if depth[-1] > 0.0:
        waits = np.append(waits, moments[-1] - moments[peaks[-1]])
    trough = int(depth.argmax())
    if depth[trough] == 0.0:
        return Drawdown(0.0, None, None, None, 0.0)
    after = np.searchsorted(peaks, trough)
    recovery = int(moments[peaks[after]]) if after < len(peaks) else None
    return Drawdown(
        float(depth[trough]),
        int(moments[peaks[after - 1]]),
        int(moments[trough]),
        recovery,
        float(waits.max()) / DAY_MS,
    )
