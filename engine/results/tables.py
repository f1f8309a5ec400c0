"""A study's result as plain tables, which text, screens and the report lay out: no study draws itself."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

SHOWN_ELSEWHERE = ("simulated", "notes")  # whoever shows a result tells these of every kind
UNDEFINED = "n/a"


@dataclass(frozen=True)
class Table:
    """Rows of texts under a header; the first cell of a row is its label."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def tables_of(result: Any) -> list[Table]:
    """A frozen dataclass as tables: its plain values, then one for each field that has parts."""
    values = [
        (each.name, getattr(result, each.name)) for each in fields(result) if each.name not in SHOWN_ELSEWHERE
    ]
    plain = [(labelled(name), cell(value)) for name, value in values if not has_parts(value)]
    first = [Table(("", ""), tuple(plain))] if plain else []
    return [*first, *(table_of(labelled(name), value) for name, value in values if has_parts(value))]


def has_parts(value: Any) -> bool:
    """Whether a value is a table by itself: named parts, a dataclass, or several of these."""
    several = isinstance(value, tuple) and bool(value) and all(map(is_dataclass, value))
    return several or is_dataclass(value) or (isinstance(value, Mapping) and bool(value))


def table_of(label: str, value: Any) -> Table:
    """A row for each part of a value."""
    if isinstance(value, tuple):
        parts = {str(number): part for number, part in enumerate(value, 1)}
    else:
        parts = {
            str(key): part for key, part in (value if isinstance(value, Mapping) else vars(value)).items()
        }
    first = next(iter(parts.values()))
    columns = [labelled(each.name) for each in fields(first)] if is_dataclass(first) else [""]
    return Table((label, *columns), tuple((labelled(key), *cells(part)) for key, part in parts.items()))


def cells(part: Any) -> list[str]:
    """The cells of a row."""
    return [cell(value) for value in vars(part).values()] if is_dataclass(part) else [cell(part)]


def figures_of(result: Any) -> dict[str, float]:
    """The numbers of a result by the names of their fields: what a list and a comparison tell of it."""
    values = vars(result).items()
    return {
        name: value
        for name, value in values
        if isinstance(value, int | float) and not isinstance(value, bool)
    }


def labelled(name: str) -> str:
    """A field's name as a label."""
    return name.replace("_", " ")


def cell(value: Any) -> str:
    """A value as a text: whole numbers grouped, others with four significant digits."""
    match value:
        case bool():
            text = "yes" if value else "no"
        case int():
            text = f"{value:,}"
        case float():
            text = f"{value:,.4g}" if math.isfinite(value) else UNDEFINED
        case Mapping():
            text = ", ".join(f"{labelled(str(key))} {cell(part)}" for key, part in value.items())
        case list() | tuple():
            text = ", ".join(map(cell, value))
        case _:
            text = UNDEFINED if value is None else str(value)
    return text
