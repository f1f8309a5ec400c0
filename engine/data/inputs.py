"""Stored series as a run takes them: the primary's candles, and series of the user's own."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from engine.data.candle_notes import holes, losses
from engine.data.plan import hours, in_ms
from engine.data.series import calendar_of
from engine.errors import ChangeSettingsError
from engine.market.calendar import Calendar
from engine.market.candles import iso, milliseconds, time_index
from engine.market.funding import with_mark
from engine.market.merge import Other
from engine.market.resample import resample
from engine.market.times import period_of_stamps
from engine.results.notes import Note
from engine.settings import NAMED, TIMEFRAME_MS, Data, extra_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.data.store import Series, Store
    from engine.market.ranges import Range


def of_series(data: Data, store: Store) -> Data:
    """The settings with symbol and timeframe of the stored series that they name; as they are without one.

    A longer timeframe than the series' own is kept: its candles can be joined. Raises ChangeSettingsError for
    one that cannot be made of it, and for a series whose candles have no length that is known.
    """
    if not data.series:
        return data
    facts = store.facts(data.series)
    have_ms, want_ms = TIMEFRAME_MS.get(facts.timeframe, 0), TIMEFRAME_MS.get(data.timeframe, 0)
    if not have_ms:
        reason = f"{data.series} has candles of {facts.timeframe or 'no regular step'}"
        raise ChangeSettingsError("data.series", reason, f"Known are {', '.join(TIMEFRAME_MS)}")
    joined = want_ms > have_ms and want_ms % have_ms == 0
    if not joined and data.timeframe not in {"", Data().timeframe, facts.timeframe}:
        reason = f"is {data.timeframe}, but {data.series} has candles of {facts.timeframe}"
        raise ChangeSettingsError(
            "data.timeframe", reason, f"Leave it out, or set data.timeframe={facts.timeframe}"
        )
    symbol = facts.symbol if NAMED.fullmatch(facts.symbol) else data.series
    timeframe = data.timeframe if joined else facts.timeframe
    return data.model_copy(update={"symbol": symbol, "timeframe": timeframe})


def imported(data: Data, store: Store, notes: list[Note]) -> Series:
    """The stored series that is the primary, cut to start and end.

    Raises ChangeSettingsError if there is none of that name, or it does not go with the settings.
    """
    series = store.read(data.series)
    if series.kind != "candles":
        raise ChangeSettingsError(
            "data.series", f"{data.series} holds {series.kind}", "Name a series of candles"
        )
    lacking = calendar_of(series).gaps(milliseconds(series.frame.index))
    notes += losses(data.series, series.report)
    notes += holes(data.series, len(lacking), sum(bars for *_, bars in lacking))
    series = of_timeframe(with_calendar(series, data.calendar), data.timeframe, notes)
    wanted = (in_ms(data.start) if data.start else -(2**62), in_ms(data.end) if data.end else 2**62)
    part = cut(series, wanted)
    if part.frame.empty:
        ends = milliseconds(series.frame.index[[0, -1]]).tolist() if len(series.frame) else []
        reason = f"has no candle in the range; it has {' … '.join(str(iso(end)) for end in ends) or 'none'}"
        raise ChangeSettingsError(f"series {data.series}", reason, "Set data.start and data.end")
    if len(part.frame) < len(series.frame):
        rows = {"kept": len(part.frame), "rows": len(series.frame)}
        notes.append(Note("range of a series", {"series": data.series, **rows}))
    return part


def of_timeframe(series: Series, timeframe: str, notes: list[Note]) -> Series:
    """The series itself, or its candles joined to longer ones.

    Raises ChangeSettingsError where that cannot be.
    """
    have_ms, want_ms = TIMEFRAME_MS.get(series.timeframe, 0), TIMEFRAME_MS[timeframe]
    if series.timeframe == timeframe:
        return series
    if not have_ms or want_ms % have_ms:
        reason = f"is {timeframe}, but {series.name} has candles of {series.timeframe}"
        raise ChangeSettingsError("data.timeframe", reason, f"Set data.timeframe={series.timeframe}")
    frame = resample(series.frame, calendar_of(series), want_ms)
    left = len(series.frame) - len(frame) * (want_ms // have_ms)
    about: dict[str, int | float | str] = {"series": series.name, "rows": len(frame), "left": left}
    lengths = {"timeframe": timeframe, "shorter": series.timeframe}
    notes.append(Note("made of shorter candles", {**about, **lengths}))
    return replace(series, timeframe=timeframe, frame=frame)


def own_funding(data: Data, store: Store) -> list[Other]:
    """The stored funding rates that positions pay, if the settings name them. Raises ChangeSettingsError."""
    if not data.funding_series:
        return []
    series = store.read(data.funding_series)
    if series.kind not in {"funding", "values"}:
        reason = f"{data.funding_series} holds {series.kind}"
        raise ChangeSettingsError("data.funding_series", reason, "Name a series of funding rates")
    return [Other("funding", series.frame, hours(data.funding_staleness))]


def at_mark(data: Data, store: Store, others: Sequence[Other]) -> list[Other]:
    """The others, with the mark prices of data.mark_series beside the funding. Raises ChangeSettingsError."""
    if not data.mark_series:
        return list(others)
    mark = store.read(data.mark_series)
    if mark.kind != "candles":
        reason = f"{data.mark_series} holds {mark.kind}"
        raise ChangeSettingsError("data.mark_series", reason, "Name a series of candles of the mark price")
    calendar = calendar_of(mark)
    return [
        replace(other, frame=with_mark(other.frame, mark.frame, calendar))
        if other.name == "funding"
        else other
        for other in others
    ]


def extent(series: Series) -> Range:
    """[from_ms, to_ms) of a series that is not empty, from first to last candle."""
    first, last = milliseconds(series.frame.index[[0, -1]]).tolist()
    return first, last + TIMEFRAME_MS[series.timeframe]


def with_calendar(series: Series, text: str) -> Series:
    """The series with the calendar that data.calendar tells, if it is not auto.

    Raises ChangeSettingsError for one that is none.
    """
    calendar = calendar_from(text, TIMEFRAME_MS.get(series.timeframe, 0)) or calendar_of(series)
    return replace(series, calendar=str(calendar))


def calendar_from(text: str, step_ms: int) -> Calendar | None:
    """The calendar that data.calendar tells, None for auto. Raises ChangeSettingsError for none at all."""
    if text == "auto":
        return None
    try:
        return Calendar.parse(text, step_ms)
    except ValueError as error:
        raise ChangeSettingsError("data.calendar", str(error), "See docs/data.md") from None


def own_series(data: Data, store: Store) -> list[Other]:
    """The series of the user's own: each value becomes known its delay after its stamp.

    Raises ChangeSettingsError if there is none of a name, or it holds candles.
    """
    others = []
    for text in data.extra:
        name, delay_h, staleness_h = extra_of(text)
        if name in data.joined:
            reason = f"must not name a series {name}: the column of data.also has that name"
            raise ChangeSettingsError("data.extra", reason, "Import it under another name")
        series = store.read(name)
        if series.kind == "candles":
            raise ChangeSettingsError("data.extra", f"{name} holds candles", "Name a series of (time, value)")
        known = milliseconds(pd.DatetimeIndex(series.frame["available_at"])) + hours(delay_h)
        frame = series.frame.assign(available_at=time_index(known))
        others.append(Other(name, frame, hours(staleness_h)))
    return others


def joins_early(other: Other) -> list[Note]:
    """That values which may sum up the hour, day or week behind their stamps join with no delay."""
    stamps = milliseconds(other.frame.index)  # (N,)
    known = milliseconds(pd.DatetimeIndex(other.frame["available_at"]))  # (N,)
    period = period_of_stamps(stamps)
    if not period or (known > stamps).any():
        return []
    return [Note("values join at their stamps", {"series": other.name, "hours": period / 3_600_000})]


def cut(series: Series, wanted: Range) -> Series:
    """The series with the rows of [from_ms, to_ms) only."""
    start, stop = np.searchsorted(milliseconds(series.frame.index), wanted).tolist()
    frame: pd.DataFrame = series.frame.iloc[start:stop]
    return replace(series, frame=frame)
