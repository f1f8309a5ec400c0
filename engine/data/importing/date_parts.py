"""Dates whose parts stand in columns of their own, Year, Month, Day, Hour and Minute, put together in one."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from engine.data.importing.form import DATE
from engine.data.importing.names import (
    DAY,
    HOUR,
    MINUTE,
    MONTH,
    PARTS,
    QUARTER,
    SECOND,
    TIME_NAMES,
    YEAR,
    plain,
)  # fmt: skip
from engine.data.importing.times import text_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from engine.data.importing.tables import Columns, Table

YEARS = re.compile(r"(18|19|20|21)\d\d(\.0*)?")
CLOCK = (HOUR, MINUTE, SECOND)
CLOCKED = re.compile(r"\d{1,2}:\d{2}")
STAMP = re.compile(r"\d{9,}(\.\d*)?")
WHOLE = r"^(\d+)\.0*$"  # a whole number that was kept as a fraction
MOMENT = re.compile(r"\d{8,}")


def with_dates(table: Table) -> Table:
    """The table with one column of dates, or of clocks, in the place of their parts; itself without these."""
    places = places_of(table)
    if places is None:
        return table
    taken, front = set(places.values()), places[YEAR if YEAR in places else HOUR]
    kept: list[int | None] = [
        None if place == front else place  # None: what is put together
        for place in range(table.width)
        if place == front or place not in taken
    ]
    months = [row[places[MONTH]] for row in table.rows] if MONTH in places else []
    named = not all(cell.replace(".", "").isdigit() for cell in months)

    def read(positions: Sequence[int], progress: Callable[[int], None]) -> Columns:
        wanted = {position: kept[position] for position in positions}
        plainly = [place for place in wanted.values() if place is not None]
        parts = sorted(taken) if None in wanted.values() else []
        columns = table.read([*plainly, *parts], progress)
        dates = (
            date_cells({part: columns[place] for part, place in places.items()}, named=named)
            if parts
            else None
        )
        return {at: dates if place is None else columns[place] for at, place in wanted.items()}

    first = date_cells(
        {part: [row[at] for row in table.rows] for part, at in places.items()}, named=named
    ).to_pylist()
    rows = tuple(
        tuple(first[number] if place is None else row[place] for place in kept)
        for number, row in enumerate(table.rows)
    )
    name = "date" if YEAR in places else "time"
    header = tuple(tuple(name if place is None else line[place] for place in kept) for line in table.header)
    return replace(table, header=header, rows=rows, width=len(kept), read=read, pieces=None)


def places_of(table: Table) -> dict[int, int] | None:
    """The columns of parts of dates by their names, or of clocks beside whole dates; None without these."""
    if not table.header or not table.rows:
        return None
    names = [plain(name) for name in table.header[-1]]
    places = {
        part: next(names.index(name) for name in also if name in names)
        for part, also in PARTS.items()
        if any(name in names for name in also)
    }
    if MINUTE in places and names[places[MINUTE]] == "min" and "low" not in names:
        del places[MINUTE]
    others = [at for at, name in enumerate(names) if name in TIME_NAMES and at not in places.values()]
    cells = [table.rows[0][at].strip() for at in others]
    dated = any(MOMENT.match(cell) or (DATE.match(cell) and ":" not in cell[:3]) for cell in cells)
    clocked = {part: at for part, at in places.items() if part in CLOCK}
    if not {HOUR, MINUTE} <= set(clocked):  # an hour alone is a clock as it stands
        clocked = {}
    if dated:
        timed = any(CLOCKED.search(cell) or STAMP.fullmatch(cell) for cell in cells)
        return clocked if clocked and not timed else None
    if YEAR not in places or not ({MONTH, QUARTER} & set(places)):
        return None
    if not all(YEARS.fullmatch(row[places[YEAR]].strip()) for row in table.rows):
        return None
    places = {part: at for part, at in places.items() if part not in CLOCK} | clocked
    if DAY in places or MONTH in places:
        places.pop(QUARTER, None)
    return None if DAY in places and MONTH not in places else places


def date_cells(parts: Mapping[int, Any], *, named: bool) -> Any:
    """Dates, or clocks, as Arrow text (N,), of columns of parts, each (N,); `named`: months are words."""
    text = {
        part: pc.replace_substring_regex(
            text_of(pa.array(column, pa.string()) if isinstance(column, list) else column), WHOLE, r"\1"
        )
        for part, column in parts.items()
    }
    clock = (
        [text[HOUR], *(pc.utf8_lpad(text[part], 2, "0") for part in CLOCK[1:] if part in text)]
        if MINUTE in text
        else []
    )
    if YEAR not in text:
        return pc.binary_join_element_wise(*clock, ":")
    if DAY in text:
        dates = pc.binary_join_element_wise(text[YEAR], text[MONTH], text[DAY], "-")
    elif QUARTER in text:
        quarter = pc.replace_substring_regex(text[QUARTER], r"^[QqT]", "")
        dates = pc.binary_join_element_wise(text[YEAR], quarter, "Q")
    else:
        dates = pc.binary_join_element_wise(text[YEAR], text[MONTH], "-" if named else "M")
    return (
        pc.binary_join_element_wise(dates, pc.binary_join_element_wise(*clock, ":"), " ") if clock else dates
    )
