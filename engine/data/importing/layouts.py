"""Which column of a file means what: the layouts that quantdeck reads, told apart by their columns."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from engine.data.importing.currencies import currency_columns, refuse_other_units
from engine.data.importing.form import NUMBER
from engine.data.importing.headers import (
    apart_by_case,
    named,
    of_one_side,
    refuse_several_sets,
    without_prefix,
)
from engine.data.importing.hints import UnclearError
from engine.data.importing.names import (
    FLAGS,
    KIND_NAMES,
    PRICE_NAMES,
    SYMBOL_NAMES,
    TIME_NAMES,
    bare,
    first_of,
    listed,
    plain,
)
from engine.data.importing.percent import without_unit
from engine.data.importing.publishers import LAYOUTS
from engine.data.importing.stated_zones import one_zone, zone_column, zone_in
from engine.data.importing.time_choice import times_among
from engine.data.importing.twins import twins_among
from engine.data.importing.units import BESIDE, multiple_of, price_unit
from engine.data.importing.volumes import Volume, others_among, volumes_among
from engine.data.kinds import KINDS
from engine.market.candles import OHLCV, PRICES
from engine.results.notes import Note

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

BINANCE = (
    "open_time", *OHLCV, "close_time", "quote_volume", "count", "taker_buy_volume", "taker_buy_quote_volume",
    "ignore",
)  # fmt: skip

ADJUSTED = {"adj", "adjusted"}  # before the names of prices
# Names of what says 0 of a live candle
FINISHED = ("confirm", "confirmed", "complete", "is_closed", "is_final", "iscomplete", "isclosed", "isfinal")


@dataclass(frozen=True)
class Layout:
    """What a file's columns mean; positions count from 0."""

    name: str
    kind: str  # one of KINDS
    width: int  # columns of a row
    times: tuple[int, ...]  # one column, or one of dates and one of clocks
    numbers: dict[str, int]  # open, high, low, close, or value -> position
    volumes: tuple[Volume, ...] = ()  # the first that says anything is the volume
    symbol: int | None = None
    ticker: str = ""  # what the header says
    kinds: tuple[tuple[int, str], ...] = ()  # columns that may tell several series apart, with their names
    currencies: tuple[tuple[int, str], ...] = ()  # columns that tell the currency of each row
    twins: tuple[tuple[int, int], ...] = ()  # columns of one name
    column: str = ""  # what the file calls its values; empty for candles
    time_names: tuple[str, ...] = ()
    order: str = ""  # of day and month, where the publisher is known
    zone: str = ""  # of times without one, where the file says it; as it is written if not certain
    zone_column: int | None = None  # that tells the zone of each row
    zone_name: str = ""  # as the file calls it
    decimal: str = ""
    closes: bool = False  # whether times are the ends of bars
    notes: tuple[Note, ...] = field(default=())
    others: tuple[Volume, ...] = ()  # columns whose numbers may show them as the volume or its turnover
    unfinished: int | None = None  # the column that says 0 or false of a candle that is not finished
    beside: tuple[str, ...] = ()  # columns that are not read and may say something of a volume

    def positions(self) -> list[int]:
        """The columns that are read, each once, in order."""
        symbol = [] if self.symbol is None else [self.symbol]
        volumes = [volume.position for volume in (*self.volumes, *self.others)]
        finished = [] if self.unfinished is None else [self.unfinished]
        kinds = [position for position, _ in (*self.kinds, *self.currencies)]
        zone = [] if self.zone_column is None else [self.zone_column]
        twins = [place for pair in self.twins for place in pair]
        return sorted(
            {*self.times, *self.numbers.values(), *volumes, *symbol, *kinds, *zone, *finished, *twins}
        )


def layout_of(
    header: Sequence[Sequence[str]],
    rows: Sequence[Sequence[str]],
    sort: Callable[[Sequence[str]], str],
    hint: str = "",
) -> Layout:
    """The layout of a file with these lines of names, each (C,), and first rows, each (C,).

    `sort` tells what a column of cells is: a moment, a day, a clock or nothing of them; `hint` is the
    file's name, which may tell the base of a market. Raises ValueError that says what is missing or unclear.
    """
    shown, ticker, units = named(header)
    names = apart_by_case([bare(multiple_of(name)[0]) for name in shown], shown)
    if {"dtyyyymmdd", "first", "last"} <= set(names):  # of Tehran, whose open is the close of the day before
        names = ["previous_close" if name == "open" else name for name in names]
    names, side = of_one_side(names)
    refuse_several_sets(names)
    names, prefix = without_prefix(names, shown)
    adjusted = plain(prefix) in ADJUSTED
    prefix = "" if adjusted else prefix
    found = {name: first_of(names, also) for name, also in PRICE_NAMES.items()}
    prices = {name: position for name, position in found.items() if position is not None}
    times, closes = times_among(names, rows, sort)
    if not times:
        raise UnclearError(f"has no column of times; its columns are {listed(shown)}")
    notes = (Note("prices of a side", {"side": side}),) if side else ()
    if adjusted:
        notes = (*notes, Note("prices adjusted", {"adjusted": "splits or dividends, as their names say"}))
    kinds = ((at, shown[at]) for at, name in enumerate(names) if name in KIND_NAMES and at not in times)
    base = Layout(
        "", "candles", len(names), times, prices, symbol=first_of(names, SYMBOL_NAMES, once=False),
        ticker=ticker or prefix, kinds=tuple(kinds), closes=closes, notes=(*units, *notes),
    )  # fmt: skip
    base = in_zone(base, names, shown, rows)
    if not {"open", "high", "low"} & set(prices) or sum(map(bool, shown)) <= 2:  # a time and a price: values
        found_layout = values_layout(base, names, shown, rows)
        others: tuple[Volume, ...] = ()
    else:
        found_layout = candles_layout(base, names, shown, rows, hint, lines=len(header) if ticker else 1)
        others = others_among(names, shown, found_layout.positions())
    taken = found_layout.positions()
    return replace(
        found_layout,
        others=others if len(others) + len(found_layout.volumes) > 1 else (),
        currencies=currency_columns(names, shown, rows, taken),
        twins=twins_among(apart_by_case([*map(plain, shown)], shown), taken),
    )


def in_zone(
    layout: Layout, names: Sequence[str], shown: Sequence[str], rows: Sequence[Sequence[str]]
) -> Layout:
    """The layout with the zone of its times, as a name or a column says it."""
    time_names = tuple(shown[position] for position in layout.times)
    if any(name.endswith("[G]") for name in time_names) or (
        "ric" in names and rows and rows[0][layout.times[0]].endswith("Z")
    ):  # the offset beside it is the exchange's
        return replace(layout, time_names=time_names, zone="UTC")
    zone, column = one_zone([zone_in(name)[0] for name in time_names]), zone_column(names, rows)
    zone_name = "" if column is None else shown[column]
    return replace(layout, time_names=time_names, zone=zone, zone_column=column, zone_name=zone_name)


def candles_layout(
    layout: Layout,
    names: Sequence[str],
    shown: Sequence[str],
    rows: Sequence[Sequence[str]],
    hint: str,
    *,
    lines: int,
) -> Layout:
    """The layout of candles with its name, its volume, and what has to be said of prices and volume.

    lines: of a header that names the ticker. Raises UnclearError for a price that is missing.
    """
    prices = layout.numbers
    if missing := [name for name in PRICES if name not in prices]:
        raise UnclearError(f"has no column {', '.join(missing)}; its columns are {listed(shown)}")
    cell = rows[0][layout.symbol] if layout.symbol is not None and rows else ""
    volumes = volumes_among(names, shown, cell or layout.ticker, hint)
    refuse_other_units([shown[prices[name]] for name in PRICES])
    if unit := price_unit(shown[prices["close"]]):
        layout = replace(layout, notes=(*layout.notes, Note("prices in a unit", {"unit": unit})))
    layout = called(layout, names, shown, volumes, lines)
    taken = {*layout.positions()}
    return replace(
        layout,
        beside=tuple(name for at, name in enumerate(shown) if at not in taken and BESIDE.search(name)),
        unfinished=next((names.index(name) for name in FINISHED if name in names), None),
    )


def called(
    layout: Layout, names: Sequence[str], shown: Sequence[str], volumes: tuple[Volume, ...], lines: int
) -> Layout:
    """The layout with its name, its volume and what has to be said of it."""
    there = set(names)
    found = next((each for each in LAYOUTS if each.columns <= there), None)
    name = found.name if found else "plain candles"
    if found is None and {"symbol", "date"} <= there and any(each.startswith("volume_") for each in names):
        name = "CryptoDataDownload"
    adjusted = found.adjusted if found else ""
    if found is None and lines > 1:
        name, adjusted = "Yahoo Finance", "splits and dividends, unless it was asked not to"
    notes = (Note("prices adjusted", {"adjusted": adjusted}),) if adjusted else ()
    close = shown[layout.numbers["close"]]
    rivals = {"last", "settle", "close"} & there
    if plain(close) in {"adj_close", "adjusted_close"} or (len(rivals) > 1 and plain(close) != "close"):
        notes = (*notes, Note("close is another column", {"column": close}))
    order, decimal = (found.order, found.decimal) if found else ("", "")
    closes = layout.closes or bool(found and found.closes)
    return replace(
        layout,
        name=name,
        volumes=volumes,
        order=order,
        decimal=decimal,
        notes=(*layout.notes, *notes),
        closes=closes,
    )


def values_layout(
    layout: Layout, names: Sequence[str], shown: Sequence[str], rows: Sequence[Sequence[str]]
) -> Layout:
    """The layout of a file of times and values: a column of a known name, or the only one of numbers."""
    plainly = [without_unit(name) for name in names]
    for kind in KINDS.values():
        if (position := first_of(plainly, kind.file_columns)) is not None:
            return replace(
                layout,
                name="time and value",
                kind=kind.name,
                numbers={"value": position},
                column=shown[position],
            )
    taken = {*layout.times, layout.symbol, layout.zone_column}
    others = [
        position
        for position, name in enumerate(names)
        if position not in taken and name not in TIME_NAMES and not FLAGS.search(name)
    ]
    others = [position for position in others if position or names[0]] or others  # without pandas' index
    if len(others) > 1:
        others = [at for at in others if any(NUMBER.fullmatch(row[at]) for row in rows)] or others
    if len(others) != 1:
        several = (
            f": keep column {' and '.join(layout.time_names)} and one of the others, a file each"
            if len(others) > 1
            else ""
        )
        reason = "has neither candles nor one column of values; its columns are"
        raise UnclearError(f"{reason} {listed(shown)}{several}")
    column = shown[others[0]]
    note = Note("values are a column", {"column": column})
    return replace(
        layout,
        name="time and value",
        kind="values",
        numbers={"value": others[0]},
        column=column,
        notes=(*layout.notes, note),
    )
