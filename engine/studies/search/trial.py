"""One trial: a training for each inner fold, the best rules by validation, traded on the inner tests."""

from __future__ import annotations

import itertools
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from engine import experiment
from engine.disk import CHECKPOINT
from engine.errors import ChangeSettingsError, DivergedError, RepairDataError
from engine.settings import with_values
from engine.statistics.account import trading_days
from engine.statistics.conformal import centre
from engine.statistics.forecast import information_coefficient
from engine.statistics.metrics import daily_returns
from engine.statistics.returns import sharpe
from engine.studies.search.paths import paths_of, plan_of
from engine.studies.search.pruning import PrunedError, Watch
from engine.studies.search.record import Trial
from engine.studies.search.rules import variants
from engine.studies.workers import one_device

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from engine.settings import Parameter, Settings, Value
    from engine.statistics.account import AccountHistory
    from engine.studies.markets import Markets
    from engine.studies.search.forecasts import Forecasts, Variant
    from engine.studies.search.paths import Plan
    from engine.studies.search.pruning import Levels

    Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Task:
    """A trial to be carried out: what was drawn, on top of which settings, on which markets.

    markets: of the inner data alone. begins: (K,) bars at which inner tests begin. levels: of what is worth
    going on; None where nothing is pruned. others: rules whose daily returns are kept besides the best.
    """

    key: str
    number: int
    drawn: dict[str, Value]
    attributes: dict[str, Any]
    settings: Settings
    parameters: tuple[Parameter, ...]
    markets: Markets
    begins: NDArray[np.int64]
    levels: Levels | None
    others: int


def execute(task: Task) -> Trial:
    """Train, trade and judge; what cannot be trained or is not worth it comes back and says so."""
    watch = Watch(task.levels)

    def ended(state: Any, reason: str = "") -> Trial:
        return Trial(
            task.key, task.number, state, task.drawn, task.attributes, begun=watch.begun,
            steps=tuple(watch.steps), epochs=watch.epochs, reason=reason,
        )  # fmt: skip

    try:
        settings = one_device(with_values(task.settings, task.drawn, task.parameters))
        plan = plan_of(settings, task.markets, task.begins)
        return evaluated(task, settings, trained(task, settings, plan, watch), watch)
    except PrunedError as error:
        return ended("pruned", str(error))
    except (ChangeSettingsError, DivergedError, RepairDataError) as error:
        return ended("failed", " ".join(str(error).split()))


def trained(task: Task, settings: Settings, plan: Plan, watch: Watch) -> list[Forecasts[Any]]:
    """The forecasts of a model for each fold, path by path. Raises PrunedError."""
    validation, test = list[Any](), list[Any]()
    if task.levels is not None:
        watch.begin(settings, plan.samples, plan.folds[0])
    for number, fold in enumerate(plan.folds, 1):
        with tempfile.TemporaryDirectory(prefix="quantdeck-") as folder:
            model = experiment.fit(settings, plan.samples, fold, 1, Path(folder) / CHECKPOINT, watch)
        validation.append(experiment.forecast_samples(model, plan.samples, fold.validation, watch.orphan))
        test.append(experiment.forecast_samples(model, plan.samples, fold.test, watch.orphan))
        if task.levels is not None and number < len(plan.folds):
            (found,) = paths_of(plan, validation, test, settings)
            watch.folded(come_to(task, settings, found), settings.search.objective[0])
    return paths_of(plan, validation, test, settings)


def come_to(task: Task, settings: Settings, forecasts: Forecasts[Any]) -> float:
    """The first objective over the folds so far, by the best rules on their validation."""
    name = settings.search.objective[0]
    if name == "ic":  # no rule moves it
        return float(np.mean([skill(forecasts, number) for number in range(len(forecasts.folds))]))
    tried, best = best_rules(task, settings, [forecasts])
    return objectives([name], forecasts, forecasts.traded(tried[best].settings))[0]


def best_rules(task: Task, settings: Settings, paths: list[Forecasts[Any]]) -> tuple[list[Variant], int]:
    """The rules tried on a trial's forecasts, and which of them is best on validation."""
    chosen = settings.search
    seed = [chosen.seed, task.number]
    tried = variants(settings, task.parameters, task.drawn, task.markets.calendar, chosen.rules, seed)
    if len(tried) == 1:
        return tried, 0
    return tried, int(np.argmax(np.mean([each.on_validation(tried) for each in paths], axis=0)))


def evaluated(task: Task, settings: Settings, paths: list[Forecasts[Any]], watch: Watch) -> Trial:
    """The trial with the best of its rules; of several paths the means, returns as of equal parts in each."""
    tried, best = best_rules(task, settings, paths)
    own, names = tried[best].settings, settings.search.objective
    strategies = [each.traded(own) for each in paths]
    others = [tried[number] for number in recorded_rules(len(tried), task) if number != best]
    found = [objectives(names, *pair) for pair in zip(paths, strategies, strict=True)]
    return Trial(
        task.key,
        task.number,
        "complete",
        task.drawn,
        task.attributes,
        rules=tried[best].drawn,
        variants=len(tried),
        objectives=tuple(np.mean(found, axis=0).tolist()),
        begun=watch.begun,
        steps=tuple(watch.steps),
        epochs=watch.epochs,
        days=trading_days(strategies[0].time, strategies[0].calendar),
        returns=np.mean([daily_returns(each) for each in strategies], axis=0),
        others=np.mean([each.returns_of(others) for each in paths], axis=0),
        benchmark=daily_returns(paths[0].held(own)),
    )


def recorded_rules(count: int, task: Task) -> list[int]:
    """Which of so many rules are kept: those of the settings, number 0, and others drawn by seed."""
    generator = np.random.default_rng([task.settings.search.seed, task.number, 1])
    drawn = generator.permutation(np.arange(1, count))[: task.others]
    return [0, *sorted(drawn.tolist())] if count > 1 else []


def objectives(names: Sequence[str], forecasts: Forecasts[Any], strategy: AccountHistory) -> list[float]:
    """The means over the folds of what a trial is judged by; 0 in a fold that has no such figure."""
    begins = np.searchsorted(strategy.time.astype(np.int64), forecasts.begins_ms)  # (K,)
    bounds = np.append(begins, len(strategy.time))  # (K + 1,)
    found = [
        of_fold(forecasts, strategy, number, int(first), int(end))
        for number, (first, end) in enumerate(itertools.pairwise(bounds))
    ]
    return [float(np.mean(np.nan_to_num([fold[name] for fold in found]))) for name in names]


def of_fold(
    forecasts: Forecasts[Any], strategy: AccountHistory, number: int, first: int, end: int
) -> dict[str, float]:
    """Every objective over the bars first … end of a fold's test; net_sharpe of a day, not annual."""
    before = strategy.equity[first - 1] if first else strategy.initial_capital
    equity = np.concatenate([[before], strategy.equity[first:end]])  # (b + 1,)
    day = strategy.calendar.sessions(strategy.time[first:end].astype(np.int64))  # (b,)
    ends = equity[np.append(0, np.flatnonzero(np.append(np.diff(day), 1)) + 1)]  # (d + 1,)
    daily = np.divide(np.diff(ends), ends[:-1], out=np.zeros(len(ends) - 1), where=ends[:-1] > 0)
    return {
        "ic": skill(forecasts, number),
        "net_sharpe": sharpe(daily, 1),
        "total_return": float(equity[-1] / before - 1.0) if before > 0 else -1.0,
        "max_drawdown": float((1.0 - equity / np.maximum.accumulate(equity)).max()),
    }


def skill(forecasts: Forecasts[Any], number: int) -> float:
    """The IC on a fold's test; 0 where it has none."""
    label = forecasts.samples.label[forecasts.folds[number].test]  # (n,)
    known = np.isfinite(label)
    forecast = centre(forecasts.test[number])  # (n,)
    return float(np.nan_to_num(information_coefficient(forecast[known], label[known])))
