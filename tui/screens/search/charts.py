"""The figures of a search by plotext: best so far, slices, parallel coordinates; from its trials alone."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from engine.results.search import LEAST, best_first
from tui.screens.search.axes import Axis, axis, frame, limits, ruler, written
from tui.text.search import setting
from tui.widgets import plot
from tui.widgets.area import BRAILLE
from tui.widgets.lines import Line, spread

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from engine.results.search import SearchTrial

SMALLEST = (33, 6)
MOST_LINES = 100  # of parallel coordinates
TOP = 0.2  # share of the trials that stands out
ROOM: list[Line] = [[(" needs more room", "quiet")]]
NOTHING: list[Line] = [[(" no trial is complete yet", "quiet")]]


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
    """A line for each trial through its settings to its objective; the best fifth is drawn through."""
    import plotext

    if size[0] < SMALLEST[0] or size[1] < SMALLEST[1] + 3:
        return ROOM
    ranked = best_first(trials, objective)
    shown, columns_there = ranked[:MOST_LINES], list(keys)[: max(1, size[0] // 11 - 1)]
    of = f"the best {len(shown)} of {len(ranked)} complete trials" if len(ranked) > len(shown) else ""
    head = spread(
        [(f" settings to {objective}", "bright"), (f"  {of}", "quiet")],
        [(plot.SIGNS[ascii][0], "live"), (" best fifth   ", ""), (plot.DOTTED[ascii], "quiet"),
         (" others ", "")], size[0],
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
    area = plot.frame((size[0], size[1] - 4), (0.0, len(axes) - 1.0), (-0.02, 1.02), [], 0)
    plotext.yaxes(False, False)
    area = replace(area, columns=size[0])
    bright = {each.number for each in ranked[: max(1, round(TOP * len(ranked)))]}
    for each in reversed(shown):
        for part in polylines(axes, each.number):
            x, y = columns(part)
            if each.number in bright:
                area.line(x, y, marker="*" if ascii else BRAILLE, colour=plot.FIRST)
            else:  # told from the best by its dots alone, where there is no colour
                dotted = plot.dashes(x, y, cells_between(x, size[0], len(axes)), drawn=1, out=2)
                area.points(*dotted, marker="." if ascii else BRAILLE, colour="default")
    names = [*columns_there, objective]
    at = [place / (len(axes) - 1) for place in range(len(axes))]
    lowest, highest = ([written(each, end) for each in axes] for end in (0, -1))
    rows = [
        ruler(list(zip(at, texts, strict=True)), size[0], 0, evenly=True)
        for texts in (highest, lowest, [name.rpartition(".")[2] for name in names])
    ]
    return [head, rows[0], *plot.built(ascii=ascii), *rows[1:]]


def front(
    trials: Sequence[SearchTrial], members: Collection[int], objectives: Sequence[str], size: tuple[int, int],
    *, ascii: bool,  # noqa: A002
) -> list[Line]:  # fmt: skip
    """The second objective against the first, a point for each complete trial; the front stands out."""
    import plotext

    if size[0] < SMALLEST[0] or size[1] < SMALLEST[1]:
        return ROOM
    across, up = objectives[:2]
    mark, dot = ("#", ".") if ascii else ("◆", "•")
    head = spread(
        [(f" {up} by {across}", "bright")], [(mark, "live"), (" none is better at all of them ", "")], size[0]
    )
    points = [(each.number, each.objectives[across], each.objectives[up]) for each in trials if each.complete]
    if not points:
        return [head, *NOTHING]
    low, high = limits([first for _, first, _ in points])
    left = frame(size, (low, high), [second for _, _, second in points])
    for on_it, marker, colour in ((False, dot, "default"), (True, mark, plot.FIRST)):
        some = [(first, second) for number, first, second in points if (number in members) == on_it]
        if some:
            plotext.scatter(*columns(some), marker=marker, color=colour)
    places = plot.some_ticks(low, high, max(2, (size[0] - left) // 12))
    ticks = [((at - low) / (high - low), name) for at, name in zip(places, plot.labels(places), strict=True)]
    return [head, *plot.built(ascii=ascii)[: size[1] - 2], ruler(ticks, size[0], left)]


def polylines(axes: Sequence[Axis], number: int) -> list[list[tuple[float, float]]]:
    """The line of a trial through the axes; it breaks where the trial lacks the setting."""
    parts: list[list[tuple[float, float]]] = [[]]
    for column, each in enumerate(axes):
        if (place := each.places.get(number)) is None:
            parts.append([])
        else:
            parts[-1].append((float(column), place))
    return [part for part in parts if len(part) > 1]


def cells_between(x: Sequence[float], width: int, axes: int) -> int:
    """How many cells a line takes from its first axis to its last one."""
    return max(1, round((x[-1] - x[0]) / (axes - 1) * width))


def columns(points: Sequence[tuple[float, ...]]) -> tuple[list[float], list[float]]:
    """Points as the two lists that plotext takes."""
    return [point[0] for point in points], [point[1] for point in points]


def legend(title: str, dots: str, *, ascii: bool, width: int) -> Line:  # noqa: A002
    """Title, and what points and line are."""
    point = "." if ascii else "•"
    right: Line = [(point, "quiet"), (f" {dots}   ", ""), (plot.SIGNS[ascii][0], "live"), (" best ", "")]
    return spread([(title, "bright")], right, width)
