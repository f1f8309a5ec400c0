"""Offsets from UTC that are numbers alone: minutes, hours and minutes, or seconds, as columns tell."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from engine.data.importing.hints import HintNeededError
from engine.data.importing.zones import FURTHEST_H

if TYPE_CHECKING:
    from collections.abc import Sequence

NUMBER = re.compile(r"[-+]?\d{1,5}")
UNCLEAR = re.compile(r"[-+]?(\d{3}|1[5-9]|[2-9]\d)")  # more than hours, and not written as 0530 or in seconds
SECONDS = re.compile(r"[-+]?(\d{5}|1[5-9]\d{2}|[2-9]\d{3})")  # no hours and minutes of any clock
QUARTER = 15  # minutes, of which all offsets are multiples
NAMED = {r"min(ute)?s?$": "minutes", r"(s|sec(ond)?s?)$": "seconds"}  # what a column's plain name says


def minutes_in(cell: str, unit: str) -> int | None:
    """The offset in minutes that a number is in a unit; None if no clock has it."""
    number = abs(int(cell))
    hours, rest = divmod(number, 100)
    minutes = {"minutes": number, "seconds": number // 60, "hours and minutes": hours * 60 + rest}[unit]
    whole = {"minutes": True, "seconds": number % 60 == 0, "hours and minutes": rest < 60}[unit]
    fits = whole and minutes <= FURTHEST_H * 60 and minutes % QUARTER == 0
    return (-minutes if cell.startswith("-") else minutes) if fits else None


def offsets_of(cells: Sequence[str], name: str) -> dict[str, int]:
    """The offsets in minutes of cells, if some are numbers of an unclear unit; `name`: the column's, plain.

    Raises HintNeededError if more than one unit makes clocks of all.
    """
    if not all(map(NUMBER.fullmatch, cells)) or not any(map(UNCLEAR.fullmatch, cells)):
        return {}
    if name.replace("_", "") == "timezoneoffset":  # whose sign is the other one with JavaScript
        cell = next(filter(UNCLEAR.fullmatch, cells))
        ahead = (minutes_in(cell, "minutes") or 0) / 60
        raise HintNeededError(
            f"column {name} says {cell}, which is {ahead:+g} h or, as JavaScript counts, {-ahead:+g} h: both "
            "fit all rows",
            "--timezone",
        )
    said = next((unit for form, unit in NAMED.items() if re.search(rf"_{form}", name)), "")
    units = [said] if said else ["minutes", "hours and minutes", "seconds"]
    readings = {unit: {cell: minutes_in(cell, unit) for cell in cells} for unit in units}
    found = {
        unit: {cell: minutes for cell, minutes in each.items() if minutes is not None}
        for unit, each in readings.items()
    }
    fitting = [unit for unit, each in found.items() if len(each) == len(cells)]
    if len(fitting) > 1:
        cell = next(cell for cell in cells if len({found[unit][cell] for unit in fitting}) > 1)
        shown = " or ".join(f"{found[unit][cell] / 60:+g} h in {unit}" for unit in fitting)
        raise HintNeededError(f"column {name} says {cell}, which is {shown}: both fit all rows", "--timezone")
    return found[fitting[0]] if fitting else {}
