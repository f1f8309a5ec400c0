"""Files without a header: which columns are times and prices, and which order makes all rows possible."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from engine.data.importing.hints import UnclearError
from engine.data.importing.layouts import BINANCE, Layout, layout_of
from engine.data.importing.volume_numbers import base_by_numbers, follows_prices
from engine.data.importing.volumes import Volume
from engine.market.candles import PRICES
from engine.market.quality import possible
from engine.results.notes import Note

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from numpy.typing import NDArray

ORDERS = {  # of the four prices, and whose it is
    ("open", "high", "low", "close"): "plain candles",
    ("low", "high", "open", "close"): "Coinbase",
    ("open", "close", "high", "low"): "Bitfinex or jesse",
}
HISTDATA = "HistData or NinjaTrader"
STAMPED = {  # how the first time is written: whose it is
    r"\d{8} \d{6}": HISTDATA,
    r"\d{8} \d{2}:\d{2}": "LEAN",
    r"\d{4}\.\d{2}\.\d{2},\d{2}:\d{2}": "MetaTrader 4",
}
MANY = 20  # rows that tell how bars follow each other
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
    counted = times[0] == 1 and counts(row[0] for row in rows)
    base = Layout(
        "",
        "candles",
        len(rows[0]),
        times,
        {},
        symbol=0 if times[0] and not counted else None,
        time_names=(str(times[0] + 1),),
        notes=(Note("row numbers in front"),) if counted else (),
    )
    count = width - start
    if count == 1:
        notes = (no_header(("time", "value")), *base.notes)
        value = {"value": start}
        return replace(base, name="time and value", kind="values", numbers=value, column="value", notes=notes)
    if count not in {4, 5, 6, 7}:
        raise UnclearError(
            f"has {width} columns and no header; without one, a time with 1, 4, 5, 6 or 7 numbers is known, "
            "and Binance's 12 columns"
        )
    stamp = ",".join(rows[0][place] for place in times)
    name = next((name for form, name in STAMPED.items() if re.fullmatch(form, stamp)), "")
    if count > 5 and re.fullmatch(r"\d{10}", stamp):
        name = "Kraken"
    place = start + (5 if count == 7 else 4)  # a mean price stands before the volume
    volumes = tuple(Volume(at, str(at + 1), "plain") for at in range(place, start + count))
    prices = {price: start + number for number, price in enumerate(UNNAMED)}
    return replace(base, name=name, numbers=prices, volumes=volumes, decimal="point" if name else "")


def counts(cells: Iterable[str]) -> bool:
    """Whether cells number the rows, one by one, as an index of pandas does."""
    try:
        numbers = [int(cell) for cell in cells]
    except ValueError:
        return False
    return len(numbers) > 1 and {after - before for before, after in pairwise(numbers)} <= {1}


def times_in_front(
    rows: Sequence[Sequence[str]], width: int, sort: Callable[[Sequence[str]], str]
) -> tuple[int, ...]:
    """The first columns if they are times, or dates and clocks; behind a symbol, if there is one."""
    columns = [[row[place] for row in rows] for place in range(min(width, 4))]
    kinds = [sort(column) for column in columns]
    first = next((place for place, kind in enumerate(kinds[:2]) if kind in {"moment", "day"}), None)
    if first is None:
        raise UnclearError(f"has {width} columns, no header, and in the first no times")
    clock = first + 1
    clocked = kinds[first] == "day" and kinds[clock : clock + 1] == ["clock"] and width - first >= 6
    # Whole numbers may be clocks by accident: where each row has a day of its own, they are prices.
    if clocked and (re.match("0|.*:", columns[clock][0]) or len(set(columns[first])) < len(rows)):
        return (first, clock)
    return (first,)


def in_order(
    layout: Layout, numbers: Mapping[str, NDArray[np.float64]], times: NDArray[np.int64]
) -> tuple[Layout, dict[str, NDArray[np.float64]]]:
    """The layout and the numbers with the names of prices, in the one order that all rows can have.

    numbers: each (N,), volumes by their position; times: (N,) ms. Raises ValueError if no order or more than
    one can be, if opens and closes seem to have changed places, or if it is not certain what the volume is.
    """
    shares = {}
    for order in ORDERS:
        shares[order] = possible(*(numbers[UNNAMED[order.index(name)]] for name in PRICES))
    fitting = [order for order, share in shares.items() if share == 1] or [
        order for order, share in shares.items() if share >= 0.99
    ]
    if len(fitting) != 1:
        orders = "; ".join(", ".join(order) for order in (fitting or ORDERS))
        which = "more than one order fits" if fitting else "no order that is known makes its rows possible"
        raise UnclearError(
            f"has no header, and of its columns {which}: {orders}; write the names in its first line"
        )
    order = fitting[0]
    renamed = {name: numbers[UNNAMED[order.index(name)]] for name in PRICES}
    rest = {name: values for name, values in numbers.items() if name not in UNNAMED}
    refuse_swapped(renamed["open"], renamed["close"], times)
    volumes, notes = volume_among(layout.volumes, numbers, renamed)
    layout = replace(layout, volumes=volumes)
    clocks = ("time",) if len(layout.times) == 1 else ("date", "time")
    volume = ["volume"] if layout.volumes else []
    note = no_header((*clocks, *order, *volume))
    name = layout.name if layout.name and order == PRICES else ORDERS[order]
    places = {price: layout.numbers[UNNAMED[order.index(price)]] for price in PRICES}
    return replace(layout, name=name, numbers=places, notes=(note, *layout.notes, *notes)), {
        **renamed,
        **rest,
    }


def refuse_swapped(opened: NDArray[np.float64], close: NDArray[np.float64], times: NDArray[np.int64]) -> None:
    """ValueError if bars, each (N,), would follow each other far better with opens and closes swapped.

    A market opens near its last close; nothing else tells which of two prices is the open.
    """
    order = np.argsort(times, kind="stable")
    opened, close = opened[order], close[order]
    as_read, swapped = (
        float(np.nanmedian(np.abs(first[1:] - last[:-1]))) if len(times) > MANY else 0.0
        for first, last in ((opened, close), (close, opened))
    )
    if swapped < as_read / 4:
        raise UnclearError(
            "has no header, and its bars would open where they close, and close where they open: "
            "write the names in its first line"
        )


def volume_among(
    volumes: Sequence[Volume],
    numbers: Mapping[str, NDArray[np.float64]],
    prices: Mapping[str, NDArray[np.float64]],
) -> tuple[tuple[Volume, ...], tuple[Note, ...]]:
    """The first of the columns behind the prices, or the one of which the first is the turnover; and notes.

    A column that follows the prices is none. Raises ValueError if the first may count trades: it has whole
    numbers, and the next has not.
    """
    also = [each for each in volumes if follows_prices(numbers[f"volume {each.position}"], prices)]
    left = [each for each in volumes if each not in also]
    notes = (Note("columns passed over", {"columns": ", ".join(each.name for each in also)}),) if also else ()
    if len(left) < 2:
        return tuple(left), notes
    values = {each.position: numbers[f"volume {each.position}"] for each in left[:2]}
    chosen = left[0]
    if pair := base_by_numbers(values, chosen.position, prices):
        chosen = next(each for each in left if each.position == pair[0])
    else:
        first, second = (column[np.isfinite(column)] for column in values.values())
        if len(second) and not (first % 1).any() and (second % 1).any():
            a, b = (each.name for each in left[:2])
            raise UnclearError(
                f"has no header, and its volume may be column {a} or {b}: write names in its first line"
            )
    others = ", ".join(each.name for each in left if each is not chosen)
    return (chosen,), (*notes, Note("volume of two", {"column": chosen.name, "others": others}))


def no_header(columns: Sequence[str]) -> Note:
    """What the columns were taken as."""
    return Note("no header", {"columns": ", ".join(columns)})
