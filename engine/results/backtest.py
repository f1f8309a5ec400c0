"""The result of a backtest and everything in it: facts, as result.json holds them.

Shares and returns are fractions (0.1 = 10 %), money is quote currency, times are ISO 8601 in UTC, an
undefined figure is NaN. Labels and sentences are made where they are shown: see `explanations` and `notes`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple, Self

from engine.errors import RepairDataError
from engine.results.capacity import Capacity
from engine.results.codec import Count, Number, from_json, to_json
from engine.results.earlier import SCHEMA, upgraded
from engine.results.learned import BandCoverage, FeatureDrift, ForecastCalibration
from engine.results.notes import Note
from engine.results.portfolio import PortfolioParts


class Interval(NamedTuple):
    """A 95 % interval; NaN where it is not defined."""

    low: Number
    high: Number


class Spread(NamedTuple):
    """The 2.5 % quantile, the median and the 97.5 % quantile of what chance makes."""

    low: Number
    median: Number
    high: Number


@dataclass(frozen=True)
class Headline:
    """The few figures of a row in a table."""

    total_return: Number
    sharpe: Number
    max_drawdown: Number
    trades: int


@dataclass(frozen=True)
class ForecastQuality:
    """How good the forecasts were, whatever was traded on them; forecasts: how many have a known label.

    The p-values are two-sided, against no skill. Intervals are those of ForecastIntervals.
    """

    forecasts: int
    r2: Number
    directional_accuracy: Number
    ic: Number
    ic_p_value: Number
    directional_accuracy_p_value: Number = float("nan")


@dataclass(frozen=True)
class DrawdownTimes:
    """When the deepest drawdown began, was deepest and was over; None where that did not happen."""

    start: str | None
    trough: str | None
    recovery: str | None


@dataclass(frozen=True)
class Costs:
    """The rates that were set, the exchange's limits that were applied, and what was paid.

    maintenance_long, maintenance_short: margin as shares of the position, of brackets the lowest.
    margin_from: `market`, `settings` or `brackets`; empty in results from before margin was held.
    absorbed: what accounts lacked below 0.
    """

    fee_bps: float
    slippage_bps: float
    minimum_notional: float
    quantity_step: float
    fees: Number
    slippage: Number
    funding: Number
    borrow: Number
    maintenance_long: float = 0.0
    maintenance_short: float = 0.0
    margin_from: str = ""
    absorbed: Number = 0.0


@dataclass(frozen=True)
class FillScenario(Headline):
    """The same signals under one kind of fill; name: SAME_CLOSE, NEXT_OPEN, … of explanations."""

    name: str = ""
    fill: str = ""
    slippage_bps: float = 0.0


@dataclass(frozen=True)
class FillScenarios:
    """The kindest fill first. share: part of the return that is gone at the next open with three times the
    slippage; NaN without a gain.
    """

    scenarios: tuple[FillScenario, ...]
    share: Number


@dataclass(frozen=True)
class Delay:
    """The same signals, each filled so many bars late."""

    bars: int
    total_return: Number
    sharpe: Number


@dataclass(frozen=True)
class BreakEven:
    """Costs of a fill at which the gain is gone; what a round trip earned before costs, and what it cost.

    All in basis points of the notional. bps: NaN without a gain at no costs, at most 1,000.
    """

    bps: Number
    earned_bps: Number
    paid_bps: Number


@dataclass(frozen=True)
class Regime:
    """Bars of one kind: their share of all, what they earned of the initial capital, their Sharpe ratio."""

    kind: str
    name: str
    share: Number
    earned: Number
    sharpe: Number


@dataclass(frozen=True)
class TrackRecord:
    """Days of returns there are, and days that are needed to tell their Sharpe ratio from 0."""

    days: int
    needed: Number


@dataclass(frozen=True)
class StressTests:
    """What becomes of the signals if they are late, costs or capital grow, or times change."""

    delays: tuple[Delay, ...]
    break_even: BreakEven
    capacity: Capacity
    regimes: tuple[Regime, ...]
    track_record: TrackRecord


@dataclass(frozen=True)
class AccountIntervals:
    """Of an account's figures."""

    sharpe: Interval
    total_return: Interval
    max_drawdown: Interval


@dataclass(frozen=True)
class ForecastIntervals:
    """Of the forecasts' quality."""

    r2: Interval
    directional_accuracy: Interval
    ic: Interval


@dataclass(frozen=True)
class Intervals:
    """Stationary-bootstrap intervals of strategy, buy and hold, and forecasts."""

    coverage: float
    resamples: int
    strategy: AccountIntervals
    benchmark: AccountIntervals
    forecast: ForecastIntervals


@dataclass(frozen=True)
class PermutationTest:
    """The same trades at other times: how many orders, how many different ones, what they came to."""

    permutations: int
    distinct: int
    p_value: Number
    sharpe: Spread
    total_return: Spread


@dataclass(frozen=True)
class Baseline(Headline):
    """A rule that knows next to nothing, and how far the strategy's Sharpe ratio lies above its own.

    p_value: of the strategy's being no better. beaten: whether that can be claimed, all claims of the run
    held together at 5 %; never of a strategy that trades nothing or has no Sharpe ratio above 0.
    """

    name: str = ""
    sharpe_difference: Number = float("nan")
    interval: Interval = Interval(float("nan"), float("nan"))
    p_value: Number = float("nan")
    beaten: bool = False


@dataclass(frozen=True)
class TrialCounts:
    """What the trial ledger says of the bars, and what that leaves of the Sharpe ratio.

    looks: at these bars so far, this one included; what_ifs: of them; trials: different ones among them.
    sharpe_variance: of their Sharpe ratios of daily returns. expected_best_sharpe: annual. broken: lines
    of the ledger that cannot be read.
    """

    looks: int
    what_ifs: int
    trials: int
    sharpe_variance: Number
    expected_best_sharpe: Number
    deflated_sharpe: Number
    market: str
    broken: int


@dataclass(frozen=True)
class TrialFamily:
    """What luck makes of different trials over the same days: of a sweep, or of the ledger's at a span.

    reality_check, spa: p-values of the best one's having no skill. step_wise: that of this one, all of them
    held together. overfitting: PBO, to be read beside the spread of the trials' annual Sharpe ratios.
    """

    trials: int
    days: int
    reality_check: Number
    spa: Number
    step_wise: Number
    overfitting: Number
    sharpe: Spread


@dataclass(frozen=True)
class TrainingSummary:
    """What a training came to; losses are on scaled labels, epochs count from 1."""

    epochs: int
    best_epoch: int
    loss: Number
    val_loss: Number
    stopped_early: bool


@dataclass(frozen=True)
class Fold:
    """One training of a walk-forward and the test span that it traded.

    band_held: share of the span's returns that lay in the bands of their forecasts.
    """

    fold: int
    train_start: str
    train: int
    validation: int
    purged: int
    test_start: str
    test_end: str
    test: int
    epochs: int
    best_epoch: int
    entry_threshold: float
    ic: Number
    directional_accuracy: Number
    total_return: Number
    buy_and_hold: Number
    trades: int
    band_held: Number = float("nan")


@dataclass(frozen=True)
class BacktestResult:
    """A backtest: of a run, of a model traded again, of somebody's signals, of a walk-forward, or a what-if.

    decided_by: the kind of model whose forecasts were traded, empty for signals that somebody gave. members:
    how many of that kind the forecast is the mean of.
    metrics, benchmark: figures by the keys of results.metrics.METRICS. months: by year, twelve and the
    year's own.
    settings_differ: settings that are not the defaults, by dotted key.
    drift: of the model's features from training to the bars that were traded, the largest first.
    """

    run: str
    of: str
    simulated: bool
    symbol: str
    start: str
    end: str
    bars: int
    fill: str
    entry_threshold: float
    decided_by: str
    settings_differ: dict[str, Any]
    metrics: dict[str, Count]
    benchmark: dict[str, Count]
    forecast: ForecastQuality
    drawdown: DrawdownTimes
    months: dict[str, tuple[Number, ...]]
    costs: Costs
    members: int = 1
    calendar: str = "24/7"  # of the market, see engine.market.calendar
    notes: tuple[Note, ...] = ()
    fills: FillScenarios | None = None
    stress: StressTests | None = None
    intervals: Intervals | None = None
    calibration: ForecastCalibration | None = None
    band: BandCoverage | None = None
    drift: tuple[FeatureDrift, ...] = ()
    permutation: PermutationTest | None = None
    baselines: tuple[Baseline, ...] = ()
    trials: TrialCounts | None = None
    family: TrialFamily | None = None
    training: TrainingSummary | None = None
    folds: tuple[Fold, ...] = ()
    schema: int = SCHEMA
    files: dict[str, str] = field(default_factory=dict)
    portfolio: PortfolioParts | None = None  # of an account over several symbols

    def to_json(self) -> dict[str, Any]:
        """As result.json holds it."""
        return to_json(self)

    @classmethod
    def from_json(cls, document: dict[str, Any], where: str = "result.json") -> Self:
        """From what result.json holds, of this version or an earlier one. Raises RepairDataError."""
        found = from_json(cls, upgraded(document, where), where)
        if "total_return" not in found.metrics:
            raise RepairDataError(where, "lacks the metric total_return", "Run it again")
        return found
