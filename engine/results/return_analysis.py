"""How returns and trades are spread: over time, by size, by weekday, hour and month, by side."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from engine.results.answers import Curve
from engine.results.codec import Number
from engine.results.number_format import defined

if TYPE_CHECKING:
    from collections.abc import Sequence

FAR = 2.0  # standard errors
BY_CHANCE = 0.0455  # share of means that lie further than that from their own, of a normal distribution


@dataclass(frozen=True)
class RollingFigures:
    """Annual Sharpe ratio and deepest drawdown, a share, of the days up to each moment; extremes of all days.

    NaN where it is not defined, as in days without a trade.
    """

    sharpe: tuple[Number, ...]
    max_drawdown: tuple[Number, ...]
    lowest_sharpe: Number
    highest_sharpe: Number
    latest_sharpe: Number
    deepest_drawdown: Number


@dataclass(frozen=True)
class Rolling:
    """Figures of a window of `days` daily returns that moves over the span; time_ms: the end of its last day.

    No moments where the span is shorter than the window.
    """

    days: int
    time_ms: tuple[int, ...]
    strategy: RollingFigures
    benchmark: RollingFigures


@dataclass(frozen=True)
class GroupedReturn:
    """Returns of one weekday, hour or month: how many, their mean, and the standard error of that.

    kind: `weekday`, `hour` or `month`. far: whether the mean lies more than FAR standard errors from the mean
    of all returns of the kind.
    """

    kind: str
    name: str
    returns: int
    mean: Number
    standard_error: Number
    far: bool


@dataclass(frozen=True)
class SideFigures:
    """The trades of one side: how many, share that gained, mean return, summed PnL."""

    side: str
    trades: int
    win_rate: Number
    mean_return: Number
    pnl: Number


@dataclass(frozen=True)
class Bin:
    """How many trades have a PnL in [low, high), the last bin's end included."""

    low: Number
    high: Number
    trades: int


@dataclass(frozen=True)
class Quantile:
    """A quantile of the trades' PnL, and that of a normal distribution of the same mean and deviation."""

    share: float
    pnl: Number
    normal: Number


@dataclass(frozen=True)
class PnlDistribution:
    """The PnL of trades by size; kurtosis is 3 for a normal distribution."""

    bins: tuple[Bin, ...]
    quantiles: tuple[Quantile, ...]
    skew: Number
    kurtosis: Number


@dataclass(frozen=True)
class ReturnAnalysis:
    """How returns and trades of a result are spread; of daily returns but for hours (UTC) and months."""

    run: str
    simulated: bool
    rolling: Rolling
    sides: tuple[SideFigures, ...]
    pnl: PnlDistribution
    groups: tuple[GroupedReturn, ...]


def stretches(time_ms: Sequence[int], values: Sequence[float]) -> list[Curve]:
    """The stretches in which values are defined, each as a curve."""
    paired = zip(time_ms, values, strict=True)
    parts = (list(each) for there, each in groupby(paired, lambda point: defined(point[1])) if there)
    return [Curve(tuple(time for time, _ in each), tuple(value for _, value in each)) for each in parts]
