"""How time grows with the number of bars: the exponent of a straight line through the logarithms."""

from __future__ import annotations

import numpy as np

SIZES = (1_000, 10_000, 100_000, 1_000_000)
WORK = {
    "features": ("data", "every_feature", "features"),
    "windows": ("data", "every_feature", "windows"),
    "simulation": ("simulation", "quantdeck", "simulate"),
    "metrics": ("simulation", "sheet", "tear_sheet"),
    "import": ("data", "imported", "import"),
}


def exponent(sizes: np.ndarray, seconds: np.ndarray) -> float:
    """The slope of log(seconds) over log(sizes), least squares; both (S,)."""
    return float(np.polyfit(np.log(sizes), np.log(seconds), 1)[0])
