"""How numbers and tables are written on a terminal: as everywhere, and what only a terminal shows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engine.results.number_format import (
    UNDEFINED,
    amount,
    correlation,
    defined,
    difference,
    figure,
    percent,
    signed,
    signed_percent,
    whole,
)  # fmt: skip

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "UNDEFINED", "amount", "correlation", "defined", "difference", "figure", "loss", "percent", "setting",
    "signed", "signed_percent", "span", "table", "whole",
]  # fmt: skip


def setting(value: Any) -> str:
    """A setting's value in few characters: 10.0 → 10."""
    return f"{value:.6g}" if isinstance(value, float) else str(value)


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
