"""The quick way for large plain tables: pandas' parser, which shares the work among threads.

It reads what the careful way reads, or steps aside: for quotation marks, rows of another width, times that
repeat, and columns of numbers that are written otherwise than with a point alone.
"""

from __future__ import annotations

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

LARGE = 1 << 20  # bytes from which it pays


def quick_columns(path: Path, content: bytes, form: Form, positions: Sequence[int]) -> dict[int, Any] | None:
    """The columns at `positions` of the file `path` with these bytes; None for the careful way."""
    if len(content) < LARGE or form.encoding != "UTF-8" or b'"' in content or not plainly_written(form):
        return None
    before = content[: form.start]
    try:
        # With a choice of columns pandas would use one thread.
        frame = pd.read_csv(path, sep=form.delimiter, header=None, skiprows=before.count(b"\n"))
    except (ValueError, OverflowError):  # a row with more cells
        return None
    if content.count(form.delimiter.encode()) - before.count(form.delimiter.encode()) != len(frame) * (
        form.width - 1
    ):
        return None
    columns = {place: pa.array(frame[place], from_pandas=True) for place in positions}
    first = columns[min(positions)]
    numbers = [column for column in columns.values() if column is not first]
    if not all(pa.types.is_floating(column.type) or pa.types.is_integer(column.type) for column in numbers):
        return None
    return columns if in_order(first) else None


def plainly_written(form: Form) -> bool:
    """Whether the first rows show decimals behind a point."""
    cells = [pa.array([row[place] for row in form.rows]) for place in range(form.width)]
    return any(surely_plain(column) for column in cells[1:])


def in_order(times: Any) -> bool:
    """Whether no time can repeat another: all rise, or all fall."""
    if pa.types.is_integer(times.type) and not times.null_count:
        steps = np.diff(times.to_numpy())
        return bool((steps > 0).all() or (steps < 0).all())
    if not (pa.types.is_string(times.type) or pa.types.is_large_string(times.type)) or times.null_count:
        return False
    later, sooner = times.slice(1), times.slice(0, len(times) - 1)
    return bool(pc.all(pc.greater(later, sooner)).as_py() or pc.all(pc.less(later, sooner)).as_py())
