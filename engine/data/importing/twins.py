"""Columns of one name: which of them is meant is known only if they say the same."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from engine.data.importing.clocks import mask
from engine.data.importing.hints import UnclearError
from engine.data.importing.times import text_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def twins_among(names: Sequence[str], taken: Sequence[int]) -> tuple[tuple[int, int], ...]:
    """The columns that are read, each with another of the same plain name."""
    return tuple(
        (place, other)
        for place in taken
        for other, name in enumerate(names)
        if name and other != place and name == names[place] and not (other in taken and other < place)
    )


def refuse_unlike_twins(
    twins: Sequence[tuple[int, int]], header: Sequence[str], raw: Mapping[int, Any]
) -> None:
    """UnclearError for two columns of one name, each (N,), that differ in a row."""
    for place, other in twins:
        if pa.types.is_nested(raw[place].type) or pa.types.is_nested(raw[other].type):
            continue
        first, second = text_of(raw[place]), text_of(raw[other])
        apart = np.flatnonzero(mask(pc.not_equal(first, second)))
        if len(apart):
            row = int(apart[0])
            both = f"{first[row]} and {second[row]} in row {row + 1}"
            raise UnclearError(f"has two columns named {header[place]} that differ: {both}; keep one")
