"""The blocks of a file gathered into arrays of times, numbers and decimals."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from engine.data.importing.parsing import decimals_of, first_unreadable, is_text, numbers_of, times_of
from engine.errors import RepairDataError
from engine.market.duplicates import Decimals
from engine.market.times import UNREADABLE
from engine.settings import SYMBOL

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from engine.data.importing.layouts import Layout


@dataclass(frozen=True)
class Source:
    """An open file."""

    layout: Layout
    blocks: Iterator[Any]  # Arrow record batches of the layout's columns, in order of their positions
    skipped: list[int]  # an entry for each row that had to be left out so far


@dataclass(frozen=True)
class Columns:
    """The columns of a file, each array (N,)."""

    times: NDArray[np.int64]  # ms, UNREADABLE where not certain
    numbers: dict[str, NDArray[np.float64]]
    decimals: Decimals | None
    symbol: str
    unreadable: tuple[int, str] | None  # row from 1 on and text of the first value that is no number
    notes: tuple[str, ...]


@dataclass
class Gathering:
    """What has been read so far."""

    times: list[NDArray[np.int64]] = field(default_factory=list)
    numbers: dict[str, list[NDArray[np.float64]]] = field(default_factory=dict)
    decimals: list[NDArray[np.int8]] = field(default_factory=list)  # each (3, n): prices, volume, written
    forms: Counter[str] = field(default_factory=Counter)
    symbols: set[str] = field(default_factory=set)
    unreadable: tuple[int, str] | None = None
    text: bool = True
    rows: int = 0

    def add(self, block: Any, layout: Layout) -> None:
        """Take in one block."""
        place = {position: number for number, position in enumerate(layout.positions())}
        times, forms = times_of(decoded(block.column(place[layout.time])))
        self.times.append(times)
        self.forms.update(forms)
        columns = {name: decoded(block.column(place[position])) for name, position in layout.numbers.items()}
        for name, column in columns.items():
            self.numbers.setdefault(name, []).append(numbers_of(column))
        if self.unreadable is None and "value" in columns:
            found = first_unreadable(columns["value"], self.numbers["value"][-1])
            self.unreadable = found and (self.rows + found[0] + 1, found[1])
        if self.text and all(is_text(column) for column in columns.values()):
            self.decimals.append(row_decimals(columns, len(times)))
        else:
            self.text = False
        if layout.symbol is not None and len(self.symbols) < 2:
            self.symbols.update(
                str(symbol) for symbol in pc.unique(block.column(place[layout.symbol])).to_pylist()
            )
        self.rows += len(times)


def gather(source: Source, progress: Callable[[int], None]) -> Columns:
    """Read all blocks; `progress` hears the rows so far after each.

    Rows that were left out stand at the end, without time and numbers, so that they are counted and
    rejected. Raises RepairDataError if there is no row, or rows of several symbols.
    """
    so_far = Gathering(numbers={name: [] for name in source.layout.numbers})
    for block in source.blocks:
        so_far.add(block, source.layout)
        progress(so_far.rows)
    left_out = len(source.skipped)
    if not so_far.rows:
        reason = f"has no row with {source.layout.width} columns" if left_out else "has a header and no rows"
        raise RepairDataError("the file", reason, "Give a file with rows of one width")
    symbols = {symbol.strip() for symbol in so_far.symbols} - {"", "None"}
    if len(symbols) > 1:
        raise RepairDataError(
            "the file", f"holds several symbols: {', '.join(sorted(symbols)[:5])}", "Give one a file"
        )
    symbol = symbols.pop() if symbols else ""
    times = joined([*so_far.times, np.full(left_out, UNREADABLE)])
    nothing = np.full(left_out, np.nan)
    numbers = {name: joined([*so_far.numbers.pop(name), nothing]) for name in source.layout.numbers}
    decimals = None
    if so_far.text:
        places = np.concatenate([*so_far.decimals, np.zeros((3, left_out), np.int8)], axis=1)  # (3, N)
        decimals = Decimals(*places)
    forms = ", ".join(f"{count} {form}" for form, count in sorted(so_far.forms.items()))
    notes: tuple[str, ...] = (f"times: {forms}" if forms else "no time is readable",)
    if left_out:
        notes = (*notes, f"{left_out} rows with another number of columns than {source.layout.width}")
    symbol = symbol if SYMBOL.fullmatch(symbol) else ""
    return Columns(times, numbers, decimals, symbol, so_far.unreadable, notes)


def row_decimals(columns: dict[str, Any], rows: int) -> NDArray[np.int8]:
    """Decimals of each row: of its prices (or value), of its volume, and as written; (3, n)."""
    prices, volume, written = (np.zeros(rows, np.int8) for _ in range(3))
    for name, column in columns.items():
        significant, all_of_them = decimals_of(column)
        kept = volume if name == "volume" else prices
        np.maximum(kept, significant, out=kept)
        np.maximum(written, all_of_them, out=written)
    return np.stack([prices, volume, written])


def decoded(column: Any) -> Any:
    """A column without dictionary encoding."""
    return column.dictionary_decode() if pa.types.is_dictionary(column.type) else column


def joined(parts: list[NDArray[Any]]) -> NDArray[Any]:
    """The parts in one array; the list is emptied, so that memory holds one column twice at most."""
    whole = np.concatenate(parts)
    parts.clear()
    return whole
