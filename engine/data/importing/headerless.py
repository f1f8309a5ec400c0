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
STAMPED = {  # how the first time is written: whose it is
    r"\d{8} \d{6}": "HistData or NinjaTrader",
    r"\d{8} \d{2}:\d{2}": "LEAN",
    r"\d{4}\.\d{2}\.\d{2},\d{2}:\d{2}": "MetaTrader 4",
}
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
    times = times_in_front(rows, width, sort)
    start = times[-1] + 1
    base = Layout(
        "",
        "candles",
        len(rows[0]),
        times,
        {},
        symbol=0 if times[0] else None,
        time_names=(str(times[0] + 1),),
    )
    count = width - start
    if count == 1:
        notes = (no_header(("time", "value")),)
        value = {"value": start}
        return replace(base, name="time and value", kind="values", numbers=value, column="value", notes=notes)
    if count not in {4, 5, 6, 7}:
        raise ValueError(
            f"has {width} columns and no header; without one, a time with 1, 4, 5, 6 or 7 numbers is known, "
            "and Binance's 12 columns"
        )
    stamp = ",".join(rows[0][place] for place in times)
    name = next((name for form, name in STAMPED.items() if re.fullmatch(form, stamp)), "")
    if count > 5 and re.fullmatch(r"\d{10}", stamp):
        name = "Kraken"
    place = start + (5 if count == 7 else 4)  # a mean price stands before the volume
    volumes = () if count == 4 else (Volume(place, str(place + 1), "plain"),)
    prices = {price: start + number for number, price in enumerate(UNNAMED)}
    return replace(base, name=name, numbers=prices, volumes=volumes, decimal="point" if name else "")


def times_in_front(
    rows: Sequence[Sequence[str]], width: int, sort: Callable[[Sequence[str]], str]
) -> tuple[int, ...]:
    """The first columns if they are times, or dates and clocks; behind a symbol, if there is one."""
    columns = [[row[place] for row in rows] for place in range(min(width, 3))]
    kinds = [sort(column) for column in columns]
    first = next((place for place, kind in enumerate(kinds[:2]) if kind in {"moment", "day"}), None)
    if first is None:
        raise ValueError(f"has {width} columns, no header, and in the first no times")
    clock = first + 1
    clocked = kinds[first] == "day" and kinds[clock : clock + 1] == ["clock"] and width - first >= 6
    # Whole numbers may be clocks by accident: where each row has a day of its own, they are prices.
    if clocked and (re.match("0|.*:", columns[clock][0]) or len(set(columns[first])) < len(rows)):
        return (first, clock)
    return (first,)


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
