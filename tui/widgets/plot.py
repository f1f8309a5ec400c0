"""A plotext figure as lines with roles, in braille or plain ASCII."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING

from tui.compat import coloured
from tui.widgets.area import Area

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tui.widgets.lines import Line

    Curve = tuple[Sequence[float], Sequence[float]]  # x, y

FIRST, SECOND, MARK, FOURTH, FIFTH = "blue", "red", "green", "magenta", "cyan"  # plotext's colours
FAINT = "white"
STEPS = 4  # points of a dashed curve in a column of dots
ROLE = {FIRST: "live", SECOND: "second", MARK: "good", FOURTH: "bad", FIFTH: "bright"}
MARKERS = {False: ("braille", "braille"), True: ("*", "o")}  # of a first and a second curve; by plain or not
SIGNS = {False: ("──", "╌╌"), True: ("**", "oo")}  # what stands for these curves in a legend
DOTTED = {False: "··", True: ".."}
ASCII = str.maketrans(
    {"│": "|", "┤": "+", "└": "+", "┴": "+", "┬": "+", "─": "-", "┼": "+", "├": "+", "┘": "+", "★": "*"}
)


def lines_of(built: str, *, ascii: bool = False) -> list[Line]:  # noqa: A002
    """What plotext built, with its colours as roles; axes are quiet."""
    return [
        [
            (text.translate(ASCII) if ascii else text, ROLE.get(colour, "quiet"))
            for text, colour in coloured(row)
        ]
        for row in built.split("\n")
    ]


def frame(
    size: tuple[int, int], across: tuple[float, float], up: tuple[float, float],
    ticks: Sequence[tuple[float, str]], margin: int,
) -> Area:  # fmt: skip
    """Begin a figure of so many cells within these limits, with an axis on the left alone.

    ticks: places on it and their labels, which take `margin` cells. Curves are drawn in what is returned.
    """
    import plotext

    low, high = up
    high = high if high > low else low + 1.0
    plotext.clear_figure()
    plotext.theme("clear")
    plotext.limit_size(False, False)  # to the widget, not to what the terminal seems to be
    plotext.plotsize(*size)
    plotext.xaxes(False, False)
    plotext.yaxes(True, False)
    plotext.xticks([], [])
    plotext.xlim(*across)
    plotext.ylim(low, high)
    names = [name.rjust(margin) for _, name in ticks]
    plotext.yticks([tick for tick, _ in ticks], names)
    return Area(size[0] - max(map(len, names), default=0) - 1, size[1], across, (low, high))


def built(*, ascii: bool = False) -> list[Line]:  # noqa: A002
    """The lines of the figure that was drawn."""
    import plotext

    return lines_of(plotext.build().rstrip("\n"), ascii=ascii)


def dashes(x: Sequence[float], y: Sequence[float], columns: int, drawn: int = 4, out: int = 2) -> Curve:
    """Points along a curve, so many columns set and so many left out: dashed or dotted without its colour.

    A column has several, so that steep stretches are drawn through.
    """
    if len(x) < 2:
        return x, y
    low, high = x[0], x[-1]
    positions, values, at = [], [], 0
    last = columns * STEPS - 1
    for step in range(last + 1):
        if step // STEPS % (drawn + out) >= drawn and step != last:
            continue
        position = low + (high - low) * step / last
        while at < len(x) - 2 and x[at + 1] < position:
            at += 1
        share = (position - x[at]) / (x[at + 1] - x[at])
        positions.append(position)
        values.append(y[at] + share * (y[at + 1] - y[at]))
    return positions, values


def ticks(low: float, high: float, wanted: int) -> list[float]:
    """Round numbers within [low, high], about as many as wanted."""
    if not high > low or wanted < 1:
        return [low]
    rough = (high - low) / wanted
    size = 10 ** math.floor(math.log10(rough))
    step = next(size * times for times in (1, 2, 2.5, 5, 10) if size * times >= rough)
    first = math.ceil(low / step - 1e-9)
    return [number * step for number in range(first, math.floor(high / step + 1e-9) + 1)] or [low]


def some_ticks(low: float, high: float, wanted: int, fewest: int = 3) -> list[float]:
    """Round numbers within [low, high], about as many as wanted and no fewer than three."""
    return next(
        (found for each in range(wanted, 4 * wanted + 4) if len(found := ticks(low, high, each)) >= fewest),
        ticks(low, high, wanted),
    )


def apart(ticks: Sequence[float], low: float, high: float, rows: int) -> list[float]:
    """Those of ascending ticks that have a row each: of two in one, plotext shows either."""
    found: list[float] = []
    for tick in ticks:
        if not found or (tick - found[-1]) * (rows - 1) >= high - low:
            found.append(tick)
    return found


def log_ticks(low: float, high: float, wanted: int) -> list[float]:
    """Round numbers within [low, high] for a logarithmic axis, both positive."""
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    for digits in ((1,), (1, 3), (1, 2, 5)):
        found = [
            each * 10.0**power for power in powers for each in digits if low <= each * 10.0**power <= high
        ]
        if len(found) >= min(wanted, 3):
            return found[:: max(1, math.ceil(len(found) / max(wanted, 1)))]
    return ticks(low, high, wanted)


def whole_ticks(low: int, high: int, wanted: int) -> list[int]:
    """The first whole number and round ones after it, none too near to the first."""
    step = next(
        size * 10**power
        for power in range(12)
        for size in (1, 2, 5)
        if (high - low) / (size * 10**power) <= wanted
    )
    return [
        low,
        *(tick for tick in range(step * (low // step + 1), high + 1, step) if tick - low >= step / 2),
    ]


def labels(values: Sequence[float]) -> list[str]:
    """The numbers with as many digits as tell them apart, all with the same."""
    if not values:
        return []
    largest = max(abs(value) for value in values)
    if largest and (largest >= 1e6 or largest < 1e-3):
        return [f"{value:.2e}" for value in values]
    gap = min((abs(b - a) for a, b in pairwise(values)), default=largest) or 1.0
    exact = f"{gap:.1e}".startswith("2.5")  # steps of a quarter need one more digit
    digits = min(6, max(0, math.ceil(-math.log10(gap) - 1e-9) + exact))
    return [f"{value:.{digits}f}" for value in values]


def thinned(x: Sequence[float], y: Sequence[float], columns: int) -> Curve:
    """At most the smallest and largest value of each column: what a drawing of that width can show."""
    if len(x) <= 2 * columns:
        return x, y
    kept: list[int] = []
    for column in range(columns):
        span = range(column * len(x) // columns, (column + 1) * len(x) // columns)
        kept += sorted({min(span, key=y.__getitem__), max(span, key=y.__getitem__)})
    return [x[at] for at in kept], [y[at] for at in kept]
