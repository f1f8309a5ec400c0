"""The columns of times of a table: read, in the zone that the file states, or refused by their name."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from engine.data.importing.carried_days import carried
from engine.data.importing.epochs import refuse_other_epoch
from engine.data.importing.hints import HintNeededError, UnclearError
from engine.data.importing.session_dates import refuse_session_dates, refuse_trade_dates
from engine.data.importing.stated_zones import StatedZones, certain, zone_in, zones_of_rows
from engine.data.importing.swapped_days import refuse_swapped_days
from engine.data.importing.times import FORMS, Times, kind_of_values, text_of, times_of
from engine.market.times import UNREADABLE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine.data.importing.hints import Hints
    from engine.data.importing.layouts import Layout

MOST_NO_CLOCKS = 0.05  # of the rows
MOSTLY_DISTINCT = 0.9  # times: below it, more than a row in ten shares its time


def read_times(layout: Layout, raw: Mapping[int, Any], hints: Hints) -> Times:
    """The times of all rows. Raises ValueError that names the column if none is read, or two readings fit."""
    named = " and ".join(name or "1" for name in layout.time_names)
    columns = [raw[place] for place in layout.times if place in raw]
    columns, carried_rows = carried(columns) if len(columns) == 2 else (columns, 0)
    for column in columns:
        if pa.types.is_nested(column.type):
            raise UnclearError(f"holds {kind_of_values(column.type)} in column {named}, which are no times")
    refuse_rounded(columns[0], named)
    stated = zones_stated(layout, raw, hints)
    try:
        times = times_of(columns, hints, layout.order, stated)
    except HintNeededError as error:
        raise HintNeededError(f"column {named} {error}", error.option) from None
    except ValueError as error:
        raise UnclearError(f"column {named} {error}") from None
    if (times.utc_ms == UNREADABLE).all():
        cells = " and ".join(f"{text_of(column)[0]}" for column in columns)
        reason = f"column {named} says {cells} in its first row, which is no time that is read"
        raise UnclearError(f"{reason}; read are {FORMS}")
    if len(columns) == 2:
        refuse_no_clocks(columns[1], times, named)
    if layout.zone and not stated and not hints.timezone and times.zoneless and times.timed:
        by_name = any(zone_in(name)[0] for name in layout.time_names)
        where = f"column {named}" if by_name else "a line beside its rows"
        reason = f"{where} names the zone {layout.zone}, whose clocks may change"
        raise HintNeededError(reason, "--timezone")
    if times.zoneless or len(columns) == 2:
        refuse_session_dates(times.utc_ms, named)
        refuse_trade_dates(times.utc_ms, layout.time_names[0], named, hints.timezone)
    refuse_other_epoch(times, named, candles=layout.kind == "candles")
    if times.zoneless and not hints.timezone:
        refuse_swapped_days(times.utc_ms, named)
    return replace(times, stated=stated.zones if stated else (), carried=carried_rows)


def refuse_no_clocks(column: Any, times: Times, named: str) -> None:
    """UnclearError for a column of whole numbers (N,) of which many are no clocks."""
    cells = text_of(column)
    if pc.all(pc.match_substring_regex(cells, r"^\d+$")).as_py():
        lost = np.flatnonzero(times.utc_ms == UNREADABLE)
        if len(lost) > MOST_NO_CLOCKS * len(cells):
            reason = f"column {named} says {cells[int(lost[0])]} for a clock, which is none"
            raise UnclearError(f"{reason}: it may count seconds or minutes of the day; write 09:30")


def refuse_rounded(column: Any, named: str) -> None:
    """UnclearError for stamps that a spreadsheet rounded to a few digits, so that rows share them."""
    cells = text_of(column.slice(0, 2000))
    written = pc.all(pc.match_substring_regex(cells, r"^\d([.,]\d{1,7})?[eE]\+?\d{1,2}$")).as_py()
    coarse = pc.all(pc.match_substring_regex(cells, r"^\d([.,]\d{1,5})?[eE]\+?(0?9|1\d)$")).as_py()
    shared = written and pc.count_distinct(cells).as_py() < MOSTLY_DISTINCT * len(cells)
    if len(cells) > 1 and (shared or coarse):
        reason = f"column {named} says {cells[0]}: a spreadsheet has rounded its times, which are lost"
        raise UnclearError(f"{reason}; get the file again and do not save it from there")


def zones_stated(layout: Layout, raw: Mapping[int, Any], hints: Hints) -> StatedZones | None:
    """The zones that the file tells elsewhere than in its times; None where it tells none for certain."""
    rows = len(raw[layout.times[0]])
    sure = certain(layout.zone)
    whole = StatedZones(np.zeros(rows, np.int64), (sure,)) if sure else None
    if layout.zone_column is None:
        return whole
    column = text_of(raw[layout.zone_column])
    by_row = zones_of_rows(column, layout.zone_name, said=hints.timezone)
    if by_row and whole and set(by_row.zones) != set(whole.zones):
        raise UnclearError(f"column {layout.zone_name} tells another zone than {layout.zone}")
    return by_row or whole
