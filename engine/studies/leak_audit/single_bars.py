"""Own features where single bars of the whole history are others: which rows move before one of them?

A cut judges the rows right before it, so a leak of ten bars in twenty thousand is met by luck. Here every
EVERY-th bar is another one at once, in EVERY histories, so that each row stands right before such a bar. What
looks back a little does not move there; what looks back far moves by little, or wherever its rare condition
holds. Neither proves a leak: `ends` judges the rows that moved, most of all those that moved furthest.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from engine.studies.leak_audit.futures import EXTREME
from engine.studies.leak_audit.rounding import differing_rows

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from engine.market.merge import Market
    from engine.studies.leak_audit.replay import Replay

    Floats = NDArray[np.float64]

EVERY = 23  # rows from a changed bar to the next; prime, so that they meet all hours
BEFORE = 3  # rows before a changed bar that are looked at
AT_ONCE = 4  # histories held in memory together


def moved_by(base: Replay, own: Sequence[str], spread: Mapping[str, float]) -> dict[str, Floats]:
    """How far each row of each own feature moved, (T,), when one of the BEFORE bars after it was another.

    0: not at all, or by rounding. Two bars in a row are never changed. spread: the columns' usual deviations.
    """
    total = len(base.table)
    moved = {name: np.zeros(total) for name in own}
    for first in range(0, EVERY, AT_ONCE):
        phases = range(first, min(first + AT_ONCE, EVERY))
        found = base.stages.own_tables([[with_others(base.market, phase)] for phase in phases])
        for phase, (table,) in zip(phases, found, strict=True):
            looked = (phase - np.arange(total)) % EVERY  # (T,) rows to the next changed bar
            near = (looked > 0) & (looked <= BEFORE)
            for name in own:
                if name not in table:  # it fails in such a market
                    continue
                was, became = base.table[name].to_numpy(), table[name].to_numpy()  # (T,)
                rows = differing_rows(was, became, spread[name])[0]
                rows = rows[near[rows]]
                by = np.nan_to_num(np.abs(was[rows] - became[rows]), nan=np.inf)
                moved[name][rows] = np.maximum(moved[name][rows], by)
    return moved


def with_others(market: Market, phase: int) -> Market:
    """The market with every EVERY-th bar, from row `phase` on, far from what it was, and so all beside it."""
    frame, total = market.frame.copy(), len(market.frame)
    rows = np.arange(phase, total, EVERY)  # (n,)
    close = frame["close"].to_numpy()
    deviation = min(float(np.std(np.diff(np.log(close)))) or 1e-3, 0.1)
    draws = np.random.default_rng(phase).normal(0.0, EXTREME / 2 * deviation, (2, len(rows)))
    opened, closed = close[rows] * np.exp(draws)  # (n,) each
    values = {
        "open": opened,
        "close": closed,
        "high": np.maximum(opened, closed) * (1.0 + deviation),
        "low": np.minimum(opened, closed) * (1.0 - deviation),
        "volume": 3.0 * frame["volume"].to_numpy()[rows] + float(np.nanmedian(frame["volume"])),
    }
    for name in frame.columns:
        column = frame[name].to_numpy(copy=True)
        if name in values:
            column[rows] = values[name]
        elif name in market.provenance.columns:
            column[rows] = -EXTREME / 2 * column[rows]
        frame[name] = column
    return replace(market, frame=frame)
