"""Browsing a stored series: a stretch of its bars in so many candles, gaps and odd rows told of each.

A bar's place counts the bars before it, those that are missing too, so that a gap is as wide as what is
missing in it, and nights and weekends of a market that closes take no room.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from engine.data.kinds import kind_of
from engine.data.series import calendar_of
from engine.data.store import Store
from engine.errors import ChangeSettingsError
from engine.hints import hint
from engine.market.candles import CONFLICT, FILLED, SPIKE, TAKEN, ZERO_VOLUME
from engine.market.times import milliseconds
from engine.queries.price import FEWEST_BARS, MOST_CANDLES
from engine.queries.trades import whole
from engine.results.answers import Candles
from engine.results.series_stretch import SeriesStretch
from engine.runs.home import Home
from engine.settings import TIMEFRAME_MS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.data.store import Series
    from engine.runs.events import Event

    Rows = NDArray[np.int64]
    Floats = NDArray[np.float64]

ODD = {
    SPIKE: "spike", ZERO_VOLUME: "volume 0", CONFLICT: "conflict", FILLED: "filled flat",
    TAKEN: "from the second series",
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class Kept:
    """A series as it is browsed; T rows.

    time_ms, place: (T,) int64 rising, open times, and each row's number among all bars. missing: (T,) bars
    that lack after each. prices: open, high, low, close, each (T,). volume: (T,) or None of values.
    flag: (T,) uint8, what is odd.
    """

    name: str
    label: str
    simulated: bool
    time_ms: Rows
    place: Rows
    missing: Rows
    prices: tuple[Floats, Floats, Floats, Floats]
    volume: Floats | None
    flag: NDArray[np.uint8]

    @property
    def all(self) -> int:
        """How many bars there are, the missing ones counted."""
        return int(self.place[-1]) + 1


def stretch(request: Event) -> SeriesStretch:
    """`bars` bars (0: all) of a series from bar `first` on, in at most `candles` candles.

    Or those `from` a time `to` another, ISO 8601; or those around the next gap behind bar `at` (`gap` 1) or
    before it (`gap` -1). Raises as Store.read does, ChangeSettingsError for a series or a span without rows.
    """
    folder, name = Home(Path(str(request["home"]))).data, str(request["series"])
    facts = Store(folder).facts(name)
    kept = _kept(folder, name, (facts.content, facts.calendar))
    first, count = span(kept, request)
    gap = -1
    if step := request.get("gap"):
        gap, length = next_gap(kept, whole(request, "at", 0), forward=step > 0)
        if gap >= 0:
            count = min(kept.all, max(count, FEWEST_BARS))
            first = gap - count // 2 + min(length, count // 2) // 2
    first = max(0, min(first, kept.all - count))
    columns = max(1, min(whole(request, "candles", 100), count, MOST_CANDLES))
    starts = np.unique(np.linspace(first, first + count, columns, endpoint=False).astype(np.int64))  # (C,)
    return joined(kept, starts, first + count, gap)


@lru_cache(maxsize=2)
def _kept(folder: Path, name: str, version: tuple[str, str]) -> Kept:  # noqa: ARG001  another is another series
    series = Store(folder).read(name)
    frame = series.frame
    if not len(frame):
        remedy = f"Fetch it: {hint(folder.parent, 'data update')}"
        raise ChangeSettingsError(f"series {name}", "has no rows yet", remedy)
    time_ms, kind = milliseconds(frame.index), kind_of(series.kind)
    missing = missing_after(series, time_ms)
    place = np.arange(len(time_ms)) + np.concatenate([[0], np.cumsum(missing)[:-1]])
    names = ("open", "high", "low", "close") if kind.candles else ("value",) * 4
    opened, high, low, close = (frame[each].to_numpy(np.float64) for each in names)
    volume = frame["volume"].to_numpy(np.float64) if kind.candles else None
    flag = frame["flag"].to_numpy(np.uint8) if kind.candles else np.zeros(len(frame), np.uint8)
    prices = (opened, high, low, close)
    return Kept(name, kind.label, series.simulated, time_ms, place, missing, prices, volume, flag)


def missing_after(series: Series, time_ms: Rows) -> Rows:
    """How many bars lack after each row, (T,)."""
    if kind_of(series.kind).candles:
        return calendar_of(series).missing(time_ms)
    step_ms = int(series.report.get("step_ms", 0)) or TIMEFRAME_MS.get(series.timeframe, 0)
    if not step_ms:
        return np.zeros(len(time_ms), np.int64)
    steps = np.diff(time_ms, append=time_ms[-1] + step_ms) / step_ms
    lacking: Rows = np.where(steps > 1.5, np.round(steps) - 1, 0).astype(np.int64)
    return lacking


def span(kept: Kept, request: Event) -> tuple[int, int]:
    """First bar and how many. Raises ChangeSettingsError for times that hold none."""
    if request.get("from") or request.get("to"):
        begin, end = moment(request.get("from")), moment(request.get("to"))
        low = 0 if begin is None else place_at(kept, begin)
        high = kept.all if end is None else place_at(kept, end)
        if high <= low:
            known = f"it reaches from {when(kept.time_ms[0])} to {when(kept.time_ms[-1])}"
            raise ChangeSettingsError(f"series {kept.name}", "has no bar in that span", known)
        return low, high - low
    count = whole(request, "bars", 0) or kept.all
    return whole(request, "first", 0), min(max(count, FEWEST_BARS), kept.all)


def place_at(kept: Kept, time_ms: int) -> int:
    """The place of the first bar at a time or behind it."""
    return int(np.ceil(np.interp(time_ms, kept.time_ms, kept.place, right=kept.all)))


def moment(text: object) -> int | None:
    """A time in ms, UTC where no zone is told. Raises ChangeSettingsError."""
    if not text:
        return None
    try:
        found = datetime.fromisoformat(str(text))
    except ValueError:
        raise ChangeSettingsError(f"time {text!r}", "is none", "Write it such as 2026-01-31T12:00") from None
    return round((found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp() * 1000)


def when(time_ms: int) -> str:
    """`2017-08-17 04:00`."""
    return f"{datetime.fromtimestamp(time_ms / 1000, UTC):%Y-%m-%d %H:%M}"


def next_gap(kept: Kept, at: int, *, forward: bool) -> tuple[int, int]:
    """First bar and length of the next gap behind bar `at`, or of the last one before it; -1 without one."""
    rows = np.flatnonzero(kept.missing)
    begins = kept.place[rows] + 1  # (G,)
    number = int(np.searchsorted(begins, at, "right")) if forward else int(np.searchsorted(begins, at)) - 1
    if not 0 <= number < len(begins):
        return -1, 0
    return int(begins[number]), int(kept.missing[rows[number]])


def joined(kept: Kept, starts: Rows, last: int, gap: int) -> SeriesStretch:
    """The bars from the first of `starts` (C,) up to `last` as candles that begin there."""
    low, high = np.searchsorted(kept.place, [starts, np.append(starts[1:], last)])  # (C,) rows of each
    there = high > low
    part, begin = slice(int(low[0]), int(high[-1])), (low - low[0])[there]
    opened, top, bottom, close = (np.full(len(starts), np.nan) for _ in range(4))
    volume, flag = np.full(len(starts), np.nan), np.zeros(len(starts), np.uint8)
    if there.any():
        opened[there], close[there] = kept.prices[0][low[there]], kept.prices[3][high[there] - 1]
        top[there] = np.maximum.reduceat(kept.prices[1][part], begin)
        bottom[there] = np.minimum.reduceat(kept.prices[2][part], begin)
        flag[there] = np.bitwise_or.reduceat(kept.flag[part], begin)
        if kept.volume is not None:
            volume[there] = np.add.reduceat(kept.volume[part], begin)
    moments = np.interp(starts, kept.place, kept.time_ms).round().astype(np.int64)
    rows, wide = high - low, np.diff(starts, append=last)
    columns = (tuple(each.tolist()) for each in (moments, opened, top, bottom, close))
    return SeriesStretch(
        series=kept.name,
        label=kept.label,
        simulated=kept.simulated,
        values=kept.volume is None,
        first=int(starts[0]),
        bars=last - int(starts[0]),
        all=kept.all,
        gaps=int(np.count_nonzero(kept.missing)),
        candles=Candles(*columns),
        volume=tuple(volume.tolist()),
        rows=tuple(rows.tolist()),
        missing=tuple((wide - rows).tolist()),
        odd=tuple(", ".join(word for bit, word in ODD.items() if each & bit) for each in flag.tolist()),
        gap=gap,
    )
