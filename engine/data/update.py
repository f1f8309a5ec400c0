"""One series brought up to date: asks for what is missing, keeps every page that came.

What is stored stays as it is. A page is appended to the series' journal as it comes, and all of them are
put into its file at the end; a death at any moment loses no page that came, and the next update starts
where they end.
"""

from __future__ import annotations

import math
import time
from contextlib import aclosing
from dataclasses import replace
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import pandas as pd

from engine.data.exchange import pager
from engine.data.exchange.market_limits import limits_of
from engine.data.kinds import KINDS
from engine.data.store import Series
from engine.errors import QuantdeckError, TryAgainError
from engine.market.candles import (
    MADE,
    OHLCV,
    check,
    check_again,
    check_values,
    gaps,
    iso,
    milliseconds,
    position,
    time_index,
)
from engine.market.ranges import intersect, subtract, union, within
from engine.settings import TIMEFRAME_MS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from engine.data.exchange.client import Client
    from engine.data.exchange.pager import History, Page, Rows
    from engine.data.plan import Source
    from engine.data.store import Facts, Store
    from engine.market.ranges import Range, Ranges

Emit: TypeAlias = "Callable[[dict[str, object]], None]"
Told: TypeAlias = "tuple[Range, int]"  # the range that a page tells, and how many rows it has

MOST_AGAIN = 20  # pages that an update asks for twice; a market that often has no trades has more holes


def stored(source: Source, store: Store) -> Series:
    """The series as it is stored, an empty one if it is not. Raises RepairDataError."""
    if source.name in store.names():
        return store.read(source.name)
    columns = KINDS[source.kind].columns
    index = time_index(np.empty(0, dtype=np.int64))
    named = (source.name, source.kind, source.stored_as, source.symbol, source.timeframe, source.simulated)
    frame = pd.DataFrame(columns=list(columns), index=index, dtype=np.float64)
    return Series(*named, frame=frame.astype({"flag": np.uint8}) if "flag" in columns else frame)


def facts(source: Source, store: Store) -> Facts:
    """What is stored of it, without the rows. Raises RepairDataError."""
    return store.facts(source.name) if source.name in store.names() else stored(source, store)


def missing(source: Source, known: Facts) -> Ranges:
    """What of the wanted range is neither stored nor, unless asked for again, known to be absent."""
    return subtract([source.wanted], known.known if source.refetch else union(known.known, known.absent))


async def update(source: Source, store: Store, client: Client, now_ms: int, emit: Emit) -> Series:
    """Fetch what is missing and store it; returns the whole series.

    Raises TryAgainError if another run writes the series or the exchange fails for good, then with the range
    that
    is still missing; ChangeSettingsError, RepairDataError, MakeRoomError. What came until then is stored.
    """
    kind = KINDS[source.kind]
    with store.locked(source.name):
        writer = Writer(source, store, now_ms)
        progress = Progress(source, emit)
        try:
            history = await kind.opened(client, source.symbol, source.timeframe, now_ms)
            if kind.candles:
                market = await client.market(source.symbol)
                writer.note(limits_of(market, client.ccxt.precisionMode))
            # A clock that is ahead would take the candle still open for a complete one.
            now_there = now_ms - client.ahead_ms
            end = now_there // source.step_ms * source.step_ms if kind.candles else now_there + 1
            left = intersect(missing(source, writer.series), [(0, end)])
            for wanted in joined(left, history.window_ms):
                progress.begin(wanted, history.window_ms)
                async with aclosing(pager.pages(history, wanted, now_ms)) as pages:
                    async for page in pages:
                        writer.take(page)
                        progress.page(page)
            if kind.candles:
                await ask_again(writer, history, left, now_ms)
        except TryAgainError as error:
            left = missing(source, writer.fold())
            span = f"; missing {iso(left[0][0])} … {iso(left[-1][1])}" if left else ""
            raise TryAgainError(
                source.name, f"{error.reason}{span}", f"{error.remedy}; what came is kept"
            ) from error
        finally:
            writer.fold()
        progress.end(writer.series)
        return writer.series


async def ask_again(writer: Writer, history: History, asked: Ranges, now_ms: int) -> None:
    """Ask once more for the candles that pages lacked: a page may come with holes or with spoilt rows."""
    absent = intersect(writer.fold().absent, asked)
    holes = [hole for hole in absent if hole[1] - hole[0] <= history.window_ms]
    windows = joined(holes, history.window_ms)
    for wanted in windows if len(windows) <= MOST_AGAIN else []:
        async with aclosing(pager.pages(history, wanted, now_ms)) as pages:
            async for page in pages:
                times = page.rows[:, 0]  # (N,)
                within = np.logical_or.reduce([(times >= start) & (times < end) for start, end in holes])
                if within.any():
                    writer.take(replace(page, rows=page.rows[within]))


def joined(ranges: Sequence[Range], window_ms: int) -> list[Range]:
    """The ranges, neighbours that fit into one page joined: one request for both."""
    whole: list[Range] = []
    for start, end in ranges:
        if whole and end - whole[-1][0] <= window_ms:
            whole[-1] = (whole[-1][0], end)
        else:
            whole.append((start, end))
    return whole


class Writer:
    """Takes pages into the series' journal, and all of them into the series' file at the end."""

    def __init__(self, source: Source, store: Store, now_ms: int) -> None:
        """Pages that a killed update left are put into the file first; the caller holds the lock."""
        self.source, self.store, self.now_ms = source, store, now_ms
        self.series = stored(source, store)
        self.journal = store.journal(source.name, source.kind)
        self.fold()

    def take(self, page: Page) -> None:
        """Keep a page; it outlives this process. Raises MakeRoomError."""
        self.journal.append(page.told, page.rows.reshape(-1, self.journal.columns))

    def note(self, limits: dict[str, float]) -> None:
        """Keep the market's limits, with pages to come or with those that are there. Raises MakeRoomError."""
        if limits != self.series.limits:
            self.series = replace(self.series, limits=limits)
            if len(self.series.frame):
                self.store.write(self.series)

    def fold(self) -> Series:
        """Put the journal's pages into the series and its file; returns the series. Raises MakeRoomError."""
        self.series = folded(self.series, self.store, self.now_ms)
        return self.series


def folded(series: Series, store: Store, now_ms: int) -> Series:
    """The series and the pages that its journal holds, in its file; the caller holds the lock.

    Raises MakeRoomError.
    """
    journal = store.journal(series.name, series.kind)
    spans, counts, rows = journal.read()
    if spans:
        told = list(zip(spans, counts, strict=True))
        series = extended(series, told, rows, TIMEFRAME_MS[series.timeframe], now_ms)
        del rows
        series = Series(**{**vars(store.write(series)), "frame": series.frame})
    journal.clear()
    return series


def extended(series: Series, pages: Sequence[Told], rows: Rows, step_ms: int, now_ms: int) -> Series:
    """The series with the pages' rows, (N, 1 + C), checked and put in, and what is now known and absent.

    A row that is stored already stays. For candles, what was told and has no sound row is absent. The report
    tells of the series as stored, so that it does not depend on how often the update was cut off.
    """
    if series.kind != "candles":
        checked = check_values(joined_rows(series.frame[["value"]], rows), now_ms)
        known, absent = told(series, pages, checked.frame, step_ms)
    else:
        checked = check_again(joined_rows(replaceable(series, rows, step_ms, now_ms), rows), step_ms, now_ms)
        known, absent = told(series, pages, own(series.absent, checked.frame), step_ms)
    report = replace(
        checked.report, rows_read=checked.report.rows_stored, duplicates=0, conflicting=0, rejected_by={},
        rejected_list=(), incomplete=0, out_of_order=0, order="oldest first", series=series.name,
    )  # fmt: skip
    return replace(series, frame=checked.frame, known=known, absent=absent, report=report.as_dict())


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
    sound = check(frame_of(rows, list(OHLCV)), step_ms, now_ms).frame.index
    return series.frame[position(milliseconds(sound), times) < 0]


def own(absent: Ranges, frame: pd.DataFrame) -> pd.DataFrame:
    """The candles but those that a repair made where the exchange has none: what is absent stays so."""
    made = (frame["flag"].to_numpy() & MADE) > 0
    return frame[~(made & within(milliseconds(frame.index), absent))] if made.any() else frame


def told(series: Series, pages: Sequence[Told], frame: pd.DataFrame, step_ms: int) -> tuple[Ranges, Ranges]:
    """What the exchange has told: the ranges that hold rows, and those that hold none."""
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


class Progress:
    """Tells how far a source is."""

    def __init__(self, source: Source, emit: Emit) -> None:
        """Tell that it begins."""
        self._source, self._tell, self._started = source, emit, time.monotonic()
        self._rows, self._page, self._left_ms, self._window_ms = 0, 0, 0, 1
        self._send("begin")

    def begin(self, wanted: Range, window_ms: int) -> None:
        """A range is asked for, in pages of at most a window."""
        self._left_ms, self._window_ms = wanted[1] - wanted[0], window_ms

    def page(self, page: Page) -> None:
        """A page came."""
        self._page += 1
        self._rows += len(page.rows)
        self._left_ms -= page.told[1] - page.told[0]
        self._send("page")

    def end(self, series: Series) -> None:
        """All that was wanted is there."""
        self._left_ms, self._rows = 0, len(series.frame)
        self._send("end")

    def _send(self, state: str) -> None:
        left = math.ceil(max(self._left_ms, 0) / self._window_ms)
        pace_s = (time.monotonic() - self._started) / max(self._page, 1)
        self._tell(
            event(
                self._source, state, rows=self._rows, page=self._page,
                pages=self._page + left, left_s=round(left * pace_s, 1),
            )
        )  # fmt: skip


def event(source: Source, state: str, **facts: object) -> dict[str, object]:
    """A progress event of a source."""
    return {
        "kind": "source", "series": source.name, "state": state, "rows": 0, "page": 0, "pages": 0,
        "left_s": 0.0, "simulated": source.simulated, "error": "", **facts,
    }  # fmt: skip


def failed(source: Source, error: QuantdeckError) -> dict[str, object]:
    """The event of a source that could not be had."""
    return event(source, "failed", error=str(error))
