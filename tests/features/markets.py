"""Small merged markets for the tests of this room."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from engine.market.calendar import Calendar
from engine.market.funding import FundingDue
from engine.market.merge import Market
from engine.market.times import time_index

if TYPE_CHECKING:
    from collections.abc import Mapping

HOUR_MS = 3_600_000
FIRST_MS = 1_609_459_200_000  # 2021-01-01
EXTRA = ("funding", "open_interest", "second_close")


def market(
    rows: int,
    seed: int = 0,
    gaps: Mapping[int, int] | None = None,
    price: float = 30_000.0,
    step_ms: int = HOUR_MS,
) -> Market:
    """A random walk of `rows` bars; before each row in `gaps` so many bars are missing."""
    random = np.random.default_rng(seed)
    close = price * np.exp(np.cumsum(random.normal(0, 0.01, rows)))
    opened = np.concatenate([[price], close[:-1]]) * np.exp(random.normal(0, 0.001, rows))
    high = np.maximum(opened, close) * np.exp(np.abs(random.normal(0, 0.004, rows)))
    low = np.minimum(opened, close) * np.exp(-np.abs(random.normal(0, 0.004, rows)))
    steps = np.ones(rows, dtype=np.int64)
    for row, missing in (gaps or {}).items():
        steps[row : row + 1] += missing
    columns = {
        "open": opened,
        "high": high,
        "low": low,
        "close": close,
        "volume": random.lognormal(3, 1, rows),
        "flag": np.zeros(rows, dtype=np.uint8),
        "funding": random.normal(1e-4, 5e-5, rows),
        "open_interest": random.lognormal(10, 0.1, rows),
        "second_close": close * np.exp(random.normal(0, 1e-4, rows)),
    }
    return with_frame(pd.DataFrame(columns, index=time_index(FIRST_MS + np.cumsum(steps) * step_ms)), step_ms)


def with_frame(frame: pd.DataFrame, step_ms: int = HOUR_MS) -> Market:
    """A market of these rows, all observed, without funding payments."""
    provenance = pd.DataFrame({"candles": np.zeros(len(frame), dtype=np.uint8)}, index=frame.index)
    return Market(frame, provenance, Calendar(step_ms), simulated=True, funding=FundingDue.none(len(frame)))


def replaced(market: Market, rows: slice, **columns: float | np.ndarray) -> Market:
    """The market with other values in these rows."""
    frame = market.frame.copy()
    for name, values in columns.items():
        frame.iloc[rows, frame.columns.get_loc(name)] = values
    return with_frame(frame, market.step_ms)


def first(market: Market, rows: int) -> Market:
    """The market's first rows."""
    return dataclasses.replace(
        market,
        frame=market.frame.iloc[:rows],
        provenance=market.provenance.iloc[:rows],
        funding=market.funding.rows(slice(rows)),
    )


def stretches(index: pd.Index, step_ms: int, longest: int = 0) -> list[range]:
    """The rows between gaps of more than `longest` bars, found by walking from row to row."""
    found: list[range] = []
    times = [int(time.timestamp() * 1000) for time in index]
    for row, time in enumerate(times):
        missing = (time - times[row - 1]) // step_ms - 1 if row else longest + 1
        start = row if missing > longest else found.pop().start
        found.append(range(start, row + 1))
    return found
