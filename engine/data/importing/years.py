"""Bars of years that are named by the year alone, `1990`: told from clocks and other numbers by all rows."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

YEAR = re.compile(r"(1[789]|20)\d\d(\.0*)?")
FEWEST = 3


def are_years(cells: Sequence[str]) -> bool:
    """Whether the cells of a column are years that follow each other."""
    return all(YEAR.fullmatch(cell) for cell in cells) and follow_each_other(
        np.array([int(cell[:4]) for cell in cells], np.int64)
    )


def follow_each_other(year: NDArray[np.int64]) -> bool:
    """Whether years (N,), each once in any order, are those of bars of a year."""
    distinct = np.unique(year)
    return FEWEST <= len(year) == len(distinct) and float(np.median(np.diff(distinct))) == 1
