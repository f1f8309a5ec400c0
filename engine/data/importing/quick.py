"""The quick way for large plain tables: pandas' parser, which shares the work among threads.

It reads what the careful way reads, or steps aside: for quotation marks, rows of another width, times that
repeat, and columns of numbers that are written otherwise than with a point alone.
"""

from __future__ import annotations

import csv
import re
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from engine.data.importing.numbers import surely_plain

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from engine.data.importing.form import Form

SIX_DIGITS = re.compile(r"\d{6}")  # a date such as 050131, whose zero a number has not
LARGE = 1 << 20  # bytes from which it pays


def quick_columns(path: Path, form: Form, positions: Sequence[int]) -> dict[int, Any] | None:
    """The columns at `positions` of the file `path`; None for the careful way."""
    if (
        form.quoted
        or not plainly_written(form, sorted(positions)[1:])
        or SIX_DIGITS.fullmatch(form.rows[0][min(positions)])
    ):
        return None
    with path.open("rb") as handle:
        before = handle.read(form.start).count(b"\n")
    try:  # with a choice of columns pandas would use one thread
        frame = pd.read_csv(
            path, sep=form.delimiter, header=None, skiprows=before, skip_blank_lines=False,
            quoting=csv.QUOTE_NONE,
        )  # fmt: skip
    except (ValueError, OverflowError):  # a row with more cells, or no UTF-8
        return None
    if not (is_whole(frame, form.width) and all(is_number(frame[p]) for p in sorted(positions)[1:])):
        return None
    if any(holds_quotes(frame[place]) for place in frame if not is_number(frame[place])):
        return None
    columns = {place: array_of(frame[place]) for place in positions}
    return columns if in_order(columns[min(positions)]) else None


def array_of(column: Any) -> Any:
    """A column of a frame in one Arrow array, without a copy where it holds numbers."""
    return pa.array(column.to_numpy()) if is_number(column) else combined(pa.array(column))


def combined(column: Any) -> Any:
    """A chunked column in one array without dictionary encoding."""
    whole = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if isinstance(whole, pa.ChunkedArray):
        whole = pa.concat_arrays([chunk.cast(pa.large_string()) for chunk in whole.chunks])
    return whole.dictionary_decode() if pa.types.is_dictionary(whole.type) else whole


def is_whole(frame: pd.DataFrame, width: int) -> bool:
    """Whether no line has fewer cells than the others, or none at all."""
    if len(frame.columns) != width:
        return False
    last = frame[width - 1]
    return not (np.isnan(last.to_numpy().min(initial=0)) if is_number(last) else last.isna().any())


def is_number(column: Any) -> bool:
    """Whether a column holds whole numbers or floats."""
    return isinstance(column.dtype, np.dtype) and column.dtype.kind in "if"


def holds_quotes(column: Any) -> bool:
    """Whether a quotation mark stands in a column that does not hold numbers."""
    return bool(pc.any(pc.match_substring(combined(pa.array(column.astype(str))), '"')).as_py())


def plainly_written(form: Form, positions: Sequence[int]) -> bool:
    """Whether the first rows show decimals behind a point in any of these columns."""
    return any(surely_plain(pa.array([row[place] for row in form.rows])) for place in positions)


def in_order(times: Any) -> bool:
    """Whether no time can repeat another: all rise, or all fall."""
    if pa.types.is_integer(times.type) and not times.null_count:
        values = times.to_numpy()
        return bool((values[1:] > values[:-1]).all() or (values[1:] < values[:-1]).all())
    if not (pa.types.is_string(times.type) or pa.types.is_large_string(times.type)) or times.null_count:
        return False
    later, sooner = times.slice(1), times.slice(0, len(times) - 1)
    return bool(pc.all(pc.greater(later, sooner)).as_py() or pc.all(pc.less(later, sooner)).as_py())
