"""Equity of strategy and buy and hold above their drawdown, on one time axis."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING

from tui.widgets import plot
from tui.widgets.lines import Line, Lines, first_whole

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from engine.results.answers import Curve, Curves

SMALLEST = (24, 5)  # columns, rows
WITH_SHADE = 8  # rows from which on a line says where there was no forecast
WITH_KEY = 68  # columns from which on there is room to say what its marks mean
SHADE = {False: "▒", True: "#"}


class EquityChart(Lines):
    """The chart. It is drawn only when it has changed, and while it is on the screen."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        """Nothing to draw yet."""
        super().__init__(id=id)
        self._curves: Curves | None = None
        self._ascii, self.log_axis = False, False
        self._drawn: tuple[Curves | None, bool, int, int] | None = None

    def set_curves(self, curves: Curves | None, *, ascii: bool) -> None:  # noqa: A002
        """Show these; None says that they are on their way."""
        self._curves, self._ascii = curves, ascii
        self.draw()

    def on_resize(self) -> None:
        """Another size, another drawing."""
        self.draw()

    def on_show(self) -> None:
        """What changed meanwhile."""
        self.draw()

    def draw(self) -> None:
        """Draw if there is anything new to see."""
        wanted = (self._curves, self.log_axis, *self.size)
        if wanted == self._drawn or not self.is_on_screen or not self.screen.is_current:
            return
        self._drawn = wanted
        curves, log, width, height = wanted
        loading: list[Line] = [[(" loading …", "quiet")]]
        self.show(drawing(curves, width, height, log=log, ascii=self._ascii) if curves else loading)


@lru_cache(maxsize=4)  # panels come back at sizes that they had
def drawing(
    curves: Curves, width: int, height: int, *, ascii: bool, log: bool = False  # noqa: A002
) -> list[Line]:  # fmt: skip
    """Legend, equity, drawdown and dates in so many cells; `log`: equity on a logarithmic axis, if it can."""
    own, other = curves.strategy, curves.benchmark
    if not own.value or width < SMALLEST[0] or height < SMALLEST[1]:
        return [[(" a larger window shows the chart" if own.value else "", "quiet")]]
    shaded = curves.without_forecast if height >= WITH_SHADE else ()
    below = max(2, (height - 2) // 3)
    above = height - 2 - below - bool(shaded)
    drawdowns = (curves.strategy_drawdown, curves.benchmark_drawdown)
    log = log and min(*own.value, *other.value) > 0
    money = labelled([*own.value, *other.value], above, short, log=log)
    shares = labelled([*drawdowns[0].value, *drawdowns[1].value, 0.0], below, percent)
    margin = max(len(name) for _, name in (*money, *shares))
    if log:
        own, other = logarithm(own), logarithm(other)
        money = [(math.log10(tick), name) for tick, name in money]
    equity = figure(own, other, money, (width, above), margin, ascii=ascii)
    under = figure(*drawdowns, shares, (width, below), margin, ascii=ascii)
    shade = [shadow(shaded, own.time_ms, width, margin + 1, ascii=ascii)] if shaded else []
    return [
        legend(width, shaded=bool(shaded), log=log, ascii=ascii),
        *equity,
        *shade,
        *under,
        dates(own.time_ms, width, margin + 1),
    ]


def logarithm(curve: Curve) -> Curve:
    """The curve in powers of ten."""
    return replace(curve, value=tuple(map(math.log10, curve.value)))


def legend(width: int, *, shaded: bool, log: bool, ascii: bool) -> Line:  # noqa: A002
    """What the lines mean."""
    solid, dashed = plot.SIGNS[ascii]
    right: Line = [(solid, "live"), (" strategy   ", ""), (dashed, "second"), (" buy & hold ", "")]
    if shaded and width >= WITH_KEY:
        right = [(SHADE[ascii], "warn"), (" no forecast   ", ""), *right]
    said = " (log axis)" if log else ""
    lefts = (f"{said} above drawdown", said)
    return first_whole([([(" equity", "bright"), (left, "quiet")], right) for left in lefts], width)


def shadow(
    stretches: Sequence[tuple[int, int]],
    moments: Sequence[int],
    width: int,
    margin: int,
    *,
    ascii: bool,  # noqa: A002
) -> Line:
    """Marks where the bars had no forecast, [from, to) in ms, on the time axis of the curves."""
    cells, start = width - margin, moments[0]
    place = (cells - 1) / max(moments[-1] - start, 1)
    marked = {
        cell for begin, end in stretches
        for cell in range(int((begin - start) * place), int((end - start) * place) + 1)
    }  # fmt: skip
    marks = "".join(SHADE[ascii] if cell in marked else " " for cell in range(cells))
    return [(" " * margin, ""), (marks, "warn")]


def labelled(
    values: Sequence[float], rows: int, write: Callable[[float, int], str], *, log: bool = False
) -> list[tuple[float, str]]:
    """Round ticks within the values, each with its label; the ends, or the upper one, where room is short."""
    low, high = min(values), max(values)
    roomy = rows > 3
    choose = plot.log_ticks if log else plot.ticks
    ticks = choose(low, high, max(1, rows // 2)) if roomy else sorted({low, high})[-rows:]
    if log:  # they stand closer the higher they are
        places = plot.apart([*map(math.log10, ticks)], math.log10(low), math.log10(high), rows)
        ticks = [tick for tick in ticks if math.log10(tick) in places]
    return [(tick, write(tick, 5 if roomy else 3)) for tick in ticks]


def short(value: float, digits: int) -> str:
    """Money in few characters: 12.8k, 3.1M."""
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= size:
            return f"{value / size:.{digits}g}{letter}"
    return f"{value:.{digits}g}"


def percent(value: float, digits: int) -> str:
    """A share in percent."""
    return f"{value * 100:.{digits}g}%"


def figure(
    first: Curve, second: Curve, ticks: Sequence[tuple[float, str]], size: tuple[int, int], margin: int,
    *, ascii: bool,  # noqa: A002
) -> list[Line]:  # fmt: skip
    """One drawing by plotext, without an axis of its own for time."""
    start, end = first.time_ms[0], max(first.time_ms[-1], first.time_ms[0] + 1)
    values = [*first.value, *second.value, *(tick for tick, _ in ticks)]
    area = plot.frame(size, (start, end), (min(values), max(values)), ticks, margin)
    dots = (1 if ascii else 2) * (size[0] - margin - 1)
    marks = plot.MARKERS[ascii]
    dashed = plot.dashes(second.time_ms, second.value, dots)
    area.points(*dashed, marker=marks[1], colour=plot.SECOND)
    area.line(first.time_ms, first.value, marker=marks[0], colour=plot.FIRST)
    return plot.built(ascii=ascii)


def day(moment_ms: float) -> str:
    """The UTC day of a time."""
    return f"{datetime.fromtimestamp(moment_ms / 1000, UTC):%Y-%m-%d}"


def dates(moments: Sequence[float], width: int, margin: int, write: Callable[[float], str] = day) -> Line:
    """The first moment, the middle one where there is room, and the last one, written at their places."""
    cells = width - margin
    first, middle, last = map(write, (moments[0], (moments[0] + moments[-1]) / 2, moments[-1]))
    if cells < 36:
        return [(f"{' ' * margin}{first}{last.rjust(max(len(last) + 1, cells - len(first)))}", "quiet")]
    text = first.ljust((cells - len(middle)) // 2) + middle
    return [(f"{' ' * margin}{text}{last.rjust(cells - len(text))}", "quiet")]
