"""The work that every contender of a contest is given: the same numbers, drawn from one seed."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from engine.market.calendar import Calendar
from engine.market.funding import FundingDue
from engine.market.merge import Market
from engine.market.times import time_index
from engine.samples import aligned

HOUR_MS = 3_600_000
FIRST_MS = 1_483_228_800_000  # 2017-01-01
LOOKBACK, FEATURES, UNITS, DROPOUT, BATCH, RATE = 60, 24, (64, 32), 0.2, 64, 1e-3


@dataclass(frozen=True)
class Sequences:
    """N sequences of a flat matrix; window n is rows n … n+LOOKBACK-1, its label that of row n+LOOKBACK."""

    count: int

    @cached_property
    def matrix(self) -> np.ndarray:
        """(N + LOOKBACK, FEATURES) float32, scaled."""
        random = np.random.default_rng(7)
        room = aligned.empty((self.count + LOOKBACK, FEATURES))  # as engine.samples.scaling makes it
        return random.standard_normal(dtype=np.float32, out=room)

    @cached_property
    def labels(self) -> np.ndarray:
        """(N + LOOKBACK,) float32: something of the rows before, and noise."""
        noise = np.random.default_rng(8).normal(size=len(self.matrix))
        return (0.5 * np.roll(self.matrix[:, 0], 1) + noise).astype(np.float32)

    def order(self, epoch: int) -> np.ndarray:
        """(N,) the order of an epoch's windows."""
        return np.random.default_rng([1, epoch]).permutation(self.count)

    def windows(self) -> np.ndarray:
        """All windows, materialised: (N, LOOKBACK, FEATURES) float32."""
        every = np.lib.stride_tricks.sliding_window_view(self.matrix, LOOKBACK, axis=0)  # (N+1, F, L)
        return np.ascontiguousarray(every[: self.count].swapaxes(1, 2))


def candles(rows: int) -> pd.DataFrame:
    """Hourly candles, (rows,): a random walk, as a frame of the store."""
    random = np.random.default_rng(3)
    close = 30_000.0 * np.exp(np.cumsum(random.normal(0, 0.005, rows)))
    opened = np.concatenate([[30_000.0], close[:-1]])
    columns = {
        "open": opened,
        "high": np.maximum(opened, close) * np.exp(np.abs(random.normal(0, 0.002, rows))),
        "low": np.minimum(opened, close) * np.exp(-np.abs(random.normal(0, 0.002, rows))),
        "close": close,
        "volume": random.lognormal(3, 1, rows),
        "flag": np.zeros(rows, np.uint8),
    }
    step = HOUR_MS if rows <= 200_000 else 60_000  # a million hours would end beyond our times
    return pd.DataFrame(columns, index=time_index(FIRST_MS + np.arange(rows) * step))


def market(rows: int) -> Market:
    """A merged market of these candles with funding, open interest and a second exchange's close."""
    frame = candles(rows)
    random = np.random.default_rng(4)
    frame["funding"] = random.normal(1e-4, 5e-5, rows)
    frame["open_interest"] = random.lognormal(10, 0.1, rows)
    frame["second_close"] = frame["close"] * np.exp(random.normal(0, 1e-4, rows))
    frame["second_volume"] = random.lognormal(3, 1, rows)
    step = HOUR_MS if rows <= 200_000 else 60_000
    provenance = pd.DataFrame({"candles": np.zeros(rows, np.uint8)}, index=frame.index)
    return Market(frame, provenance, Calendar(step), simulated=True, funding=FundingDue.none(rows))
