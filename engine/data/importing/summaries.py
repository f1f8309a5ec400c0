"""Rows of a table that sum others up: Total, Average, and what pandas' `describe` tells."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from engine.data.importing.names import SUMMARY
from engine.data.importing.times import is_text, text_of
from engine.results.notes import Note

if TYPE_CHECKING:
    from engine.data.importing.layouts import Layout

MOST = 20  # rows at either end that are looked at
SMALL = 20_000  # rows of a table of which all are


def without_summaries(layout: Layout, raw: dict[int, Any]) -> tuple[dict[int, Any], tuple[Note, ...]]:
    """The columns without rows whose time says what they sum up, and a note of them."""
    column = raw[layout.times[0]]
    if not is_text(column) or not len(column):
        return raw, ()
    rows = len(column)
    ends = [*range(min(rows, MOST)), *range(max(rows - MOST, MOST), rows)] if rows > SMALL else [*range(rows)]
    cells = [str(cell).strip('" ') for cell in text_of(column.take(pa.array(ends))).to_pylist()]
    found = [
        at
        for at, cell in zip(ends, cells, strict=True)
        if not cell[:4].isdecimal() and SUMMARY.fullmatch(cell)
    ]
    if not found or len(found) == rows:
        return raw, ()
    kept = np.ones(rows, bool)
    kept[found] = False
    left = {place: each.filter(pa.array(kept)) for place, each in raw.items()}
    named = dict.fromkeys(str(text_of(column.take(pa.array(found)))[at]) for at in range(len(found)))
    return left, (Note("summary rows", {"rows": len(found), "text": ", ".join(named)[:80]}),)
