"""Files without a header: which columns are times and prices, and which order makes all rows possible."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from engine.data.importing.layouts import BINANCE, Layout, Volume, layout_of
from engine.market.candles import PRICES
from engine.market.quality import possible
from engine.results.notes import Note

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

ORDERS = {  # of the four prices, and whose it is
    ("open", "high", "low", "close"): "plain candles",
    ("low", "high", "open", "close"): "Coinbase",
    ("open", "close", "high", "low"): "Bitfinex or jesse",
}
STAMPED = {r"\d{8} \d{6}": "HistData or NinjaTrader", r"\d{8} \d{2}:\d{2}": "LEAN"}
UNNAMED = ("first", "second", "third", "fourth")  # price, until the order is known


def layout_without_names(
    rows: Sequence[Sequence[str]], width: int, sort: Callable[[Sequence[str]], str]
) -> Layout:
    """The layout of a file without names, with these first rows, each (C,).

    Prices are called `first` to `fourth`. Raises ValueError if nothing is known of so many columns.
    """
    while width > 2 and all(not row[width - 1] for row in rows):
        width -= 1
    if width == len(BINANCE):
        found = layout_of([BINANCE], rows, sort)
        return replace(found, notes=(no_header(BINANCE),))
    kinds = [sort([row[place] for row in rows]) for place in range(min(width, 3))]
    symbol = None
    first = 0
    if kinds[0] not in {"moment", "day"} and len(kinds) > 1 and kinds[1] in {"moment", "day"}:
        symbol, first = 0, 1
    times: tuple[int, ...] = (first,)
    if (
        kinds[first] == "day"
        and len(kinds) > first + 1
        and kinds[first + 1] == "clock"
        and width - first >= 6
    ):
        times = (first, first + 1)
    start = times[-1] + 1
    count = width - start
    if kinds[first] not in {"moment", "day"}:
        raise ValueError(f"has {width} columns, no header, and in the first no times")
    base = Layout("", "candles", len(rows[0]), times, {}, symbol=symbol, time_names=("1",))
    if count == 1:
        note = no_header(("time", "value"))
        return replace(
            base,
            name="time and value",
            kind="values",
            numbers={"value": start},
            column="value",
            notes=(note,),
        )
    if count not in {4, 5, 6, 7}:
        raise ValueError(
            f"has {width} columns and no header; without one, a time with 1, 4, 5, 6 or 7 numbers is known, "
            "and Binance's 12 columns"
        )
    prices = {name: start + place for place, name in enumerate(UNNAMED)}
    place = {5: 4, 6: 4, 7: 5}.get(count)
    volumes = () if place is None else (Volume(start + place, f"{start + place + 1}", "plain"),)
    name = {6: "Kraken", 7: "Kraken"}.get(count, "")
    if len(times) == 2:
        name = "MetaTrader 4"
    elif kinds[first] == "moment":
        name = next((name for form, name in STAMPED.items() if re.fullmatch(form, rows[0][first])), name)
    return replace(base, name=name, numbers=prices, volumes=volumes, decimal="point" if name else "")


def in_order(
    layout: Layout, numbers: Mapping[str, NDArray[np.float64]]
) -> tuple[Layout, dict[str, NDArray[np.float64]]]:
    """The layout and the numbers with the names of prices, in the one order that all rows can have.

    Raises ValueError if none or more than one can be.
    """
    shares = {}
    for order in ORDERS:
        shares[order] = possible(*(numbers[UNNAMED[order.index(name)]] for name in PRICES))
    fitting = [order for order, share in shares.items() if share == 1] or [
        order for order, share in shares.items() if share >= 0.99
    ]
    if len(fitting) != 1:
        tried = "; ".join(", ".join(order) for order in (fitting or ORDERS))
        which = "more than one order fits" if fitting else "no order that is known makes its rows possible"
        raise ValueError(
            f"has no header, and of its columns {which}: {tried}; write the names in its first line"
        )
    order = fitting[0]
    renamed = {name: numbers[UNNAMED[order.index(name)]] for name in PRICES}
    rest = {name: values for name, values in numbers.items() if name not in UNNAMED}
    times = ("time",) if len(layout.times) == 1 else ("date", "time")
    volume = ["volume"] if layout.volumes else []
    note = no_header((*times, *order, *volume))
    name = layout.name if layout.name and order == PRICES else ORDERS[order]
    places = {price: layout.numbers[UNNAMED[order.index(price)]] for price in PRICES}
    return replace(layout, name=name, numbers=places, notes=(note,)), {**renamed, **rest}


def no_header(columns: Sequence[str]) -> Note:
    """What the columns were taken as."""
    return Note("no header", {"columns": ", ".join(columns)})
