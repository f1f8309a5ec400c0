"""A series and pages of an exchange made one series. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import pandas as pd

from engine.data.kinds import kind_of
from engine.market.calendar import Calendar
from engine.market.candles import (
    MADE,
    OHLCV,
    check,
    gaps,
    milliseconds,
    position,
    time_index,
)
from engine.market.ranges import intersect, subtract, union, within

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from engine.data.exchange.pager import Rows
    from engine.data.series import Series
    from engine.market.ranges import Range, Ranges

Answered: TypeAlias = "tuple[Range, int]"  # the range that a page answers for, and how many rows it has


def extended(
    series: Series, pages: Sequence[Answered], rows: Rows, step_ms: int, now_ms: int
) -> tuple[Series, Mapping[str, int]]:
    """The series with the pages' rows, (N, 1 + C), checked and put in, and what is now known and absent;
    and how many of the rows were rejected, by reason.

    A row that is stored already stays. For candles, what was answered for and has no sound row is absent.
    The report is of the series as stored: it does not depend on how often the update was cut off.
    """
    kind = kind_of(series.kind)
    stored = replaceable(series, rows, step_ms, now_ms) if kind.candles else series.frame[list(kind.sent)]
    checked = kind.check(joined_rows(stored, rows), step_ms, now_ms, None)
    sent = own(series.absent, checked.frame) if kind.candles else checked.frame
    known, absent = answered(series, pages, sent, step_ms)
    report = replace(
        checked.report, rows_read=checked.report.rows_stored, duplicates=0, conflicting=0, rejected_by={},
        rejected_list=(), incomplete=0, out_of_order=0, order="oldest first", series=series.name,
    )  # fmt: skip
    grown = replace(series, frame=checked.frame, known=known, absent=absent, report=report.as_dict())
    return grown, checked.report.rejected_by


def joined_rows(frame: pd.DataFrame, rows: Rows) -> pd.DataFrame:
    """Stored rows and those of the new ones that are not stored, in order wherever they can be."""
    before = milliseconds(frame.index)  # (T,) rising
    if not len(before):
        return frame_of(rows, list(frame.columns))
    rows = rows[position(before, rows[:, 0].astype(np.int64)) < 0]
    new = frame_of(rows, list(frame.columns))
    earlier = len(rows) > 0 and rows[0, 0] < before[0]
    return pd.concat([new, frame] if earlier else [frame, new])


def frame_of(rows: Rows, columns: list[str]) -> pd.DataFrame:
    """Rows of time and values as a frame; a flag is 0."""
    index, names = time_index(rows[:, 0].astype(np.int64)), [name for name in columns if name != "flag"]
    frame = pd.DataFrame(rows[:, 1:], columns=names, index=index, copy=False)
    return frame.assign(flag=np.uint8(0)) if "flag" in columns else frame


def replaceable(series: Series, rows: Rows, step_ms: int, now_ms: int) -> pd.DataFrame:
    """The stored candles but those made by a repair for which the exchange now has a sound one."""
    made = np.flatnonzero(series.frame["flag"].to_numpy() & MADE)
    if not len(made):
        return series.frame
    times = milliseconds(series.frame.index)
    rows = rows[position(times[made], rows[:, 0].astype(np.int64)) >= 0]
    sound = check(frame_of(rows, list(OHLCV)), step_ms, now_ms, calendar=Calendar(step_ms)).frame.index
    return series.frame[position(milliseconds(sound), times) < 0]


def own(absent: Ranges, frame: pd.DataFrame) -> pd.DataFrame:
    """The candles but those that a repair made where the exchange has none: what is absent stays so."""
    made = (frame["flag"].to_numpy() & MADE) > 0
    return frame[~(made & within(milliseconds(frame.index), absent))] if made.any() else frame


def answered(
    series: Series, pages: Sequence[Answered], frame: pd.DataFrame, step_ms: int
) -> tuple[Ranges, Ranges]:
    """What the exchange has answered for: the ranges that hold rows, and those that hold none."""
    full = [span for span, rows in pages if rows]
    empty = [span for span, rows in pages if not rows]
    if series.kind != "candles":
        known = union(series.known, full)
        return known, subtract(union(series.absent, empty), known)
    asked = union(series.known, series.absent, full, empty)
    if frame.empty:
        return (), asked
    span = (int(milliseconds(frame.index[:1])[0]), int(milliseconds(frame.index[-1:])[0]) + step_ms)
    covered = subtract([span], gaps(frame.index, step_ms))
    return intersect(asked, covered), subtract(asked, covered)
