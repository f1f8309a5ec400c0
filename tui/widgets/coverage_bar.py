"""Coverage of a series on one time axis: what is there, what is missing within, what lies outside."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

Span = tuple[float, float]
THERE, PARTLY, GAP, OUTSIDE = "▇", "▅", "▁", "·"
ASCII = str.maketrans({THERE: "#", PARTLY: "+", GAP: "_", OUTSIDE: "."})


def seconds(text: str) -> float:
    """An ISO 8601 date or time in seconds since the epoch; without an offset it is UTC."""
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


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


def overlap(ranges: Sequence[Span], low: float, high: float) -> float:
    """How much of [low, high) the ranges cover; they do not overlap each other."""
    return sum(max(0.0, min(high, end) - max(low, start)) for start, end in ranges)
