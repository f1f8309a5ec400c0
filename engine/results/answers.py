"""What the warm engine answers about a result: curves, trades, other rules."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from engine.results.backtest import BacktestResult
from engine.results.codec import JSON_NAME, Number
from engine.results.figures import Headline
from engine.results.robustness import TrialCounts, TrialFamily


@dataclass(frozen=True)
class Curve:
    """Points of a curve, thinned to the columns of a chart; time_ms: when a bar closed."""

    time_ms: tuple[int, ...] = ()
    value: tuple[float, ...] = ()


@dataclass(frozen=True)
class Curves:
    """Equity of strategy and buy and hold, and their drawdowns as shares below 0.

    without_forecast: stretches [from, to) in ms of bars that no forecast was made for, as wide as a column.
    """

    strategy: Curve = Curve()
    benchmark: Curve = Curve()
    strategy_drawdown: Curve = Curve()
    benchmark_drawdown: Curve = Curve()
    without_forecast: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True)
class OpenedResult:
    """A result as it is shown, with the rules that made it (the settings that a what-if can move)."""

    run: str
    result: BacktestResult
    settings: dict[str, Any]
    trades: int
    curves: Curves


@dataclass(frozen=True)
class TradesPage:
    """A window of the trades: rows from `start` on, of `total` that the filter keeps, of `all`.

    rows: cells in the order of `columns`. pnl: summed over those that the filter keeps.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    start: int = field(metadata={JSON_NAME: "from"})
    total: int
    all: int
    pnl: float


@dataclass(frozen=True)
class WrittenTrades:
    """Trades written to a CSV file."""

    path: str
    rows: int


@dataclass(frozen=True)
class WrittenReport:
    """A report written to an HTML file."""

    path: str
    bytes: int


@dataclass(frozen=True)
class WrittenCharts:
    """Charts written to files of their own."""

    paths: tuple[str, ...]


@dataclass(frozen=True)
class Candles:
    """Candles for a chart, each of as many bars as were joined; NaN where there was none."""

    time_ms: tuple[int, ...]
    open: tuple[Number, ...]
    high: tuple[Number, ...]
    low: tuple[Number, ...]
    close: tuple[Number, ...]


@dataclass(frozen=True)
class TradeDetail:
    """One trade, by the columns of trades.csv, and the candles around it; entry, exit: numbers of candles."""

    trade: dict[str, Any]
    candles: Candles
    bars_per_candle: int
    entry: int
    exit: int


@dataclass(frozen=True)
class MarkedTrade:
    """A trade on a price chart; entry, exit: numbers of candles, None outside of the chart.

    row: in the table of trades as it is filtered and sorted. made: the return as a fraction.
    """

    trade: int
    row: int
    side: str
    entry: int | None
    exit: int | None
    entry_price: float
    exit_price: float
    made: Number
    exit_reason: str


@dataclass(frozen=True)
class PriceChart:
    """Bars `first` … `first + bars` of `all`, in candles of equally many, with forecasts and trades.

    Of each candle, in the order of `candles`: the lowest and the highest forecast, NaN where no bar had one;
    whether a bar lacked one; the trade that is held, the last entered of several, as its place in `trades`,
    -1 for none. trades: those that a chart can show, as they were entered.
    """

    first: int
    bars: int
    all: int
    threshold: float
    candles: Candles
    lowest_forecast: tuple[Number, ...]
    highest_forecast: tuple[Number, ...]
    without_forecast: tuple[bool, ...]
    held: tuple[int, ...]
    trades: tuple[MarkedTrade, ...]


@dataclass(frozen=True)
class Variant(Headline):
    """What one combination of rules comes to."""

    settings: dict[str, Any] = field(default_factory=dict)
    final_value: Number = float("nan")


@dataclass(frozen=True)
class SweepResult:
    """Many rules at once. best: the number of the variant with the highest Sharpe ratio among those with ten
    trades or more, None if there is none; trials: what so many looks leave of it; family: the variants among
    themselves.
    """

    run: str
    simulated: bool
    variants: tuple[Variant, ...]
    best: int | None
    trials: TrialCounts | None
    family: TrialFamily | None = None


@dataclass(frozen=True)
class Comparison:
    """What is equal and what differs between a run and its repetition.

    compared: names of files and figures. differ: in words, by name. because: sentences on data, versions,
    devices and machine.
    """

    equal: bool
    compared: tuple[str, ...]
    differ: dict[str, str]
    because: tuple[str, ...]


@dataclass(frozen=True)
class ExaminedModel:
    """What a foreign run's model is, in sentences."""

    found: tuple[str, ...]
