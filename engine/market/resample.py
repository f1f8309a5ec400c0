"""Candles of a longer timeframe made of shorter ones."""

from __future__ import annotations

import numpy as np
import pandas as pd

from engine.errors import ChangeSettingsError
from engine.market.candles import FILLED, ZERO_VOLUME
from engine.market.times import milliseconds, time_index


def resample(candles: pd.DataFrame, step_ms: int, longer_ms: int) -> pd.DataFrame:
    """The candles [t, t + longer) on the UTC grid, of a candles frame with step `step_ms`: (T, 6) → (S, 6).

    Open of the first, highest high, lowest low, close of the last, sum of the volumes; the flags of all of
    them, but the one for no volume only if the sum is 0. A candle is made only where all of its parts are
    there: it is known at t + longer, and none bridges a gap. Filled parts have no say in its prices, and it
    is a filled one only where all of them are.
    Raises ChangeSettingsError unless `longer_ms` is a multiple of `step_ms`.
    """
    if longer_ms % step_ms:
        reason = f"candles of {longer_ms // 1000} s cannot be made of candles of {step_ms // 1000} s"
        raise ChangeSettingsError("data.timeframe", reason, "Choose a multiple")
    parts = longer_ms // step_ms
    start = milliseconds(candles.index) // longer_ms * longer_ms  # (T,) where each one's longer candle opens
    first = np.flatnonzero(np.diff(start, prepend=-1))  # (G,) the first part of each
    whole = first[np.diff(first, append=len(start)) == parts]  # (S,)
    column = {name: candles[name].to_numpy() for name in candles.columns}
    rows = whole[:, None] + np.arange(parts)  # (S, parts)
    volume = column["volume"][rows].sum(axis=1)  # (S,)
    flag = np.bitwise_or.reduce(column["flag"][rows], axis=1) & np.uint8(0xFF ^ ZERO_VOLUME ^ FILLED)
    real = (column["flag"][rows] & FILLED) == 0  # (S, parts)
    filled = ~real.any(axis=1)  # (S,)
    real[filled] = True  # flat all along: one price
    flag |= np.where(filled, FILLED, 0).astype(np.uint8)
    made = {
        "open": column["open"][whole + real.argmax(axis=1)],
        "high": np.where(real, column["high"][rows], -np.inf).max(axis=1),
        "low": np.where(real, column["low"][rows], np.inf).min(axis=1),
        "close": column["close"][whole + parts - 1],
        "volume": volume,
        "flag": flag | np.where(volume == 0, ZERO_VOLUME, 0).astype(np.uint8),
    }
    return pd.DataFrame(made, index=time_index(start[whole]))
