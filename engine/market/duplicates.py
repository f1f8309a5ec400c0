"""Several rows of one time: which of them is kept, and whether the others contradict it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from engine.market.times import in_time_order

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Positions: TypeAlias = NDArray[np.integer[Any]]  # int32, which holds all rows that memory does

REPRESENTATION = 1e-12  # relative difference that two float64 readings of one number may show
FAR = 0.01  # relative difference that no rounding explains


@dataclass(frozen=True)
class Decimals:
    """How finely each row was written; each array (N,) int8, from the text of the file.

    Significant decimals leave trailing zeros out (`1.50` has one), written ones count them.
    """

    prices: NDArray[np.int8]  # most significant decimals among the row's prices (or its value)
    volume: NDArray[np.int8]  # significant decimals of its volume; 0 where there is none
    written: NDArray[np.int8]  # most decimals written in any of them


@dataclass(frozen=True)
class Resolved:
    """One row per time, in order of time."""

    kept: Positions  # (T,) of the rows kept
    conflict: NDArray[np.bool_]  # (T,) whether a dropped row contradicts the kept one
    duplicates: int
    conflicting: int
    far_apart: int  # dropped rows that differ from the kept one by more than FAR in a price


def resolve(
    times: NDArray[np.int64],
    prices: Sequence[NDArray[np.float64]],
    volume: NDArray[np.float64] | None,
    rows: Positions,
    decimals: Decimals | None,
) -> Resolved:
    """Keep the finest row of each time; ties go to the later row (the rule of repair.DUPLICATE_RULE).

    times: (N,) ms; prices: each (N,); volume: (N,) or None; rows: positions that take part, ascending.
    """
    whole = len(rows) == len(times)
    when = times if whole else times[rows]
    if np.all(when[1:] > when[:-1]):
        return Resolved(rows, np.zeros(len(rows), np.bool_), 0, 0, 0)
    if whole:
        del rows  # many: what is not needed is not held
        order: Positions = in_time_order(when)
    else:
        order = rows[in_time_order(when)]
    when = times[order]
    best = np.append(when[1:] != when[:-1], True)
    if best.all():
        return Resolved(order, np.zeros(len(order), np.bool_), 0, 0, 0)
    if decimals is not None:
        finest_last(order, when, best, decimals)
    del when
    ends, losers = np.flatnonzero(best), np.flatnonzero(~best)
    winners = ends[np.searchsorted(ends, losers)]
    first, second = order[losers], order[winners]  # each (n,)
    clash = contradict(prices, volume, first, second, decimals)
    far = np.logical_or.reduce(
        [np.abs(price[first] - price[second]) > FAR * np.abs(price[second]) for price in prices]
    )
    conflict = np.zeros(len(order), np.bool_)
    conflict[winners[clash]] = True
    return Resolved(order[ends], conflict[ends], len(losers), int(clash.sum()), int(far.sum()))


def finest_last(
    order: Positions, when: NDArray[np.int64], best: NDArray[np.bool_], decimals: Decimals
) -> None:
    """Sort rows of one time by how finely they are written, in place: the last one is to be kept.

    order: (n,) rows by time, those of one time as they stand; when: their times; best: the last of each.
    """
    several = ~best
    several[1:] |= ~best[:-1]
    places = np.flatnonzero(several)
    rows = order[places]
    finely = decimals.prices[rows] + decimals.volume[rows]
    keys: list[NDArray[Any]] = [rows, decimals.written[rows], finely, when[places]]  # the last sorts first
    order[places] = rows[np.lexsort(keys)]


def contradict(
    prices: Sequence[NDArray[np.float64]],
    volume: NDArray[np.float64] | None,
    first: Positions,
    second: Positions,
    decimals: Decimals | None,
) -> NDArray[np.bool_]:
    """Whether row first[i] and row second[i] differ by more than the rounding of the coarser; (n,) bool."""
    clash = np.zeros(len(first), np.bool_)
    columns = [(price, decimals.prices if decimals else None) for price in prices]
    if volume is not None:
        columns.append((volume, decimals.volume if decimals else None))
    for column, places in columns:
        a, b = column[first], column[second]
        room = REPRESENTATION * np.maximum(np.abs(a), np.abs(b))
        if places is not None:
            room += 0.5 * 10.0 ** -np.minimum(places[first], places[second]).astype(np.float64)
        clash |= np.abs(a - b) > room
    return clash
