"""Candles as every room expects them, and the check that makes them so.

A candles frame has the index `time` (DatetimeIndex, datetime64[ms, UTC], strictly increasing, open
times) and the columns open, high, low, close, volume (float64) and flag (uint8, a bit mask). A
values frame has the same index (the stamp), value (float64) and available_at (datetime64[ms, UTC]).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from engine.market.duplicates import Decimals, resolve
from engine.market.quality import (
    CANDLE_RULES,
    INCOMPLETE,
    LISTED,
    NO_PRICES,
    NO_VALUE,
    OFF_GRID,
    VALUE_RULES,
    QualityReport,
    possible_rows,
    report_of,
)
from engine.market.sessions import infer
from engine.market.spacing import DAY_MS
from engine.market.spikes import flag_list, spikes
from engine.market.times import (
    UNREADABLE,
    different,
    gaps,
    iso,
    milliseconds,
    regular_step,
    step_of,
    time_index,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from engine.market.calendar import Calendar
    from engine.market.duplicates import Positions

__all__ = [
    "CONFLICT",
    "FILLED",
    "KEPT",
    "MADE",
    "OHLCV",
    "PRICES",
    "SPIKE",
    "TAKEN",
    "ZERO_VOLUME",
    "Checked",
    "Decimals",
    "QualityReport",
    "check",
    "check_again",
    "check_values",
    "gaps",
    "iso",
    "milliseconds",
    "position",
    "step_of",
    "time_index",
]

PRICES = ("open", "high", "low", "close")
OHLCV = (*PRICES, "volume")
SPIKE, ZERO_VOLUME, FILLED, CONFLICT, TAKEN = 1, 2, 4, 8, 16  # bits of `flag`
MADE = FILLED | TAKEN  # by a repair: flat, or another source's
KEPT = CONFLICT | MADE  # what a candle's numbers do not tell

CANDLE_FAULTS = (
    "",
    "time not readable",
    NO_PRICES,
    "not a number",
    "price not above 0",
    "high below low",
    "open or close outside low and high",
    "negative volume",
    OFF_GRID,
    INCOMPLETE,
)
BLOCK = 16_384  # rows judged at a time, which a processor's cache holds
VALUE_FAULTS = ("", "time not readable", "not a number", NO_VALUE, INCOMPLETE)


@dataclass(frozen=True)
class Checked:
    """A frame that keeps the rules, and what it took."""

    frame: pd.DataFrame
    report: QualityReport


def check(
    frame: pd.DataFrame,
    step_ms: int,
    now_ms: int,
    decimals: Decimals | None = None,
    calendar: Calendar | None = None,
    zone: str = "",
    *,
    consumed: bool = False,
) -> Checked:
    """Sorted, unique, possible, complete candles out of raw rows; the rules are repair.CANDLE_RULES.

    frame: index of times (any order, NaT where unreadable), columns OHLCV. `decimals` tells how finely
    each row was written; without it, the later of two rows of one time is kept. `calendar`: of the market;
    without it, it is read off the rows, in `zone` if that is the clock that they keep. consumed: the
    frame's columns are taken out of it, so that the rows are never twice in memory.
    """
    times = milliseconds(frame.index)  # (N,)
    columns = [numbers(frame[name]) for name in OHLCV]  # each (N,)
    fault = candle_faults(times, columns)  # (N,)
    if not calendar:
        known = times
        if fault.any() or times.max(initial=UNREADABLE) > now_ms - step_ms:
            known = times[(fault == 0) & (times <= now_ms - step_ms)]
        calendar = infer(different(known), step_ms, zone)
    fault = time_faults(times, fault, calendar, now_ms)
    resolved = resolve(times, columns[:4], columns[4], sound_rows(fault), decimals)
    chosen = positions(resolved.kept, len(times))
    kept = []  # each (T,)
    for name in OHLCV:
        kept.append(np.ascontiguousarray(columns.pop(0)[chosen]))
        if consumed:
            del frame[name]
    spiked = spikes(*kept[1:4])  # rows, (S,), and how far
    opens = times[chosen]  # (T,)
    quiet = kept[4] == 0  # (T,)
    flag = quiet * np.uint8(ZERO_VOLUME) | resolved.conflict * np.uint8(CONFLICT)  # (T,)
    flag[spiked[0]] |= SPIKE
    lacking = calendar.gaps(opens)
    report = report_of(
        times,
        fault,
        CANDLE_FAULTS,
        resolved,
        step_ms=step_ms,
        gap_list=[(start, end) for start, end, _ in lacking],
        gap_bars=[bars for *_, bars in lacking],
        calendar=str(calendar),
        closures=calendar.closures(opens),
        rules=CANDLE_RULES,
        spikes=len(spiked[0]),
        zero_volume=int(np.count_nonzero(quiet)),
        unknown_volume=int(np.count_nonzero(np.isnan(kept[4]))),
        flagged=int(np.count_nonzero(flag & (SPIKE | ZERO_VOLUME))),
        flag_list=tuple(flag_list(opens, kept, spiked, step_ms, LISTED)),
    )
    series = {**dict(zip(OHLCV, kept, strict=True)), "flag": flag}
    return Checked(pd.DataFrame(series, index=time_index(opens, copy=False), copy=False), report)


def check_again(frame: pd.DataFrame, now_ms: int, calendar: Calendar) -> Checked:
    """`check` of a frame with a flag, (T, 6), whose KEPT bits stay with the candles of their times."""
    marks = frame["flag"].to_numpy() & np.uint8(KEPT)  # (T,)
    marked = np.flatnonzero(marks)
    times = milliseconds(frame.index)[marked]  # (m,)
    checked = check(frame, calendar.step_ms, now_ms, calendar=calendar)
    at = position(milliseconds(checked.frame.index), times)
    flag = checked.frame["flag"].to_numpy().copy()
    flag[at[at >= 0]] |= marks[marked[at >= 0]]
    checked.frame["flag"] = flag
    return checked


def position(rising: NDArray[np.int64], times: NDArray[np.int64]) -> NDArray[np.int64]:
    """Where each of the times (N,) stands among rising ones (T,); -1 where it does not."""
    at = np.searchsorted(rising, times)
    there = at < len(rising)
    there[there] = rising[at[there]] == times[there]
    return np.where(there, at, -1)


def check_values(frame: pd.DataFrame, now_ms: int, decimals: Decimals | None = None) -> Checked:
    """Sorted, unique, known values out of raw rows; the rules are repair.VALUE_RULES.

    frame: index of times (NaT where unreadable), column value and, unless a value counts as known at
    its stamp, available_at.
    """
    times = milliseconds(frame.index)  # (N,)
    value = numbers(frame["value"])  # (N,)
    known = milliseconds(pd.DatetimeIndex(frame["available_at"])) if "available_at" in frame else times
    unreadable = (times == UNREADABLE) | (known == UNREADABLE)
    fault = first_fault([unreadable, np.isinf(value), np.isnan(value), known > now_ms])
    resolved = resolve(times, [value], None, sound_rows(fault), decimals)
    index = time_index(times[resolved.kept])
    step_ms = regular_step(times[resolved.kept])
    lacking = gaps(index, step_ms) if step_ms else []
    report = report_of(
        times,
        fault,
        VALUE_FAULTS,
        resolved,
        step_ms=step_ms,
        gap_list=lacking,
        gap_bars=[round((end - start) / step_ms) for start, end in lacking],
        rules=VALUE_RULES,
    )
    series = {"value": value[resolved.kept], "available_at": time_index(known[resolved.kept])}
    return Checked(pd.DataFrame(series, index=index), report)


def candle_faults(times: NDArray[np.int64], columns: Sequence[NDArray[np.float64]]) -> NDArray[np.uint8]:
    """The first thing wrong with the numbers of each row, an index into CANDLE_FAULTS; (N,), 0 if sound."""
    blocks = (slice(start, start + BLOCK) for start in range(0, len(times), BLOCK))
    faults = [block_faults(times[rows], *(column[rows] for column in columns)) for rows in blocks]
    return np.concatenate(faults) if faults else np.zeros(0, np.uint8)


def block_faults(
    times: NDArray[np.int64],
    opened: NDArray[np.float64],
    high: NDArray[np.float64],
    low: NDArray[np.float64],
    close: NDArray[np.float64],
    volume: NDArray[np.float64],
) -> NDArray[np.uint8]:
    """`candle_faults` of some rows, (n,) each."""
    body = np.minimum(opened, close), np.maximum(opened, close)
    plain = (low <= body[0]).all() and (body[1] <= high).all() and low.min() > 0 and high.max() < np.inf
    if plain and volume.min() >= 0 and volume.max() < np.inf and times.min() > UNREADABLE:
        return np.zeros(len(times), np.uint8)  # most blocks
    upright, within = possible_rows(opened, high, low, close)
    columns = (opened, high, low, close)
    blank: NDArray[np.bool_] = np.logical_and.reduce([np.isnan(column) for column in columns])
    finite: NDArray[np.bool_] = np.logical_and.reduce([np.isfinite(column) for column in columns])
    positive = np.minimum(low, body[0]) > 0  # (N,)
    unreadable = times == UNREADABLE
    return first_fault(
        [unreadable, blank, ~finite | np.isinf(volume), ~positive, ~upright, ~within, volume < 0]
    )


def time_faults(
    times: NDArray[np.int64], fault: NDArray[np.uint8], calendar: Calendar, now_ms: int
) -> NDArray[np.uint8]:
    """The faults (N,) and those of the times: off the grid of the calendar's bars, or not complete."""
    sound = sound_rows(fault)
    opens = times[positions(sound, len(times))]
    kept = calendar.keeps(opens)
    if not kept.all():
        fault[sound[~kept]] = CANDLE_FAULTS.index(OFF_GRID)
        sound, opens = sound[kept], opens[kept]
    if len(opens) and opens.max() + calendar.step_ms + DAY_MS > now_ms:  # or surely all are complete
        fault[sound[calendar.ends(opens) > now_ms]] = CANDLE_FAULTS.index(INCOMPLETE)
    return fault


def first_fault(wrong: Sequence[NDArray[np.bool_]]) -> NDArray[np.uint8]:
    """1 + the position of the first condition that holds for each row; (N,), 0 where none does."""
    codes = [np.uint8(code) for code in range(1, len(wrong) + 1)]
    if not any(condition.any() for condition in wrong):
        return np.zeros(len(wrong[0]), np.uint8)
    return np.select(wrong, codes, np.uint8(0))


def sound_rows(fault: NDArray[np.uint8]) -> Positions:
    """The positions of rows, (N,), without a fault: int32, half as large as those of numpy."""
    rows = np.arange(len(fault), dtype=np.int32)
    return rows[fault == 0] if fault.any() else rows


def positions(kept: Positions, rows: int) -> Positions | slice:
    """What picks the positions out of so many rows: without a copy where they are all of them, in order."""
    return slice(None) if len(kept) == rows and np.all(kept[1:] > kept[:-1]) else kept


def numbers(column: pd.Series[Any]) -> NDArray[np.float64]:
    """A column as (N,) float64, NaN where it holds no number."""
    if column.dtype != np.float64:
        column = pd.to_numeric(column, errors="coerce")
    return column.to_numpy(dtype=np.float64, na_value=np.nan)
