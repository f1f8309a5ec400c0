"""Curves thinned for a chart of so many columns: the lowest and the highest point of each stay."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from engine.results.answers import Curve, Curves

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.queries.result import Traded

MOST_COLUMNS = 4000


def curves(traded: Traded, missing: NDArray[np.bool_], columns: int) -> Curves:
    """Equity of strategy and buy and hold, and their drawdowns as shares below 0, each thinned.

    A time is when its bar closed, the first the first bar's open. missing: (B,), bars without a forecast.
    """
    opens = traded.time_ms
    moments = np.concatenate([opens[:1], traded.calendar.ends(opens)])  # (B+1,)
    capital = traded.settings.backtest.initial_capital
    starts = column_starts(moments, columns)
    lines = {}
    for name, equity in (("strategy", traded.equity), ("benchmark", traded.benchmark)):
        curve = np.concatenate([[capital], equity])  # (B+1,)
        lines[name] = thinned(moments, curve, starts)
        lines[f"{name}_drawdown"] = thinned(moments, below_peak(curve), starts)
    return Curves(**lines, without_forecast=stretches(moments, np.append(False, missing), starts))


def stretches(
    moments: NDArray[np.int64], missing: NDArray[np.bool_], starts: NDArray[np.int64]
) -> tuple[tuple[int, int], ...]:
    """From when until when something is missing, (N,), at a moment of a column."""
    column = np.logical_or.reduceat(missing, starts)  # (C,)
    edges = np.flatnonzero(np.diff(column, prepend=False, append=False))  # the first of each, the one behind
    times = np.append(moments[starts], moments[-1])[edges].tolist()
    return tuple(zip(times[::2], times[1::2], strict=True))


def below_peak(curve: NDArray[np.float64]) -> NDArray[np.float64]:
    """E / running max E - 1: 0 at a peak, negative under water; (N,) for (N,)."""
    return curve / np.maximum.accumulate(curve) - 1.0


def column_starts(moments: NDArray[np.int64], columns: int) -> NDArray[np.int64]:
    """First row of each column that has rows; columns are equally long in time."""
    count = max(1, min(columns, MOST_COLUMNS))
    edges = np.linspace(moments[0], moments[-1], count, endpoint=False)
    return np.unique(np.searchsorted(moments, edges))


def thinned(moments: NDArray[np.int64], values: NDArray[np.float64], starts: NDArray[np.int64]) -> Curve:
    """The lowest and highest value of each column, at their own times and in their order; and both ends."""
    column = np.repeat(np.arange(len(starts)), np.diff(starts, append=len(values)))  # (N,)
    kept = [np.array([0, len(values) - 1])]
    for extreme in (np.minimum, np.maximum):
        there = np.flatnonzero(values == extreme.reduceat(values, starts)[column])
        kept.append(there[np.unique(column[there], return_index=True)[1]])  # the first of equal ones
    rows = np.unique(np.concatenate(kept))
    return Curve(tuple(moments[rows].tolist()), tuple(values[rows].tolist()))
