"""Times of candles brought to their opens: stamps off by milliseconds, ends of bars, a changing step."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from engine.data.importing.hints import HintNeededError
from engine.market.calendar import Calendar
from engine.market.spacing import DAY_MS, in_phase, jumps, usual, usual_step
from engine.market.times import UNREADABLE, different, iso
from engine.results.notes import Note

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.data.importing.hints import Hints

MINUTE_MS = 60_000
OFF_MS = 1_000  # that all times of minute bars may be off the minute: clocks and binary fractions are
GRIDS_MS = tuple(MINUTE_MS * minutes for minutes in (1, 5, 15, 30, 60))
AFTERNOON, EVENING = 14 * 60, 23 * 60  # minutes of the day between which exchanges close
ENOUGH, MOSTLY = 5, 0.9  # bars, and a share of them, that tell their time of the day
RUN = 20  # bars of another length that are no chance


def rising(times: NDArray[np.int64]) -> NDArray[np.int64]:
    """The different times among these, (N,), in order; quick where they are in order already."""
    if np.all(times[1:] > times[:-1]):
        return times[1:] if len(times) and times[0] == UNREADABLE else times
    readable = times != UNREADABLE
    known: NDArray[np.int64] = times if readable.all() else times[readable]
    if len(known) > 1 and known[0] > known[-1]:
        known = known[::-1]
    return different(known)


def near_minutes(times: NDArray[np.int64], rounded_ms: int = 0) -> tuple[NDArray[np.int64], tuple[Note, ...]]:
    """Times (N,) of bars of minutes or more at the minute, if all are less than a second off it.

    `rounded_ms`: how far they may be off because they were written with a few decimals of a day; the coarser
    these are, the coarser is what they are brought to.
    """
    grid = next(each for each in GRIDS_MS if each > 4 * rounded_ms or each == GRIDS_MS[-1])
    if len(times) and times[0] % grid == 0 and in_phase(times, grid):
        return times, ()
    known = times != UNREADABLE
    if not np.any(times % grid, where=known):
        return times, ()
    off = (times[known] + grid // 2) % grid - grid // 2
    furthest = int(np.abs(off).max()) if len(off) else 0
    if not furthest or furthest > OFF_MS + rounded_ms:
        return times, ()
    moved = times.copy()
    moved[known] -= off
    if len(rising(moved)) < len(rising(times)) * 0.9:
        return times, ()  # bars of seconds
    return moved, (Note("times near the minute", {"furthest": furthest, "rows": int((off != 0).sum())}),)


def at_open(
    times: NDArray[np.int64], hints: Hints, *, closes: bool
) -> tuple[NDArray[np.int64], tuple[Note, ...]]:
    """Times (N,) of bars at their opens: one usual step before their ends, if they are said to be ends.

    The last second or millisecond of a bar is said to be its end by itself.
    """
    step = usual_step(rising(times))
    last = 0
    if step >= MINUTE_MS:
        last = next((short for short in (1, 1000) if is_last(times, short, step)), 0)
    if hints.label == "open" or not (last or closes or hints.label == "close"):
        return times, ()
    opens = times.copy()
    opens[times != UNREADABLE] += last - step
    return opens, (Note("times are the ends of bars"),)


def is_last(times: NDArray[np.int64], short: int, step: int) -> bool:
    """Whether nearly all readable times among these, (N,), lie so many ms short of a whole step."""
    for some in (times[:100], times):  # most end at once
        known = some[some != UNREADABLE]
        if len(known) and not np.mean((known + short) % step == 0) > 0.99:
            return False
    return True


def by_day(times: NDArray[np.int64], zone: str) -> tuple[Note, ...]:
    """That daily bars, (N,), are stamped in an afternoon or evening of `zone`, where markets close."""
    known = rising(times)
    if len(known) < ENOUGH or usual_step(known) != DAY_MS:
        return ()
    clock = Calendar(DAY_MS, zone if "/" in zone else "UTC").clock(known) % DAY_MS  # (N,)
    at = usual(clock) // MINUTE_MS
    if not AFTERNOON <= at < EVENING or np.mean(clock // MINUTE_MS == at) < MOSTLY:
        return ()
    return (Note("days stamped by day", {"clock": f"{at // 60:02}:{at % 60:02}"}),)


def one_step(times: NDArray[np.int64], hints: Hints) -> tuple[NDArray[np.int64] | range, tuple[Note, ...]]:
    """The rows that keep one step, positions (K,), in a file whose step changes.

    A step changes where a long run of bars keeps one and a long run another. Raises HintNeededError that
    names both, if nobody says which part is wanted.
    """
    everything = range(len(times))
    distinct = rising(times)
    if len(distinct) <= 2 * RUN or not len(jumps(distinct, int(distinct[1] - distinct[0]))):
        return everything, ()
    steps = np.diff(distinct)
    breaks = np.flatnonzero(np.diff(steps)) + 1
    starts, ends = np.r_[0, breaks], np.r_[breaks, len(steps)]
    long = ends - starts >= max(RUN, len(steps) // 50)
    found = {int(steps[at]) for at in starts[long]}
    if len(found) < 2:
        return everything, ()
    at = np.flatnonzero(long)
    change = next(place for place in at[1:] if steps[starts[place]] != steps[starts[at[0]]])
    moment = int(distinct[starts[change]])
    first, second = int(steps[starts[at[0]]]), int(steps[starts[change]])
    finest = min(first, second)
    if not hints.part:
        reason = f"changes its step: {first // 1000} s at first, {second // 1000} s from {iso(moment)} on"
        raise HintNeededError(reason, "--part finer or --part later")
    wanted = second if hints.part == "later" or second == finest else first
    span = times >= moment if wanted == second else times <= moment
    kept = np.flatnonzero(span | (times == UNREADABLE))
    values: dict[str, int | float | str] = {
        "rows": len(times) - len(kept),
        "step": wanted // 1000,
        "other": (first + second - wanted) // 1000,
    }
    return kept, (Note("part of a file", values),)
