"""Days that stand in the first row of each day alone, carried on to the rows below."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from engine.data.importing.clocks import clock_column, mask
from engine.data.importing.times import text_of

if TYPE_CHECKING:
    from collections.abc import Sequence


def carried(columns: Sequence[Any]) -> tuple[list[Any], int]:
    """Columns of days and clocks, each (N,), with the day in all rows, and how many rows it was carried to.

    Only where it is certain: each day stands once, and within it clocks go in one direction.
    """
    columns = list(columns)
    if len(columns) != 2:
        return columns, 0
    days = text_of(columns[0])
    blank = mask(pc.equal(days, ""))  # (N,)
    written = days.filter(pa.array(~blank))
    if not blank.any() or blank[0] or pc.count_distinct(written).as_py() < len(written):
        return columns, 0
    clock = clock_column(text_of(columns[1]))
    steps = np.diff(clock.local_ms)[blank[1:]]
    if not clock.read.all() or not ((steps > 0).all() or (steps < 0).all()):
        return columns, 0
    source = np.maximum.accumulate(np.where(blank, 0, np.arange(len(blank))))  # (N,)
    return [days.take(pa.array(source)), columns[1]], int(blank.sum())
