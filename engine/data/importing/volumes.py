"""Which column of a file is the volume: in base currency before a plain one before ticks, never in quote."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from engine.data.importing.hints import UnclearError
from engine.data.importing.names import BASE_VOLUME, NO_VOLUME, PLAIN_VOLUME, QUOTES, TICK_VOLUME, folded
from engine.data.importing.units import UNSURE, multiple_of
from engine.data.importing.volume_numbers import base_by_numbers
from engine.results.notes import Note

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

UNKNOWN = -1  # as Interactive Brokers writes it
ENOUGH = 1000  # cells that are looked at first
AMOUNT = re.compile(r"vol(?!at)|amount|turnover|notional|value|money|umsatz|成交")
PART = re.compile(
    r"taker|maker|buy|sell|avg|average|(^|_)[se]?ma(_|$)|24h|cum|trades|count|change|delta|ratio"
)


@dataclass(frozen=True)
class Volume:
    """A column that may be the volume."""

    position: int
    name: str  # as the file calls it
    kind: str  # "base", "plain" or "tick"
    multiple: int = 1  # that its name tells, such as 1000; or UNSURE


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
    plainly = [folded(name) for name in PLAIN_VOLUME]
    alone = not any(folded(name) in plainly for name in names)
    base = base_among(list(assets.values()), symbol.lower(), hint.lower(), alone=alone)
    for place, name in enumerate(names):
        if name in BASE_VOLUME:
            found.append((0, Volume(place, shown[place], "base")))
        elif assets.get(place) == base and base:
            found.append((1, Volume(place, shown[place], "base")))
        elif folded(name) in plainly:
            rank = 2 + plainly.index(folded(name))
            found.append((rank, Volume(place, shown[place], "plain")))
        elif name in TICK_VOLUME:
            found.append((99, Volume(place, shown[place], "tick")))
    multiples = {volume: multiple_of(volume.name)[1] for _, volume in found}
    found.sort(key=lambda each: (each[0], multiples[each[1]] != 1))
    return tuple(replace(volume, multiple=multiples[volume]) for _, volume in found)


def others_among(names: Sequence[str], shown: Sequence[str], taken: Sequence[int]) -> tuple[Volume, ...]:
    """Further columns whose numbers may show them as the base volume, or as the turnover of it."""
    return tuple(
        Volume(place, shown[place], "base")
        for place, name in enumerate(names)
        if place not in taken and AMOUNT.search(name) and not PART.search(name)
    )


def by_numbers(
    chosen: Volume | None,
    candidates: Sequence[Volume],
    values: Mapping[int, NDArray[np.float64]],
    prices: Mapping[str, NDArray[np.float64]],
) -> tuple[Volume, tuple[Note, ...]] | None:
    """The candidate that times the price is another one, if it is not the chosen one, and its note."""
    named = {each.position: each for each in candidates}
    pair = base_by_numbers(values, chosen.position if chosen else -1, prices) if len(values) > 1 else None
    if pair is None or (chosen and pair[0] == chosen.position):
        return None
    base = replace(named[pair[0]], kind="base")
    others = ", ".join(each.name for each in candidates if each.position not in pair) or "no other"
    columns = {"column": base.name, "quote": named[pair[1]].name, "others": others}
    return base, (Note("volume by its numbers", {**columns}),)


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


def volume_of(
    volumes: Sequence[Volume], values: Mapping[int, NDArray[np.float64]], beside: Sequence[str], rows: int
) -> tuple[Volume | None, NDArray[np.float64], tuple[Note, ...]]:
    """The one column that is the volume, if any, its numbers (rows,), and what has to be said of the choice.

    `values` are those of the columns by their positions, `beside` the names of others. The first candidate
    that says anything other than 0 counts; without one, the first.
    """
    if not volumes:
        note = Note("no volume among", {"columns": ", ".join(beside[:5])}) if beside else Note("no volume")
        return None, np.full(rows, np.nan), (note,)
    speaking = (each for each in volumes if says_something(values[each.position]))
    chosen = next(speaking, volumes[0])
    volume = values[chosen.position]
    if np.isnan(volume[:1]).all() and np.isnan(volume).all():
        return None, volume, (Note("no volume"),)
    volume, unknown = without_unknown(volume)
    if chosen.multiple == UNSURE:
        reason = f"has a column {chosen.name}, whose numbers may be multiples or stand for themselves"
        raise UnclearError(f"{reason}; call it Volume, or Volume (thousands), (millions) and so on")
    if chosen.multiple > 1:
        volume = np.round(volume * chosen.multiple, 8)  # (N,)
    return chosen, volume, (*about(chosen), *unknown)


def without_unknown(volume: NDArray[np.float64]) -> tuple[NDArray[np.float64], tuple[Note, ...]]:
    """A volume (N,), NaN where UNKNOWN stands in most rows, and what has to be said of unknown ones."""
    if volume.min(initial=0) >= 0:  # which NaN is not
        return volume, ()
    below = volume < 0
    if np.count_nonzero(below) > 0.5 * len(below) and (volume[below] == UNKNOWN).all():
        return np.where(below, np.nan, volume), (Note("volume of -1", {"rows": int(below.sum())}),)
    unknown = int(np.count_nonzero(np.isnan(volume)))
    return volume, (Note("unknown volumes", {"rows": unknown}),) if unknown else ()


def says_something(values: NDArray[np.float64]) -> bool:
    """Whether any of the values (N,) is known and other than 0."""
    parts = (values[:ENOUGH], values)  # most columns say it at once
    return any(not ((part == 0) | np.isnan(part)).all() for part in parts)


def about(chosen: Volume) -> tuple[Note, ...]:
    """What has to be said of the column that is the volume."""
    if chosen.multiple > 1:
        return (Note("volume in a unit", {"column": chosen.name, "multiple": chosen.multiple}),)
    if chosen.kind == "tick":
        return (Note("tick volume", {"column": chosen.name}),)
    if chosen.kind == "base" or chosen.name.lower() not in {"volume", "vol", "v", "vol.", "<vol>", "6"}:
        return (Note("volume is a column", {"column": chosen.name}),)
    return ()
