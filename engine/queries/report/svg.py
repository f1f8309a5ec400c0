"""Line charts as inline SVG: no script, no font and no address of somewhere else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from engine.results.answers import Curve

WIDTH, LEFT, RIGHT, TOP, BOTTOM = 960, 76, 12, 10, 26
PARTS = (1.0, 2.0, 2.5, 5.0, 10.0)


def chart(
    lines: Sequence[tuple[Curve, str]], height: int, label: Callable[[float], str], title: str,
    shaded: Sequence[tuple[int, int]] = (),
) -> str:  # fmt: skip
    """Curves on one time axis, each with its CSS class; `label` writes the values' ticks.

    shaded: stretches of time, [from, to) in ms, that lie in the shade.
    """
    moments = [time for line, _ in lines for time in line.time_ms]
    values = [value for line, _ in lines for value in line.value]
    first, last = min(moments), max(*moments, min(moments) + 1)
    ticks = round_ticks(min(values), max(values))
    low, high = min(ticks[0], *values), max(ticks[-1], *values)
    high = high if high > low else low + 1.0

    def x(time: float) -> float:
        return float(LEFT + (time - first) / (last - first) * (WIDTH - LEFT - RIGHT))

    def y(value: float) -> float:
        return float(TOP + (high - value) / (high - low) * (height - TOP - BOTTOM))

    parts = [f'<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{title}">']
    for begin, end in shaded:
        wide = max(x(end) - x(begin), 1.0)
        parts.append(
            f'<rect class="shaded" x="{x(begin):.1f}" y="{TOP}" width="{wide:.1f}" '
            f'height="{height - TOP - BOTTOM}"/>'
        )
    for tick in ticks:
        parts.append(f'<path class="grid" d="M{LEFT} {y(tick):.1f}H{WIDTH - RIGHT}"/>')
        parts.append(f'<text x="{LEFT - 8}" y="{y(tick) + 4:.1f}" text-anchor="end">{label(tick)}</text>')
    for time in np.linspace(first, last, 6):
        anchor = "start" if time == first else "end" if time == last else "middle"
        day = np.datetime64(int(time), "ms").astype("datetime64[D]")
        parts.append(f'<text x="{x(time):.1f}" y="{height - 6}" text-anchor="{anchor}">{day}</text>')
    for line, name in lines:
        points = " ".join(
            f"{x(time):.1f},{y(value):.1f}" for time, value in zip(line.time_ms, line.value, strict=True)
        )
        parts.append(f'<polyline class="{name}" points="{points}"/>')
    return "\n".join([*parts, "</svg>"])


def round_ticks(low: float, high: float, wanted: int = 4) -> list[float]:
    """About `wanted` round values that span low … high."""
    spread = (high - low) or abs(high) or 1.0
    power = 10.0 ** np.floor(np.log10(spread / wanted))
    step = next(part * power for part in PARTS if part * power >= spread / wanted)
    return [
        float(step * number) for number in range(int(np.floor(low / step)), int(np.ceil(high / step)) + 1)
    ]
