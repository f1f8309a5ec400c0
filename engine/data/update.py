"""One series brought up to date: asks for what is missing, keeps every page that came.

What is stored stays as it is. A page is appended to the series' journal as it comes, and all of them are
put into its file at the end; a death at any moment loses no page that came, and the next update starts
where they end.
"""

from __future__ import annotations

import contextlib
import math
import time
from contextlib import aclosing
from dataclasses import replace
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import pandas as pd

from engine.data.exchange import pager
from engine.data.exchange.client import limits_of
from engine.data.kinds import KINDS
from engine.data.store import Series
from engine.errors import MakeRoomError, QuantdeckError, TryAgainError
from engine.market.candles import (
    iso,
    time_index,
)
from engine.market.ranges import intersect, subtract, union

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from engine.data.exchange.client import Client
    from engine.data.exchange.pager import History, Page
    from engine.data.plan import Source
    from engine.data.store import Facts, OpenSeries, Store
    from engine.market.ranges import Range, Ranges

Emit: TypeAlias = "Callable[[dict[str, object]], None]"

MOST_AGAIN = 20  # pages that an update asks for twice; a market that often has no trades has more holes


def stored(source: Source, store: Store) -> Series:
    """The series as it is stored, an empty one if it is not. Raises RepairDataError."""
    return store.read(source.name) if source.name in store.names() else empty(source)


def complete(source: Source, store: Store, now_ms: int) -> Series:
    """The same of a series that lacks nothing, without the journal that a writer left who was killed at last.

    Where that is another's to put away, being written or not allowed, it stays. Raises RepairDataError.
    """
    if store.journal(source.name, source.kind).path.exists():
        with contextlib.suppress(TryAgainError, MakeRoomError), store.open(source.name) as opened:
            return opened.fold(now_ms)
    return stored(source, store)


def empty(source: Source) -> Series:
    """The series without a row."""
    columns = KINDS[source.kind].columns
    index = time_index(np.empty(0, dtype=np.int64))
    named = (source.name, source.kind, source.stored_as, source.symbol, source.timeframe, source.simulated)
    frame = pd.DataFrame(columns=list(columns), index=index, dtype=np.float64)
    return Series(*named, frame=frame.astype({"flag": np.uint8}) if "flag" in columns else frame)


def facts(source: Source, store: Store) -> Facts:
    """What is stored of it, without the rows. Raises RepairDataError."""
    return store.facts(source.name) if source.name in store.names() else empty(source)


def missing(source: Source, known: Facts) -> Ranges:
    """What of the wanted range is neither stored nor, unless asked for again, known to be absent."""
    return subtract([source.wanted], known.known if source.refetch else union(known.known, known.absent))


async def update(source: Source, store: Store, client: Client, now_ms: int, emit: Emit) -> Series:
    """Fetch what is missing and store it; returns the whole series, its report with the rows rejected now.

    Raises TryAgainError if another run writes the series or the exchange fails for good, then with the range
    that
    is still missing; ChangeSettingsError, RepairDataError, MakeRoomError. What came until then is stored.
    """
    kind = KINDS[source.kind]
    with store.open(source.name, empty(source)) as opened:
        opened.fold(now_ms)
        progress = Progress(source, emit)
        try:
            history = await kind.opened(client, source.symbol, source.timeframe, now_ms)
            if kind.candles:
                market = await client.market(source.symbol)
                opened.limit(limits_of(market, client.ccxt.precisionMode))
            # A clock that is ahead would take the candle still open for a complete one.
            now_there = now_ms - client.ahead_ms
            end = now_there // source.step_ms * source.step_ms if kind.candles else now_there + 1
            left = intersect(missing(source, opened.series), [(0, end)])
            for wanted in joined(left, history.window_ms):
                progress.begin(wanted, history.window_ms)
                async with aclosing(pager.pages(history, wanted, now_ms)) as pages:
                    async for page in pages:
                        opened.append(page.answered, page.rows)
                        progress.page(page)
            if kind.candles:
                await ask_again(opened, history, left, now_ms)
        except TryAgainError as error:
            left = missing(source, opened.fold(now_ms))
            span = f"; missing {iso(left[0][0])} … {iso(left[-1][1])}" if left else ""
            raise TryAgainError(
                source.name, f"{error.reason}{span}", f"{error.remedy}; what came is kept"
            ) from error
        finally:
            opened.fold(now_ms)
        progress.end(opened.series)
        report = opened.series.report | {"rejected_by": dict(opened.rejected)}
        return replace(opened.series, report=report)


async def ask_again(opened: OpenSeries, history: History, asked: Ranges, now_ms: int) -> None:
    """Ask once more for the candles that pages lacked: a page may come with holes or with spoilt rows."""
    absent = intersect(opened.fold(now_ms).absent, asked)
    holes = [hole for hole in absent if hole[1] - hole[0] <= history.window_ms]
    windows = joined(holes, history.window_ms)
    for wanted in windows if len(windows) <= MOST_AGAIN else []:
        async with aclosing(pager.pages(history, wanted, now_ms)) as pages:
            async for page in pages:
                times = page.rows[:, 0]  # (N,)
                within = np.logical_or.reduce([(times >= start) & (times < end) for start, end in holes])
                if within.any():
                    opened.append(page.answered, page.rows[within])


def joined(ranges: Sequence[Range], window_ms: int) -> list[Range]:
    """The ranges, neighbours that fit into one page joined: one request for both."""
    whole: list[Range] = []
    for start, end in ranges:
        if whole and end - whole[-1][0] <= window_ms:
            whole[-1] = (whole[-1][0], end)
        else:
            whole.append((start, end))
    return whole


class Progress:
    """Tells how far a source is."""

    def __init__(self, source: Source, emit: Emit) -> None:
        """Tell that it begins."""
        self._source, self._emit, self._started = source, emit, time.monotonic()
        self._rows, self._page, self._left_ms, self._window_ms = 0, 0, 0, 1
        self._send("begin")

    def begin(self, wanted: Range, window_ms: int) -> None:
        """A range is asked for, in pages of at most a window."""
        self._left_ms, self._window_ms = wanted[1] - wanted[0], window_ms

    def page(self, page: Page) -> None:
        """A page came."""
        self._page += 1
        self._rows += len(page.rows)
        self._left_ms -= page.answered[1] - page.answered[0]
        self._send("page")

    def end(self, series: Series) -> None:
        """All that was wanted is there."""
        self._left_ms, self._rows = 0, len(series.frame)
        self._send("end")

    def _send(self, state: str) -> None:
        left = math.ceil(max(self._left_ms, 0) / self._window_ms)
        pace_s = (time.monotonic() - self._started) / max(self._page, 1)
        self._emit(
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
