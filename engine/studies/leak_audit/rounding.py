"""Where two columns differ, and where they do by rounding alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Rows = NDArray[np.int64]

ROUNDING = 1e-12  # of a feature's value or its usual deviation
MATERIAL = 1e-6  # of the usual deviation: what a model can see, however large the values are


def same(before: NDArray[Any], after: NDArray[Any]) -> NDArray[np.bool_]:
    """Where two arrays are bit for bit alike, NaN like NaN."""
    alike: NDArray[np.bool_] = (before == after) | ((before != before) & (after != after))  # noqa: PLR0124
    return alike


def usual_deviation(values: Floats) -> float:
    """A column's (T,) deviation as its middle half tells it, whatever its outliers are; 0 for a constant.

    Where more than half of it is one value, as its middle 98 % tell it.
    """
    there = values[np.isfinite(values)]
    if not len(there):
        return 0.0
    low, first, third, high = np.quantile(there, (0.01, 0.25, 0.75, 0.99))
    if third > first:
        return float(third - first) / 1.349  # of a normal distribution
    return float(np.std(there[(there >= low) & (there <= high)]))


def differing_rows(before: Floats, after: Floats, spread: float) -> tuple[Rows, Rows]:
    """Rows in which two columns (T,) differ, and those in which they do by rounding alone.

    Rounding: at most ROUNDING of the larger of the two values or of the column's usual deviation, as of a
    product or a Fourier transform of another length, and at most MATERIAL of that deviation.
    """
    differs = ~same(before, after)  # (T,)
    if not differs.any():
        return np.flatnonzero(differs), np.flatnonzero(differs)
    size = np.maximum(np.maximum(np.abs(before), np.abs(after)), spread)  # (T,)
    apart = np.abs(before - after)
    near = (apart <= ROUNDING * size) & ((apart <= MATERIAL * spread) | (spread == 0.0))  # (T,) False where
    # one is missing
    return np.flatnonzero(differs & ~near), np.flatnonzero(differs & near)
