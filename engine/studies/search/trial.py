"""One trial: a training for each inner fold, the best rules by validation, traded on the inner tests."""

from __future__ import annotations

import itertools
import math
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from engine import experiment
from engine.backtest.simulate import buy_and_hold
from engine.backtest.trading import rules_of
from engine.disk import CHECKPOINT
from engine.errors import ChangeSettingsError, DivergedError, RepairDataError
from engine.preparation import features_table
from engine.settings import with_values
from engine.statistics.account import trading_days
from engine.statistics.forecast import information_coefficient
from engine.statistics.metrics import daily_returns
from engine.statistics.returns import sharpe
from engine.studies.folds import folds
from engine.studies.search.record import Trial
from engine.studies.search.rules import Forecasts, variants
from engine.studies.workers import ParentWatch, one_device

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from engine.backtest.simulate import Simulation
    from engine.experiment import Samples
    from engine.market.merge import Market
    from engine.runs.events import Event
    from engine.settings import Parameter, Settings, Value
    from engine.studies.folds import Fold

    Floats = NDArray[np.float64]
    Steps = tuple[tuple[float, ...], ...]

FREE_EPOCHS = 1  # of the first fold, in which nothing is pruned


@dataclass(frozen=True, eq=False)
class Task:
    """A trial to be carried out: what was drawn, on top of which settings, on which market.

    market: of the inner data alone. begins: (K,) bars at which inner tests begin. medians: of each fold, what
    the trials of earlier batches came to after each epoch, see Trial.steps. others: rules whose daily returns
    are kept besides the best.
    """

    key: str
    number: int
    drawn: dict[str, Value]
    attributes: dict[str, Any]
    settings: Settings
    parameters: tuple[Parameter, ...]
    market: Market
    begins: NDArray[np.int64]
    medians: Steps
    others: int


class PrunedError(Exception):
    """Raised within a training that is not worth its end."""


class Watch:
    """A training's `emit`: notes how far each epoch brings validation, and ends what is below the median.

    baseline: the loss on validation of forecasting nothing.
    """

    def __init__(self, medians: Steps) -> None:
        """Before the first fold."""
        self.medians, self.steps, self.orphan = medians, list[list[float]](), ParentWatch()
        self.baseline, self.epochs = math.nan, 0

    def begin(self, baseline: float) -> None:
        """The next fold's training begins."""
        self.baseline = baseline
        self.steps.append([])

    def __call__(self, event: Event) -> None:
        """Raise PrunedError where the trial falls behind."""
        self.orphan(event)
        if event["kind"] != "epoch":
            return
        self.epochs += 1
        reached = self.steps[-1]
        share = 1.0 - float(event["val_loss"]) / self.baseline
        reached.append(max([share, *reached[-1:]]))
        fold, epoch = len(self.steps) - 1, len(reached) - 1
        if fold >= len(self.medians) or (fold == 0 and epoch < FREE_EPOCHS) or not self.medians[fold]:
            return
        level = self.medians[fold][min(epoch, len(self.medians[fold]) - 1)]
        if so_far(self.steps) < level:
            raise PrunedError


def so_far(steps: Sequence[Sequence[float]]) -> float:
    """What a trial has reached after its last epoch: the mean over the folds begun of the best in each."""
    return float(np.mean([fold[-1] for fold in steps]))


def medians_of(told: Sequence[Trial], fewest: int) -> Steps:
    """What half of the trials reached after each epoch of each fold; nothing where fewer than `fewest` did.

    A training that ended early counts with what it ended with.
    """
    found = []
    for fold in range(max((len(each.steps) for each in told), default=0)):
        there = [each for each in told if len(each.steps) > fold and each.steps[fold]]
        longest = max((len(each.steps[fold]) for each in there), default=0)
        levels = [
            float(np.median([
                so_far([*each.steps[:fold], each.steps[fold][: epoch + 1]])
                for each in there
                if each.complete or len(each.steps) > fold + 1 or len(each.steps[fold]) > epoch
            ]))
            for epoch in range(longest)
        ]  # fmt: skip
        found.append(tuple(levels) if len(there) >= fewest else ())
    return tuple(found)


def carry_out(task: Task) -> Trial:
    """Train, trade and judge; what cannot be trained or is not worth it comes back and says so."""
    watch = Watch(task.medians)

    def ended(state: Any, reason: str = "") -> Trial:
        return Trial(
            task.key, task.number, state, task.drawn, task.attributes, steps=tuple(map(tuple, watch.steps)),
            epochs=watch.epochs, reason=reason,
        )  # fmt: skip

    try:
        settings = one_device(with_values(task.settings, task.drawn, task.parameters))
        samples, parts = inner(settings, task.market, task.begins)
        return judged(task, settings, trained(settings, samples, parts, watch), watch)
    except PrunedError:
        return ended("pruned", "below the median of earlier trials on validation")
    except (ChangeSettingsError, DivergedError, RepairDataError) as error:
        return ended("failed", " ".join(str(error).split()))


def inner(settings: Settings, market: Market, begins: NDArray[np.int64]) -> tuple[Samples, list[Fold]]:
    """Samples of the inner data, and their folds, whose tests begin at the same bars whatever was drawn."""
    table, _, _ = features_table(market, settings, settings.features.chosen, settings.walk_forward.first_test)
    samples = experiment.samples_of(market, table, settings)
    bar = market.numbers_of(samples.target_ms)
    return samples, folds(bar, np.isfinite(samples.label), settings, begins)


def trained(settings: Settings, samples: Samples, parts: list[Fold], watch: Watch) -> Forecasts:
    """The forecasts of a model for each fold."""
    validation, test = [], []
    for fold in parts:
        watch.begin(loss_of_nothing(settings, samples, fold))
        with tempfile.TemporaryDirectory(prefix="quantdeck-") as folder:
            model = experiment.fit(settings, samples, fold, 1, Path(folder) / CHECKPOINT, watch)
        validation.append(experiment.forecast_samples(model, samples, fold.validation, watch.orphan))
        test.append(experiment.forecast_samples(model, samples, fold.test, watch.orphan))
    return Forecasts(samples, parts, validation, test)


def loss_of_nothing(settings: Settings, samples: Samples, fold: Fold) -> float:
    """The loss on validation of a model that always says 0."""
    start, target = samples.windows.start, samples.windows.target
    scalers = experiment.fit_scalers(
        settings, samples.table, samples.forward_return, samples.volatility, start[fold.train]
    )
    error = np.abs(
        scalers.to_label(samples.forward_return, samples.volatility)[target[fold.validation]]
    )  # (n,)
    squares = np.square(error)
    if settings.model.loss == "mse":
        return float(squares.mean())
    delta = settings.model.huber_delta
    return float(np.where(error <= delta, squares / 2.0, delta * (error - delta / 2.0)).mean())


def judged(task: Task, settings: Settings, forecasts: Forecasts, watch: Watch) -> Trial:
    """The trial with the best of its rules."""
    chosen = settings.search
    seed, market = [chosen.seed, task.number], task.market
    tried = variants(settings, task.parameters, task.drawn, market.calendar, chosen.rules, seed)
    best = int(np.argmax(forecasts.on_validation(tried))) if len(tried) > 1 else 0
    strategy = forecasts.traded(tried[best].settings)
    others = [number for number in kept(len(tried), task) if number != best]
    bars = forecasts.on_bars(tried[best].settings)[1].bars
    benchmark = buy_and_hold(bars, rules_of(settings, bars.calendar))
    return Trial(
        task.key,
        task.number,
        "complete",
        task.drawn,
        task.attributes,
        rules=tried[best].drawn,
        variants=len(tried),
        objectives=tuple(objectives(chosen.objective, forecasts, strategy)),
        steps=tuple(map(tuple, watch.steps)),
        epochs=watch.epochs,
        days=trading_days(strategy.time, strategy.calendar),
        returns=daily_returns(strategy),
        others=forecasts.returns_of([tried[number] for number in others]),
        benchmark=daily_returns(benchmark),
    )


def kept(count: int, task: Task) -> list[int]:
    """Which of so many rules are kept: those of the settings, number 0, and others drawn by seed."""
    generator = np.random.default_rng([task.settings.search.seed, task.number, 1])
    drawn = generator.permutation(np.arange(1, count))[: task.others]
    return [0, *sorted(drawn.tolist())] if count > 1 else []


def objectives(names: Sequence[str], forecasts: Forecasts, strategy: Simulation) -> list[float]:
    """The means over the folds of what a trial is judged by; 0 in a fold that has no such figure."""
    bounds = np.append(forecasts.begins, len(strategy.time))  # (K + 1,)
    found = [
        of_fold(forecasts, strategy, number, int(first), int(end))
        for number, (first, end) in enumerate(itertools.pairwise(bounds))
    ]
    return [float(np.mean(np.nan_to_num([fold[name] for fold in found]))) for name in names]


def of_fold(
    forecasts: Forecasts, strategy: Simulation, number: int, first: int, end: int
) -> dict[str, float]:
    """Every objective over the bars first … end of a fold's test; net_sharpe of a day, not annual."""
    fold, samples = forecasts.folds[number], forecasts.samples
    known = np.isfinite(samples.label[fold.test])  # (n,)
    before = strategy.equity[first - 1] if first else strategy.initial_capital
    equity = np.concatenate([[before], strategy.equity[first:end]])  # (b + 1,)
    day = strategy.calendar.sessions(strategy.time[first:end].astype(np.int64))  # (b,)
    ends = equity[np.append(0, np.flatnonzero(np.append(np.diff(day), 1)) + 1)]  # (d + 1,)
    daily = np.divide(np.diff(ends), ends[:-1], out=np.zeros(len(ends) - 1), where=ends[:-1] > 0)
    return {
        "ic": information_coefficient(forecasts.test[number][known], samples.label[fold.test][known]),
        "net_sharpe": sharpe(daily, 1),
        "total_return": float(equity[-1] / before - 1.0) if before > 0 else -1.0,
        "max_drawdown": float((1.0 - equity / np.maximum.accumulate(equity)).max()),
    }
