"""Text tables (CSV and its kin): what form one has, and its rows block by block."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.csv as pa_csv

from engine.data.importing.parsing import DATE, NUMBER

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HEAD = 1 << 16  # bytes that tell the form
BLOCK = 1 << 22  # bytes parsed at a time: memory holds the numbers read so far and a block of text
DELIMITERS = ",;\t"
NOT_TEXT = "is binary, or text that is not UTF-8"
GZIP = b"\x1f\x8b"


@dataclass(frozen=True)
class Form:
    """How a text table is written."""

    delimiter: str
    header: tuple[str, ...] | None
    first_row: tuple[str, ...]
    skipped: int  # lines before the first row: addresses, comments, blank lines, the header

    @property
    def width(self) -> int:
        """Columns of a row."""
        return len(self.header or self.first_row)


def form_of(path: Path) -> Form:
    """The form of a text table, from its first lines. Raises ValueError that says what it is instead."""
    with text_stream(path) as stream:
        head = stream.read(HEAD)
    lines = re.split(r"\r\n|\n|\r", text_of(head))
    skipped = 0
    while skipped < len(lines) and is_preamble(lines[skipped]):
        skipped += 1
    if skipped == len(lines):
        raise ValueError("is empty" if not head.strip() else "has no rows")
    first = lines[skipped]
    delimiter = max(DELIMITERS, key=first.count)
    if delimiter not in first:
        raise ValueError("is no table: its first line has no comma, semicolon or tab")
    cells = cells_of(first, delimiter)
    if any(re.match(NUMBER, cell) or re.match(DATE, cell) for cell in cells):
        return Form(delimiter, None, cells, skipped)
    rows = [line for line in lines[skipped + 1 :] if line.strip()]
    if not rows:
        raise ValueError("has a header and no rows")
    return Form(delimiter, cells, cells_of(rows[0], delimiter), skipped + 1)


def text_of(head: bytes) -> str:
    """The first bytes as text. Raises ValueError that says what they are if they are no table."""
    if b"\0" in head:
        raise ValueError(NOT_TEXT)
    text = head.decode(errors="ignore")  # all of it is UTF-8, but the end may cut a character
    start = text.lstrip()[:1]
    if start == "<":
        raise ValueError("is a web page (HTML or XML), not a table")
    if start and start in "{[":
        raise ValueError("is JSON, not a table")
    return text


def is_preamble(line: str) -> bool:
    """Whether a line before the table is none of it: blank, a comment, or the publisher's address."""
    return not line.strip() or line.lstrip().startswith("#") or "://" in line


def cells_of(line: str, delimiter: str) -> tuple[str, ...]:
    """The cells of one line."""
    return tuple(cell.strip() for cell in next(csv.reader([line], delimiter=delimiter)))


def text_stream(path: Path) -> Any:
    """The file's text as UTF-8 bytes without a byte order mark, unpacked if it is gzipped, whatever its name.

    Reading raises UnicodeDecodeError where the file is not UTF-8.
    """
    with path.open("rb") as handle:
        packed = handle.read(len(GZIP)) == GZIP
    stream = pa.input_stream(str(path), compression="gzip" if packed else None)
    return pa.transcoding_input_stream(stream, "utf-8-sig", "utf-8")


def text_blocks(path: Path, form: Form, positions: list[int], skipped: list[int]) -> Iterator[Any]:
    """Record batches with the columns at `positions` as text.

    Rows of another number of columns are left out; `skipped` gains one entry for each.
    """
    names = [str(position) for position in range(form.width)]
    chosen = [names[position] for position in positions]

    def skip(row: Any) -> str:
        skipped.append(row.actual_columns)
        return "skip"

    with (
        text_stream(path) as stream,
        pa_csv.open_csv(
            stream,
            pa_csv.ReadOptions(column_names=names, skip_rows=form.skipped, block_size=BLOCK),
            pa_csv.ParseOptions(delimiter=form.delimiter, invalid_row_handler=skip),
            pa_csv.ConvertOptions(include_columns=chosen, column_types=dict.fromkeys(chosen, pa.string())),
        ) as reader,
    ):
        yield from reader
