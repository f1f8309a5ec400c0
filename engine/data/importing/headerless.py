"""Files without a header: which columns are times and prices, and which order makes all rows possible."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from engine.data.importing.hints import UnclearError
from engine.data.importing.layouts import BINANCE, Layout, layout_of
from engine.data.importing.price_order import (
    BEHIND_VOLUME,
    GATE,
    ORDERS,
    near_last_close,
    orders_that_fit,
    refuse_quotes,
    refuse_swapped,
)
from engine.data.importing.stamps import stamps
from engine.data.importing.volume_numbers import base_by_numbers, follows_prices
from engine.data.importing.volumes import Volume
from engine.data.importing.years import are_years
from engine.market.candles import PRICES
from engine.market.quality import possible
from engine.market.times import UNREADABLE
from engine.results.notes import Note

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from numpy.typing import NDArray

HISTDATA = "HistData or NinjaTrader"
STAMPED = {  # how the first time is written: whose it is
    r"\d{8} \d{6}": HISTDATA,
    r"\d{8} \d{2}:\d{2}": "LEAN",
    r"\d{4}\.\d{2}\.\d{2},\d{2}:\d{2}": "MetaTrader 4",
}
PERIOD = re.compile(r"[DWMI]|\d{1,4}")  # as MetaStock writes the length of bars
MEAN_FIRST = 3  # numbers behind the prices of Kraken, the first of which is a mean price
MOSTLY = 0.99  # rows that tell what columns are
YEAR_MS = 366 * 86_400_000
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
    refuse_two_sides(rows, start, count)
    if count not in {4, 5, 6, 7}:
        raise UnclearError(
            f"has {width} columns and no header; without one, a time with 1, 4, 5, 6 or 7 numbers is known, "
            "and Binance's 12 columns"
        )
    stamp = ",".join(rows[0][place] for place in times)
    name = next((name for form, name in STAMPED.items() if re.fullmatch(form, stamp)), "")
    if count > 5 and re.fullmatch(r"\d{10}", stamp):
        name = "Kraken"
    volumes = tuple(Volume(at, str(at + 1), "plain") for at in range(start + 4, start + count))
    prices = {price: start + number for number, price in enumerate(UNNAMED)}
    return replace(base, name=name, numbers=prices, volumes=volumes, decimal="point" if name else "")


def refuse_two_sides(rows: Sequence[Sequence[str]], start: int, count: int) -> None:
    """UnclearError for bid and ask candles in one row, as LEAN's and Kibot's files of quotes have.

    rows: the first ones, each (C,); from `start` on they have `count` numbers: of each side four prices, and
    with LEAN a size behind them.
    """
    if count not in {8, 10}:
        return
    try:
        values = np.array(
            [[float(cell) for cell in row[start : start + count]] for row in rows]
        )  # (R, count)
    except ValueError:
        return
    bid, ask = values[:, :4].T, values[:, count // 2 :][:, :4].T
    if possible(*bid) >= MOSTLY and possible(*ask) >= MOSTLY and (ask >= bid).mean() >= MOSTLY:
        sides = [",".join(f"{side}_{price}" for price in PRICES) for side in ("bid", "ask")]
        behind = [f",{side}_size" if count == 10 else "" for side in ("bid", "ask")]
        named = ",".join(side + size for side, size in zip(sides, behind, strict=True))
        clock = "time" if start == 1 else "date,time"
        raise UnclearError(
            f"has no header, and in each row two candles, as files of bid and ask prices have; write "
            f"{clock},{named} in its first line, and the bid is read"
        )


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
    columns = [[row[place] for row in rows] for place in range(min(width, 5))]
    kinds = [sort(column) for column in columns]
    behind = 3 if all(PERIOD.fullmatch(cell) for cell in columns[1]) else 2  # of symbol and length of bars
    first = next((place for place, kind in enumerate(kinds[:behind]) if kind in {"moment", "day"}), None)
    first = 0 if first is None and are_years(columns[0]) else first
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
    one can be, if opens and closes seem to have changed places, if the rows are no candles, or if it is not
    certain what the volume is.
    """
    columns = {place: numbers[name] for name, place in layout.numbers.items()}
    columns |= {each.position: numbers[f"volume {each.position}"] for each in layout.volumes}
    start, orders = min(columns), ORDERS
    fitting = orders_that_fit(columns, start, orders)
    if not fitting and start + len(PRICES) in columns:
        start, orders = start + 1, BEHIND_VOLUME
        fitting = near_last_close(orders_that_fit(columns, start, orders), columns, start, times)
    if len(fitting) != 1:
        shown = "; ".join(", ".join(order) for order in (fitting or ORDERS))
        which = "more than one order fits" if fitting else "no order that is known makes its rows possible"
        raise UnclearError(
            f"has no header, and of its columns {which}: {shown}; write the names in its first line"
        )
    order = fitting[0]
    places = {price: start + order.index(price) for price in PRICES}
    prices = {price: columns.pop(place) for price, place in places.items()}
    refuse_quotes(prices)
    if orders is ORDERS:
        refuse_swapped(prices["open"], prices["close"], times)
    volumes, notes = volume_among(columns, prices, times)
    if orders[order] == GATE and volumes and volumes[0].position == start - 1:  # in quote currency
        front = volumes[0].name
        volumes, notes = (), (*notes, Note("no volume among", {"columns": front}))
    clocks = ("time",) if len(layout.times) == 1 else ("date", "time")
    named = (*clocks, *([] if orders is ORDERS else ["volume"]), *order)
    note = no_header((*named, *(["volume"] if volumes and orders is ORDERS else [])))
    name = layout.name if layout.name and order == PRICES and orders is ORDERS else orders[order]
    found = replace(layout, name=name, numbers=places, volumes=volumes, notes=(note, *layout.notes, *notes))
    return found, {**prices, **{f"volume {place}": values for place, values in columns.items()}}


def volume_among(
    columns: Mapping[int, NDArray[np.float64]],
    prices: Mapping[str, NDArray[np.float64]],
    times: NDArray[np.int64],
) -> tuple[tuple[Volume, ...], tuple[Note, ...]]:
    """The first of the columns beside the prices, or the one of which the first is the turnover; and notes.

    A column that follows the prices, or holds times or words, is none; of three, none of which is the
    turnover of another, the first is a mean price. Raises ValueError if the first may count trades: it has
    whole numbers, and the next has not.
    """
    left = {
        place: values
        for place, values in columns.items()
        if not (follows_prices(values, prices) or are_times(values, times) or np.isinf(values).all())
    }
    if len(columns) == len(left) == MEAN_FIRST and not base_by_numbers(left, min(left), prices):
        del left[min(left)]
    also = ", ".join(str(place + 1) for place in columns if place not in left)
    notes = (Note("columns passed over", {"columns": also}),) if also else ()
    volumes = [Volume(place, str(place + 1), "plain") for place in left]
    if len(left) < 2:
        return tuple(volumes), notes
    chosen = volumes[0]
    if pair := base_by_numbers(left, chosen.position, prices):
        chosen = next(each for each in volumes if each.position == pair[0])
    else:
        first, second = (left[each.position][np.isfinite(left[each.position])] for each in volumes[:2])
        if len(second) and not (first % 1).any() and (second % 1).any():
            a, b = (each.name for each in volumes[:2])
            raise UnclearError(
                f"has no header, and its volume may be column {a} or {b}: write names in its first line"
            )
    others = ", ".join(each.name for each in volumes if each is not chosen)
    return (chosen,), (*notes, Note("volume of two", {"column": chosen.name, "others": others}))


def are_times(values: NDArray[np.float64], times: NDArray[np.int64]) -> bool:
    """Whether numbers (N,) are stamps near the times (N,) of their rows, such as the ends of bars."""
    known = np.isfinite(values) & (times != UNREADABLE)
    found, _ = stamps(values[known])
    return bool(known.any() and (np.abs(found - times[known]) < YEAR_MS).all())


def no_header(columns: Sequence[str]) -> Note:
    """What the columns were taken as."""
    return Note("no header", {"columns": ", ".join(columns)})
