"""How times follow each other: lengths of bars, their usual distance, where it is another; months."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Times: TypeAlias = NDArray[np.int64]

MINUTE_MS, HOUR_MS, DAY_MS = 60_000, 3_600_000, 86_400_000
MONTH_MS = 31 * DAY_MS  # the usual distance of bars of months
MONTHS = {MONTH_MS: 1, 92 * DAY_MS: 3, 365 * DAY_MS: 12}  # of a bar, by the usual distance of bars
YEAR_MS = 365 * DAY_MS
BLOCK = 16_384  # times looked at together, which a processor's cache holds


def months(clock_ms: Times) -> tuple[Times, Times]:
    """The month of each time, (T,), counted from January 1970, and when it begins in ms."""
    month: Times = clock_ms.astype("datetime64[ms]").astype("datetime64[M]").astype(np.int64)
    return month, first_of_month(month)


def first_of_month(month: Times) -> Times:
    """When months begin, (T,) in ms; months are counted from January 1970."""
    begins: Times = month.astype("datetime64[M]").astype("datetime64[ms]").astype(np.int64)
    return begins


def usual(values: Times) -> int:
    """The most common value, the smallest of several; 0 for none."""
    if not len(values) or (values == values[0]).all():
        return int(values[0]) if len(values) else 0
    distinct, counts = np.unique(values, return_counts=True)
    return int(distinct[counts.argmax()])


def usual_step(times_ms: Times) -> int:
    """`usual` of the differences of times (T,) that follow each other; quick where most are as the first."""
    if len(times_ms) < 2:
        return 0
    first = int(np.diff(times_ms[:2])[0])  # of arrays: an unreadable time wraps, and nobody is warned
    mostly = 2 * len(jumps(times_ms, first)) < len(times_ms) - 1
    return first if mostly else usual(np.diff(times_ms))


def in_phase(times_ms: Times, step_ms: int) -> bool:
    """Whether all times (N,) leave one remainder when they are divided by the step."""
    if len(times_ms) < 2:
        return True
    first = int(np.diff(times_ms[:2])[0])
    rows = jumps(times_ms, first)  # most are divided as the first one is
    leaps = np.append(times_ms[rows + 1] - times_ms[rows], first)
    return np.array_equal(leaps // step_ms * step_ms, leaps)  # % takes twice as long


def jumps(times_ms: Times, step_ms: int) -> Times:
    """The rows (n,) of rising times (T,) that the next one does not follow by the step."""
    found = [np.zeros(0, np.int64)]
    for start in range(0, len(times_ms), BLOCK):
        block = times_ms[start : start + BLOCK + 1]
        found.append(start + np.flatnonzero(block[1:] - block[:-1] != step_ms))
    return np.concatenate(found)
