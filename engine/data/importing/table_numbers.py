"""The numbers of a table: by which marks they are read, and how finely those of one time were written."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.data.importing.hints import HintNeededError
from engine.data.importing.numbers import Numbers, decimals_of, numbers_of
from engine.data.importing.volume_choice import mark_by_turnover
from engine.market.candles import PRICES, Decimals
from engine.market.quality import possible
from engine.market.times import in_time_order

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from engine.data.importing.hints import Hints
    from engine.data.importing.layouts import Layout
    from engine.data.importing.pieces import Pieces
    from engine.data.importing.tables import Table

POINTED_DAY = re.compile(r"\d{1,2}\.\d{1,2}\.\d{2,4}")
EUROPEAN = re.compile(r"[^\W\d_][\x20-\u058f]{3,}")  # a word in Latin, Greek or Cyrillic letters
ENGLISH = re.compile(
    r"(?i)open|high|low|close|last|price|settle|first|max|min|latest|value|rate|px|prc|bid|ask"
)
ENGLISH_TIMES = re.compile(r"(?i)date|time|stamp|unix|utc|day|week|month|year|period|^(ts|dt|t)$")


def country_of(table: Table, layout: Layout) -> str:
    """The decimal mark of where a table seems to come from, by what is no number in it; empty if unknown.

    A comma: semicolons between its cells, and days with points before months or names that are no English;
    perhaps a comma if only one of these. A point:
    none of these, commas between cells or English names.
    """
    first = table.rows[0] if table.rows else ()
    dotted = any(POINTED_DAY.match(first[place]) for place in layout.times if place < len(first))
    candles = layout.kind == "candles"  # other values have names of any kind
    told = layout.numbers.values() if candles else layout.times
    names = [line[place] for line in table.header for place in told]
    english = [bool((ENGLISH if candles else ENGLISH_TIMES).search(name)) for name in names]
    foreign = any(EUROPEAN.fullmatch(name) for name, known in zip(names, english, strict=True) if not known)
    delimiter = table.form.delimiter if table.form else ","
    if (dotted or foreign) and delimiter == ";":
        return "comma"
    if dotted or foreign or delimiter == ";":
        return "perhaps comma"
    return "point" if any(english) or (delimiter == "," and not names) else ""


def read_numbers(layout: Layout, raw: Mapping[int, Any], hints: Hints, country: str) -> Numbers:
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

    try:
        return numbers_of(columns, shown, hints.decimal, layout.decimal, can, country=country)
    except HintNeededError:
        if not (mark := mark_by_turnover(layout, raw)):
            raise
        return numbers_of(columns, shown, mark, layout.decimal, can, country=country)


def places_of(layout: Layout) -> dict[str, int]:
    """The columns of numbers by the names that `read_numbers` gives them."""
    return {**layout.numbers, **{f"volume {each.position}": each.position for each in layout.volumes}}


def decimals_among(
    read: Numbers, times: NDArray[np.int64], places: Mapping[str, int], typed: Pieces | None
) -> Decimals | None:
    """How finely rows that share a time were written, 0 for all others; None for binary numbers."""
    names = [name for name in read.values if name in (places if typed else read.text)]
    if len(names) < len(read.values):
        return None
    prices, volume, written = (np.zeros(len(times), np.int8) for _ in range(3))
    at = sharing(times)
    if not len(at):
        return Decimals(prices, volume, written)
    if typed:
        found = typed.decimals([places[name] for name in names], at)
    else:
        found = [decimals_of(read.text[name].take(at)) for name in names]
    for name, (significant, all_of_them) in zip(names, found, strict=True):
        kept = volume if name.startswith("volume ") else prices
        kept[at] = np.maximum(kept[at], significant)
        written[at] = np.maximum(written[at], all_of_them)
    return Decimals(prices, volume, written)


def sharing(times: NDArray[np.int64]) -> NDArray[np.int64]:
    """The rows, rising, whose time (N,) another one has as well."""
    if (times[1:] > times[:-1]).all():
        return np.empty(0, np.int64)
    order = in_time_order(times)
    ordered = times[order]
    again = np.flatnonzero(ordered[1:] == ordered[:-1])
    return np.unique(np.concatenate([order[again], order[again + 1]]))
