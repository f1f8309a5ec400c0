"""Signals or target weights of somebody's own, laid on bars."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

from engine.backtest.signals import targets
from engine.errors import RepairDataError
from engine.market.times import iso

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.backtest.bars import Floats

    Times = NDArray[np.int64]


def align_to_bars(
    bar_ms: NDArray[np.int64], time_ms: NDArray[np.int64], values: Floats, name: str = "signals"
) -> Floats:
    """Values (N,) at times (N,) as one value a bar, (T,), NaN where a bar has none.

    A time is the open time of the bar that the value decides. Raises RepairDataError for times that are not
    those of a bar, times given twice, values that are infinite, and where nothing is left.
    """
    known = np.isfinite(values) | np.isnan(values)
    if not known.all():
        raise RepairDataError(
            name, f"{int((~known).sum())} of {len(values)} are infinite", "Give finite numbers"
        )
    if len(np.unique(time_ms)) < len(time_ms):
        raise RepairDataError(name, "have a time more than once", "Give one value a bar")
    row = np.searchsorted(bar_ms, time_ms)  # (N,)
    strange = (row == len(bar_ms)) | (bar_ms[np.minimum(row, len(bar_ms) - 1)] != time_ms)
    if strange.any():
        first = iso(int(time_ms[strange][0]))
        reason = f"{int(strange.sum())} of {len(time_ms)} are at no bar's open time, first {first}"
        raise RepairDataError(name, reason, "Give the open time of the bar in which the decision is filled")
    weight = np.full(len(bar_ms), np.nan)  # (T,)
    weight[row] = values
    if np.isnan(weight).all():
        raise RepairDataError(name, "hold no number", "Give 1, -1, 0 or a target weight")
    return weight


def wait_for_bars(
    bar_ms: Times, time_ms: Times, values: Floats, absent_ms: Times, decides: NDArray[np.bool_]
) -> tuple[Times, Floats, int]:
    """Times and values (M,), what stands at missing bars waiting for the next bar; how many of them decide.

    time_ms, values: (N,). absent_ms: open times of the missing bars. decides: (N,) which values change
    anything; of several for one bar the last of these counts.
    """
    waits = np.isin(time_ms, absent_ms)  # (N,)
    if not waits.any():
        return time_ms, values, 0
    following = np.minimum(np.searchsorted(bar_ms, time_ms), len(bar_ms) - 1)
    moved = np.where(waits, bar_ms[following], time_ms)  # (N,)
    order = np.lexsort((time_ms, decides, moved))  # by bar; of one bar what decides, and the latest, last
    last = np.append(np.diff(moved[order]) != 0, True)
    same = last | (np.append(np.diff(time_ms[order]) == 0, False) & ~waits[order])  # twice: refused later
    kept = order[same]
    return moved[kept], values[kept], int((waits & decides).sum())


def weights(
    signal: Floats, neutral: Literal["hold", "flat"], *, short: bool, name: str = "signals"
) -> Floats:
    """Signals (T,) of 1, -1, 0 and NaN as target weights (T,). Raises RepairDataError for other numbers."""
    present = np.isfinite(signal)
    if not np.isin(signal[present], (-1.0, 0.0, 1.0)).all():
        raise RepairDataError(
            name, "hold other numbers than 1, -1 and 0", "Name the column weight for weights"
        )
    whole = np.nan_to_num(signal).astype(np.int8)
    return targets(whole, neutral, short=short, predicted=present)


CERTAIN = 3.5  # standard errors that a correlation of signals without foresight hardly ever reaches


def lookahead_correlation(weight: Floats, opened: Floats, close: Floats) -> tuple[float, float, bool]:
    """Correlation of weights (T,) with their own bar's return and with the next one's, open to close.

    And whether the former is beyond chance and clearly above the latter: such signals seem to have been made
    of the very bar at whose open they are filled. NaN and False where there are too few to tell.
    """
    row = np.flatnonzero(np.isfinite(weight[:-1]))  # (n,) with a next bar
    given, change = weight[row], close / opened - 1.0  # (n,), (T,)
    if len(row) < 10 or np.ptp(given) == 0:
        return np.nan, np.nan, False
    with np.errstate(invalid="ignore"):  # returns that are all alike
        own, following = (float(np.corrcoef(given, change[row + later])[0, 1]) for later in (0, 1))
    error = 1 / np.sqrt(len(row))
    return own, following, own > CERTAIN * error and own - max(following, 0.0) > CERTAIN * error
