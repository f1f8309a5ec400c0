"""Which column of a file means what: the layouts that quantdeck reads, told apart by their columns."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from engine.data.importing.hints import UnclearError
from engine.data.importing.names import (
    BASE_VOLUME,
    CLOCK_NAMES,
    CLOSE_TIMES,
    KIND_NAMES,
    NO_VOLUME,
    PLAIN_VOLUME,
    PRICE_NAMES,
    QUOTES,
    SYMBOL_NAMES,
    TICK_VOLUME,
    TIME_NAMES,
    UNITS,
    bare,
    first_of,
    listed,
    plain,
)
from engine.data.importing.told_zones import told_in, zone_column, zone_in
from engine.data.importing.units import BESIDE, multiple_of, price_unit
from engine.data.kinds import KINDS
from engine.market.candles import OHLCV, PRICES
from engine.results.notes import Note

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

BINANCE = (
    "open_time", *OHLCV, "close_time", "quote_volume", "count", "taker_buy_volume", "taker_buy_quote_volume",
    "ignore",
)  # fmt: skip


@dataclass(frozen=True)
class Known:
    """A layout with a name: the columns that tell it, and what its publisher is known to write."""

    name: str
    columns: frozenset[str]
    order: str = ""  # of day and month
    decimal: str = ""  # the decimal mark
    adjusted: str = ""  # what the prices are adjusted for, if that is known


def known(name: str, columns: str, order: str = "", decimal: str = "", adjusted: str = "") -> Known:
    """One line of the table."""
    return Known(name, frozenset(columns.split()), order, decimal, adjusted)


LAYOUTS = (  # the first whose columns are all there names the file
    known("MetaTrader 5", "date open high low close tickvol spread", decimal="point"),
    known("MetaTrader 5", "date open high low close tickvol", decimal="point"),
    known("Binance public data", "open_time close_time open high low close", decimal="point"),
    known("CoinMarketCap", "timeopen timeclose open high low close"),
    known("CoinAPI", "time_period_start price_open price_high price_low price_close", decimal="point"),
    known("Stooq", "ticker per date open high low close openint", decimal="point"),
    known("Finam", "ticker per date open high low close vol", decimal="point"),
    known("CryptoCompare", "volumefrom volumeto open high low close", decimal="point"),
    known("Polygon", "t o h l c v vw", decimal="point"),
    known("Dukascopy", "gmt_time open high low close", order="day-first", decimal="point"),
    known("Dukascopy", "local_time open high low close", order="day-first", decimal="point"),
    known("Nasdaq", "date close_last open high low", order="month-first", decimal="point"),
    known("investing.com", "price open high low vol change"),
    known("barchart", "open high low last change volume", order="month-first", decimal="point"),
    known("Quandl", "open high low close ex_dividend split_ratio", decimal="point", adjusted="nothing"),
    known("Alpha Vantage", "timestamp open high low close adjusted_close", "", "point", "nothing"),
    known("Yahoo Finance", "open high low close adj_close volume", decimal="point", adjusted="splits"),
    known("Kaggle", "timestamp open high low close weighted_price", decimal="point"),
)  # fmt: skip


@dataclass(frozen=True)
class Volume:
    """A column that may be the volume."""

    position: int
    name: str  # as the file calls it
    kind: str  # "base", "plain" or "tick"
    multiple: int = 1  # that its name tells, such as 1000


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
    column: str = ""  # what the file calls its values; empty for candles
    time_names: tuple[str, ...] = ()
    order: str = ""  # of day and month, where the publisher is known
    zone: str = ""  # of times without one, where the file says it; as it is written if not certain
    zone_column: int | None = None  # that tells the zone of each row
    zone_name: str = ""  # as the file calls it
    decimal: str = ""
    closes: bool = False  # whether times are the ends of bars
    notes: tuple[Note, ...] = field(default=())
    beside: tuple[str, ...] = ()  # columns that are not read and may say something of a volume

    def positions(self) -> list[int]:
        """The columns that are read, each once, in order."""
        symbol = [] if self.symbol is None else [self.symbol]
        volumes = [volume.position for volume in self.volumes]
        kinds = [position for position, _ in self.kinds]
        zone = [] if self.zone_column is None else [self.zone_column]
        return sorted({*self.times, *self.numbers.values(), *volumes, *symbol, *kinds, *zone})


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
    shown, ticker = named(header)
    names = [bare(multiple_of(name)[0]) for name in shown]
    names, side = of_one_side(names)
    refuse_several_sets(names)
    names, prefix = without_prefix(names, shown)
    symbol = first_of(names, SYMBOL_NAMES, once=False)
    found = {name: first_of(names, also) for name, also in PRICE_NAMES.items()}
    prices = {name: position for name, position in found.items() if position is not None}
    candles = bool({"open", "high", "low"} & set(prices))
    times, closes = times_among(names, rows, sort)
    if not times:
        raise UnclearError(f"has no column of times; its columns are {listed(shown)}")
    cell = rows[0][symbol] if symbol is not None and rows else ""
    base = Layout(
        "", "candles", len(names), times, prices, symbol=symbol, ticker=ticker or prefix, closes=closes,
        kinds=tuple((place, shown[place]) for place, name in enumerate(names) if name in KIND_NAMES),
        time_names=tuple(shown[position] for position in times),
        zone=told_in([zone_in(shown[position])[0] for position in times]),
        zone_column=zone_column(names, rows),
    )  # fmt: skip
    if base.zone_column is not None:
        base = replace(base, zone_name=shown[base.zone_column])
    if not candles:
        return values_layout(base, names, shown)
    if missing := [name for name in PRICES if name not in prices]:
        raise UnclearError(f"has no column {', '.join(missing)}; its columns are {listed(shown)}")
    volumes = volumes_among(names, shown, cell or ticker or prefix, hint)
    found_layout = called(base, names, shown, volumes, lines=len(header))
    notes = (Note("prices of a side", {"side": side}),) if side else ()
    if unit := price_unit(shown[prices["close"]]):
        notes = (*notes, Note("prices in a unit", {"unit": unit}))
    taken = {*found_layout.positions()}
    beside = [name for place, name in enumerate(shown) if place not in taken and BESIDE.search(name)]
    return replace(found_layout, notes=(*notes, *found_layout.notes), beside=tuple(beside))


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
    return replace(layout, name=name, volumes=volumes, order=order, decimal=decimal, notes=notes)


def values_layout(layout: Layout, names: Sequence[str], shown: Sequence[str]) -> Layout:
    """The layout of a file of times and values: a column of a known name, or the only other one."""
    for kind in KINDS.values():
        if (position := first_of(names, kind.file_columns)) is not None:
            return replace(
                layout,
                name="time and value",
                kind=kind.name,
                numbers={"value": position},
                column=shown[position],
            )
    taken = {*layout.times, layout.symbol, layout.zone_column}
    others = [position for position in range(len(names)) if position not in taken]
    if len(others) != 1:
        raise UnclearError(f"has neither candles nor one column of values; its columns are {listed(shown)}")
    column = shown[others[0]]
    note = Note("values are a column", {"column": column})
    return replace(
        layout,
        name="time and value",
        kind="values",
        numbers={"value": others[0]},
        column=column,
        notes=(note,),
    )


def named(header: Sequence[Sequence[str]]) -> tuple[list[str], str]:
    """One name a column out of the lines of a header, and the ticker that another line gives all prices.

    Raises ValueError if the columns are those of several tickers.
    """
    if not header:
        return [], ""
    roles = {name for also in PRICE_NAMES.values() for name in also} | set(PLAIN_VOLUME)
    priced = {name for also in PRICE_NAMES.values() for name in also} - {"price"}
    scores = [sum(plain(cell) in roles for cell in line) for line in header]
    best = scores.index(max(scores))
    names = list(header[best])
    tickers: set[str] = set()
    for number, line in enumerate(header):
        if number == best:
            continue
        told = [cell for cell, name in zip(line, names, strict=True) if plain(name) in priced]
        told += [cell for cell, name in zip(line, names, strict=True) if plain(name) in PLAIN_VOLUME]
        if len(set(told[:4])) > 1 or not is_unit(told):
            tickers |= set(told) - {""}
        names = [
            cell if not name or (place == 0 and plain(cell) in TIME_NAMES) else name
            for place, (cell, name) in enumerate(zip(line, names, strict=True))
        ]
    if len(tickers) > 1:
        raise UnclearError(f"holds several symbols: {', '.join(sorted(tickers)[:5])}; give one a file")
    return names, tickers.pop() if tickers else ""


def is_unit(told: Sequence[str]) -> bool:
    """Whether cells below the names of prices and of a volume are what these are counted in, or their types.

    A ticker stands below all of them.
    """
    words = {cell.strip("[]() ").lower() for cell in told}
    return len(set(told)) > 1 or words <= {*UNITS, *QUOTES}


def refuse_several_sets(names: Sequence[str]) -> None:
    """UnclearError if there are prices of several currencies or markets and none without such a word."""
    if first_of(names, PRICE_NAMES["open"], once=False) is not None:
        return
    for form in ("{0}_{1}", "{1}_{0}"):
        words = [
            name.replace("_open", "").replace("open_", "") for name in names if "open" in name.split("_")
        ]
        full = [word for word in words if {form.format(word, price) for price in PRICES} <= set(names)]
        if len(sets := [word for word in full if word != "adj"]) > 1:
            raise UnclearError(f"holds prices of {' and '.join(sets[:5])}; keep those of one")


def without_prefix(names: list[str], shown: Sequence[str]) -> tuple[list[str], str]:
    """The names without what all prices have before or behind them; and that, if it may be a ticker."""
    if first_of(names, PRICE_NAMES["open"], once=False) is not None:
        return names, ""
    for pattern in (r"(?P<also>.+_)(open|o)$", r"^(open|o)(?P<also>_.+)$"):
        for name, text in zip(names, shown, strict=True):
            match = re.match(pattern, name)
            if match is None or match["also"].strip("_") in {"adj", "time"}:
                continue
            also, letters = match["also"], slice(0, len(match[2] if pattern[0] == "(" else match[1]))
            front = name.startswith(also)
            prices = [price[letters] if letters.stop == 1 else price for price in PRICES]
            if {also + price if front else price + also for price in prices} <= set(names):
                cut = [each.removeprefix(also) if front else each.removesuffix(also) for each in names]
                ticker = text[: len(also) - 1] if front else text[1 - len(also) :]
                return cut, "" if ticker.lower() in {"bid", "ask", "mid"} else ticker
    return names, ""


def of_one_side(names: list[str]) -> tuple[list[str], str]:
    """The names with the prices of one side called as plain ones, and that side: bid before mid before ask.

    Files of both sides, and those that say in their names which one they hold; else the names as they are.
    """
    if first_of(names, PRICE_NAMES["open"], once=False) is not None:
        return names, ""
    for side in ("bid", "mid", "ask"):
        for form in ("{side}_{price}", "{price}_{side}", "{side}{price}", "{price}{side}"):
            for prices in (PRICES, [price[0] for price in PRICES]):
                told = {form.format(side=side, price=price): price for price in prices}
                if set(told) <= set(names):
                    return [told.get(name, name) for name in names], side
    return names, ""


def times_among(
    names: Sequence[str], rows: Sequence[Sequence[str]], sort: Callable[[Sequence[str]], str]
) -> tuple[tuple[int, ...], bool]:
    """The column of times, or those of dates and clocks; and whether they are the ends of bars.

    A name decides, and what the first rows say; without a name, the first column if it holds times.
    """
    sorts: dict[int, str] = {}

    def kind(position: int) -> str:
        if position not in sorts:
            sorts[position] = sort([row[position] for row in rows])
        return sorts[position]

    found = (first_of(names, (name,), once=False) for name in TIME_NAMES)
    places = [place for place in dict.fromkeys(found) if place is not None]
    first = next((place for place in places if kind(place) in {"moment", "day"}), None)
    ends = first_of(names, CLOSE_TIMES, once=False)
    if first is None and ends is not None and kind(ends) == "moment":
        return (ends,), True
    if first is None and not places and names and kind(0) in {"moment", "day"}:
        first = 0
    if first is None:
        return tuple(places[:1]), False  # whose cells the error will show
    if kind(first) == "day":
        clocks = (names.index(name) for name in CLOCK_NAMES if name in names)
        clock = next((place for place in clocks if place != first and kind(place) == "clock"), None)
        if clock is not None:
            return (first, clock), False
    return (first,), False


def volumes_among(names: Sequence[str], shown: Sequence[str], symbol: str, hint: str) -> tuple[Volume, ...]:
    """The columns that may be the volume, base before plain before ticks; never quote."""
    found: list[tuple[int, Volume]] = []
    suffixed = {
        place: name.removeprefix("volume_").removesuffix("_volume")
        for place, name in enumerate(names)
        if re.fullmatch(r"volume_[a-z0-9]{1,10}|[a-z0-9]{1,10}_volume", name)
        and name not in {*BASE_VOLUME, *PLAIN_VOLUME, *TICK_VOLUME}
    }
    assets = {place: asset for place, asset in suffixed.items() if asset not in NO_VOLUME}
    plainly = [name.replace("_", "") for name in PLAIN_VOLUME]
    alone = not any(name.replace("_", "") in plainly for name in names)
    base = base_among(list(assets.values()), symbol.lower(), hint.lower(), alone=alone)
    for place, name in enumerate(names):
        if name in BASE_VOLUME:
            found.append((0, Volume(place, shown[place], "base")))
        elif assets.get(place) == base and base:
            found.append((1, Volume(place, shown[place], "base")))
        elif name.replace("_", "") in plainly:
            rank = 2 + plainly.index(name.replace("_", ""))
            found.append((rank, Volume(place, shown[place], "plain")))
        elif name in TICK_VOLUME:
            found.append((99, Volume(place, shown[place], "tick")))
    volumes = [volume for _, volume in sorted(found, key=lambda each: each[0])]
    return tuple(replace(each, multiple=multiple_of(each.name)[1]) for each in volumes)


def base_among(assets: Sequence[str], symbol: str, hint: str, *, alone: bool) -> str:
    """Which of the assets of columns `volume_<asset>` is the market's base; empty if none is.

    `alone`: no plain volume stands beside them. Where one does, a word counts as an asset if the market's
    name begins with it, or if another is a currency.
    """
    for text in (symbol, *re.split(r"[^a-z0-9]+", hint)):
        starting = [asset for asset in assets if text.startswith(asset) and text != asset]
        if starting:
            return max(starting, key=len)
    if symbol and any(symbol.endswith(asset) for asset in assets):
        assets = [asset for asset in assets if not symbol.endswith(asset)]
    if not alone and not set(assets) & set(QUOTES):
        return ""
    return next((asset for asset in assets if asset not in QUOTES), "")
