"""The times of a series: numbers in and out of an index, its step and its gaps."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from engine.errors import RepairDataError
from engine.market.spacing import DAY_MS, usual_step

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.market.ranges import Range

UNREADABLE = int(np.iinfo(np.int64).min)  # what NaT is as a number


def milliseconds(index: pd.Index) -> NDArray[np.int64]:
    """Times of a DatetimeIndex as (N,) int64 ms since the epoch; NaT becomes UNREADABLE.

    They may be the index's own: nobody may change them.
    """
    times = pd.DatetimeIndex(index)
    return (times if times.unit == "ms" else times.as_unit("ms")).asi8.astype(np.int64, copy=False)


def time_index(times_ms: NDArray[np.int64], *, copy: bool = True) -> pd.DatetimeIndex:
    """The index `time` (datetime64[ms, UTC]) of int64 milliseconds; UNREADABLE becomes NaT.

    Without a copy, nobody may change these any more.
    """
    return pd.DatetimeIndex(
        times_ms.copy() if copy else times_ms, dtype="datetime64[ms, UTC]", name="time", copy=False
    )


def iso(time_ms: int | None) -> str | None:
    """`2017-08-17T04:00:00Z`; milliseconds only where there are some; None stays None."""
    return None if time_ms is None else str(np.datetime64(int(time_ms), "ms")).removesuffix(".000") + "Z"


def gaps(index: pd.Index, step_ms: int) -> list[Range]:
    """Half-open ranges [from_ms, to_ms) of open times that an increasing index lacks."""
    times = milliseconds(index)
    holes = np.flatnonzero(np.diff(times) > step_ms * 1.5)
    return [(int(times[row] + step_ms), int(times[row + 1])) for row in holes]


def step_of(index: pd.Index) -> int:
    """The most common difference of neighbouring times in ms, the smaller one of two as common.

    Raises RepairDataError if there are fewer than two different times.
    """
    times = different(milliseconds(index))
    times = times[1:] if len(times) and times[0] == UNREADABLE else times
    if len(times) < 2:
        raise RepairDataError(
            "the series", f"has {len(times)} readable times; a step needs 2", "Give more rows"
        )
    return usual_step(times)


def different(times_ms: NDArray[np.int64]) -> NDArray[np.int64]:
    """The different times (T,) of these (N,), in order; themselves if they rise.

    np.unique would put them into a hash table, which takes many times as long where nearly all differ.
    """
    if np.all(times_ms[1:] > times_ms[:-1]):
        return times_ms
    ordered = np.sort(times_ms)
    first = np.append(True, ordered[1:] > ordered[:-1])
    return ordered if first.all() else ordered[first]


def in_time_order(times_ms: NDArray[np.int64]) -> NDArray[np.int32]:
    """The positions of times (N,) in order, (N,), those of one time as they stand.

    Each time and its position are sorted as one number, which is quick and takes little room, where both fit.
    """
    least, bits = int(times_ms.min(initial=0)), len(times_ms).bit_length()
    if (int(times_ms.max(initial=0)) - least).bit_length() + bits > 63:
        return np.argsort(times_ms, kind="stable").astype(np.int32)
    both = times_ms - least
    both <<= bits
    both |= np.arange(len(times_ms), dtype=np.int32)
    both.sort()
    both &= (1 << bits) - 1
    return both.astype(np.int32)


def period_from_midnight(times_ms: NDArray[np.int64]) -> int:
    """The usual step in ms of rising times which are midnights of UTC a day or more apart; 0 for others."""
    period = int(np.median(np.diff(times_ms))) if len(times_ms) > 1 else 0
    return period if period >= DAY_MS and (times_ms % DAY_MS == 0).mean() > 0.9 else 0


def period_of_stamps(times_ms: NDArray[np.int64]) -> int:
    """The usual step in ms of rising times which are multiples of it, as of hours or days; 0 for others."""
    period = int(np.median(np.diff(times_ms))) if len(times_ms) > 1 else 0
    if period > DAY_MS:
        return period_from_midnight(times_ms)
    return period if period and (times_ms % period == 0).mean() > 0.9 else 0


def regular_step(times_ms: NDArray[np.int64]) -> int:
    """The step in ms, to the second, that nine of ten differences keep to a tenth; 0 if there is none."""
    differences = np.diff(times_ms)
    if not len(differences):
        return 0
    middle = float(np.median(differences))
    alike = float(np.mean(np.abs(differences - middle) <= middle / 10))
    return round(middle / 1000) * 1000 if alike >= 0.9 and middle >= 1000 else 0
