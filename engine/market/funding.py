"""Funding that is due on each bar: which stamps the position carried in pays, which that after the fill.

By docs/definitions.md: a stamp at a bar's open, or in a gap before it, is charged to the position carried
in, a later one within the bar to the position after the fill, on the notional at the mark price where one is
known, else at the bar's open.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

from engine.market.times import milliseconds

if TYPE_CHECKING:
    import pandas as pd

    from engine.market.calendar import Calendar

Floats: TypeAlias = NDArray[np.float64]

AT_OPEN_MS = 1000  # exchanges stamp a payment some milliseconds after the moment for which it is due
MARK = "mark"  # column of a funding frame: the mark price at the stamp, NaN where it is not known


@dataclass(frozen=True, eq=False)
class FundingDue:
    """Sums of funding rates by bar, each (T,) float64, 0 where none is due, as shares of the bar's open.

    carried: of the stamps at the open and in the gap before it.
    paid, received: of the positive and of the negative rates stamped later within the bar.
    """

    carried: Floats
    paid: Floats
    received: Floats

    @classmethod
    def none(cls, bars: int) -> Self:
        """Nothing due on any of so many bars."""
        return cls(*np.zeros((3, bars)))

    def rows(self, chosen: NDArray[np.bool_] | slice) -> Self:
        """Those of the chosen bars."""
        return type(self)(**{field.name: getattr(self, field.name)[chosen] for field in fields(self)})


def due(funding: pd.DataFrame, candles: pd.DataFrame, calendar: Calendar, observed: Any = ...) -> FundingDue:
    """The funding due on each row of the candles (T,).

    funding: index the stamps (N,), column `value` the rates, perhaps MARK. observed: (T,) bool, rows that
    are bars of the market; what is stamped in others is due on the next of these. A stamp before the first
    bar, or after the last has ended, is due nowhere.
    """
    place = np.arange(len(candles))[observed]  # (O,) rows of the observed bars
    open_ms = milliseconds(candles.index)[place]  # (O,)
    opened = candles["open"].to_numpy(np.float64)[place]  # (O,)
    stamp, rate = milliseconds(funding.index), funding["value"].to_numpy(np.float64)  # (N,)
    found = FundingDue.none(len(candles))
    if not len(place):
        return found
    bar = np.searchsorted(open_ms, stamp, side="right") - 1  # (N,) the last bar that opens no later
    known = (bar >= 0) & np.isfinite(rate)
    bar, stamp, rate = bar[known], stamp[known], rate[known]
    after = stamp >= calendar.ends(open_ms)[bar]  # in a gap: the next bar carries the position in
    carried = after | (stamp - open_ms[bar] < AT_OPEN_MS)
    bar = bar + after
    inside = bar < len(place)
    bar, rate, carried = bar[inside], rate[inside], carried[inside]
    if MARK in funding:
        mark = funding[MARK].to_numpy(np.float64)[known][inside]
        rate = np.where(np.isfinite(mark), rate * mark / opened[bar], rate)
    for name, chosen in (
        ("carried", carried),
        ("paid", ~carried & (rate > 0)),
        ("received", ~carried & (rate < 0)),
    ):
        sums = np.bincount(bar[chosen], weights=rate[chosen], minlength=len(place))  # (O,)
        getattr(found, name)[place] = sums
    return found


def with_mark(funding: pd.DataFrame, mark: pd.DataFrame, calendar: Calendar) -> pd.DataFrame:
    """The funding frame with the column MARK: the open of the mark price's candle that holds the stamp."""
    open_ms, stamp = milliseconds(mark.index), milliseconds(funding.index)  # (M,), (N,)
    candle = np.searchsorted(open_ms, stamp, side="right") - 1  # (N,)
    within = candle >= 0
    within[within] = stamp[within] < calendar.ends(open_ms)[candle[within]]
    price = np.full(len(funding), np.nan)  # (N,)
    price[within] = mark["open"].to_numpy(np.float64)[candle[within]]
    return funding.assign(**{MARK: price})
