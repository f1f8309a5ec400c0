"""The columns of a table as arrays of times and numbers, in the one way in which they can be read."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from engine.data.importing.dates import DAY_MS
from engine.data.importing.headerless import HISTDATA, UNNAMED, in_order, layout_without_names
from engine.data.importing.hints import HintNeededError, UnclearError
from engine.data.importing.layouts import Layout, Volume, layout_of
from engine.data.importing.numbers import Numbers, decimals_of, numbers_of
from engine.data.importing.steps import at_open, near_minutes, one_step, rising
from engine.data.importing.times import FORMS, Times, kind_of_values, sort_of, text_of, times_of
from engine.data.importing.told_zones import ToldZones, certain, told_in, zone_above, zones_of_rows
from engine.errors import RepairDataError
from engine.market.candles import PRICES, Decimals
from engine.market.quality import possible
from engine.market.times import UNREADABLE
from engine.results.notes import Note
from engine.settings import NAMED

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from engine.data.importing.hints import Hints
    from engine.data.importing.tables import Table


UNLIKELY_MS = 788_918_400_000  # 1995: before it, nobody kept bars of less than a day in Unix time
MAC_MS = 978_307_200_000  # 2001, from which Apple counts
MOSTLY_DISTINCT = 0.9  # times: below it, more than a row in ten shares its time


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


def columns_of(table: Table, hints: Hints, progress: Callable[[int], None]) -> Columns:
    """Read all columns that mean something; `progress` hears the rows so far.

    Rows that were left out stand at the end, without time and numbers, so that they are counted and
    rejected. Raises ValueError for what is not known or can be read in two ways, RepairDataError if there
    is no row, or rows of several symbols.
    """
    layout = layout_in(table, hints)
    raw = table.read(layout.positions(), progress)
    rows = len(raw[layout.times[0]])
    if not rows:
        reason = f"has no row with {table.width} columns" if table.left_out else "has a header and no rows"
        raise RepairDataError("the file", reason, "Give a file with rows of one width")
    symbol = symbol_of(layout, raw)
    read = read_numbers(layout, raw, hints)
    times = read_times(layout, raw, hints)
    if layout.kind == "candles" and UNNAMED[0] in read.values:
        layout, named = in_order(layout, read.values, times.utc_ms)
        read = replace(read, values=named)
    refuse_mixture(layout, raw, times.utc_ms)
    layout, numbers, notes = with_volume(layout, read)
    if layout.kind == "candles" and is_funding(numbers):
        layout, numbers = funding_in(layout), {"value": numbers["open"]}
    decimals = decimals_among(read, times.utc_ms)
    utc, kept, timing = times.utc_ms, np.arange(rows), told(layout, read, times, hints)
    if layout.kind == "candles":
        utc, closed = at_open(utc, hints, closes=layout.closes)
        utc, about = near_minutes(utc)
        kept, parted = one_step(utc, hints)
        timing = (*timing, *about, *closed, *parted, *habits(layout, numbers, hints))
    unreadable = read.unreadable.get("value")
    left_out, rest = rest_of(table)
    return Columns(
        layout,
        joined(utc, kept, left_out, UNREADABLE),
        {name: joined(values, kept, left_out, np.nan) for name, values in numbers.items()},
        decimals and Decimals(*(joined(each, kept, left_out, 0) for each in vars(decimals).values())),
        symbol,
        unreadable and (unreadable[0] + 1, unreadable[1]),
        (*layout.notes, *notes, *timing, *table.notes, *rest),
        hints.timezone or next((zone for zone in times.told if "/" in zone and times.told == (zone,)), ""),
        lambda row: row_of(table, layout, raw, kept, row),
    )


def is_funding(numbers: Mapping[str, NDArray[np.float64]]) -> bool:
    """Whether these are freqtrade's funding rates: candles of which only open is ever other than 0."""
    rest = (says_something(numbers[name]) for name in ("high", "low", "close", "volume"))
    return not any(rest) and bool(numbers["open"].any())


def says_something(values: NDArray[np.float64]) -> bool:
    """Whether any of the values (N,) is known and other than 0."""
    return not bool(((values == 0) | np.isnan(values)).all())


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
    above = zone_above(table.form.above) if table.form else ""
    return replace(layout, zone=told_in([layout.zone, above])) if above else layout


def row_of(table: Table, layout: Layout, raw: Mapping[int, Any], kept: NDArray[np.int64], row: int) -> str:
    """A row, from 0 on, as the file has it: what was read of it; those that were left out whole."""
    if row >= len(kept):
        return table.left_out[row - len(kept)]
    places = [*layout.times, *layout.numbers.values(), *(volume.position for volume in layout.volumes)]
    cells = (raw[place][int(kept[row])].as_py() for place in dict.fromkeys(places))
    mark = table.form.delimiter if table.form else ", "
    return mark.join("" if cell is None else str(cell) for cell in cells)


def symbol_of(layout: Layout, raw: Mapping[int, Any]) -> str:
    """The market's symbol, if the file says it. Raises RepairDataError for several."""
    found = {layout.ticker} if layout.ticker else set()
    if layout.symbol is not None:
        found |= {str(each) for each in pc.unique(raw[layout.symbol]).to_pylist() if each is not None}
    symbols = {each.strip() for each in found} - {"", "None"}
    if len(symbols) > 1:
        raise RepairDataError(
            "the file", f"holds several symbols: {', '.join(sorted(symbols)[:5])}", "Give one a file"
        )
    symbol = symbols.pop() if symbols else ""
    return symbol if NAMED.fullmatch(symbol) else ""


def refuse_mixture(layout: Layout, raw: Mapping[int, Any], times: NDArray[np.int64]) -> None:
    """RepairDataError if rows of one time are told apart by a column, such as that of exchanges.

    times: (N,) ms. Contracts that follow each other in time are no mixture.
    """
    if not layout.kinds or len(rising(times)) > len(times) * MOSTLY_DISTINCT:
        return
    for place, name in layout.kinds:
        found = [str(each) for each in pc.unique(raw[place]).to_pylist() if each is not None]
        if len(found) > 1:
            told = ", ".join(sorted(found)[:5])
            raise RepairDataError("the file", f"holds several of column {name}: {told}", "Give one a file")


def read_numbers(layout: Layout, raw: Mapping[int, Any], hints: Hints) -> Numbers:
    """The numbers of all columns, volumes by their position. Raises ValueError if two readings fit."""
    columns = {name: raw[place] for name, place in layout.numbers.items()}
    columns |= {f"volume {each.position}": raw[each.position] for each in layout.volumes}
    names = layout.time_names  # only to tell a column by; prices are told by their own names
    shown = {name: name for name in (*columns, *names)}
    shown |= {f"volume {each.position}": each.name for each in layout.volumes}

    def can(values: dict[str, NDArray[np.float64]]) -> float:
        if not set(PRICES) <= set(values):
            return 1.0
        return possible(*(values[name] for name in PRICES))

    return numbers_of(columns, shown, hints.decimal, layout.decimal, can)


def with_volume(
    layout: Layout, read: Numbers
) -> tuple[Layout, dict[str, NDArray[np.float64]], tuple[Note, ...]]:
    """The numbers with the one column that is the volume, and what has to be said about the choice.

    The first candidate that says anything other than 0 counts; without one, the first.
    """
    numbers = {name: values for name, values in read.values.items() if not name.startswith("volume ")}
    if layout.kind != "candles":
        return layout, numbers, ()
    chosen: Volume | None = None
    for each in layout.volumes:
        something = says_something(read.values[f"volume {each.position}"])
        if chosen is None or something:
            chosen = each
        if something:
            break
    rows = len(next(iter(numbers.values())))
    if chosen is None:
        code = Note("no volume among", {"columns": ", ".join(layout.beside[:5])}) if layout.beside else None
        return layout, {**numbers, "volume": np.full(rows, np.nan)}, (code or Note("no volume"),)
    volume = read.values[f"volume {chosen.position}"]
    if np.isnan(volume).all():
        return layout, {**numbers, "volume": volume}, (Note("no volume"),)
    layout = replace(layout, volumes=(chosen,))
    notes = about(chosen)
    if chosen.multiple > 1:
        volume = np.round(volume * chosen.multiple, 8)  # (N,)
    if unknown := int(np.isnan(volume).sum()):
        notes = (*notes, Note("unknown volumes", {"rows": unknown}))
    return layout, {**numbers, "volume": volume}, notes


def about(chosen: Volume) -> tuple[Note, ...]:
    """What has to be said of the column that is the volume."""
    if chosen.multiple > 1:
        return (Note("volume in a unit", {"column": chosen.name, "multiple": chosen.multiple}),)
    if chosen.kind == "tick":
        return (Note("tick volume", {"column": chosen.name}),)
    if chosen.kind == "base" or chosen.name.lower() not in {"volume", "vol", "v", "vol.", "<vol>", "6"}:
        return (Note("volume is a column", {"column": chosen.name}),)
    return ()


def habits(layout: Layout, numbers: Mapping[str, NDArray[np.float64]], hints: Hints) -> tuple[Note, ...]:
    """What a publisher is known to mean otherwise than it stands in the file, which is taken as it stands."""
    if layout.name == "LEAN" and all(float(np.nanmax(numbers[name] % 1)) == 0 for name in PRICES):
        return (Note("prices may be ten-thousandths"),)
    if layout.name == HISTDATA and not numbers["volume"].any() and not hints.timezone:
        return (Note("times may be Eastern"),)
    return ()


def read_times(layout: Layout, raw: Mapping[int, Any], hints: Hints) -> Times:
    """The times of all rows. Raises ValueError that names the column if none is read, or two readings fit."""
    named = " and ".join(name or "1" for name in layout.time_names)
    columns = [raw[place] for place in layout.times]
    for column in columns:
        if pa.types.is_nested(column.type):
            raise UnclearError(f"holds {kind_of_values(column.type)} in column {named}, which are no times")
    refuse_rounded(columns[0], named)
    told = zones_told(layout, raw, hints)
    try:
        times = times_of(columns, hints, layout.order, told)
    except HintNeededError as error:
        raise HintNeededError(f"column {named} {error}", error.option) from None
    except ValueError as error:
        raise UnclearError(f"column {named} {error}") from None
    if (times.utc_ms == UNREADABLE).all():
        cells = " and ".join(f"{text_of(column)[0]}" for column in columns)
        reason = f"column {named} says {cells} in its first row, which is no time that is read"
        raise UnclearError(f"{reason}; read are {FORMS}")
    if layout.zone and not told and not hints.timezone and times.zoneless:
        reason = f"column {named} names the zone {layout.zone}, whose clocks may change"
        raise HintNeededError(reason, "--timezone")
    refuse_other_epoch(times, named)
    return replace(times, told=told.zones if told else ())


def refuse_rounded(column: Any, named: str) -> None:
    """UnclearError for stamps that a spreadsheet rounded to a few digits, so that rows share them."""
    cells = text_of(column.slice(0, 2000))
    written = pc.all(pc.match_substring_regex(cells, r"^\d([.,]\d{1,7})?[eE]\+?\d{1,2}$")).as_py()
    if written and len(cells) > 1 and pc.count_distinct(cells).as_py() < MOSTLY_DISTINCT * len(cells):
        reason = f"column {named} says {cells[0]}: a spreadsheet has rounded its times, which are lost"
        raise UnclearError(f"{reason}; get the file again and do not save it from there")


def refuse_other_epoch(times: Times, named: str) -> None:
    """UnclearError for bars within days that as seconds since 1970 would all lie before 1995."""
    if set(times.forms) != {"s"}:
        return
    known = rising(times.utc_ms)
    if len(known) < 2 or known[-1] >= UNLIKELY_MS:
        return
    if np.median(np.diff(known)) < DAY_MS:
        since_1970, since_2001 = (np.datetime64(int(known[0]) + more, "ms") for more in (0, MAC_MS))
        reason = (
            f"column {named} counts from {since_1970} in seconds since 1970, from {since_2001} since 2001"
        )
        raise UnclearError(f"{reason}: which is meant is not known; write its times as dates")


def zones_told(layout: Layout, raw: Mapping[int, Any], hints: Hints) -> ToldZones | None:
    """The zones that the file tells elsewhere than in its times; None where it tells none for certain."""
    rows = len(raw[layout.times[0]])
    sure = certain(layout.zone)
    whole = ToldZones(np.zeros(rows, np.int64), (sure,)) if sure else None
    if layout.zone_column is None:
        return whole
    column = text_of(raw[layout.zone_column])
    by_row = zones_of_rows(column, layout.zone_name, said=hints.timezone)
    if by_row and whole and set(by_row.zones) != set(whole.zones):
        raise UnclearError(f"column {layout.zone_name} tells another zone than {layout.zone}")
    return by_row or whole


def told(layout: Layout, read: Numbers, times: Times, hints: Hints) -> tuple[Note, ...]:
    """What was understood of numbers and times."""
    forms = ", ".join(f"{count} {form}" for form, count in sorted(times.forms.items()))
    notes = [Note("times", {"forms": forms})] if forms else []
    if read.marks:
        notes.append(Note("decimal comma" if read.marks == "comma" else "marks of thousands"))
    if hints.timezone and times.zoneless:
        notes.append(Note("times of a zone", {"zone": hints.timezone}))
    elif times.told and set(times.told) != {"UTC"}:
        code = "times of a told zone" if times.zoneless else "a told zone left aside"
        notes.append(Note(code, {"zone": ", ".join(times.told[:5])}))
    if len(layout.times) == 2:
        notes.append(Note("date and time in two columns"))
    return tuple(notes)


def decimals_among(read: Numbers, times: NDArray[np.int64]) -> Decimals | None:
    """How finely rows that share a time were written, 0 for all others; None for binary numbers."""
    names = [name for name in read.values if name in read.text]
    if len(names) < len(read.values):
        return None
    rows = len(times)
    order = np.argsort(times, kind="stable")
    same = times[order[1:]] == times[order[:-1]] if not (times[1:] > times[:-1]).all() else np.zeros(0, bool)
    shared = np.zeros(rows, bool)
    if len(same):
        shared[order[1:][same]] = True
        shared[order[:-1][same]] = True
    prices, volume, written = (np.zeros(rows, np.int8) for _ in range(3))
    at = np.flatnonzero(shared)
    for name in names if len(at) else ():
        significant, all_of_them = decimals_of(read.text[name].take(at))
        kept = volume if name.startswith("volume ") else prices
        kept[at] = np.maximum(kept[at], significant)
        written[at] = np.maximum(written[at], all_of_them)
    return Decimals(prices, volume, written)


def rest_of(table: Table) -> tuple[int, tuple[Note, ...]]:
    """How many rows of another width there are, and what has to be said of them and of a footer.

    A footer is a last line of another width that is a sentence.
    """
    left_out, notes = len(table.left_out), []
    last = table.left_out[-1].strip().strip('"') if left_out else ""
    if " " in last and not last[0].isdigit():
        notes.append(Note("a footer", {"text": last[:80]}))
        left_out -= 1
    if left_out:
        notes.append(Note("rows of another width", {"rows": left_out, "width": table.width}))
    return left_out, tuple(notes)


def joined(values: NDArray[Any], kept: NDArray[np.int64], more: int, filler: float) -> NDArray[Any]:
    """The values of the rows that are kept, and as many fillers as rows were left out."""
    chosen = values if len(kept) == len(values) else values[kept]
    return np.concatenate([chosen, np.full(more, filler, chosen.dtype)]) if more else chosen
