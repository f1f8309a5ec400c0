"""Which column of a file means what: the layouts that quantdeck reads, told apart by their columns."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from engine.data.kinds import KINDS
from engine.market.candles import OHLCV, PRICES

if TYPE_CHECKING:
    from collections.abc import Sequence

TIME_NAMES = (
    "unix", "unix_timestamp", "timestamp", "open_time", "opentime", "time", "datetime", "date_time", "date",
    "calc_time", "create_time", "funding_time", "fundingtime", "index", "__index_level_0__",
)  # fmt: skip
PRICE_NAMES = {name: (name, name[0], f"{name}_price") for name in PRICES}
VOLUME_NAMES = ("volume", "vol", "v", "base_volume", "volume_base")
SYMBOL_NAMES = ("symbol", "pair", "ticker", "market", "instrument")
BINANCE = (
    "open_time", *OHLCV, "close_time", "quote_volume", "count", "taker_buy_volume", "taker_buy_quote_volume",
    "ignore",
)  # fmt: skip
PLAIN = ("time", *OHLCV)
HEADERLESS = {
    12: ("Binance public data", BINANCE),
    6: ("plain candles", PLAIN),
    2: ("time and value", ("time", "value")),
}


@dataclass(frozen=True)
class Layout:
    """What a file's columns mean; positions count from 0."""

    name: str
    kind: str  # one of KINDS
    width: int  # columns of a row
    time: int
    numbers: dict[str, int]  # open, high, low, close, volume (if there is one), or value -> position
    symbol: int | None = None
    column: str = ""  # what the file calls its values; empty for candles
    notes: tuple[str, ...] = field(default=())

    def positions(self) -> list[int]:
        """The columns that are read, each once, in order."""
        symbol = [] if self.symbol is None else [self.symbol]
        return sorted({self.time, *self.numbers.values(), *symbol})


def layout_of(header: Sequence[str] | None, width: int, symbol: str = "") -> Layout:
    """The layout of a file with this header (None: it has none) and this many columns.

    `symbol` is what the first row says, if anything; it tells base from quote volume. Raises ValueError
    that says what is missing or unclear.
    """
    if header is None:
        if width not in HEADERLESS:
            raise ValueError(f"has {width} columns and no header; without one 2, 6 or 12 columns are known")
        name, names = HEADERLESS[width]
        layout = layout_of(names, width)
        note = f"no header; columns taken as {', '.join(names)}"
        return replace(layout, name=name, notes=(note,))
    names = tuple(plain(name) for name in header)
    time = first_of(names, TIME_NAMES)
    if time is None:
        raise ValueError(f"has no column of times; its columns are {listed(header)}")
    found = {name: first_of(names, also) for name, also in PRICE_NAMES.items()}
    prices = {name: position for name, position in found.items() if position is not None}
    ticker = first_of(names, SYMBOL_NAMES)
    if {"open", "high", "low"} & set(prices):
        if missing := [name for name in PRICES if name not in prices]:
            raise ValueError(f"has no column {', '.join(missing)}; its columns are {listed(header)}")
        volume, notes = volume_of(names, header, symbol)
        numbers = {**prices, **({} if volume is None else {"volume": volume})}
        return Layout(candles_name(names), "candles", width, time, numbers, ticker, notes=notes)
    return values_layout(names, header, time, ticker)


def values_layout(names: Sequence[str], header: Sequence[str], time: int, ticker: int | None) -> Layout:
    """The layout of a file of times and values: a column of a known name, or the only other one."""
    for kind in KINDS.values():
        if (position := first_of(names, kind.file_columns)) is not None:
            numbers = {"value": position}
            return Layout("time and value", kind.name, len(names), time, numbers, ticker, header[position])
    others = [position for position in range(len(names)) if position not in {time, ticker}]
    if len(others) != 1:
        raise ValueError(f"has neither candles nor one column of values; its columns are {listed(header)}")
    numbers, column = {"value": others[0]}, header[others[0]]
    note = f"values are column {column}"
    return Layout("time and value", "values", len(names), time, numbers, ticker, column, (note,))


def candles_name(names: Sequence[str]) -> str:
    """What a file of candles with these column names is called."""
    if {"open_time", "close_time"} <= set(names):
        return "Binance public data"
    if {"symbol", "date"} <= set(names) and any(name.startswith("volume_") for name in names):
        return "CryptoDataDownload"
    return "plain candles"


def volume_of(names: Sequence[str], header: Sequence[str], symbol: str) -> tuple[int | None, tuple[str, ...]]:
    """The column of base volume, and what has to be said about the choice."""
    plainly = first_of(names, VOLUME_NAMES)
    if plainly is not None:
        return plainly, ()
    suffixed = {
        name.removeprefix("volume_"): row for row, name in enumerate(names) if name.startswith("volume_")
    }
    base = [asset for asset in suffixed if symbol.lower().startswith(asset)]
    if base:
        return suffixed[max(base, key=len)], ()
    if suffixed:
        position = min(suffixed.values())
        return position, (f"volume is column {header[position]}, the first of {len(suffixed)}",)
    return None, ("no column of volume; stored as 0",)


def first_of(names: Sequence[str], wanted: Sequence[str]) -> int | None:
    """Position of the first wanted name that is there; ValueError if it is there twice."""
    for name in wanted:
        if names.count(name) > 1:
            raise ValueError(f"has two columns named {name}")
        if name in names:
            return names.index(name)
    return None


def plain(name: str) -> str:
    """A column name in lower case, with underscores for whatever separates its words."""
    return re.sub(r"[\s\-.]+", "_", name.strip(" \t\"'<>").lower())


def listed(header: Sequence[str]) -> str:
    """The first column names, each cut, for an error."""
    shown = ", ".join(name[:30] or "(empty)" for name in header[:15])
    return f"{shown} …" if len(header) > 15 else shown
