"""Prices that go on in another unit from some row on, such as cents behind euros."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from engine.errors import RepairDataError
from engine.market.candles import PRICES
from engine.market.times import UNREADABLE, in_time_order

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

LEAST = 50.0  # times a price changes from bar to bar that is looked at
MULTIPLES = np.array([100.0, 1_000.0, 10_000.0, 1e6, 1e8, 1e9])
TOLERANCE, USUAL = 0.35, 3.0  # of a logarithm at most, and times the usual move
STAYS = 3  # rows: fewer are wrong by themselves
AROUND = 50  # rows whose volume tells a split
SPLIT = 5.0  # times that the change of a volume may be off that of the price


def refuse_change_of_unit(times: NDArray[np.int64], numbers: Mapping[str, NDArray[np.float64]]) -> None:
    """RepairDataError if all prices become a hundred times as high, or another such multiple, and stay so.

    times: (N,) ms; numbers: (N,) each. Splits are none: their volumes change the other way.
    """
    close = numbers["close"]
    if not has_leap(close):  # as in nearly all files
        return
    sound = (times != UNREADABLE) & np.logical_and.reduce([numbers[name] > 0 for name in PRICES])
    rows = np.flatnonzero(sound & np.isfinite(close))
    rows = rows[in_time_order(times[rows])]
    logs = {name: np.log(numbers[name][rows]) for name in PRICES}
    moves = np.diff(logs["close"])
    usual = float(np.quantile(np.abs(moves), 0.95)) if len(moves) else 0.0
    within = min(TOLERANCE, max(0.02, USUAL * usual))
    leaps = np.flatnonzero(np.abs(moves) > np.log(LEAST)) + 1
    edges = np.r_[0, leaps, len(rows)]
    for place, before, behind in zip(leaps, np.diff(edges)[:-1], np.diff(edges)[1:], strict=True):
        all_moved = [float(logs[name][place] - logs["close"][place - 1]) for name in PRICES]
        multiple = MULTIPLES[np.argmin(np.abs(np.log(MULTIPLES) - abs(all_moved[0])))]
        off = max(abs(abs(move) - np.log(multiple)) for move in all_moved)
        if min(before, behind) < STAYS or off > within:
            continue
        if not is_split(numbers, rows, int(place), float(np.sign(all_moved[0]) * np.log(multiple))):
            refuse(close, int(rows[place - 1]), int(rows[place]), int(multiple))


def has_leap(values: NDArray[np.float64]) -> bool:
    """Whether a value (N,) is many times the one before, or a small part of it."""
    later, sooner = values[1:], values[:-1]
    return bool(((later > LEAST * sooner) | (sooner > LEAST * later)).any())


def is_split(
    numbers: Mapping[str, NDArray[np.float64]], rows: NDArray[np.int64], place: int, change: float
) -> bool:
    """Whether volumes change at a place of the rows (n,) as much as prices, `change`, and the other way."""
    volume = next((values for name, values in numbers.items() if name.startswith("volume")), None)
    if volume is None:
        return False
    before = volume[rows[max(place - AROUND, 0) : place]]
    behind = volume[rows[place : place + AROUND]]
    around = [
        float(np.median(part[np.isfinite(part)])) for part in (before, behind) if np.isfinite(part).any()
    ]
    if len(around) < 2 or min(around) <= 0:
        return False
    return abs(float(np.log(around[1] / around[0])) + change) < float(np.log(SPLIT))


def refuse(close: NDArray[np.float64], before: int, behind: int, multiple: int) -> None:
    """RepairDataError that shows the prices (N,) of two rows."""
    more = close[behind] > close[before]
    times = f"{multiple:,} times {'higher' if more else 'lower'}"
    raise RepairDataError(
        "the file",
        f"says {close[before]:g} for a close in row {before + 1} and {close[behind]:g} in row {behind + 1}, "
        f"and goes on about {times}: a change of unit, such as from euros to cents",
        "Give all prices in one unit",
    )
