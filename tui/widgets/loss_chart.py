"""Loss and validation loss over the epochs, the best epoch marked; drawn from the epoch events alone."""

from __future__ import annotations

import math
from dataclasses import dataclass
from time import monotonic
from typing import TYPE_CHECKING, Any, cast

from engine.results.number_format import defined
from engine.runs.log_entries import batch_trace, near_curve
from tui.widgets import plot
from tui.widgets.lines import Line, Lines, spread, width_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.timer import Timer

    from engine.runs.log_entries import Epoch

PAUSE_S = 1.0
DECADES = 0.5  # of a logarithmic axis, below which round steps are even enough
SPANS = (1, 2, 3, 5, 8, 13, 21, 34)  # epochs that smoothing looks back, about


@dataclass(frozen=True)
class Losses:
    """What the chart shows; `smoothing` is an index into SPANS."""

    epochs: tuple[tuple[int, float | None, float | None], ...] = ()  # epoch, loss, validation loss
    best: int | None = None
    log: bool = False
    smoothing: int = 0
    ascii: bool = False
    trace: tuple[tuple[int, float], ...] = ()  # of a first epoch: batches done, their mean loss
    batches: int = 0  # of an epoch
    within: tuple[tuple[float, float], ...] = ()  # of epochs that are over: place, mean loss of batches there

    @classmethod
    def of(cls, history: Sequence[Epoch], best: int | None, **view: Any) -> Losses:
        """From the epochs that are over."""
        epochs = tuple((each.epoch, each.loss, each.val_loss) for each in history)
        return cls(epochs, best, within=batch_trace(history), **view)


class LossChart(Lines):
    """The chart. It draws at most once a second, and only what has changed while it is on the screen."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        """Nothing to draw yet."""
        super().__init__(id=id)
        self._losses, self._drawn = Losses(), (Losses(), (0, 0))
        self._at, self._later = -math.inf, cast("Timer | None", None)

    def set_losses(self, losses: Losses) -> None:
        """Show these, now or as soon as a second has passed since the last time."""
        view = (losses.log, losses.smoothing, losses.best is not None and not self._losses.epochs)
        at_once = view != (self._losses.log, self._losses.smoothing, False)
        self._losses = losses
        self._draw(at_once=at_once)

    def on_resize(self) -> None:
        """Another size, another drawing, beside what every block does then."""
        self._draw(at_once=True)

    def _draw(self, *, at_once: bool = False) -> None:
        width, height = self.size
        wanted = (self._losses, (width, height))
        if wanted == self._drawn or not self.screen.is_current or width < 20 or height < 4:
            return
        wait = PAUSE_S - (monotonic() - self._at)
        if wait > 0 and not at_once:
            if self._later is None:
                self._later = self.set_timer(wait, self._draw_later)
            return
        self._at, self._drawn = monotonic(), wanted
        self.show(drawing(self._losses, width, height))

    def _draw_later(self) -> None:
        self._later = None
        self._draw()


def drawing(losses: Losses, width: int, height: int) -> list[Line]:
    """Legend and figure in so many cells."""
    if losses.trace and not losses.epochs:
        title: Line = [(" loss", "bright"), (f"  within epoch 1, by batch of {losses.batches:,}", "quiet")]
        return [title, *within_epoch(losses, width, height - 1)]
    span = SPANS[losses.smoothing]
    first = curve([(epoch, loss) for epoch, loss, _ in losses.epochs], span, log=losses.log)
    second = curve([(epoch, loss) for epoch, _, loss in losses.epochs], span, log=losses.log)
    if len(losses.epochs) == 1 and not losses.within:
        return [[(" loss", "bright"), ("  one epoch makes no curve", "quiet")]]
    lines = [legend(losses, width)]
    if not first[0] and not second[0]:
        return [*lines, [], [(" no finite loss to draw", "quiet")]]
    return [*lines, *figure(losses, first, second, width, height - 1)]


def legend(losses: Losses, width: int) -> Line:
    """What the lines mean and how they are shown."""
    how = [name for name, on in (("log axis", losses.log), (smooth(losses), losses.smoothing > 0)) if on]
    left: Line = [(" loss", "bright"), (f"  {' · '.join(how)}" if how else "", "quiet")]
    solid, dashed = plot.SIGNS[losses.ascii]
    right: Line = [(solid, "live"), (" train, left   ", ""), (dashed, "second"), (" validation, right ", "")]
    traced: Line = (
        [(".. " if losses.ascii else "┈┈ ", "quiet"), ("batches, left   ", "")] if losses.within else []
    )
    room = width_of(left) + width_of(traced) + width_of(right) < width
    return spread(left, [*traced, *right] if room else right, width)


def smooth(losses: Losses) -> str:
    """The smoothing in words."""
    return f"smoothed over {SPANS[losses.smoothing]} epochs"


def curve(
    points: Sequence[tuple[int, float | None]], span: int, *, log: bool
) -> tuple[list[float], list[float]]:
    """The finite points, smoothed exponentially (weight 2 / (span + 1)); on a log axis their log10."""
    x, y, mean, weight = [], [], None, 2 / (span + 1)
    for epoch, value in points:
        if not defined(value) or (log and value <= 0):
            continue
        mean = value if mean is None else mean + weight * (value - mean)
        x.append(float(epoch))
        y.append(math.log10(mean) if log else mean)
    return x, y


def figure(
    losses: Losses, first: tuple[list[float], list[float]], second: tuple[list[float], list[float]],
    width: int, height: int,
) -> list[Line]:  # fmt: skip
    """The drawing itself, by plotext."""
    import plotext

    start = losses.epochs[0][0] - bool(losses.within)  # an epoch's batches lie before its end
    end = max(losses.epochs[-1][0], losses.epochs[0][0] + 1)
    canvas(width, height, start, end)
    plotext.yaxes(bool(first[1]), bool(second[1]))
    trace = thin_trace(losses, first[1])
    ruler([*first[1], *trace[1]], "left", height, log=losses.log)
    ruler(second[1], "right", height, log=losses.log)
    marks = plot.MARKERS[losses.ascii]
    dots = width if losses.ascii else 2 * width
    dotted = plot.dashes(*plot.thinned(*trace, width), dots, 1, 2)
    plotext.scatter(*dotted, marker="." if losses.ascii else marks[0], color=plot.FAINT)
    plotext.plot(*plot.thinned(*first, width), marker=marks[0], color=plot.FIRST)
    reach = max(2, round(dots * (len(second[0]) and second[0][-1] - second[0][0]) / (end - start)))
    plotext.scatter(
        *plot.dashes(*plot.thinned(*second, width), reach), marker=marks[1], color=plot.SECOND, yside="right"
    )
    if losses.best in second[0]:
        place = second[1][second[0].index(losses.best)]
        left = losses.best <= start + 0.8 * (end - start)
        label, side = (f"★ best {losses.best}", "left") if left else (f"best {losses.best} ★", "right")
        plotext.text(label, losses.best, place, yside="right", color=plot.MARK, alignment=side)
    return plot.built(ascii=losses.ascii)


def thin_trace(losses: Losses, curve: Sequence[float]) -> plot.Curve:
    """The batches' losses; what is farther from the curve than its height is left out."""
    drawable = [(place, loss) for place, loss in losses.within if loss > 0 or not losses.log]
    points = [(place, math.log10(loss) if losses.log else loss) for place, loss in drawable]
    near = near_curve(points, curve)
    return [place for place, _ in near], [loss for _, loss in near]


def within_epoch(losses: Losses, width: int, height: int) -> list[Line]:
    """The mean loss over the batches of an epoch that is not over."""
    import plotext

    points = [(batch, loss) for batch, loss in losses.trace if not losses.log or loss > 0]
    values = [math.log10(loss) if losses.log else loss for _, loss in points]
    start, end = 1, max(2, losses.batches)
    canvas(width, height, start, end)
    plotext.yaxes(True, False)
    ruler(values, "left", height, log=losses.log)
    marker = "*" if losses.ascii else "braille"
    plotext.plot([float(batch) for batch, _ in points], values, marker=marker, color=plot.FIRST)
    return plot.built(ascii=losses.ascii)


def canvas(width: int, height: int, start: int, end: int) -> None:
    """An empty figure of so many cells over whole numbers."""
    import plotext

    plotext.clear_figure()
    plotext.theme("clear")
    plotext.limitsize(False, False)
    plotext.plotsize(width, height)
    plotext.xaxes(True, False)
    plotext.xlim(start, end)
    across = plot.whole_ticks(start, end, max(2, width // 8))
    plotext.xticks(across, [str(tick) for tick in across])


def ruler(values: Sequence[float], side: str, height: int, *, log: bool) -> None:
    """A curve's own axis: limits which leave no height unused, and at least three ticks."""
    import plotext

    low, high = (min(values), max(values)) if values else (0.0, 1.0)
    margin = (high - low) * 0.04 or abs(high) * 0.04 or 1.0
    low, high = low - margin, high + margin
    plotext.ylim(low, high, yside=side)
    wanted = max(3, height // 3)
    up = plot.some_ticks(low, high, wanted)
    if log:
        reals = plot.some_ticks(10**low, 10**high, wanted) if high - low < DECADES else []
        reals = reals or plot.log_ticks(10**low, 10**high, wanted)
        up = [math.log10(value) for value in reals if value > 0]
    up = plot.apart(up, low, high, height - 2)  # the axis of epochs takes two rows
    names = plot.labels([10**value for value in up] if log else up)
    wide = max(map(len, names), default=0)
    plotext.yticks(
        up, [name.rjust(wide) if side == "left" else name.ljust(wide) for name in names], yside=side
    )
