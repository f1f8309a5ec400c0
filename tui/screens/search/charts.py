"""The figures of a search by plotext: best so far, slices, parallel coordinates; from its trials alone."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.results.number_format import defined
from engine.results.search import LEAST, best_first
from tui.text.search import setting
from tui.widgets import plot
from tui.widgets.lines import Line, fitted, spread, width_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.results.search import Drawn, SearchTrial

SMALLEST = (33, 6)
WIDE_RANGE = 20  # an axis is logarithmic if its values span a larger factor
MOST_LINES = 100  # of parallel coordinates
TOP = 0.2  # share of the trials that stands out
ROOM: list[Line] = [[(" needs more room", "quiet")]]
NOTHING: list[Line] = [[(" no trial is complete yet", "quiet")]]


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
    ticks = ((0.0, written[0]), (0.5, written[1]), (1.0, written[2]))
    return Axis({at: (scale(value) - first) / (last - first) for at, value in numbers.items()}, ticks)


def listed(values: dict[int, Drawn]) -> Axis:
    """The axis of what is chosen from a list."""
    names = sorted({setting(value) for value in values.values()})
    share = {name: (place + 0.5) / len(names) for place, name in enumerate(names)}
    return Axis(
        {at: share[setting(value)] for at, value in values.items()},
        tuple((share[name], name) for name in names),
    )


def keys_of(trials: Sequence[SearchTrial], importance: dict[str, float]) -> list[str]:
    """The settings that were drawn, those that matter most first."""
    found = dict.fromkeys(key for each in trials for key in each.drawn)
    return sorted(found, key=lambda key: -importance.get(key, -1.0))


def best_so_far(
    trials: Sequence[SearchTrial],
    objective: str,
    size: tuple[int, int],
    *,
    ascii: bool,  # noqa: A002
) -> list[Line]:
    """Every complete trial as a point, and the best up to each as a line."""
    import plotext

    if size[0] < SMALLEST[0] or size[1] < SMALLEST[1]:
        return ROOM
    head = legend(f" best {objective} so far", "each trial", ascii=ascii, width=size[0])
    points = [(each.number, each.objectives[objective]) for each in trials if each.complete]
    if not points:
        return [head, *NOTHING]
    better = min if objective in LEAST else max
    steps: list[tuple[float, float]] = []
    for number, value in points:
        before = steps[-1][1] if steps else value
        steps += [(number, before), (number, better(before, value))]
    last = max(trials[-1].number, 1)
    steps.append((last, steps[-1][1]))
    left = frame(size, (0.0, float(last)), [value for _, value in points])
    plotext.scatter(*columns(points), marker="." if ascii else "•", color="default")
    plotext.plot(*columns(steps), marker="*" if ascii else "braille", color=plot.FIRST)
    numbers = plot.whole_ticks(0, last, max(2, (size[0] - left) // 10))
    ticks = [(number / last, str(number)) for number in numbers]
    return [head, *plot.built(ascii=ascii)[: size[1] - 2], ruler(ticks, size[0], left)]


def slices(
    trials: Sequence[SearchTrial], key: str, objective: str, winner: int | None, size: tuple[int, int],
    *, ascii: bool,  # noqa: A002
) -> list[Line]:  # fmt: skip
    """The objective against one setting, a point for each complete trial that has it."""
    import plotext

    if size[0] < SMALLEST[0] or size[1] < SMALLEST[1]:
        return ROOM
    head: Line = [(f" {objective} by {key}", "bright")]
    found = axis([each for each in trials if each.complete], key)
    points = [
        (found.places[each.number], each.objectives[objective], each.number)
        for each in trials
        if each.number in found.places and each.complete
    ]
    if not points:
        return [head, *NOTHING]
    left = frame(size, (-0.05, 1.05), [value for _, value, _ in points])
    plotext.scatter(*columns([point[:2] for point in points]), marker="o" if ascii else "•", color=plot.FIRST)
    for place, value, number in points:
        if number == winner:
            plotext.text("★", place, value, color=plot.MARK)
    ticks = [((place + 0.05) / 1.1, name) for place, name in found.ticks]
    return [head, *plot.built(ascii=ascii)[: size[1] - 2], ruler(ticks, size[0], left)]


def parallel(
    trials: Sequence[SearchTrial], keys: Sequence[str], objective: str, size: tuple[int, int],
    *, ascii: bool,  # noqa: A002
) -> list[Line]:  # fmt: skip
    """A line for each trial through its settings to its objective; the best fifth stands out."""
    import plotext

    if size[0] < SMALLEST[0] or size[1] < SMALLEST[1] + 3:
        return ROOM
    ranked = best_first(trials, objective)
    shown, columns_there = ranked[:MOST_LINES], list(keys)[: max(1, size[0] // 11 - 1)]
    of = f"the best {len(shown)} of {len(ranked)} complete trials" if len(ranked) > len(shown) else ""
    head = spread(
        [(f" settings to {objective}", "bright"), (f"  {of}", "quiet")],
        [(plot.SIGNS[ascii][0], "live"), (" best fifth ", "")], size[0],
    )  # fmt: skip
    if not shown or not columns_there:
        return [head, *NOTHING]
    axes = [axis(shown, key) for key in columns_there]
    values = [each.objectives[objective] for each in shown]
    low, high = min(values), max(values)
    ends = {
        each.number: (value - low) / (high - low or 1.0) for each, value in zip(shown, values, strict=True)
    }
    axes.append(Axis(ends, ((0.0, setting(low)), (1.0, setting(high)))))
    plot.frame((size[0], size[1] - 4), (0.0, len(axes) - 1.0), (-0.02, 1.02), [], 0)
    plotext.yaxes(False, False)
    bright = {each.number for each in ranked[: max(1, round(TOP * len(ranked)))]}
    for each in reversed(shown):
        colour = plot.FIRST if each.number in bright else "default"
        for part in polylines(axes, each.number):
            plotext.plot(*columns(part), marker="*" if ascii else "braille", color=colour)
    names = [*columns_there, objective]
    at = [place / (len(axes) - 1) for place in range(len(axes))]
    lowest, highest = ([written(each, end) for each in axes] for end in (0, -1))
    rows = [
        ruler(list(zip(at, texts, strict=True)), size[0], 0, evenly=True)
        for texts in (highest, lowest, [name.rpartition(".")[2] for name in names])
    ]
    return [head, rows[0], *plot.built(ascii=ascii), *rows[1:]]


def written(each: Axis, end: int) -> str:
    """What stands at an end of an axis."""
    return each.ticks[end][1] if each.ticks else ""


def polylines(axes: Sequence[Axis], number: int) -> list[list[tuple[float, float]]]:
    """The line of a trial through the axes; it breaks where the trial lacks the setting."""
    parts: list[list[tuple[float, float]]] = [[]]
    for column, each in enumerate(axes):
        if (place := each.places.get(number)) is None:
            parts.append([])
        else:
            parts[-1].append((float(column), place))
    return [part for part in parts if len(part) > 1]


def columns(points: Sequence[tuple[float, ...]]) -> tuple[list[float], list[float]]:
    """Points as the two lists that plotext takes."""
    return [point[0] for point in points], [point[1] for point in points]


def frame(size: tuple[int, int], across: tuple[float, float], values: Sequence[float]) -> int:
    """Begin a figure of these values; the cells that its ticks and its axis take on the left."""
    low, high = min(values), max(values)
    apart = (high - low) * 0.06 or abs(high) * 0.06 or 1.0
    low, high = low - apart, high + apart
    rows = size[1] - 2  # a legend above, a ruler below
    up = plot.apart(plot.some_ticks(low, high, max(3, rows // 3)), low, high, rows)
    names = plot.labels(up)
    margin = max(map(len, names))
    plot.frame((size[0], rows), across, (low, high), list(zip(up, names, strict=True)), margin)
    return margin + 1


def legend(title: str, dots: str, *, ascii: bool, width: int) -> Line:  # noqa: A002
    """Title, and what points and line are."""
    point = "." if ascii else "•"
    right: Line = [(point, "quiet"), (f" {dots}   ", ""), (plot.SIGNS[ascii][0], "live"), (" best ", "")]
    return spread([(title, "bright")], right, width)


def ruler(ticks: Sequence[tuple[float, str]], width: int, margin: int, *, evenly: bool = False) -> Line:
    """Names under their places, which are shares of what is right of the margin; none over another one.

    evenly: each gets as many cells as there are between two.
    """
    room, text = width - margin, ""
    most = max(3, room // max(1, len(ticks)) - 1) if evenly else room
    for share, name in ticks:
        short = fitted(name, most).rstrip() if len(name) > most else name
        begin = margin + round(share * (room - 1)) - len(short) // 2
        begin = max(min(begin, width - len(short)), margin)
        if begin > len(text) or not text:
            text = text.ljust(begin) + short
    line: Line = [(text, "quiet")]
    return line if width_of(line) <= width else [(fitted(text, width), "quiet")]
