"""Whether all rows of a table are those of one series, and of which market."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from engine.data.importing.names import CONTRACTS, plain
from engine.data.importing.steps import rising
from engine.data.importing.time_columns import MOSTLY_DISTINCT
from engine.data.importing.times import is_text
from engine.errors import RepairDataError
from engine.results.notes import Note
from engine.settings import NAMED

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from engine.data.importing.layouts import Layout
    from engine.data.importing.tables import Table

ONE_OF_EACH = {"side", "price_type", "interval", "timeframe", "resolution", "granularity"}  # may not change
MOST_LOOKED_AT = 50  # columns that may tell series apart
UNLIKE = 0.1  # a share of rows given twice that is no repetition
LEAP = 2.0  # times a price, from one row to the next
FEWEST_EACH, NEARLY_ALL = 5, 0.99  # rows of a series; share of rows whose time is not given twice in it


def symbol_of(layout: Layout, raw: Mapping[int, Any]) -> str:
    """The market's symbol, if the file says it. Raises RepairDataError for several."""
    found = {layout.ticker} if layout.ticker else set()
    if layout.symbol is not None:
        found |= {str(each) for each in pc.unique(raw[layout.symbol]).to_pylist() if each is not None}
    alike = {each.strip().casefold(): each.strip() for each in sorted(found)}  # however it is written
    symbols = {symbol for symbol in alike.values() if symbol not in {"", "None"}}
    if len(symbols) > 1:
        raise RepairDataError(
            "the file", f"holds several symbols: {', '.join(sorted(symbols)[:5])}", "Give one a file"
        )
    symbol = symbols.pop() if symbols else ""
    return symbol if NAMED.fullmatch(symbol) else ""


def refuse_mixture(
    layout: Layout,
    raw: Mapping[int, Any],
    times: NDArray[np.int64],
    values: NDArray[np.float64],
    table: Table,
) -> None:
    """RepairDataError if rows of one time are told apart by a column, such as that of exchanges.

    times: (N,) ms; values: (N,) closes, or what else there is. Contracts that follow each other in time are
    no mixture. A column that is not known by its name counts where it divides the rows into series that give
    each time once and are not alike.
    """
    for place, name in layout.kinds:
        if plain(name) in ONE_OF_EACH:
            refuse_several(
                name, [str(each) for each in pc.unique(raw[place]).to_pylist() if each is not None]
            )
    if len(rising(times)) > len(times) * MOSTLY_DISTINCT:
        refuse_followers(layout, values, table)
        return
    for place, name in layout.kinds:
        refuse_several(name, [str(each) for each in pc.unique(raw[place]).to_pylist() if each is not None])
    order = np.lexsort((values, times))
    again = np.diff(times[order]) == 0
    if not again.any() or np.mean(np.diff(values[order])[again] != 0) < UNLIKE:
        return
    for name, column in others(layout, table):
        if len(column) == len(times) and divides(column, times):
            refuse_several(name, [str(each) for each in pc.unique(column).to_pylist()])


def refuse_followers(layout: Layout, values: NDArray[np.float64], table: Table) -> None:
    """RepairDataError if prices (N,) leap where a column, whatever its name, begins to say something else.

    So one market's rows follow another's. Contracts may, which a column of theirs is named for.
    """
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        moves = values[1:] / values[:-1]  # (N - 1,)
        leaps = np.flatnonzero((moves > LEAP) | (moves < 1 / LEAP)) + 1
    if not 0 < len(leaps) <= MOST_LOOKED_AT:
        return
    for name, column in others(layout, table):
        if len(column) != len(values) or not is_text(column):
            continue
        codes = codes_of(column)
        begins = np.flatnonzero(np.diff(codes)) + 1
        each_long = np.diff([0, *begins, len(codes)]).min() >= FEWEST_EACH
        if len(begins) and each_long and np.isin(begins, leaps).all():
            refuse_several(name, [str(each) for each in pc.unique(column).to_pylist()])


def others(layout: Layout, table: Table) -> list[tuple[str, Any]]:
    """The columns that mean nothing by their names, each with its name."""
    known = {*layout.positions(), *(place for place, _ in layout.kinds)}
    places = [place for place in range(min(table.width, MOST_LOOKED_AT)) if place not in known]
    left_out = list(table.left_out)
    columns = table.read(places, lambda _: None) if places and table.header else {}
    table.left_out[:] = left_out
    return [
        (next((line[place] for line in table.header if line[place]), str(place + 1)), column)
        for place, column in columns.items()
    ]


def rolled(layout: Layout, raw: Mapping[int, Any]) -> tuple[Note, ...]:
    """That contracts follow each other in one series, if a column of theirs says so."""
    for place, name in layout.kinds:
        if plain(name) in CONTRACTS and place in raw:
            count = len(pc.unique(raw[place]).drop_null())
            if count > 1:
                return (Note("contracts in a row", {"column": name, "count": count}),)
    return ()


def refuse_several(name: str, found: list[str]) -> None:
    """RepairDataError if a column says more than one thing."""
    if len(found) > 1:
        names = ", ".join(sorted(found)[:5])
        raise RepairDataError("the file", f"holds several of column {name}: {names}", "Give one a file")


def divides(column: Any, times: NDArray[np.int64]) -> bool:
    """Whether the cells (N,) of a column divide rows into few series, in which no time (N,) repeats."""
    if not (is_text(column) or pa.types.is_integer(column.type)):
        return False
    codes = codes_of(column)
    several = 1 < len(np.unique(codes)) <= len(times) / FEWEST_EACH
    return several and len(np.unique(np.stack([codes, times]), axis=1)[0]) > len(times) * NEARLY_ALL


def codes_of(column: Any) -> NDArray[np.int64]:
    """A number for each cell (N,) of a column, the same for the same text; -1 where there is none."""
    whole = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    codes: NDArray[np.int64] = np.asarray(whole.dictionary_encode().indices.fill_null(-1), np.int64)
    return codes
