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
        return
    for place, name in layout.kinds:
        refuse_several(name, [str(each) for each in pc.unique(raw[place]).to_pylist() if each is not None])
    known = {*layout.positions(), *(place for place, _ in layout.kinds)}
    order = np.lexsort((values, times))
    again = np.diff(times[order]) == 0
    if not again.any() or np.mean(np.diff(values[order])[again] != 0) < UNLIKE:
        return
    others = [place for place in range(min(table.width, MOST_LOOKED_AT)) if place not in known]
    left_out = list(table.left_out)
    columns = table.read(others, lambda _: None) if others and table.header else {}
    table.left_out[:] = left_out
    for place, column in columns.items():
        if len(column) == len(times) and divides(column, times):
            name = next((line[place] for line in table.header if line[place]), str(place + 1))
            refuse_several(name, [str(each) for each in pc.unique(column).to_pylist()])


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
    codes = column.dictionary_encode().indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
    several = 1 < len(np.unique(codes)) <= len(times) / FEWEST_EACH
    return several and len(np.unique(np.stack([codes, times]), axis=1)[0]) > len(times) * NEARLY_ALL
