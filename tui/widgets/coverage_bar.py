"""Coverage of a series on one time axis: what is there, what is missing within, what lies outside."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.results.coverage import overlap

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.results.coverage import Span

THERE, PARTLY, GAP, OUTSIDE = "▇", "▅", "▁", "·"
ASCII = str.maketrans({THERE: "#", PARTLY: "+", GAP: "_", OUTSIDE: "."})


def coverage(known: Sequence[Span], absent: Sequence[Span], axis: Span, width: int) -> str:
    """One character a column of the axis: there, a gap of any length in it, all gap, or outside the series.

    `known` and `absent` are half-open ranges in seconds; absent ones count as gaps. A gap is never hidden,
    however short: its column is drawn lower.
    """
    start, end = axis
    if not known or not end > start:
        return OUTSIDE * width
    first, last = min(low for low, _ in known), max(high for _, high in known)
    step = (end - start) / width
    drawn = []
    for column in range(width):
        low, high = max(first, start + column * step), min(last, start + (column + 1) * step)
        if not high > low:
            drawn.append(OUTSIDE)
            continue
        there = overlap(known, low, high) - overlap(absent, low, high)
        full = high - low
        drawn.append(THERE if there >= full - 1e-3 else GAP if there <= full / 2 else PARTLY)
    return "".join(drawn)
