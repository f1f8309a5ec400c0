"""The table of a file: CSV and its kin (also packed), Parquet, Feather, JSON."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from engine.data.importing import pieces
from engine.data.importing.api_answers import answer_of
from engine.data.importing.budget import (
    FOR_BINARY_ROW,
    FOR_CELL,
    FOR_JSON,
    FOR_NUMBER,
    FOR_ROW,
    FOR_TEXT,
    gigabytes,
    refuse_beyond,
    refuse_wide,
)
from engine.data.importing.containers import PACKED, unpacked
from engine.data.importing.form import HEAD, Form, decoded, form_of
from engine.data.importing.hints import UnclearError
from engine.data.importing.json_rows import array_of, is_header, json_of, rows_within
from engine.data.importing.long_texts import cells_of, is_text, refuse_texts_beyond
from engine.data.importing.parted import blank_places
from engine.data.importing.quick import LARGE, combined, quick_columns
from engine.data.importing.quoted_lines import joined_lines
from engine.data.importing.spellings import is_to_be_changed
from engine.data.importing.stacked import foot_of
from engine.data.importing.stated_zones import zone_beside

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from engine.data.importing.hints import Hints
    from engine.data.importing.layouts import Layout
    from engine.data.importing.pieces import Pieces
    from engine.results.notes import Note

PARQUET, FEATHER = b"PAR1", b"ARROW1"
BLOCK = 1 << 23  # bytes parsed at a time
SAMPLE = 500  # rows that tell what columns mean
MANY = 2_000_000  # rows of a Parquet file from which its columns are read one after the other
Columns = dict[int, Any]  # position -> Arrow array


@dataclass(frozen=True)
class Table:
    """A file's table before its columns are read."""

    header: tuple[tuple[str, ...], ...]  # lines of names; none: it has no header
    rows: tuple[tuple[str, ...], ...]  # the first rows as text
    width: int
    read: Callable[[Sequence[int], Callable[[int], None]], Columns]  # columns at positions; tells rows so far
    hint: str  # the file's name, or that of the file inside an archive
    form: Form | None = None  # of a text table
    left_out: list[str] = field(default_factory=list)  # rows of another number of cells, once it is read
    blanks: list[int] = field(default_factory=list)  # rows before which a blank line stands, once it is read
    publisher: str = ""  # if something else than its columns tells
    notes: tuple[Note, ...] = ()  # what was left out before
    zone: str = ""  # that is told beside the rows
    foot: tuple[str, ...] = ()  # lines of a text behind its last row
    pieces: Callable[[Layout, Hints, Callable[[int], None]], Pieces | None] | None = None  # of a large text


def open_table(path: Path, limit: int) -> Table:
    """Look into a file; `limit`: bytes of memory that reading it may take.

    Raises ValueError that says what it is instead, OSError or ArrowException if it is damaged, MakeRoomError
    if it takes more.
    """
    with path.open("rb") as handle:
        magic = handle.read(len(FEATHER))
    if magic.startswith((PARQUET, FEATHER)):
        return parquet_table(path, limit) if magic.startswith(PARQUET) else feather_table(path, limit)
    if large_and_plain(path):
        return plain_table(path, limit)
    size = path.stat().st_size
    refuse_beyond(f"{gigabytes(size)} of text", FOR_TEXT * size, limit)
    content = path.read_bytes()
    content, hint = unpacked(content, path.name, limit)
    content, encoding = decoded(content)
    if content[:2000].lstrip()[:1] in (b"[", b"{"):
        refuse_beyond(f"{gigabytes(len(content))} of JSON", FOR_JSON * len(content), limit)
        return json_table(content, hint)
    return text_table(content, form_of(content, encoding), hint)


def large_and_plain(path: Path) -> bool:
    """Whether a file is worth the quick way, by its size and its first bytes."""
    if path.stat().st_size < LARGE:
        return False
    with path.open("rb") as handle:
        head = handle.read(HEAD)
    if not head.isascii() or b"\0" in head or is_to_be_changed(head):
        return False
    return not head.startswith(PACKED) and head[:1] not in (b"[", b"{", b"<", b"")


def plain_table(path: Path, limit: int) -> Table:
    """The table of a large text file, read the quick way or in pieces if that can be."""
    blanks: list[int] = []
    with path.open("rb") as handle:
        form = form_of(handle.read(HEAD + 1), "UTF-8", whole=False)
    left_out: list[str] = []
    size = path.stat().st_size
    heavy = size >= pieces.LARGE or FOR_TEXT * size > limit

    def in_pieces(layout: Layout, hints: Hints, progress: Callable[[int], None]) -> Pieces | None:
        return pieces.in_pieces(path, form, layout, hints, left_out, limit, progress)

    def read(positions: Sequence[int], progress: Callable[[int], None]) -> Columns:
        refuse_beyond(f"{gigabytes(size)} of text", FOR_TEXT * size, limit)
        if (quick := quick_columns(path, form, positions)) is not None:
            progress(len(quick[positions[0]]))
            return quick
        content, _ = decoded(path.read_bytes())
        blanks[:] = blank_places(content[form.start :], form)
        return text_columns(content, form, positions, left_out, progress)

    wanted = in_pieces if heavy else None
    with path.open("rb") as handle:
        handle.seek(max(0, size - HEAD))
        foot = foot_of(handle.read(), form)
    return Table(
        form.header, form.rows, form.width, read, path.name, form, left_out, blanks, pieces=wanted, foot=foot
    )


def text_table(content: bytes, form: Form, hint: str) -> Table:
    """A text table in UTF-8. Reading raises ValueError if a quotation mark swallows lines."""
    left_out: list[str] = []
    blanks: list[int] = []

    def read(positions: Sequence[int], progress: Callable[[int], None]) -> Columns:
        blanks[:] = blank_places(content[form.start :], form)
        return text_columns(content, form, positions, left_out, progress)

    foot = foot_of(content[-HEAD:], form)
    return Table(form.header, form.rows, form.width, read, hint, form, left_out, blanks, foot=foot)


def text_columns(
    content: bytes, form: Form, positions: Sequence[int], left_out: list[str], progress: Callable[[int], None]
) -> Columns:
    """The columns at `positions` as text. Rows of another number of cells go to `left_out`."""
    names = [str(position) for position in range(form.width)]
    chosen = [names[position] for position in positions]

    def skip(row: Any) -> str:
        left_out.append(row.text)
        return "skip"

    body = pa.py_buffer(content).slice(form.start)
    batches: list[Any] = []
    rows = 0
    try:
        with pa_csv.open_csv(
            pa.BufferReader(body),
            pa_csv.ReadOptions(column_names=names, block_size=BLOCK),
            pa_csv.ParseOptions(delimiter=form.delimiter, invalid_row_handler=skip),
            pa_csv.ConvertOptions(include_columns=chosen, column_types=dict.fromkeys(chosen, pa.string())),
        ) as reader:
            for batch in reader:
                batches.append(batch)
                rows += len(batch)
                progress(rows)
    except pa.ArrowInvalid as error:
        refuse_stray_quote(content[form.start :])
        raise OSError(str(error)) from None
    if b'"' in content and physical_lines(content, form.start) != rows + len(left_out):
        body = content[form.start :]
        whole = joined_lines(body, form.delimiter, form.width)
        if whole is None or whole == body:
            refuse_stray_quote(body)
        else:
            left_out.clear()
            return text_columns(whole, replace(form, start=0), positions, left_out, progress)
    if not batches:
        return {position: pa.array([], pa.string()) for position in positions}
    table = pa.Table.from_batches(batches)
    return {position: combined(table.column(str(position))) for position in positions}


def physical_lines(content: bytes, start: int) -> int:
    """Lines behind `start` that are not blank."""
    body = memoryview(content)[start:]
    data = bytes(body)
    lines = data.count(b"\n") + (not data.endswith(b"\n") and bool(data))
    if b"\n\n" in data or b"\n\r\n" in data or data.startswith((b"\n", b"\r\n")):
        lines = sum(bool(line.strip(b"\r")) for line in data.split(b"\n"))
    return lines


def refuse_stray_quote(body: bytes) -> None:
    """ValueError that names the first line with an odd number of quotation marks, if there is one."""
    for number, line in enumerate(body.split(b"\n"), 1):
        if line.count(b'"') % 2:
            shown = line[:80].decode(errors="replace").strip()
            raise UnclearError(
                f"has a quotation mark in row {number} that swallows lines: {shown}; remove it"
            )


def parquet_table(path: Path, limit: int) -> Table:
    """The table of a Parquet file. Its footer says how much it holds, before any of that is read."""
    with pq.ParquetFile(path) as file:
        about, schema, names = file.metadata, file.schema_arrow, file.schema_arrow.names
    refuse_wide(len(names))
    texts = [each.name for each in schema if is_text(each.type)]  # kept as they are coded: each once
    with pq.ParquetFile(path, read_dictionary=texts) as file:
        groups = [about.row_group(group) for group in range(about.num_row_groups)]
        held = sum(group.total_byte_size for group in groups)
        refuse_beyond(f"{about.num_rows:,} rows of {gigabytes(held)}", held, limit)
        head = next(file.iter_batches(SAMPLE), None)
    rows = rows_of([] if head is None else [*map(cells_of, head.columns, names)])

    def read(positions: Sequence[int], progress: Callable[[int], None]) -> Columns:
        binary = all(pa.types.is_primitive(schema[position].type) for position in positions)
        row, cell = (FOR_BINARY_ROW, FOR_NUMBER) if binary else (FOR_ROW, FOR_CELL)
        needed = about.num_rows * (row + cell * len(positions))
        refuse_beyond(f"{about.num_rows:,} rows", needed, limit)
        found = {}
        together = positions if about.num_rows < MANY else ()
        whole = pq.read_table(path, columns=[names[each] for each in together], read_dictionary=texts)
        for position in positions:  # of many rows no more than one column is held twice
            name = names[position]
            column = (whole if together else pq.read_table(path, columns=[name], read_dictionary=texts))[name]
            refuse_texts_beyond(column, name, limit)
            found[position] = combined(column)
        progress(about.num_rows)
        return found

    return Table(header_of(names), rows, len(names), read, path.name)


def feather_table(path: Path, limit: int) -> Table:
    """The table of a Feather file, read batch by batch until it is whole or too large."""
    with pa.OSFile(str(path)) as source:
        reader = pa.ipc.open_file(source)
        names, batches, cells, held = reader.schema.names, [], 0, 0
        refuse_wide(len(names))
        for place in range(reader.num_record_batches):
            batches.append(reader.get_batch(place))
            cells += batches[-1].num_rows * len(names)
            held += batches[-1].nbytes
            refuse_beyond(f"{cells:,} values and more", max(FOR_CELL * cells, held), limit)
        table = pa.Table.from_batches(batches, reader.schema)
    rows = rows_of([*map(cells_of, table.slice(0, SAMPLE).columns, names)])

    def read(positions: Sequence[int], progress: Callable[[int], None]) -> Columns:
        progress(table.num_rows)
        for position in positions:
            refuse_texts_beyond(table.column(position), names[position], limit)
        return {position: combined(table.column(position)) for position in positions}

    return Table(header_of(names), rows, len(names), read, path.name)


def header_of(names: Sequence[str]) -> tuple[tuple[str, ...], ...]:
    """The lines of a header out of the names of a frame, whose columns may have several levels."""
    tuples = [re.fullmatch(r"\('.*'\)", name) for name in names]
    if any(tuples):
        levels = [
            ast.literal_eval(name) if found else (name,) for name, found in zip(names, tuples, strict=True)
        ]
        depth = max(map(len, levels))
        padded = [(*map(str, level), *[""] * (depth - len(level))) for level in levels]
        return tuple(zip(*padded, strict=True))
    return (tuple(names),)


def rows_of(columns: Sequence[Sequence[Any]]) -> tuple[tuple[str, ...], ...]:
    """Rows of text out of columns of values."""
    return tuple(
        tuple("" if cell is None else str(cell) for cell in row) for row in zip(*columns, strict=False)
    )


def json_table(content: bytes, hint: str) -> Table:
    """The table of a JSON list of rows, of records, or of a record of columns.

    Raises ValueError for others.
    """
    document = json_of(content)
    zone = zone_beside(document)
    answer = answer_of(document)
    document = answer.records if answer else rows_within(document)
    if isinstance(document, dict):
        document = {name: column for name, column in document.items() if isinstance(column, list)}
    if isinstance(document, dict) and len(document) > 1:
        names, columns = list(document), list(document.values())
    elif isinstance(document, list) and document and all(isinstance(row, dict) for row in document):
        names = list(dict.fromkeys(name for row in document for name in row))
        columns = [[row.get(name) for row in document] for name in names]
    elif isinstance(document, list) and document and all(isinstance(row, list) for row in document):
        if len({len(row) for row in document}) > 1:
            raise UnclearError("is JSON with rows of several lengths")
        names = document[0] if is_header(document) else []
        columns = [list(column) for column in zip(*document[bool(names) :], strict=True)]
    else:
        raise UnclearError("is JSON, and no list of rows")
    if len({len(column) for column in columns}) > 1:
        raise UnclearError("is JSON with columns of several lengths")
    rows = rows_of([column[:SAMPLE] for column in columns])

    def read(positions: Sequence[int], progress: Callable[[int], None]) -> Columns:
        progress(len(columns[0]))
        return {position: array_of(columns[position]) for position in positions}

    notes, publisher = (answer.notes, answer.publisher) if answer else ((), "")
    header = (tuple(names),) if names else ()
    return Table(header, rows, len(columns), read, hint, publisher=publisher, notes=notes, zone=zone)
