"""How numbers and tables are written on a terminal: as everywhere, and what only a terminal shows."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

from engine.results.number_format import UNDEFINED, defined

if TYPE_CHECKING:
    from collections.abc import Sequence

NUMBER = re.compile(r"[+-]?[\d,]+(\.\d+)?(e[+-]?\d+)?( %)?")  # as the functions below write one
DIGITS = 3  # significant ones that decimals are given up for


def setting(value: Any) -> str:
    """A setting's value in few characters: 10.0 → 10."""
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def shortened(text: str, width: int) -> str:
    """A number's text in so many cells: fewer decimals, else powers of ten: 123,456,789.12 → 1.235e8.

    No digit is cut off; `#` where not even that fits.
    """
    bare = text.removesuffix(" %")
    value, unit, sign = float(bare.replace(",", "")), text[len(bare) :], "+" if bare[0] == "+" else "-"
    if not math.isfinite(value):  # 1.80e+308 is more than a float holds
        return "#" * width
    whole_digits = len(f"{abs(value):.0f}")
    tries = [f"{value:{sign},.{each}f}" for each in (1, 0) if whole_digits + each >= DIGITS]
    for each in (3, 2, 1, 0):
        mantissa, power = f"{value:{sign}.{each}e}".split("e")
        tries.append(f"{mantissa}e{int(power)}")
    return next((f"{each}{unit}" for each in tries if len(each + unit) <= width), "#" * width)


def loss(value: Any) -> str:
    """A loss with four digits after the point, or in powers of ten when that would show nothing."""
    if not defined(value):
        return UNDEFINED
    return f"{value:.4f}" if value == 0 or abs(value) >= 0.001 else f"{value:.2e}"


def span(seconds: Any) -> str:
    """A length of time in its two largest units: 0.21 → 0.2 s, 192 → 3 m 12 s."""
    if not defined(seconds):
        return UNDEFINED
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    if days:
        return f"{days} d {hours} h"
    return f"{hours} h {minutes} m" if hours else f"{minutes} m {rest} s"


def table(header: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[int] = ()) -> str:
    """Columns aligned by spaces, those numbered in `right` to the right; the last one is left as it is."""
    cells = [[" ".join(str(cell).split()) for cell in row] for row in (header, *rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(header))]
    lines = [
        "  ".join(
            cell.rjust(width) if column in right else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in cells
    ]
    return "\n".join(lines)
