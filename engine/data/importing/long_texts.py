"""Texts in tables that are not text: a few kilobytes can hold one long cell a million times over."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from engine.data.importing.budget import FOR_TEXT, gigabytes, refuse_beyond
from engine.data.importing.hints import UnclearError

MOST_CELL = 1 << 16  # bytes of a cell
MOST_NESTED = 1 << 24  # bytes of the first rows of lists and records, which are shown


def cells_of(column: Any, name: str) -> list[Any]:
    """The values of the first rows of a column, (N,); None for those of a type that nobody reads.

    Raises UnclearError for cells that are too long.
    """
    kind = value_type(column)
    if is_text(kind):
        refuse_long(column, name)
        return list(column.to_pylist())
    simple = pa.types.is_primitive(kind) or pa.types.is_decimal(kind) or pa.types.is_null(kind)
    if simple or (pa.types.is_nested(kind) and "view" not in str(kind) and column.nbytes < MOST_NESTED):
        return list(column.to_pylist())
    return [None] * len(column)


def refuse_texts_beyond(column: Any, name: str, limit: int) -> None:
    """Raise MakeRoomError for texts that need more memory than the limit, UnclearError for a long one."""
    if is_text(value_type(column)):
        held = refuse_long(column, name)
        refuse_beyond(f"{gigabytes(held)} of text in column {name}", FOR_TEXT * held, limit)


def refuse_long(column: Any, name: str) -> int:
    """Raise UnclearError for a cell of more than MOST_CELL bytes; the bytes of all cells together."""
    held = 0
    for chunk in column.chunks if isinstance(column, pa.ChunkedArray) else [column]:
        coded = pa.types.is_dictionary(chunk.type)
        lengths = pc.binary_length(chunk.dictionary if coded else chunk)
        longest = pc.max(lengths).as_py() or 0
        if longest > MOST_CELL:
            reason = f"holds a cell of {longest:,} bytes in column {name}, and at most {MOST_CELL:,} are read"
            raise UnclearError(reason)
        used = lengths.cast(pa.int64()).take(chunk.indices) if coded else lengths
        held += pc.sum(used).as_py() or 0
    return held


def value_type(column: Any) -> Any:
    """The type of a column's values, whether they are written once each or not."""
    return column.type.value_type if pa.types.is_dictionary(column.type) else column.type


def is_text(kind: Any) -> bool:
    """Whether values of an Arrow type are texts, or bytes."""
    types = pa.types
    fits = (types.is_string, types.is_large_string, types.is_binary, types.is_large_binary)
    return any(each(kind) for each in fits)
