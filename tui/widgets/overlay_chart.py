"""Equity of several runs in one chart, each over its initial capital; a run is told by its mark."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from string import ascii_letters, digits
from typing import TYPE_CHECKING

from engine.results.compared import OWN_START, far_apart, from_start, since_start
from tui.widgets import plot
from tui.widgets.area import BRAILLE, HIGH
from tui.widgets.equity_chart import SMALLEST, dates, day, labelled, logarithm, short
from tui.widgets.lines import Line, Lines, cells, spread, width_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.results.answers import Curve

MARKS = digits[1:] + ascii_letters
COLOURS = (plot.FIRST, plot.SECOND, plot.MARK, plot.FOURTH, plot.FIFTH)
REPEATED = 3  # times that a curve has its mark on it


@dataclass(frozen=True)
class Overlaid:
    """One of the curves: its number among the runs from 0, what it is called, and its points."""

    number: int
    name: str
    curve: Curve

    @property
    def mark(self) -> str:
        """What stands on the curve, and before its name wherever that is."""
        return mark_of(self.number)

    @property
    def colour(self) -> str:
        """Its colour in plotext; another run may have the same, but another mark."""
        return COLOURS[self.number % len(COLOURS)]

    @property
    def role(self) -> str:
        """Its role among lines."""
        return plot.ROLE[self.colour]


def mark_of(number: int) -> str:
    """The mark of a run by its number: 1 to 9, then letters."""
    return MARKS[number % len(MARKS)]


class OverlayChart(Lines):
    """The chart. It is drawn only when it has changed, and while it is on the screen."""

    def __init__(self, *, ascii: bool = False, id: str | None = None) -> None:  # noqa: A002
        """Nothing to draw yet."""
        super().__init__(id=id)
        self._ascii, self.log_axis = ascii, False
        self._curves: tuple[Overlaid, ...] = ()
        self._said = ""
        self._drawn: tuple[object, ...] = ()

    def set_curves(self, curves: Sequence[Overlaid], said: str = "") -> None:
        """Show these; without any, `said`."""
        self._curves, self._said = tuple(curves), said
        self.draw()

    def on_resize(self) -> None:
        """Another size, another drawing."""
        self.draw()

    def on_show(self) -> None:
        """What changed meanwhile."""
        self.draw()

    def draw(self) -> None:
        """Draw if there is anything new to see."""
        wanted = (self._curves, self._said, self.log_axis, *self.size)
        if wanted == self._drawn or not self.is_on_screen or not self.screen.is_current:
            return
        self._drawn = wanted
        said: list[Line] = [[(f" {self._said}", "quiet")]]
        drawn = drawing(self._curves, *self.size, log=self.log_axis, ascii=self._ascii)
        self.show(drawn if self._curves else said)


def drawing(
    curves: Sequence[Overlaid], width: int, height: int, *, ascii: bool, log: bool = False  # noqa: A002
) -> list[Line]:  # fmt: skip
    """Legend, curves and dates in so many cells; `log`: on a logarithmic axis, if it can."""
    shown = [each for each in curves if each.curve.value]
    if not shown or width < SMALLEST[0] or height < SMALLEST[1]:
        return [[(" the chart comes with more room" if shown else "", "quiet")]]
    apart = far_apart([each.curve for each in shown])
    if apart:
        shown = [replace(each, curve=from_start(each.curve)) for each in shown]
    values = [value for each in shown for value in each.curve.value]
    log = log and min(values) > 0
    rows = height - 2
    ticks = labelled(values, rows, short, log=log)
    margin = max(len(name) for _, name in ticks)
    if log:
        shown = [replace(each, curve=logarithm(each.curve)) for each in shown]
        ticks = [(math.log10(tick), name) for tick, name in ticks]
    moments = [time for each in shown for time in (each.curve.time_ms[0], each.curve.time_ms[-1])]
    across = (min(moments), max(*moments, min(moments) + 1))
    body = figure(shown, ticks, across, (width, rows), margin, ascii=ascii)
    below = dates(across, width, margin + 1, since_start if apart else day)
    return [legend(curves, width, log=log, apart=apart), *body, below]


def legend(curves: Sequence[Overlaid], width: int, *, log: bool, apart: bool = False) -> Line:
    """Which run has which mark; those that find no room are counted. apart: each has an axis of its own."""
    said = [*(["log axis"] if log else []), *([OWN_START] if apart else [])]
    left: Line = [(" growth of 1", "bright"), (f" ({', '.join(said)})" if said else "", "quiet")]
    right: Line = []
    for number, each in enumerate(curves):
        piece: Line = [(f"  {each.mark}", each.role), (f" {each.name}", "")]
        rest = len(curves) - number
        if width_of(left) + width_of(right) + width_of(piece) + (len(f"  +{rest}") + 1) * (rest > 1) >= width:
            right.append((f"  +{rest} more", "quiet"))
            break
        right += piece
    return spread(left, [*right, (" ", "")], width)


def figure(
    curves: Sequence[Overlaid], ticks: Sequence[tuple[float, str]], across: tuple[float, float],
    size: tuple[int, int], margin: int, *, ascii: bool,  # noqa: A002
) -> list[Line]:  # fmt: skip
    """All curves by plotext, the first over the others, each with its mark on it."""
    values = [value for each in curves for value in each.curve.value] + [tick for tick, _ in ticks]
    low, high = min(values), max(values)
    high = high if high > low else low + 1.0
    area = plot.frame(size, across, (low, high), ticks, margin)
    for each in reversed(curves):
        marker = each.mark if ascii else BRAILLE
        area.line(each.curve.time_ms, each.curve.value, marker=marker, colour=each.colour)
    canvas = [[*row, *[(" ", "")] * (size[0] - len(row))] for row in map(cells, plot.built(ascii=ascii))]
    if not ascii:
        for each in curves:
            put_marks(canvas, each, len(curves), across, (low, high), margin + 1)
    return [list(row) for row in canvas]


def put_marks(
    canvas: list[list[tuple[str, str]]], each: Overlaid, count: int, across: tuple[float, float],
    up: tuple[float, float], left: int,
) -> None:  # fmt: skip
    """The mark of a curve at places of its own along it, so that it is told without its colour."""
    rows, columns = len(canvas), len(canvas[0]) - left
    moments, values = each.curve.time_ms, each.curve.value
    shares = [
        ((each.number % count) + 0.5) / (count * REPEATED) + part / REPEATED for part in range(REPEATED)
    ]
    for share in [*shares, 1.0]:
        moment = across[0] + share * (across[1] - across[0])
        if share == 1.0:
            moment = moments[-1]
        if not moments[0] <= moment <= moments[-1]:
            continue
        at = max(place for place, time in enumerate(moments) if time <= moment)
        column = round((moment - across[0]) / (across[1] - across[0]) * (columns - 1))
        height = (values[at] - up[0]) / (up[1] - up[0])
        row = rows - 1 - round(height * (HIGH * rows - 1)) // HIGH
        if canvas[row][left + column][0] not in MARKS:
            canvas[row][left + column] = (each.mark, each.role)
