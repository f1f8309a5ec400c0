"""Axes of a search's figures: where the values of a setting lie, and what is written beside them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.results.number_format import defined
from tui.text.search import setting
from tui.widgets import plot
from tui.widgets.lines import Line, fitted, width_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.results.search import Drawn, SearchTrial

WIDE_RANGE = 20  # an axis is logarithmic if its values span a larger factor


@dataclass(frozen=True)
class Axis:
    """Where the values of a setting lie, from 0 to 1, and what is written at which places."""

    places: dict[int, float]  # by number of the trial; no trial that lacks the setting
    ticks: tuple[tuple[float, str], ...]


def axis(trials: Sequence[SearchTrial], key: str) -> Axis:
    """The axis of a setting: numbers in their order, linear or logarithmic; everything else side by side."""
    values = {each.number: each.drawn[key] for each in trials if key in each.drawn}
    numbers = {at: float(value) for at, value in values.items() if defined(value)}
    if not values or len(numbers) < len(values):
        return listed(values)
    low, high = min(numbers.values()), max(numbers.values())
    if low == high:
        return Axis(dict.fromkeys(numbers, 0.5), ((0.5, setting(next(iter(values.values())))),))
    scale = math.log if low > 0 and high / low > WIDE_RANGE else float
    first, last = scale(low), scale(high)
    middle = math.exp((first + last) / 2) if scale is math.log else (low + high) / 2
    whole = all(isinstance(value, int) for value in values.values())
    written = [setting(round(value) if whole else value) for value in (low, middle, high)]
    ticks = tuple(zip((0.0, 0.5, 1.0), written, strict=True))
    if whole and middle != round(middle):  # no whole number stands there
        ticks = ticks[::2]
    return Axis({at: (scale(value) - first) / (last - first) for at, value in numbers.items()}, ticks)


def listed(values: dict[int, Drawn]) -> Axis:
    """The axis of what is chosen from a list."""
    names = sorted({setting(value) for value in values.values()})
    share = {name: (place + 0.5) / len(names) for place, name in enumerate(names)}
    return Axis(
        {at: share[setting(value)] for at, value in values.items()},
        tuple((share[name], name) for name in names),
    )


def written(each: Axis, end: int) -> str:
    """What stands at an end of an axis."""
    return each.ticks[end][1] if each.ticks else ""


def frame(size: tuple[int, int], across: tuple[float, float], values: Sequence[float]) -> int:
    """Begin a figure of these values; the cells that its ticks and its axis take on the left."""
    low, high = limits(values)
    rows = size[1] - 2  # a legend above, a ruler below
    up = plot.apart(plot.some_ticks(low, high, max(3, rows // 3)), low, high, rows)
    names = plot.labels(up)
    margin = max(map(len, names))
    plot.frame((size[0], rows), across, (low, high), list(zip(up, names, strict=True)), margin)
    return margin + 1


def limits(values: Sequence[float]) -> tuple[float, float]:
    """Somewhat more than the values span."""
    low, high = min(values), max(values)
    apart = (high - low) * 0.06 or abs(high) * 0.06 or 1.0
    return low - apart, high + apart


def ruler(ticks: Sequence[tuple[float, str]], width: int, margin: int, *, evenly: bool = False) -> Line:
    """Names under their places, which are shares of what is right of the margin; none over another one.

    evenly: each gets as many cells as there are between two.
    """
    room, text, last = width - margin, "", margin
    most = max(3, room // max(1, len(ticks)) - 1) if evenly else room
    for share, name in ticks:
        short = cut(name, most)
        begin = margin + round(share * (room - 1)) - len(short) // 2
        begin = max(min(begin, width - len(short)), margin)
        if evenly and text and begin <= len(text):  # the one before makes way, so that each stands
            text = text[:last] + cut(text[last:], max(1, begin - 1 - last))
        if begin > len(text) or not text:
            text, last = text.ljust(begin) + short, begin
    line: Line = [(text, "quiet")]
    return line if width_of(line) <= width else [(fitted(text, width), "quiet")]


def cut(text: str, room: int) -> str:
    """The text in so many cells at most: with a mark where it is cut, a number with fewer digits."""
    return fitted(text, room, right=True).strip()
