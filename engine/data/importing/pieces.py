"""Large text tables read piece by piece into one number a cell, which takes less than half of the memory.

A first pass counts the lines; the second reads each piece as the first rows are written, and the times are
decided by what all pieces show. What is written otherwise anywhere is left to the careful way, which decides
over whole columns of text and needs the memory for them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv

from engine.data.importing.budget import FOR_NUMBER, FOR_SORTED_ROW, refuse_beyond
from engine.data.importing.numbers import BLANK, decimals_of, floats, surely_plain
from engine.data.importing.piece_times import times_for
from engine.data.importing.times import text_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from engine.data.importing.form import Form
    from engine.data.importing.hints import Hints
    from engine.data.importing.layouts import Layout

LARGE = 1 << 26  # bytes from which it pays
BLOCK = 1 << 20  # bytes read at a time: larger ones leave memory behind that is not given back
CODED = pa.dictionary(pa.int32(), pa.string())  # of the few different texts of a column


@dataclass(frozen=True)
class Pieces:
    """The columns of a table without their text, which is read again where it is asked for."""

    path: Path
    form: Form
    columns: dict[int, Any]  # position -> Arrow array, (N,); a clock stands with its date
    forms: dict[str, int]  # how times are written -> rows; empty for stamps

    def handed_over(self) -> dict[int, Any]:
        """The columns, once: they are not held here as well."""
        columns = dict(self.columns)
        self.columns.clear()
        return columns

    def decimals(
        self, places: Sequence[int], rows: NDArray[np.int64]
    ) -> list[tuple[NDArray[np.int8], NDArray[np.int8]]]:
        """`decimals_of` the cells of each column in these rising rows, (n,)."""
        found: list[list[tuple[NDArray[np.int8], NDArray[np.int8]]]] = [[] for _ in places]
        start = 0
        for batch in self._text(places):
            inside = rows[np.searchsorted(rows, start) : np.searchsorted(rows, start + len(batch))] - start
            start += len(batch)
            for column, parts in zip(batch.columns, found, strict=True):
                parts.append(decimals_of(text_of(column.take(pa.array(inside)))))
        return [
            (np.concatenate([one for one, _ in parts]), np.concatenate([other for _, other in parts]))
            for parts in found
        ]

    def row(self, places: Sequence[int], row: int) -> str:
        """A row, from 0 on, as the file has it."""
        for batch in self._text(places):
            if row < len(batch):
                return self.form.delimiter.join(str(column[row].as_py()) for column in batch.columns)
            row -= len(batch)
        return ""

    def _text(self, places: Sequence[int]) -> Iterator[Any]:
        return batches(self.path, self.form, dict.fromkeys(places, pa.string()))


def in_pieces(
    path: Path, form: Form, layout: Layout, hints: Hints, left_out: list[str], limit: int,
    progress: Callable[[int], None],
) -> Pieces | None:  # fmt: skip
    """The columns that a layout asks for; None for the careful way.

    `limit`: bytes of memory. Rows of another number of cells go to `left_out`. Raises MakeRoomError for more
    rows than the limit allows, HintNeededError where all dates can be read in two ways.
    """
    volumes = {each.position for each in (*layout.volumes, *layout.others)}
    numbers = sorted({*layout.numbers.values(), *volumes})
    named = [place for place in layout.positions() if place not in {*numbers, *layout.times}]
    odd = layout.zone_column is not None or layout.unfinished is not None or bool(layout.twins)
    if odd or not surely_point(form, numbers, hints) or (rows := lines_of(path, form)) is None:
        return None
    needed = rows * (FOR_SORTED_ROW + FOR_NUMBER * len(numbers))
    refuse_beyond(f"{rows:,} rows", needed, limit)
    times = times_for(form, layout, hints, rows)
    if times is None:
        return None
    types = {
        **dict.fromkeys(numbers, pa.float64()), **dict.fromkeys(named, CODED), **times.types
    }  # fmt: skip
    values = {place: np.empty(rows, np.float64) for place in numbers}
    texts: dict[int, list[Any]] = {place: [] for place in named}
    done, odd_lines = 0, list[str]()
    try:
        for batch in batches(path, form, types, odd_lines):
            column = dict(zip(types, batch.columns, strict=True))
            for place in numbers:
                values[place][done : done + len(batch)] = floats(column[place])
            for place in named:
                texts[place].append(column[place])
            if not times.take(column, done):
                return None
            done += len(batch)
            progress(done)
    except pa.ArrowInvalid:
        return None
    read = times.read(done)
    if read is None:
        return None
    left_out += odd_lines
    pa.default_memory_pool().release_unused()
    columns = {place: pa.array(column[:done]) for place, column in values.items()}
    for place, chunks in texts.items():
        columns[place] = pa.chunked_array(chunks, CODED).unify_dictionaries().combine_chunks()
    return Pieces(path, form, {**columns, **read}, times.forms(done))


def surely_point(form: Form, numbers: Sequence[int], hints: Hints) -> bool:
    """Whether the decimal mark is a point, by what somebody says or by the first rows."""
    if hints.decimal:
        return hints.decimal == "point"
    cells = [pa.array([row[place] for row in form.rows], pa.string()) for place in numbers]
    return any(surely_plain(column) for column in cells)


def lines_of(path: Path, form: Form) -> int | None:
    """How many lines follow the header at most; None where bytes stand that only the careful way knows."""
    lines, last, end = 0, b"\n", b""
    with path.open("rb") as handle:
        handle.seek(form.start)
        while block := handle.read(min(BLOCK, form.stop - handle.tell()) if form.stop else BLOCK):
            if not block.isascii() or b"\0" in block or b"\x1a" in block or b'"' in block:
                return None
            if b"\r" in block.replace(b"\r\n", b"").removesuffix(b"\r"):
                return None
            inner = (end + block).rstrip(b"\r\n")  # what follows the last row may be blank
            if b"\n\n" in inner or b"\n\r\n" in inner:
                return None
            end = (end + block)[max(len(inner) - 1, 0) :]
            lines += block.count(b"\n")
            last = block[-1:]
    return lines + (last != b"\n")


def batches(
    path: Path, form: Form, types: Mapping[int, Any], left_out: list[str] | None = None
) -> Iterator[Any]:
    """The columns of these types, a piece at a time, in the order in which they are named."""
    names = [str(place) for place in range(form.width)]

    def skip(row: Any) -> str:
        if left_out is not None:
            left_out.append(row.text)
        return "skip"

    with pa.OSFile(str(path)) as handle:
        stop = form.stop or handle.size()
        with pa_csv.open_csv(
            handle.get_stream(form.start, stop - form.start),
            pa_csv.ReadOptions(column_names=names, block_size=BLOCK),
            pa_csv.ParseOptions(delimiter=form.delimiter, invalid_row_handler=skip),
            pa_csv.ConvertOptions(
                include_columns=[names[place] for place in types],
                column_types={names[place]: kind for place, kind in types.items()},
                null_values=list(BLANK),
            ),
        ) as reader:
            yield from reader
