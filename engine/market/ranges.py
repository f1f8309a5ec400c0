"""Arithmetic on sets of half-open time ranges `[from_ms, to_ms)`, milliseconds since the epoch.

Every function returns ranges in order, without overlap, without touching neighbours and without
empty ones; what it is given may be in any shape (an inverted range counts as empty).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

Range: TypeAlias = tuple[int, int]
Ranges: TypeAlias = tuple[Range, ...]


def union(*many: Iterable[Range]) -> Ranges:
    """What lies in any of the given collections of ranges."""
    joined: list[Range] = []
    for start, end in sorted((int(start), int(end)) for ranges in many for start, end in ranges):
        if start >= end:
            continue
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        else:
            joined.append((start, end))
    return tuple(joined)


def subtract(wanted: Iterable[Range], taken: Iterable[Range]) -> Ranges:
    """What lies in `wanted` and not in `taken`: the ranges still to be fetched, say."""
    left: list[Range] = []
    holes = union(taken)
    first = 0
    for wanted_start, end in union(wanted):
        start = wanted_start
        while first < len(holes) and holes[first][1] <= start:
            first += 1
        for hole_start, hole_end in holes[first:]:
            if hole_start >= end:
                break
            if start < hole_start:
                left.append((start, hole_start))
            start = hole_end
        if start < end:
            left.append((start, end))
    return tuple(left)


def intersect(first: Iterable[Range], second: Iterable[Range]) -> Ranges:
    """What lies in both."""
    kept = union(first)
    return subtract(kept, subtract(kept, second))


def within(times: NDArray[np.int64], ranges: Iterable[Range]) -> NDArray[np.bool_]:
    """Which of the times (N,) lie in any of the ranges; (N,) bool."""
    edges = np.array(union(ranges), np.int64).ravel()  # rising: from, to, from, to …
    inside: NDArray[np.bool_] = np.searchsorted(edges, times, side="right") % 2 == 1
    return inside
