"""The result of a backtest: facts, as result.json holds them.

Shares and returns are fractions (0.1 = 10 %), money is quote currency, times are ISO 8601 in UTC, an
undefined figure is NaN. Labels and sentences are made where they are shown: see `explanations` and `notes`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Self

from engine.errors import RepairDataError
from engine.results.codec import Count, Number, from_json, to_json
from engine.results.earlier import SCHEMA, upgraded
from engine.results.learned import BandCoverage, FeatureDrift, ForecastCalibration
from engine.results.notes import Note
from engine.results.portfolio import PortfolioParts
from engine.results.robustness import (
    Baseline,
    FillScenarios,
    Intervals,
    PermutationTest,
    TrialCounts,
    TrialFamily,
)
from engine.results.stress import StressTests


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
