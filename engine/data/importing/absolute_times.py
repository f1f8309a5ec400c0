"""Local times beside a column of the same moments with a zone, or as stamps, which tells when bars were."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from engine.data.importing.hints import Hints
from engine.data.importing.names import CLOSE_TIMES, plain
from engine.data.importing.times import times_of
from engine.market.times import UNREADABLE
from engine.results.notes import Note

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.data.importing.layouts import Layout
    from engine.data.importing.tables import Table
    from engine.data.importing.times import Times

STAMP = re.compile(r"\d{9,19}(\.\d+)?")
ZONED = re.compile(r".*:\d{2}.*(Z|[-+]\d{2}(:?\d{2})?|UTC|GMT)")
QUARTER_MS = 900_000  # of which all offsets are multiples
FURTHEST_MS = 14 * 3_600_000
ENOUGH = 200  # rows


def with_absolute_times(table: Table, layout: Layout, hints: Hints) -> Layout:
    """The layout with the column that says when bars were, where its times are those of some local clock."""
    if not table.header or hints.timezone or layout.zone or layout.zone_column is not None or layout.closes:
        return layout
    rows = table.rows[:ENOUGH]
    known = set(layout.positions())
    places = [place for place in range(table.width) if place not in known and is_absolute(rows, place)]
    names = table.header[-1]
    places = [place for place in places if plain(names[place]) not in CLOSE_TIMES]
    local = sampled(rows, layout.times, hints, layout.order) if places else None
    if local is None or not local.zoneless or not local.timed:
        return layout
    for place in places:
        found = sampled(rows, (place,), hints, layout.order)
        if found is None:
            continue
        ahead = found.utc_ms - local.utc_ms
        step = float(np.median(np.abs(np.diff(local.utc_ms)))) if len(rows) > 1 else 0.0
        moved = ahead.any() and not (ahead % QUARTER_MS).any() and np.abs(ahead).max() <= FURTHEST_MS
        if moved and not (ahead == step).all():  # which would be the end of each bar
            note = Note(
                "times of an absolute column", {"column": names[place], "other": layout.time_names[0]}
            )
            return replace(layout, times=(place,), time_names=(names[place],), notes=(*layout.notes, note))
    return layout


def is_absolute(rows: Sequence[Sequence[str]], place: int) -> bool:
    """Whether all cells of a column are stamps, or carry a zone."""
    cells = [row[place] for row in rows]
    return any(all(form.fullmatch(cell) for cell in cells) for form in (STAMP, ZONED))


def sampled(rows: Sequence[Sequence[str]], places: Sequence[int], hints: Hints, order: str) -> Times | None:
    """The times of the first rows; None if one of them is not read."""
    columns = [pa.array([row[place] for row in rows], pa.string()) for place in places]
    try:
        found = times_of(columns, Hints(dates=hints.dates), order)
    except ValueError:
        return None
    return None if (found.utc_ms == UNREADABLE).any() else found
