"""Results of runs that are no single backtest: a training, an update, several seeds, a calibration."""

from __future__ import annotations

from dataclasses import dataclass

from engine.results.backtest import TrainingSummary
from engine.results.codec import Count, Number
from engine.results.notes import Note


@dataclass(frozen=True)
class TrainResult:
    """A training without a backtest."""

    training: TrainingSummary
    simulated: bool
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True)
class UpdateResult:
    """An update of stored series; the run's events tell what each source brought."""

    simulated: bool
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True)
class SeedFigures:
    """One seed's run and its headline figures, by the keys of metrics and forecast quality."""

    seed: int
    run: str
    figures: dict[str, Count]


@dataclass(frozen=True)
class FigureSpread:
    """A figure over the seeds: deviation with ddof 1; NaN where nothing is defined."""

    mean: Number
    deviation: Number
    least: Number
    greatest: Number


@dataclass(frozen=True)
class SeedsResult:
    """The same run with several seeds. ensemble: figures of trading the mean of their forecasts."""

    run: str
    simulated: bool
    seeds: tuple[SeedFigures, ...]
    spread: dict[str, FigureSpread]
    ensemble: dict[str, Count]
    notes: tuple[Note, ...] = ()

    @property
    def answered_by(self) -> tuple[str, ...]:
        """The runs whose leak audits answer for these figures."""
        return tuple(each.run for each in self.seeds)


@dataclass(frozen=True)
class CalibrationTrial:
    """One training on one simulated market, judged on its test span.

    ic is Spearman's correlation of forecast and return, with the 95 % interval that every run prints, both
    NaN for a forecast that never changes; recovered is Pearson's of forecast and true conditional mean, NaN
    where that is constant (edge 0); reachable is Spearman's of true conditional mean and return: what a
    perfect forecast would have had.
    """

    edge: float
    seed: int
    ic: Number
    ic_low: Number
    ic_high: Number
    recovered: Number
    reachable: Number
    forecasts: int
    epochs: int
    best_epoch: int
    total_return: Number

    @property
    def false_alarm(self) -> bool:
        """Whether the interval lies above 0."""
        return self.ic_low > 0


@dataclass(frozen=True)
class EdgeSummary:
    """The trials of one edge: means over the markets, and how many intervals lie above 0.

    most_by_chance: so many or fewer come up in 95 of 100 calibrations without any edge. constant: forecasts
    that never change.
    """

    edge: float
    markets: int
    above_zero: int
    share_above_zero: Number
    most_by_chance: int
    constant: int
    ic: Number
    reachable_ic: Number
    recovered: Number
    recovered_least: Number
    epochs: Number


@dataclass(frozen=True)
class CalibrationResult:
    """Trainings on simulated markets whose truth is known."""

    run: str
    edges: tuple[EdgeSummary, ...]
    trials: tuple[CalibrationTrial, ...]
    simulated: bool = True
    notes: tuple[Note, ...] = ()
