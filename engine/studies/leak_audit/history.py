"""Stored series as they were at a moment, or with everything after it changed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from engine.data.plan import sources_of, span_of
from engine.data.series import calendar_of
from engine.data.store import Series, Store
from engine.market.candles import PRICES, milliseconds

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from engine.settings import Settings

EVER = (-(2**60), 2**60)


@dataclass(frozen=True, eq=False)
class History:
    """Series and the moment at which they are looked at."""

    series: tuple[Series, ...]
    now_ms: int

    def store(self, folder: Path) -> Store:
        """A store that holds just these series and lacks nothing, so that no exchange is asked."""
        store = Store(folder)
        for each in self.series:
            with store.open(each.name) as opened:
                opened.write(replace(each, known=(EVER,), absent=()))
        return store


def recorded(settings: Settings, store: Store, now_ms: int) -> History:
    """The stored series that a run with these settings reads. Raises what Store.read does."""
    span = EVER if settings.data.series else span_of(settings.data, now_ms)
    names = [source.name for source in sources_of(settings.data, settings.demo, span)]
    if settings.data.series:
        names.insert(0, settings.data.series)
    names += [name for name in settings.data.stored if name != settings.data.series]
    held = store.names()
    return History(tuple(pinned(store.read(name)) for name in names if name in held), now_ms)


def pinned(series: Series) -> Series:
    """The series with the calendar of its whole history, whatever is left of that."""
    return replace(series, calendar=str(calendar_of(series))) if series.kind == "candles" else series


def known_at(series: Series) -> NDArray[np.int64]:
    """When each row became known, (T,) ms: a candle when it closes, a value not before its stamp."""
    stamp = milliseconds(series.frame.index)  # (T,)
    if series.kind == "candles":
        return calendar_of(series).ends(stamp)
    return np.maximum(stamp, milliseconds(pd.DatetimeIndex(series.frame["available_at"])))


def truncated(history: History, cut_ms: int) -> History:
    """The rows that were known at the cut."""
    kept = tuple(replace(each, frame=each.frame[known_at(each) <= cut_ms]) for each in history.series)
    return History(kept, cut_ms)


def perturbed(history: History, cut_ms: int) -> History:
    """All rows, those that became known after the cut with other prices, volumes and values.

    Candles keep their shape, so that they stay possible; the same cut changes them in the same way.
    """
    return History(tuple(changed(each, cut_ms) for each in history.series), history.now_ms)


def changed(series: Series, cut_ms: int) -> Series:
    """One series with its rows after the cut changed."""
    frame = series.frame.copy()
    later = known_at(series) > cut_ms  # (T,)
    random = np.random.default_rng([abs(cut_ms), *series.name.encode()])
    count = int(later.sum())
    if series.kind == "candles":
        factor = 1.17 * np.exp(np.cumsum(random.normal(0, 0.01, count)) % 0.5)  # (n,)
        for name in PRICES:
            frame.loc[later, name] *= factor
        frame.loc[later, "volume"] *= random.uniform(1.2, 3.0, count)
    else:
        value = frame["value"].to_numpy(copy=True)
        spread = float(np.nanstd(value)) or 1.0
        factor = random.uniform(1.2, 1.8, count)  # (n,)
        value[later] = value[later] * factor if (value > 0).all() else value[later] + spread * factor
        frame["value"] = value
    return replace(series, frame=frame)
