"""One trade and the bars around it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from engine.errors import ChangeSettingsError
from engine.queries.price import bars_at, candles_of
from engine.queries.result import traded
from engine.queries.trades import order, plain, whole
from engine.results.answers import TradeDetail
from engine.results.trade_terms import COLUMNS, MOMENTS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.queries.result import Result, Traded
    from engine.runs.events import Event

AROUND = 0.35  # bars shown before and after, as a share of the trade's own
FEWEST_AROUND = 12
MOST_CANDLES = 500


def one(request: Event) -> TradeDetail:
    """The trade `number` and its surroundings in at most `candles` candles; or that in `row` of a question.

    Where bars are too many, neighbours are joined. Raises ChangeSettingsError.
    """
    result, again = traded(request)
    if "row" in request:
        return around(result, again, request, order(again, request)[whole(request, "row", 0) :][:1])
    number = whole(request, "number", 0)
    found = np.flatnonzero(again.trades["trade"].to_numpy() == number)
    if not len(found):
        raise ChangeSettingsError(
            f"trade {number}", f"is none of 1 … {len(again.trades)}", "Give one of these"
        )
    return around(result, again, request, found[:1])


def around(result: Result, again: Traded, request: Event, found: NDArray[np.int64]) -> TradeDetail:
    """The one trade found, with its bars. Raises ChangeSettingsError if there is none."""
    if not len(found):
        raise ChangeSettingsError("trade", "there is none further", "Go back, or change the filter")
    row = again.trades.iloc[found]
    bars = result.on(str(row["symbol"].iloc[0])).bars
    entry, end = (int(bars_at(bars.time.astype(np.int64), row[name])[0]) for name in MOMENTS)
    beside = max(FEWEST_AROUND, round((end - entry) * AROUND))
    first, last = max(0, entry - beside), min(len(bars), end + beside + 1)
    most = max(10, min(whole(request, "candles", 100), MOST_CANDLES))
    joined = -(-(last - first) // most)
    return TradeDetail(
        trade={name: plain(row, name)[0] for name in COLUMNS},
        candles=candles_of(bars, np.arange(first, last, joined), last),
        bars_per_candle=joined,
        entry=(entry - first) // joined,
        exit=(end - first) // joined,
    )
