"""Features of longer candles: `rsi_14_4h` is rsi_14 of candles of 4 h, known when such a candle closes."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from engine.errors import ChangeSettingsError
from engine.features.definition import Feature
from engine.features.inputs import Bars
from engine.market.candles import OHLCV
from engine.market.resample import resample
from engine.market.times import milliseconds, time_index
from engine.settings import TIMEFRAME_MS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine.features.inputs import Column
    from engine.market.calendar import Calendar


def named(name: str, known: Mapping[str, Feature], calendar: Calendar) -> Feature | None:
    """The feature of that name, which may be one of longer candles than the run's; None if there is none.

    Raises ChangeSettingsError for candles that the run's, those of the calendar, cannot be joined to. Its
    step is 0 where they are not known yet.
    """
    base, _, timeframe = name.rpartition("_")
    if name in known or timeframe not in TIMEFRAME_MS or base not in known:
        return known.get(name)
    feature, longer_ms, step_ms = known[base], TIMEFRAME_MS[timeframe], calendar.step_ms
    if step_ms and (longer_ms <= step_ms or longer_ms % step_ms):
        reason = f"{name}: candles of {timeframe} cannot be made of the run's, of {step_ms // 60_000} min"
        raise ChangeSettingsError(
            "features.timeframes", reason, "Choose longer ones, multiples of data.timeframe"
        )
    if feature.file or feature.needs:
        reason = f"{name}: only built-in features of candles alone are computed on longer candles"
        raise ChangeSettingsError("features.names", reason, f"Take {base} as it is")
    return on_longer(feature, timeframe, calendar)


def on_longer(feature: Feature, timeframe: str, calendar: Calendar) -> Feature:
    """The feature computed on longer candles.

    A bar sees the last longer candle that has closed when the bar itself closes, and none that lies before
    the bar's own segment.
    """
    longer_ms = TIMEFRAME_MS[timeframe]
    parts, ends = longer_ms // max(calendar.step_ms, 1), replace(calendar, step_ms=longer_ms).ends

    def compute(bars: Bars) -> Column:
        longer = joined(bars, calendar, longer_ms)
        if not len(longer):
            return np.full(len(bars), np.nan)
        values = feature.compute(feature.rows_of(longer))  # (S,)
        values = np.append(values, np.nan)  # (S + 1,): the last for those that see none
        opened = np.append(longer.time, -(2**62))
        last = np.searchsorted(ends(longer.time), calendar.ends(bars.time), side="right") - 1  # (T,)
        began = np.repeat(bars.time[bars.starts], bars.stops - bars.starts)  # (T,) where its segment opens
        return np.where(opened[last] >= began, values[last], np.nan)

    most = (feature.warm_up + 2) * parts - 2  # the first longer candle may open this late in a segment
    doc = f"{feature.doc}; of {timeframe} candles"
    return Feature(f"{feature.name}_{timeframe}", most, doc, compute, feature.over_gaps)


def joined(bars: Bars, calendar: Calendar, longer_ms: int) -> Bars:
    """The longer candles, S of them, that the bars of a calendar make up, whole ones only."""
    if longer_ms not in bars.longer:
        columns = {name: bars[name] for name in OHLCV}
        frame = pd.DataFrame({**columns, "flag": np.uint8(0)}, index=time_index(bars.time))
        frame = resample(frame, calendar, longer_ms)
        numbers = replace(calendar, step_ms=longer_ms).numbers(milliseconds(frame.index))
        bars.longer[longer_ms] = Bars.from_frame(frame, numbers)
    return bars.longer[longer_ms]
