"""What columns beside the prices are, by their numbers: a volume, its turnover, or another price."""

from __future__ import annotations

from itertools import permutations
from typing import TYPE_CHECKING

import numpy as np

from engine.market.candles import PRICES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

MOSTLY = 0.9  # a share of rows that is no chance
NEARLY = 0.002  # how far a mean price may lie outside of low and high, and an adjusted close move otherwise
SAMPLE = 2000  # rows that are looked at
ENOUGH = 5  # rows that tell a base and its turnover
CONTRACTS = (10, 100)  # of quote currency that one contract of an inverse market is worth, beside 1


def is_turnover(
    base: NDArray[np.float64], other: NDArray[np.float64], prices: Mapping[str, NDArray[np.float64]]
) -> bool:
    """Whether nearly all of `other` (N,) are `base` (N,) times a price between low and high."""
    known = np.isfinite(base) & np.isfinite(other) & (base > 0) & (other > 0)
    low, high = (prices[name][known] for name in ("low", "high"))
    if np.count_nonzero(known) < ENOUGH:
        return False
    within = (other[known] >= base[known] * low * (1 - NEARLY)) & (
        other[known] <= base[known] * high * (1 + NEARLY)
    )
    return bool(within.mean() > MOSTLY)


def base_by_numbers(
    columns: Mapping[int, NDArray[np.float64]], first: int, prices: Mapping[str, NDArray[np.float64]]
) -> tuple[int, int] | None:
    """The column (by position) that times the price is another one, and that one; None if no two are such.

    `first`: the column that names would choose, which stays if it is a base itself.
    """
    order = sorted(columns, key=lambda place: (place != first, place))
    rows = np.linspace(0, len(prices["low"]) - 1, min(SAMPLE, len(prices["low"]))).astype(np.int64)
    sample = {place: columns[place][rows] for place in order}
    edges = {name: prices[name][rows] for name in ("low", "high")}
    for size in (1, *CONTRACTS):
        for base, other in permutations(order, 2):
            contracts = size == 1 or (counted(sample[other]) and not counted(sample[base]))
            if contracts and is_turnover(sample[base], sample[other] * size, edges):
                return base, other
    return None


def counted(values: NDArray[np.float64]) -> bool:
    """Whether a column (N,) holds whole numbers alone, as contracts are."""
    return not bool((values[np.isfinite(values)] % 1).any())


def follows_prices(values: NDArray[np.float64], prices: Mapping[str, NDArray[np.float64]]) -> bool:
    """Whether a column (N,) is another price: it lies within low and high, or moves as the close does.

    An adjusted close keeps its ratio to the close but for the days of dividends and splits.
    """
    known = np.isfinite(values) & (values > 0)
    for name in PRICES:
        known &= np.isfinite(prices[name]) & (prices[name] > 0)
    if np.count_nonzero(known) < ENOUGH:
        return False
    value, close = values[known], prices["close"][known]
    low, high = prices["low"][known], prices["high"][known]
    if ((value >= low * (1 - NEARLY)) & (value <= high * (1 + NEARLY))).mean() > MOSTLY:
        return True
    ratio, moves = np.abs(np.diff(np.log(value / close))), np.abs(np.diff(np.log(close)))
    moving = moves > 0
    return bool(moving.any() and (ratio[moving] < moves[moving] / 2).mean() > MOSTLY)
