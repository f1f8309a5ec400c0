"""The columns of a table as arrays of times and numbers, in the one way in which they can be read."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.data.importing.absolute_times import with_absolute_times
from engine.data.importing.averages import refuse_averages
from engine.data.importing.currencies import refuse_changing_currency
from engine.data.importing.date_parts import with_dates
from engine.data.importing.headerless import HISTDATA, UNNAMED, in_order, layout_without_names
from engine.data.importing.hints import UnclearError
from engine.data.importing.layouts import Layout, layout_of
from engine.data.importing.one_series import refuse_mixture, rolled, symbol_of
from engine.data.importing.parted import refuse_parted
from engine.data.importing.percent import in_shares
from engine.data.importing.periods import at_period_starts
from engine.data.importing.pieces import Pieces
from engine.data.importing.publishers import in_currency
from engine.data.importing.rows import finished, rest_of, without_footer, without_headers
from engine.data.importing.stacked import refuse_leaps, refuse_title_rows
from engine.data.importing.stated_zones import one_zone, zone_above
from engine.data.importing.steps import at_open, by_day, near_minutes, one_step, rising
from engine.data.importing.summaries import without_summaries
from engine.data.importing.table_numbers import country_of, decimals_among, places_of, read_numbers
from engine.data.importing.time_columns import read_times
from engine.data.importing.times import Times, sort_of
from engine.data.importing.twins import refuse_unlike_twins
from engine.data.importing.unit_changes import refuse_change_of_unit
from engine.data.importing.units import multiple_above
from engine.data.importing.volume_choice import others_of, with_volume
from engine.data.importing.volumes import says_something
from engine.errors import RepairDataError
from engine.market.candles import PRICES, Decimals
from engine.market.times import UNREADABLE
from engine.results.notes import Note

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from engine.data.importing.hints import Hints
    from engine.data.importing.numbers import Numbers
    from engine.data.importing.tables import Table


ANNUAL = re.compile(r"(?i)annual|(?<![a-z])(apr|apy|p\.?a\.?|per_?year|yearly)(?![a-z])")
OFTENEST_MS = 1_800_000  # no exchange pays funding oftener than hourly


@dataclass(frozen=True)
class Columns:
    """The columns of a file, each array (N,)."""

    layout: Layout
    times: NDArray[np.int64]  # ms, UNREADABLE where not certain
    numbers: dict[str, NDArray[np.float64]]
    decimals: Decimals | None
    symbol: str
    unreadable: tuple[int, str] | None  # row from 1 on and text of the first value that is no number
    notes: tuple[Note, ...]
    zone: str  # whose clock the times keep, if somebody or the file says it; empty for an offset
    written: Callable[[int], str]  # a row, from 0 on, as the file has it
    forms: dict[str, int]  # how times are written -> rows


def refuse_several_series(
    table: Table,
    layout: Layout,
    raw: Mapping[int, Any],
    times: NDArray[np.int64],
    read: Numbers,
    again: NDArray[np.int64],
    *,
    blanks: bool,
) -> None:
    """RepairDataError if rows are those of several markets, however these are told apart.

    times: (N,) ms; again: (P,) rows before which the names stand once more; blanks: whether blank lines still
    stand where the table says.
    """
    values = read.values["close" if layout.kind == "candles" else "value"]  # (N,)
    refuse_mixture(layout, raw, times, values, table)
    if layout.kind == "candles":
        refuse_leaps(again, values)
        refuse_parted(table.blanks if blanks else [], times, values)
        refuse_change_of_unit(times, read.values)


def columns_of(table: Table, hints: Hints, progress: Callable[[int], None]) -> Columns:
    """Read all columns that mean something; `progress` hears the rows so far.

    Rows that were left out stand at the end, without time and numbers, so that they are counted and
    rejected. Raises ValueError for what is not known or can be read in two ways, RepairDataError if there
    is no row, or rows of several symbols.
    """
    table = with_dates(table)
    layout = layout_in(table, hints)
    typed = table.pieces(layout, hints, progress) if table.pieces else None
    raw = typed.handed_over() if typed else table.read(layout.positions(), progress)
    rows = len(raw[layout.times[0]])
    refuse_unlike_twins(layout.twins, table.header[-1] if table.header else (), raw)
    for place, name in layout.currencies:
        refuse_changing_currency(raw[place], name)
    raw, again, repeated = without_headers(layout, raw, table.header[-1] if table.header else ())
    raw, summed = without_summaries(layout, raw)
    raw, unfinished = finished(layout, raw)
    whole = len(raw[layout.times[0]]) == rows
    raw, footer = without_footer(layout, raw)
    if not len(raw[layout.times[0]]):
        reason = f"has no row with {table.width} columns" if table.left_out else "has a header and no rows"
        raise RepairDataError("the file", reason, "Give a file with rows of one width")
    symbol = symbol_of(layout, raw)
    country, places = country_of(table, layout), places_of(layout)
    read = read_numbers(layout, raw, hints, country)
    times = read_times(layout, raw, hints)
    refuse_title_rows(layout, raw, times.utc_ms, read.values)
    if typed:
        times = replace(times, forms=typed.forms or times.forms)
        del raw[layout.times[0]]  # many rows: what is read is not kept beside what it came to
    if layout.kind == "candles" and UNNAMED[0] in read.values:
        layout, named = in_order(layout, read.values, times.utc_ms)
        read = replace(read, values=named)
    refuse_several_series(table, layout, raw, times.utc_ms, read, again, blanks=whole)
    layout, numbers, notes = meaning(layout, raw, read, times.utc_ms)
    decimals = decimals_among(read, times.utc_ms, places, typed)
    utc, kept, timing = at_their_opening(layout, numbers, times, hints)
    unreadable = read.unreadable.get("value")
    left_out, rest = rest_of(table)
    return Columns(
        layout,
        joined(utc, kept, left_out, UNREADABLE),
        {name: joined(values, kept, left_out, np.nan) for name, values in numbers.items()},
        decimals and Decimals(*(joined(each, kept, left_out, 0) for each in vars(decimals).values())),
        symbol,
        unreadable and (unreadable[0] + 1, unreadable[1]),
        (
            *layout.notes, *notes, *parse_notes(layout, read, times, hints), *timing,
            *rolled(layout, raw), *repeated, *summed, *unfinished, *footer, *table.notes, *rest,
        ),
        hints.timezone
        or next((zone for zone in times.stated if "/" in zone and times.stated == (zone,)), ""),
        partial(row_of, table, layout, kept, typed or raw),
        times.forms,
    )  # fmt: skip


def meaning(
    layout: Layout, raw: Mapping[int, Any], read: Numbers, times: NDArray[np.int64]
) -> tuple[Layout, dict[str, NDArray[np.float64]], tuple[Note, ...]]:
    """What the numbers of the rows, at `times` (N,), are of: candles with one volume, funding or values.

    Raises UnclearError for what is none of these.
    """
    layout, numbers, notes = with_volume(layout, read, others_of(layout, raw, read))
    if layout.kind == "candles":
        refuse_averages(numbers, times)
        numbers, scaled = in_currency(layout.name, numbers)
        notes = (*notes, *scaled)
        if is_funding(numbers):
            layout, numbers = funding_in(layout), {"value": numbers["open"]}
    else:
        refuse_forecasts(layout, times)
        place = layout.numbers["value"]
        numbers["value"], notes = in_shares(raw[place], layout.column, numbers["value"])
    return layout, numbers, notes


def at_their_opening(
    layout: Layout, numbers: Mapping[str, NDArray[np.float64]], times: Times, hints: Hints
) -> tuple[NDArray[np.int64], NDArray[np.int64] | range, tuple[Note, ...]]:
    """When the bars of candles open (N,), and the rows of them that are of one length; others as they are."""
    utc = times.utc_ms
    if layout.kind != "candles":
        return utc, range(len(utc)), ()
    utc, about = near_minutes(utc, times.rounded_ms) if times.rounded_ms else (utc, ())
    utc, closed = at_period_starts(utc, hints) or at_open(utc, hints, closes=layout.closes)
    utc, also = near_minutes(utc)
    kept, parted = one_step(utc, hints)
    notes = (*about, *also, *closed, *parted, *publisher_notes(layout, numbers, hints))
    if times.zoneless and not closed and not hints.label:
        notes = (*notes, *by_day(utc, hints.timezone))
    return utc, kept, notes


def is_funding(numbers: Mapping[str, NDArray[np.float64]]) -> bool:
    """Whether these are freqtrade's funding rates: candles of which only open is ever other than 0."""
    rest = (says_something(numbers[name]) for name in ("high", "low", "close", "volume"))
    return not any(rest) and bool(numbers["open"].any())


def refuse_forecasts(layout: Layout, times: NDArray[np.int64]) -> None:
    """UnclearError for funding rates, at times (N,), that are a year's or come oftener than any are paid."""
    if ANNUAL.search(layout.column) and (layout.kind == "funding" or "fund" in layout.column.lower()):
        reason = f"has rates a year in column {layout.column}, of which each would be charged"
        raise UnclearError(f"{reason}; give those that were paid")
    steps = np.diff(rising(times))
    if layout.kind == "funding" and len(steps) and float(np.median(steps)) < OFTENEST_MS:
        seconds = float(np.median(steps)) / 1000
        raise UnclearError(
            f"has a rate every {seconds:g} s in column {layout.column}: these are forecasts of a rate, "
            "of which each would be charged; give those that were paid"
        )


def funding_in(layout: Layout) -> Layout:
    """The layout of funding rates written as candles."""
    note = Note("rates are a column", {"column": "open"})
    numbers = {"value": layout.numbers["open"]}
    return replace(
        layout, name="freqtrade funding rates", kind="funding", numbers=numbers, volumes=(), notes=(note,)
    )


def layout_in(table: Table, hints: Hints) -> Layout:
    """What the columns of a table mean. Raises ValueError that says what is missing or unclear."""

    def sort(cells: Sequence[str]) -> str:
        return sort_of(cells, hints)

    if table.header:
        layout = layout_of(table.header, table.rows, sort, table.hint)
    else:
        layout = layout_without_names(table.rows, table.width, sort)
    if table.publisher:
        layout = replace(layout, name=table.publisher, decimal="point")
    layout = with_absolute_times(table, layout, hints)
    said = (*table.form.above, *table.foot) if table.form else ()
    above = zone_above(said) or table.zone
    if (multiple := multiple_above(said)) != 1:
        volumes = (
            replace(each, multiple=multiple) if each.multiple == 1 else each for each in layout.volumes
        )
        layout = replace(layout, volumes=tuple(volumes))
    return replace(layout, zone=one_zone([layout.zone, above])) if above else layout


def row_of(
    table: Table, layout: Layout, kept: NDArray[np.int64] | range, cells: Mapping[int, Any] | Pieces, row: int
) -> str:  # fmt: skip
    """A row, from 0 on, as the file has it: what was read of it; those that were left out whole."""
    if row >= len(kept):
        return table.left_out[row - len(kept)]
    places = [*layout.times, *layout.numbers.values(), *(volume.position for volume in layout.volumes)]
    places = list(dict.fromkeys(places))
    if isinstance(cells, Pieces):
        return cells.row(places, int(kept[row]))
    texts = (cells[place][int(kept[row])].as_py() for place in places)
    mark = table.form.delimiter if table.form else ", "
    return mark.join("" if text is None else str(text) for text in texts)


def publisher_notes(
    layout: Layout, numbers: Mapping[str, NDArray[np.float64]], hints: Hints
) -> tuple[Note, ...]:
    """What a publisher is known to mean otherwise than it stands in the file, which is taken as it stands."""
    if layout.name == "LEAN" and all(float(np.nanmax(numbers[name] % 1)) == 0 for name in PRICES):
        return (Note("prices may be ten-thousandths"),)
    if layout.name == HISTDATA and not numbers["volume"].any() and not hints.timezone:
        return (Note("times may be Eastern"),)
    return ()


def parse_notes(layout: Layout, read: Numbers, times: Times, hints: Hints) -> tuple[Note, ...]:
    """What was understood of numbers and times."""
    forms = ", ".join(f"{count} {form}" for form, count in sorted(times.forms.items()))
    notes = [Note("times", {"forms": forms})] if forms else []
    if "Excel's days" in times.forms:
        notes.append(Note("day numbers"))
    if read.marks:
        notes.append(Note("decimal comma" if read.marks == "comma" else "marks of thousands"))
    if hints.timezone and times.zoneless:
        notes.append(Note("times of a zone", {"zone": hints.timezone}))
    elif times.stated and set(times.stated) != {"UTC"}:
        code = "times of a told zone" if times.zoneless else "a told zone left aside"
        notes.append(Note(code, {"zone": ", ".join(times.stated[:5])}))
    if len(layout.times) == 2:
        notes.append(Note("date and time in two columns"))
    if times.carried:
        notes.append(Note("days carried on", {"rows": times.carried}))
    return tuple(notes)


def joined(values: NDArray[Any], kept: NDArray[np.int64] | range, more: int, filler: float) -> NDArray[Any]:
    """The values of the rows that are kept, and as many fillers as rows were left out."""
    chosen = values if len(kept) == len(values) else values[kept]
    return np.concatenate([chosen, np.full(more, filler, chosen.dtype)]) if more else chosen
