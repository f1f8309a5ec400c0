"""Values that are written in per cent or basis points, as shares: `0.01%`, `Funding Rate (%)`, `rate_bps`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from engine.data.importing.hints import UnclearError
from engine.data.importing.numbers import BLANK
from engine.data.importing.times import is_text, text_of
from engine.results.notes import Note

if TYPE_CHECKING:
    from numpy.typing import NDArray

PER_CENT = re.compile(r"(?i)%|(?<![a-z])(per ?cent|pct|percentage|prozent)(?![a-z])")
BASIS_POINTS = re.compile(r"(?i)(?<![a-z])(bps?|basis[ _]points?)(?![a-z])")
UNIT_BEHIND = r"(_in)?_(per_?cent|pct|percentage|prozent|bps?|basis_points?)$"
MARKED = r"%\s*$"
PLACES = 15  # decimals to which a share is the nearest binary number


def without_unit(name: str) -> str:
    """A plain name of values without the per cent or basis points behind it."""
    return re.sub(UNIT_BEHIND, "", name)


def in_shares(
    column: Any, name: str, values: NDArray[np.float64]
) -> tuple[NDArray[np.float64], tuple[Note, ...]]:
    """The values (N,) of an Arrow column as shares, where its cells or its name say per cent.

    Raises UnclearError where some cells carry the sign and others that are not 0 do not.
    """
    named = 100 if PER_CENT.search(name) else 10_000 if BASIS_POINTS.search(name) else 1
    if is_text(column):
        cells = text_of(column)
        marked = pc.match_substring_regex(cells, MARKED).to_numpy(zero_copy_only=False)  # (N,)
        blank = pc.is_in(cells, pa.array(BLANK)).to_numpy(zero_copy_only=False)
        bare = ~marked & ~blank & (values != 0)
        if marked.any() and (named == 10_000 or (named == 1 and bare.any())):
            other = "in basis points by its name" if named > 1 else f"and {cells[int(np.argmax(bare))]}"
            reason = f"says {cells[int(np.argmax(marked))]} in column {name}, {other}"
            raise UnclearError(f"{reason}: whether its numbers are shares is not known")
        named = 100 if marked.any() else named
    if named == 1:
        return values, ()
    unit = "per cent" if named == 100 else "basis points"
    return np.round(values / named, PLACES), (Note("values in a unit", {"column": name, "unit": unit}),)
