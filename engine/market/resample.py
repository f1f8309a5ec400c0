"""Candles of a longer timeframe made of shorter ones."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from engine.errors import ChangeSettingsError
from engine.market.candles import FILLED, ZERO_VOLUME
from engine.market.spacing import DAY_MS, Times, usual
from engine.market.times import milliseconds, time_index

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.market.calendar import Calendar


def resample(candles: pd.DataFrame, calendar: Calendar, longer_ms: int) -> pd.DataFrame:
    """The candles of `longer_ms` that those of a calendar make up: (T, 6) → (S, 6).

    They open with a session and each `longer_ms` after that, or on the grid of the bars' own clock where the
    market never closes. Open of the first, highest high, lowest low, close of the last, sum of the volumes;
    the flags of all of them, but the one for no volume only if the sum is 0. A candle is made only where all
    of its parts are there: it is known when it ends, and none bridges a gap. Filled parts have no say in its
    prices, and it is a filled one only where all of them are.
    Raises ChangeSettingsError unless `longer_ms` is a multiple of the calendar's step.
    """
    if longer_ms % calendar.step_ms:
        reason = f"candles of {longer_ms // 1000} s cannot be made of candles of {calendar.step_ms // 1000} s"
        raise ChangeSettingsError("data.timeframe", reason, "Choose a multiple")
    times = milliseconds(candles.index)  # (T,)
    start, parts = (in_steps if calendar.in_steps else in_sessions)(times, calendar, longer_ms)
    first = np.flatnonzero(np.diff(start, prepend=start[:1] - 1))  # (G,) the first part of each
    count = np.diff(first, append=len(start))  # (G,)
    whole = count == parts[first]
    if not calendar.in_steps:
        whole |= short(calendar.missing(times), first)
    column = {name: candles[name].to_numpy() for name in candles.columns}
    made = [
        pd.DataFrame(joined(column, rows, size), index=time_index(start[rows]))
        for size in np.unique(count[whole]).tolist() or [1]
        for rows in (first[whole & (count == size)],)
    ]
    return made[0] if len(made) == 1 else pd.concat(made).sort_index()


def in_steps(times: Times, calendar: Calendar, longer_ms: int) -> tuple[Times, Times]:
    """When the longer candle of each bar opens, (T,), and of how many it is, if the market never closes."""
    clock = calendar.clock(times) if calendar.local else times
    phase = usual(clock % calendar.step_ms)
    opened = (clock - phase) // longer_ms * longer_ms + phase
    opened = calendar.moments(opened) if calendar.local else opened
    return opened, np.full(len(times), longer_ms // calendar.step_ms)


def in_sessions(times: Times, calendar: Calendar, longer_ms: int) -> tuple[Times, Times]:
    """The same of a market with sessions."""
    slots, day = replace(calendar, step_ms=longer_ms).slots, calendar.sessions(times)
    place, own = (
        np.maximum(np.searchsorted(slots, after, side="right") - 1, 0)
        for after in (calendar.clock(times) - day * DAY_MS, calendar.slots)
    )
    return calendar.moments(day * DAY_MS + slots[place]), np.bincount(own, minlength=len(slots))[place]


def short(lacking: Times, first: Times) -> NDArray[np.bool_]:
    """Which groups of bars, (G,), lack none, nor those beside: sessions may begin late or end early.

    lacking: (T,) bars missing after each. first: (G,) the first row of each. It takes a next bar to tell.
    """
    if not len(first):
        return np.zeros(0, np.bool_)
    found: NDArray[np.bool_] = (np.add.reduceat(lacking, first) == 0) & (lacking[first - 1] == 0)
    found[[0, -1]] = False
    return found


def joined(column: dict[str, NDArray[Any]], first: NDArray[np.int64], parts: int) -> dict[str, NDArray[Any]]:
    """The columns of candles made of so many rows each, from the first ones (S,) on."""
    rows = first[:, None] + np.arange(parts)  # (S, parts)
    volume = column["volume"][rows].sum(axis=1)  # (S,)
    flag = np.bitwise_or.reduce(column["flag"][rows], axis=1) & np.uint8(0xFF ^ ZERO_VOLUME ^ FILLED)
    real = (column["flag"][rows] & FILLED) == 0  # (S, parts)
    filled = ~real.any(axis=1)  # (S,)
    real[filled] = True  # flat all along: one price
    flag |= np.where(filled, FILLED, 0).astype(np.uint8)
    return {
        "open": column["open"][first + real.argmax(axis=1)],
        "high": np.where(real, column["high"][rows], -np.inf).max(axis=1),
        "low": np.where(real, column["low"][rows], np.inf).min(axis=1),
        "close": column["close"][first + parts - 1],
        "volume": volume,
        "flag": flag | np.where(volume == 0, ZERO_VOLUME, 0).astype(np.uint8),
    }
