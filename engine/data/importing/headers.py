"""The header of a table: one name a column, without what all of them have in common."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from engine.data.importing.averages import refuse_averages_named
from engine.data.importing.currencies import CODES, SIGNS
from engine.data.importing.hints import UnclearError
from engine.data.importing.names import PLAIN_VOLUME, PRICE_NAMES, QUOTES, TIME_NAMES, UNITS, first_of, plain
from engine.data.importing.units import multiple_of, price_unit
from engine.market.candles import PRICES
from engine.results.notes import Note

if TYPE_CHECKING:
    from collections.abc import Sequence


MEASURE = re.compile(  # what prices of goods are counted in, as USD/MWh
    rf"(?i)([{SIGNS}]|¢|{CODES}|cents?|pence|p|index|dollars?|euros?)? ?([/ ]|per)? ?"
    r"(k?wh|mwh|oz|ozt|troy ounces?|ounces?|m?t|mt|tons?|tonnes?|bbls?|barrels?|lbs?|pounds?|kg|g|bu|bushels?"
    r"|gal|gallons?|mmbtu|therms?|cwt|shares?|contracts?|points?|pts|pips?|ticks?|%)?"
)
PRICED = {name for also in PRICE_NAMES.values() for name in also} - {"price"}


def named(header: Sequence[Sequence[str]]) -> tuple[list[str], str, tuple[Note, ...]]:
    """One name a column out of the lines of a header; the ticker that another line gives all prices; notes.

    A line of units is told. Raises ValueError if the columns are those of several tickers, or of prices in
    several units.
    """
    if not header:
        return [], "", ()
    roles = {name for also in PRICE_NAMES.values() for name in also} | set(PLAIN_VOLUME)
    scores = [sum(plain(cell) in roles for cell in line) for line in header]
    best = scores.index(max(scores))
    if not scores[best]:
        return of_values(header)
    names = list(header[best])
    tickers: set[str] = set()
    notes: tuple[Note, ...] = ()
    for number, line in enumerate(header):
        if number == best:
            continue
        prices = [cell for cell, name in zip(line, names, strict=True) if plain(name) in PRICED]
        volumes = [cell for cell, name in zip(line, names, strict=True) if plain(name) in PLAIN_VOLUME]
        cells = [*prices, *volumes]
        if len(set(cells[:4])) > 1:
            refuse_units_of_several(prices)
            tickers |= set(cells) - {""}
        elif not is_unit(cells):
            tickers |= set(cells) - {""}
        else:
            notes += units_told(prices, volumes)
            names = [with_multiple(name, cell) for cell, name in zip(line, names, strict=True)]
        names = [with_price_unit(name, cell) for name, cell in zip(names, line, strict=True)]
        names = [
            cell if not name or (place == 0 and plain(cell) in TIME_NAMES) else name
            for place, (cell, name) in enumerate(zip(line, names, strict=True))
        ]
    if len(tickers) > 1:
        raise UnclearError(f"holds several symbols: {', '.join(sorted(tickers)[:5])}; give one a file")
    return names, tickers.pop() if tickers else "", notes


def of_values(header: Sequence[Sequence[str]]) -> tuple[list[str], str, tuple[Note, ...]]:
    """The names of columns of which none is known as a price or volume, and what other lines say of them."""
    times = {*TIME_NAMES} - {"index"}  # which is what prices of a country are called, too
    names = next((line for line in header if any(plain(cell) in times for cell in line)), header[0])
    said = [": ".join(cell for cell in line if cell) for line in header if line is not names]
    text = "; ".join(line for line in said if line)
    return list(names), "", (Note("lines above the rows", {"text": text[:200]}),) if text else ()


def units_told(prices: Sequence[str], volumes: Sequence[str]) -> tuple[Note, ...]:
    """What a line of units says below the names of prices and volumes; nothing for types of numbers."""
    price, volume = (next((cell.strip("[]() ") for cell in cells), "") for cells in (prices, volumes))
    if {price.lower(), volume.lower()} <= {*UNITS, ""}:
        return ()
    return (Note("a line of units", {"prices": price or "no unit", "volume": volume or "no unit"}),)


def refuse_units_of_several(prices: Sequence[str]) -> None:
    """UnclearError if what stands below the names of prices are several currencies."""
    found = dict.fromkeys(cell.strip("[]() ") for cell in prices)
    if found and all(MEASURE.fullmatch(cell) for cell in found if cell):
        raise UnclearError(f"has prices in several units: {', '.join(map(repr, found))}; give those of one")


def apart_by_case(names: list[str], shown: Sequence[str]) -> list[str]:
    """The names; a capital letter is another one where its small letter is there too, as `T` beside `t`."""
    return [
        f"upper_{name}" if len(text) == 1 and text.lower() != text and text.lower() in shown else name
        for name, text in zip(names, shown, strict=True)
    ]


def with_multiple(name: str, unit: str) -> str:
    """The name of a volume with the multiple or the currency that stands below it; others as they are."""
    unit = unit.strip("[]() ")
    both = f"{name} ({unit})"
    counted = multiple_of(both)[1] != 1 or unit.lower() in QUOTES
    return both if plain(name) in PLAIN_VOLUME and counted else name


def with_price_unit(name: str, unit: str) -> str:
    """The name of a price with the unit that stands below it, such as pence; other names as they are."""
    both = f"{name} ({unit.strip('[]() ')})"
    return both if plain(name) in PRICED and price_unit(both) else name


def is_unit(cells: Sequence[str]) -> bool:
    """Whether cells below the names of prices and of a volume are what these are counted in, or their types.

    A ticker stands below all of them.
    """
    words = {cell.strip("[]() ").lower() for cell in cells}
    measured = all(MEASURE.fullmatch(word) for word in words)
    return len(set(cells)) > 1 or words <= {*UNITS, *QUOTES} or measured


def refuse_several_sets(names: Sequence[str]) -> None:
    """UnclearError if there are prices of several currencies or markets and none without such a word.

    Or two of everything, of which pandas has called the second `open.1`.
    """
    if {*PRICES, *(f"{price}_1" for price in PRICES)} <= set(names):
        raise UnclearError("holds two sets of prices, such as close and close.1; keep those of one")
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
            if match is None or match["also"].strip("_") == "time":
                continue
            also, letters = match["also"], slice(0, len(match[2] if pattern[0] == "(" else match[1]))
            front = name.startswith(also)
            prices = [price[letters] if letters.stop == 1 else price for price in PRICES]
            if {also + price if front else price + also for price in prices} <= set(names):
                refuse_averages_named(also)
                cut = [each.removeprefix(also) if front else each.removesuffix(also) for each in names]
                ticker = text[: len(also) - 1] if front else text[1 - len(also) :]
                unnamed = ticker.lower() in {"bid", "ask", "mid"} or bool(price_unit(text))
                return cut, "" if unnamed else ticker
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
                cells = {form.format(side=side, price=price): price for price in prices}
                if set(cells) <= set(names):
                    return [cells.get(name, name) for name in names], side
    return names, ""
