"""The volume of a table: chosen by the names of its columns, and corrected by their numbers."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from engine.data.importing.hints import UnclearError
from engine.data.importing.numbers import MARKS, Numbers, holds_numbers, numbers_of
from engine.data.importing.times import is_text
from engine.data.importing.volume_numbers import base_by_numbers
from engine.data.importing.volumes import by_numbers, volume_of
from engine.market.candles import PRICES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from engine.data.importing.layouts import Layout
    from engine.results.notes import Note


def others_of(layout: Layout, raw: Mapping[int, Any], read: Numbers) -> dict[int, NDArray[np.float64]]:
    """The numbers of further columns by their positions, read with the decimal mark of the others."""
    mark = "comma" if read.marks == "comma" else "point"
    return numbers_at([each.position for each in layout.others], raw, mark)


def numbers_at(places: Sequence[int], raw: Mapping[int, Any], mark: str) -> dict[int, NDArray[np.float64]]:
    """The numbers of those of the columns at these positions that may hold some, with this decimal mark."""
    columns = {str(place): raw[place] for place in places}
    columns = {
        name: column for name, column in columns.items() if is_text(column) or holds_numbers(column.type)
    }
    return {int(name): values for name, values in numbers_of(columns, {}, mark, mark).values.items()}


def mark_by_turnover(layout: Layout, raw: Mapping[int, Any]) -> str:
    """The decimal mark with which a volume times the price is another column; empty if not one alone is."""
    places = [each.position for each in (*layout.volumes, *layout.others)]
    if not set(PRICES) <= set(layout.numbers) or len(places) < 2:
        return ""
    proven = []
    for mark in MARKS:
        prices = numbers_at([layout.numbers[name] for name in PRICES], raw, mark)
        named = {name: prices[layout.numbers[name]] for name in PRICES}
        if base_by_numbers(numbers_at(places, raw, mark), places[0], named):
            proven.append(mark)
    return proven[0] if len(proven) == 1 else ""


def with_volume(
    layout: Layout, read: Numbers, others: Mapping[int, NDArray[np.float64]]
) -> tuple[Layout, dict[str, NDArray[np.float64]], tuple[Note, ...]]:
    """The numbers with the one column that is the volume, and what has to be said about the choice.

    Raises UnclearError if it is not certain what its numbers are counted in.
    """
    numbers = {name: values for name, values in read.values.items() if not name.startswith("volume ")}
    if layout.kind != "candles":
        return layout, numbers, ()
    values = {each.position: read.values[f"volume {each.position}"] for each in layout.volumes}
    rows = len(next(iter(numbers.values())))
    turnovers = [each for each in layout.volumes if f"volume {each.position}" in read.money]
    volumes = [each for each in layout.volumes if each not in turnovers]
    beside = (*layout.beside, *(each.name for each in turnovers))
    chosen, volume, notes = volume_of(volumes, values, beside, rows)
    if chosen and chosen.multiple > 1 and f"volume {chosen.position}" in read.sized:
        reason = f"has a multiple in the name of column {chosen.name} and at its numbers: whether both count"
        raise UnclearError(f"{reason} is not known; call it Volume if only those at the numbers do")
    candidates = (*layout.volumes, *layout.others)
    if better := by_numbers(chosen, candidates, {**values, **others}, numbers):
        chosen, volume, _ = volume_of([better[0]], {**values, **others}, (), rows)
        notes = better[1]
    layout = replace(layout, volumes=(chosen,)) if chosen else layout
    return layout, {**numbers, "volume": volume}, notes
