"""Rolling Sharpe ratio above the deepest drawdown of the same days, on one time axis."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from engine.results.number_format import amount, defined, percent
from engine.results.return_analysis import stretches
from engine.results.return_tables import on_rolling
from tui.widgets import plot
from tui.widgets.equity_chart import SMALLEST, dates, day, labelled
from tui.widgets.equity_chart import percent as percent_tick
from tui.widgets.lines import Line, Lines, first_whole

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.results.return_analysis import Rolling


class RollingChart(Lines):
    """The chart. It is drawn only when it has changed, and while it is on the screen."""

    def __init__(self, *, ascii: bool = False, id: str | None = None) -> None:  # noqa: A002
        """Nothing to draw yet."""
        super().__init__(id=id)
        self._rolling: Rolling | None = None
        self._ascii = ascii
        self._drawn: tuple[object, ...] = ()

    def set_rolling(self, rolling: Rolling | None) -> None:
        """Show these; None says that they are being computed."""
        self._rolling = rolling
        self.draw()

    def on_resize(self) -> None:
        """Another size, another drawing."""
        self.draw()

    def on_show(self) -> None:
        """What changed meanwhile."""
        self.draw()

    def draw(self) -> None:
        """Draw if there is anything new to see."""
        wanted = (self._rolling, *self.size)
        if wanted == self._drawn or not self.is_on_screen or not self.screen.is_current:
            return
        self._drawn = wanted
        computing: list[Line] = [[(" computing …", "quiet")]]
        rolling, width, height = self._rolling, *self.size
        self.show(drawing(rolling, width, height, ascii=self._ascii) if rolling else computing)


@lru_cache(maxsize=2)
def drawing(rolling: Rolling, width: int, height: int, *, ascii: bool) -> list[Line]:  # noqa: A002
    """Legend, Sharpe ratios, drawdowns, dates and extremes in so many cells."""
    own, held, moments = rolling.strategy, rolling.benchmark, rolling.time_ms
    head = legend(rolling.days, width, ascii=ascii)
    if not moments:
        return [head, [(f" {on_rolling(rolling)}", "quiet")]]
    if width < SMALLEST[0] or height < SMALLEST[1] + 1:
        return [[(" a larger window shows the chart", "quiet")]]
    below = max(2, (height - 3) // 3)
    above = height - 3 - below
    ratios = [value for value in (*own.sharpe, *held.sharpe) if defined(value)]
    depths = [tuple(-value for value in each.max_drawdown) for each in (own, held)]
    upper = labelled([*ratios, 0.0], above, ratio_tick)
    lower = labelled([*depths[0], *depths[1], 0.0], below, percent_tick)
    margin = max(len(name) for _, name in (*upper, *lower))
    sharpe = figure(moments, (own.sharpe, held.sharpe), upper, (width, above), margin, ascii=ascii)
    under = figure(moments, (depths[0], depths[1]), lower, (width, below), margin, ascii=ascii)
    below_all = dates(moments, width, margin + 1, day_that_ends)
    return [head, *sharpe, *under, below_all, extremes(rolling, width)]


def day_that_ends(moment_ms: float) -> str:
    """The day that ends then; at midnight that is the one before."""
    return day(moment_ms - 1)


def legend(days: int, width: int, *, ascii: bool) -> Line:  # noqa: A002
    """What the lines mean, and of how many days they are."""
    solid, dashed = plot.SIGNS[ascii]
    right: Line = [(solid, "live"), (" strategy   ", ""), (dashed, "second"), (" buy & hold ", "")]
    lefts = (f" above drawdown, {days} days", f", {days} days")
    return first_whole([([(" rolling Sharpe", "bright"), (left, "quiet")], right) for left in lefts], width)


def extremes(rolling: Rolling, width: int) -> Line:
    """The strategy's figures over the whole span, as many as fit."""
    own = rolling.strategy
    figures = [
        f" Sharpe latest {amount(own.latest_sharpe)}",
        f"lowest {amount(own.lowest_sharpe)}",
        f"highest {amount(own.highest_sharpe)}",
        f"deepest drawdown {percent(own.deepest_drawdown)} %",
    ]
    while len(figures) > 1 and len("   ".join(figures)) > width:
        figures.pop()
    return [("   ".join(figures), "quiet")]


def ratio_tick(value: float, digits: int) -> str:
    """A Sharpe ratio in few characters."""
    return f"{value:.{min(digits, 3)}g}"


def figure(
    moments: Sequence[int], values: tuple[Sequence[float], Sequence[float]],
    ticks: Sequence[tuple[float, str]], size: tuple[int, int], margin: int, *, ascii: bool,  # noqa: A002
) -> list[Line]:  # fmt: skip
    """Strategy and buy and hold; where one is not defined there is no line."""
    lines = [stretches(moments, each) for each in values]
    heights = [value for line in lines for part in line for value in part.value] + [tick for tick, _ in ticks]
    span = (moments[0], max(moments[-1], moments[0] + 1))
    area = plot.frame(size, span, (min(heights), max(heights)), ticks, margin)
    dots = (1 if ascii else 2) * (size[0] - margin - 1)
    marks = plot.MARKERS[ascii]
    for part in lines[1]:
        share = (part.time_ms[-1] - part.time_ms[0]) / (span[1] - span[0])
        dashed = plot.dashes(part.time_ms, part.value, max(1, round(dots * share)))
        area.points(*dashed, marker=marks[1], colour=plot.SECOND)
    for part in lines[0]:
        area.line(part.time_ms, part.value, marker=marks[0], colour=plot.FIRST)
    return plot.built(ascii=ascii)
