"""Which symbols of a universe count on which day, from what was traded on the days before."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from engine.market.times import milliseconds

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from engine.market.merge import Market

    Floats = NDArray[np.float64]
    Mask = NDArray[np.bool_]

DAY_MS = 86_400_000


def members(markets: Sequence[Market], top: int, days: int) -> list[Mask]:
    """Whether each symbol counts at each of its bars, (T_s,): always where top is 0.

    Else on each UTC day those `top` symbols count that have the largest median of a day's volume in quote
    currency over the `days` days before, or over as many as there are since the first of any symbol; a day
    without bars counts as 0, and a median of 0 makes no member. So nothing counts on the very first day. Of
    equals the first named counts.
    """
    if not top:
        return [np.ones(len(market.frame), np.bool_) for market in markets]
    day = [milliseconds(market.frame.index) // DAY_MS for market in markets]  # (T_s,)
    first = min(int(each[0]) for each in day)
    count = max(int(each[-1]) for each in day) - first + 1
    traded = np.zeros((count, len(markets)))  # (D, S) quote currency
    for s, market in enumerate(markets):
        quote = market.frame["volume"].to_numpy() * market.frame["close"].to_numpy()  # (T_s,)
        traded[:, s] = np.bincount(day[s] - first, np.nan_to_num(quote), minlength=count)
    chosen = largest(trailing_median(traded, days), top)  # (D, S)
    return [chosen[each - first, s] for s, each in enumerate(day)]


def trailing_median(values: Floats, days: int) -> Floats:
    """The median of each column over at most `days` rows before each row, (D, S); 0 in the first row."""
    found = np.zeros(values.shape)
    for row in range(1, len(values)):
        found[row] = np.median(values[max(row - days, 0) : row], axis=0)
    return found


def largest(values: Floats, top: int) -> Mask:
    """Which of each row, (D, S), are among its `top` largest above 0."""
    order = np.argsort(-values, axis=1, kind="stable")  # (D, S)
    rank = np.empty_like(order)
    np.put_along_axis(rank, order, np.broadcast_to(np.arange(values.shape[1]), order.shape), axis=1)
    return (rank < top) & (values > 0)
