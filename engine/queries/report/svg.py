"""Charts as SVG: no script, no font and no address of somewhere else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

from engine.results.number_format import defined

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from engine.results.answers import Curve

    Ticks = Sequence[tuple[float, str]]  # places and what is written there

WIDTH, LEFT, RIGHT, TOP, BOTTOM = 960, 76, 12, 10, 26
PARTS = (1.0, 2.0, 2.5, 5.0, 10.0)
DATES = 6  # on an axis


@dataclass(frozen=True)
class Frame:
    """The axes of a panel `height` pixels high: what lies at its edges."""

    first: float
    last: float
    low: float
    high: float
    height: int

    @classmethod
    def of(cls, across: Iterable[float], up: Iterable[float], height: int) -> Self:
        """Around all of these, round ticks included."""
        places, values = list(across), [value for value in up if defined(value)] or [0.0, 1.0]
        first, last = min(places), max(*places, min(places) + 1)
        ticks = round_ticks(min(values), max(values))
        low, high = min(ticks[0], *values), max(ticks[-1], *values)
        return cls(first, last, low, high if high > low else low + 1.0, height)

    def x(self, place: float) -> float:
        """Pixels from the left."""
        return float(LEFT + (place - self.first) / (self.last - self.first) * (WIDTH - LEFT - RIGHT))

    def y(self, value: float) -> float:
        """Pixels from the top."""
        return float(TOP + (self.high - value) / (self.high - self.low) * (self.height - TOP - BOTTOM))

    def begin(self, title: str) -> str:
        """The panel's opening tag."""
        return f'<svg viewBox="0 0 {WIDTH} {self.height}" role="img" aria-label="{title}">'

    def shade(self, stretches: Iterable[tuple[float, float]]) -> list[str]:
        """Stretches [from, to) of the panel that lie in the shade."""
        parts = []
        for begin, end in stretches:
            wide = max(self.x(end) - self.x(begin), 1.0)
            parts.append(
                f'<rect class="shaded" x="{self.x(begin):.1f}" y="{TOP}" width="{wide:.1f}" '
                f'height="{self.height - TOP - BOTTOM}"/>'
            )
        return parts

    def rulers(self, label: Callable[[float], str], across: Ticks) -> list[str]:
        """Lines and labels of the values, and what is written below."""
        parts = []
        for tick in round_ticks(self.low, self.high):
            if self.low <= tick <= self.high:
                y = self.y(tick)
                parts.append(f'<path class="grid" d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}"/>')
                parts.append(f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{label(tick)}</text>')
        for number, (place, text) in enumerate(across):
            anchor = "start" if number == 0 else "end" if number == len(across) - 1 else "middle"
            x = self.x(place)
            parts.append(f'<text x="{x:.1f}" y="{self.height - 6}" text-anchor="{anchor}">{text}</text>')
        return parts

    def line(self, places: Sequence[float], values: Sequence[float], name: str) -> str:
        """A curve with its CSS class."""
        points = " ".join(
            f"{self.x(at):.1f},{self.y(value):.1f}" for at, value in zip(places, values, strict=True)
        )
        return f'<polyline class="{name}" points="{points}"/>'


def chart(
    lines: Sequence[tuple[Curve, str]], height: int, label: Callable[[float], str], title: str,
    shaded: Sequence[tuple[int, int]] = (), across: Ticks = (),
) -> str:  # fmt: skip
    """Curves on one axis, of time unless `across` is given, each with its class; `label` writes values.

    shaded: stretches of time, [from, to) in ms, that lie in the shade.
    """
    frame = Frame.of(
        (time for line, _ in lines for time in line.time_ms),
        (value for line, _ in lines for value in line.value),
        height,
    )
    curves = [frame.line(line.time_ms, line.value, name) for line, name in lines]
    below = across or dates(frame.first, frame.last)
    return "\n".join(
        [frame.begin(title), *frame.shade(shaded), *frame.rulers(label, below), *curves, "</svg>"]
    )


def dates(first_ms: float, last_ms: float) -> Ticks:
    """Days at even places of an axis of time."""
    return [(float(time), day(int(time))) for time in np.linspace(first_ms, last_ms, DATES)]


def day(time_ms: int) -> str:
    """`2026-11-22`."""
    return str(np.datetime64(time_ms, "ms").astype("datetime64[D]"))


def round_ticks(low: float, high: float, wanted: int = 4) -> list[float]:
    """About `wanted` round values that span low … high."""
    spread = (high - low) or abs(high) or 1.0
    power = 10.0 ** np.floor(np.log10(spread / wanted))
    step = next(part * power for part in PARTS if part * power >= spread / wanted)
    return [
        float(step * number) for number in range(int(np.floor(low / step)), int(np.ceil(high / step)) + 1)
    ]
