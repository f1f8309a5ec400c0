"""What the model is to predict: the return that a position entered at a bar's open earns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pandas import DataFrame

    Floats = NDArray[np.float64]
    Numbers = NDArray[np.int64]
    Bools = NDArray[np.bool_]


def forward_return(
    frame: DataFrame, observed: Bools, numbers: Numbers, horizon: int, kind: Literal["open", "close"]
) -> Floats:
    """Return of target row t over `horizon` bars, shape (T,) float64, as a fraction.

    open:  y[t] = open[t+h] / open[t] - 1
    close: y[t] = close[t+h-1] / close[t-1] - 1

    numbers: (T,) of the bars, one more for the bar that follows (market.calendar). NaN where the bars from
    the first price to the last are not consecutive, where either of the two is not `observed`, (T,), and
    where they end too early.
    Source: the definition of the label in docs/definitions.md.
    """
    price = np.where(observed, frame[kind].to_numpy(), np.nan)  # (T,) what somebody could trade at
    first = 0 if kind == "open" else -1
    return ratio(price, numbers, first, first + horizon)


def ratio(price: Floats, numbers: Numbers, first: int, last: int) -> Floats:
    """price[t+last] / price[t+first] - 1 for each t, (T,); NaN where a bar between is missing."""
    count = len(price)
    result = np.full(count, np.nan)  # (T,)
    rows = np.arange(max(0, -first), count - max(0, last))  # (n,) rows whose prices both exist
    if len(rows) == 0:
        return result
    whole = numbers[rows + last] - numbers[rows + first] == last - first  # (n,)
    result[rows] = np.where(whole, price[rows + last] / price[rows + first] - 1.0, np.nan)
    return result
