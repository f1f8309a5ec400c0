"""Stamps that count from another day than 1970: told by bars that nobody kept at the times that they give."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from engine.data.importing.hints import UnclearError
from engine.data.importing.stamps import UNITS
from engine.data.importing.steps import rising
from engine.market.times import different

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.data.importing.times import Times

DAY_MS = 86_400_000
WITHIN_DAYS_MS = 788_918_400_000  # 1995: before it, nobody kept bars of less than a day in Unix time
EVERY_DAY_MS = 852_076_800_000  # 1997: before it, no market traded on all days of the week
SINCE_DAYS = {"1980, as GPS does": 3657, "2000": 10_957, "2001, as Apple does": 11_323}  # days after 1970
COUNTED_OTHERWISE = {"s", "us"}  # since 2000 by PostgreSQL, since 2001 by Apple; no other unit is usual
WORDS = {"s": "seconds", "ms": "ms", "us": "µs", "ns": "ns"}
MONDAY_FIRST = 3  # the first day of 1970 was a Thursday
ENOUGH = 50_000  # times, evenly taken, that tell it as well
FEWEST = 20  # days that tell on which of the week a market is open


def refuse_other_epoch(times: Times, named: str, *, candles: bool) -> None:
    """UnclearError for stamps whose bars nobody kept then, if they count from 1970, and others may have.

    Bars within days before 1995; candles of all seven days of the week before 1997; candles of five days of
    which one is a Sunday, as they come to lie by another epoch.
    """
    unit = next(iter(times.forms), "")
    if len(times.forms) != 1 or unit not in UNITS:
        return
    known, since = rising(times.utc_ms), dict(SINCE_DAYS)
    if len(known) < 2:
        return
    counted = unit in COUNTED_OTHERWISE
    within = counted and known[-1] < WITHIN_DAYS_MS and float(np.median(np.diff(known))) < DAY_MS
    if not within and not (counted and candles and known[-1] < EVERY_DAY_MS and open_days(known).all()):
        moved = candles and moved_weekend(known)
        since = {name: days for name, days in since.items() if moved and on_weekdays(known + days * DAY_MS)}
    if not since:
        return
    first = [np.datetime64(int(known[0]) // 1000 + days * 86_400, "s") for days in (0, *since.values())]
    others = ", ".join(f"from {time} since {name}" for time, name in zip(first[1:], since, strict=True))
    raise UnclearError(
        f"column {named} counts from {first[0]} in {WORDS[unit]} since 1970, {others}: which is meant is not "
        "known; write its times as dates"
    )


def open_days(known: NDArray[np.int64]) -> NDArray[np.bool_]:
    """On which days of the week, (7,) from Monday, there are bars at times (N,) that rise.

    Those with at least a tenth of the bars of the fullest; none for fewer than FEWEST days.
    """
    bars = known[:: len(known) // ENOUGH or 1] // DAY_MS
    days = different(bars)
    if len(days) < FEWEST or float(np.median(np.diff(days))) > 3:
        return np.zeros(7, bool)
    counts = np.bincount((bars + MONDAY_FIRST) % 7, minlength=7)
    often: NDArray[np.bool_] = counts > counts.max() / 10
    return often


def on_weekdays(known: NDArray[np.int64]) -> bool:
    """Whether times (N,) that rise are of all days from Monday to Friday, and no others."""
    return bool((open_days(known) == np.array([True] * 5 + [False] * 2)).all())


def moved_weekend(known: NDArray[np.int64]) -> bool:
    """Whether times (N,) are of five days that follow each other, Sundays and Saturdays among them."""
    found = open_days(known)
    return bool(found.sum() == 5 and found[5] and found[6])
