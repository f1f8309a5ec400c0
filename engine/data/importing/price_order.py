"""In which order four columns without names are prices: the one that all rows can have."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from engine.data.importing.hints import UnclearError
from engine.market.candles import PRICES
from engine.market.quality import possible

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

ORDERS: dict[tuple[str, ...], str] = {  # of the four prices, and whose it is
    ("open", "high", "low", "close"): "plain candles",
    ("low", "high", "open", "close"): "Coinbase",
    ("open", "close", "high", "low"): "Bitfinex or jesse",
}
GATE = "Gate"
BEHIND_VOLUME: dict[tuple[str, ...], str] = {  # the same where a volume stands before the prices
    ("open", "high", "low", "close"): "plain candles",
    ("close", "high", "low", "open"): GATE,
}
WIDEST = 4  # times the low that the usual high of candles may be
MANY = 20  # rows that tell how bars follow each other


def orders_that_fit(
    columns: Mapping[int, NDArray[np.float64]], start: int, orders: Mapping[tuple[str, ...], str]
) -> list[tuple[str, ...]]:
    """The orders of the four columns (N,) from `start` on that make all rows possible, or 99 of 100."""
    shares = {order: possible(*(columns[start + order.index(name)] for name in PRICES)) for order in orders}
    return [order for order, share in shares.items() if share == 1] or [
        order for order, share in shares.items() if share >= 0.99
    ]


def near_last_close(
    orders: list[tuple[str, ...]],
    columns: Mapping[int, NDArray[np.float64]],
    start: int,
    times: NDArray[np.int64],
) -> list[tuple[str, ...]]:
    """Of two orders the one in which bars open far nearer to the close before; both if neither does."""
    jumps = [
        jump(columns[start + order.index("open")], columns[start + order.index("close")], times)
        for order in orders
    ]
    return [order for order, own in zip(orders, jumps, strict=True) if all(own <= 4 * each for each in jumps)]


def jump(opened: NDArray[np.float64], close: NDArray[np.float64], times: NDArray[np.int64]) -> float:
    """The median distance of opens from the closes before them, each (N,); 0 for few rows."""
    order = np.argsort(times, kind="stable")
    return float(np.nanmedian(np.abs(opened[order][1:] - close[order][:-1]))) if len(times) > MANY else 0.0


def refuse_quotes(prices: Mapping[str, NDArray[np.float64]]) -> None:
    """ValueError if the usual high is many times the low: quotes can look like candles."""
    with np.errstate(divide="ignore", invalid="ignore"):
        span = float(np.nanmedian(prices["high"] / prices["low"]))
    if span > WIDEST:
        raise UnclearError(
            f"has no header, and read as candles its usual high is {span:.3g} times its low: these may be "
            "quotes or trades; write the names in its first line"
        )


def refuse_swapped(opened: NDArray[np.float64], close: NDArray[np.float64], times: NDArray[np.int64]) -> None:
    """ValueError if bars, each (N,), would follow each other far better with opens and closes swapped.

    A market opens near its last close; nothing else tells which of two prices is the open.
    """
    as_read, swapped = jump(opened, close, times), jump(close, opened, times)
    if swapped < as_read / 4:
        raise UnclearError(
            "has no header, and its bars would open where they close, and close where they open: "
            "write the names in its first line"
        )
