"""Prices of a stretch of a result's bars in so many candles, with its forecasts and its trades."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from engine.queries.result import traded
from engine.queries.trades import order, whole
from engine.results.answers import Candles, MarkedTrade, PriceChart
from engine.results.trade_terms import MOMENTS

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from engine.backtest.bars import Bars
    from engine.runs.events import Event

    Rows = NDArray[np.int64]
    Floats = NDArray[np.float64]

MOST_CANDLES = 1000
FEWEST_BARS = 10


def chart(request: Event) -> PriceChart:
    """`bars` bars (0: all) from bar `first` on, or around the trade in `row`, in at most `candles` candles.

    The trades are those of a question for trades: its filter leaves some out, its order numbers the rows. Of
    a run that trades several symbols they are those of `symbol`, as its prices are, or of its first one.
    Raises ChangeSettingsError.
    """
    result, again = traded(request)
    symbol, rows = result.named(str(request.get("symbol", ""))), order(again, request)
    decisions = result.on(symbol)
    bars = decisions.bars
    if result.of_several:
        rows = rows[again.trades["symbol"].to_numpy()[rows] == symbol]
    entered, left = (bars_at(bars.time.astype(np.int64), again.trades[name]) for name in MOMENTS)
    count = min(max(whole(request, "bars", 0) or len(bars), FEWEST_BARS), len(bars))
    first = whole(request, "first", 0)
    around = rows[whole(request, "row", 0) :][:1] if "row" in request else rows[:0]
    if len(around):
        first = int(entered[around[0]] + left[around[0]] - count) // 2
    first = max(0, min(first, len(bars) - count))
    last = first + count
    columns = max(1, min(whole(request, "candles", 100), count, MOST_CANDLES))
    starts = np.unique(np.linspace(first, last, columns, endpoint=False).astype(np.int64))  # (C,)
    held, marked = marks(again.trades, rows, (entered, left), starts, last, around)
    forecast = decisions.forecast[first:last]
    return PriceChart(
        first=first,
        bars=count,
        all=len(bars),
        threshold=again.settings.signal.entry_threshold,
        candles=candles_of(bars, starts, last),
        lowest_forecast=tuple(np.fmin.reduceat(forecast, starts - first).tolist()),
        highest_forecast=tuple(np.fmax.reduceat(forecast, starts - first).tolist()),
        without_forecast=tuple(
            np.logical_or.reduceat(decisions.without_forecast[first:last], starts - first).tolist()
        ),
        held=held,
        trades=marked,
    )


def candles_of(bars: Bars, starts: Rows, last: int) -> Candles:
    """The bars from the first of `starts` up to `last` as candles that begin at `starts`, (C,)."""
    first = starts[0]
    local, ends = starts - first, np.append(starts[1:], last) - 1
    return Candles(
        time_ms=tuple(bars.time[starts].astype(np.int64).tolist()),
        open=tuple(bars.open[starts].tolist()),
        high=tuple(np.maximum.reduceat(bars.high[first:last], local).tolist()),
        low=tuple(np.minimum.reduceat(bars.low[first:last], local).tolist()),
        close=tuple(bars.close[ends].tolist()),
    )


def bars_at(time_ms: Rows, moments: pd.Series[pd.Timestamp]) -> Rows:
    """The rows of the bars that open at the moments given, (N,)."""
    return np.searchsorted(time_ms, moments.to_numpy("datetime64[ms]").astype(np.int64))


def marks(
    trades: pd.DataFrame, rows: Rows, ends: tuple[Rows, Rows], starts: Rows, last: int, wanted: Rows
) -> tuple[tuple[int, ...], tuple[MarkedTrade, ...]]:
    """The trade held in each candle that begins at `starts`, (C,), and the trades that these can show.

    Of a side's entries in one candle the last is shown, and so of its exits; of those `wanted` all. rows:
    (N,), of the trades to choose from. ends: bars of entry and of exit of all trades.
    """
    place = np.sort(rows)  # as they were entered
    entered, left = (bars[place] for bars in ends)
    at_entry, at_exit = (np.searchsorted(starts, bars, "right") - 1 for bars in (entered, left))  # candles
    short = trades["side"].to_numpy()[place] == "short"
    newest = np.searchsorted(entered, np.append(starts[1:], last), "left") - 1  # (C,) -1: none so far
    held = np.where((newest >= 0) & (left[newest] >= starts), newest, -1) if len(place) else newest
    chosen = [held[held >= 0], np.flatnonzero(np.isin(place, wanted))]
    for candle, bars in ((at_entry, entered), (at_exit, left)):
        inside = np.flatnonzero((bars >= starts[0]) & (bars < last))[::-1]
        chosen.append(inside[np.unique(2 * candle[inside] + short[inside], return_index=True)[1]])
    shown = np.unique(np.concatenate(chosen))  # (M,) of `place`
    row_of = np.argsort(rows)  # of `place`
    within = [
        [int(candle) if starts[0] <= bar < last else None for candle, bar in zip(*each, strict=True)]
        for each in ((at_entry[shown], entered[shown]), (at_exit[shown], left[shown]))
    ]
    table = trades.iloc[place[shown]]
    columns = (table[name].tolist() for name in ("entry_price", "exit_price", "return", "exit_reason"))
    marked = zip(
        table["trade"].tolist(),
        row_of[shown].tolist(),
        table["side"].tolist(),
        *within,
        *columns,
        strict=True,
    )
    found = np.where(held >= 0, np.searchsorted(shown, held), -1)
    return tuple(found.tolist()), tuple(MarkedTrade(*each) for each in marked)
