"""Where a figure's curves are drawn: their dots are joined into cells before plotext is given them.

plotext itself takes tens of microseconds a dot, and a wide line has thousands.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.results.number_format import defined

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

BRAILLE = "braille"  # a marker of dots; any other is a character
WIDE, HIGH = 2, 4  # dots of braille in a cell
BLANK = 0x2800  # the braille character without a dot
# What a dot adds to it, by column and by row from below.
BITS = ((0x40, 0x04, 0x02, 0x01), (0x80, 0x20, 0x10, 0x08))

Dot = tuple[int, int]  # column, row from below


@dataclass(frozen=True)
class Area:
    """So many cells of a figure that was begun; `across` and `up` are the limits of its axes."""

    columns: int
    rows: int
    across: tuple[float, float]
    up: tuple[float, float]

    def line(self, x: Sequence[float], y: Sequence[float], *, marker: str, colour: str) -> None:
        """A curve drawn through its points; it breaks at one that is not defined."""
        dots, before = set(), None
        for dot in self._places(x, y, marker):
            if dot is not None:
                dots.update([dot] if before is None else between(before, dot))
            before = dot
        self._draw(dots, marker, colour)

    def points(self, x: Sequence[float], y: Sequence[float], *, marker: str, colour: str) -> None:
        """The points alone."""
        self._draw({dot for dot in self._places(x, y, marker) if dot}, marker, colour)

    def _places(self, x: Sequence[float], y: Sequence[float], marker: str) -> Iterator[Dot | None]:
        """The dots of points, rounded as plotext rounds them; None for one that is not defined."""
        wide, high = (WIDE, HIGH) if marker == BRAILLE else (1, 1)
        (left, right), (low, top) = self.across, self.up
        last_x, last_y = wide * self.columns - 1, high * self.rows - 1
        for one, other in zip(x, y, strict=True):
            if defined(one) and defined(other):
                yield (
                    math.floor(round(0.5 + last_x * (one - left) / (right - left), 8)),
                    math.floor(round(0.5 + last_y * (other - low) / (top - low), 8)),
                )
            else:
                yield None

    def _draw(self, dots: set[Dot], marker: str, colour: str) -> None:
        """Give plotext every cell that has dots once."""
        import plotext

        wide, high = (WIDE, HIGH) if marker == BRAILLE else (1, 1)
        cells: dict[Dot, int] = {}
        for x, y in dots:
            column, row = x // wide, y // high
            if 0 <= column < self.columns and 0 <= row < self.rows:
                bit = BITS[x % WIDE][y % HIGH] if marker == BRAILLE else 0
                cells[column, row] = cells.get((column, row), BLANK) | bit
        if not cells:
            return
        across, up = spaced(self.across, self.columns), spaced(self.up, self.rows)
        plotext.scatter(
            [across[column] for column, _ in cells],
            [up[row] for _, row in cells],
            marker=[*map(chr, cells.values())] if marker == BRAILLE else marker,
            color=colour,
        )


def spaced(ends: tuple[float, float], count: int) -> list[float]:
    """So many values at equal distances from end to end."""
    step = (ends[1] - ends[0]) / max(1, count - 1)
    return [ends[0] + number * step for number in range(count)]


def between(begin: Dot, end: Dot) -> Iterator[Dot]:
    """The dots of a straight line, both ends included."""
    (x, y), (to_x, to_y) = begin, end
    steps = max(abs(to_x - x), abs(to_y - y))
    if x == to_x:
        low, high = min(y, to_y), max(y, to_y)
        yield from ((x, row) for row in range(low, high + 1))
        return
    along, upward = (to_x - x) / steps, (to_y - y) / steps
    for step in range(steps):
        yield int(x + step * along), int(y + step * upward)
    yield end
