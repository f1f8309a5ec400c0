"""Inner folds of a trial, one after the other or in every combination, and the paths that they make."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.samples import combinatorial
from engine.samples.split import refuse_too_few
from engine.studies.folds import Fold, folds
from engine.studies.search.rules import ForecastsOfOne
from engine.studies.search.universe_rules import ForecastsOfSeveral
from engine.universe.pool import Pool

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from engine.experiment import Samples
    from engine.samples.combinatorial import CombinatorialSplit
    from engine.settings import Settings
    from engine.studies.markets import Markets
    from engine.studies.search.forecasts import Forecasts

    Floats = NDArray[np.float64]
    Rows = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Plan:
    """Samples of the inner data, and what is trained on them; choices: which groups each tests, of cpcv."""

    samples: Samples
    folds: list[Fold]
    choices: tuple[CombinatorialSplit, ...] = ()


def plan_of(settings: Settings, markets: Markets, begins: Rows) -> Plan:
    """The trainings of a trial, whose tests begin at the same bars, (K,), whatever was drawn.

    Raises ChangeSettingsError where a part comes out too small.
    """
    samples = markets.samples(settings, markets.features(settings, settings.walk_forward.first_test))
    bar, labelled = samples.target_bar, np.isfinite(samples.label)
    if settings.search.inner == "walkforward":
        return Plan(samples, folds(bar, labelled, settings, begins))
    return combined(settings, samples, np.flatnonzero(labelled), begins)


def combined(settings: Settings, samples: Samples, chosen: Rows, begins: Rows | None = None) -> Plan:
    """A training for every choice of cpcv.groups of the samples chosen, (n,) positions.

    begins: (groups,) bars at which the groups begin; without them they have as many bars each. Raises
    ChangeSettingsError where a part comes out too small.
    """
    asked, bar = settings.cpcv, samples.target_bar[chosen]  # (n,)
    choices = combinatorial.splits(
        bar, asked.groups, asked.tested, settings.label.horizon, asked.embargo, begins
    )
    parts = [fold_of(each, number, chosen, bar, settings) for number, each in enumerate(choices, 1)]
    return Plan(samples, parts, tuple(choices))


def fold_of(split: CombinatorialSplit, number: int, inner: Rows, bar: Rows, settings: Settings) -> Fold:
    """A split as a training takes it: the last split.validation of the bars that train are validation.

    inner: (n,) positions of the samples, bar: (n,) their bars. Raises ChangeSettingsError for too few.
    """
    bars = np.unique(bar[split.train])  # (B,)
    first = bars[len(bars) - max(int(len(bars) * settings.split.validation), 1)] if len(bars) else 0
    later = bar[split.train] >= first
    validation, train = split.train[later], split.train[~later]
    clear = train[bar[train] + settings.label.horizon <= first]
    purged = len(inner) - len(clear) - len(validation) - len(split.test)
    fold = Fold(inner[clear], inner[validation], inner[split.test], purged, 0, number)
    refuse_too_few(fold, len(inner))
    return fold


def paths_of(
    plan: Plan, validation: Sequence[Floats], test: Sequence[Floats], settings: Settings
) -> list[Forecasts[Any]]:
    """What the trainings forecast, laid end to end: one path, or every path of the combinations."""
    if not plan.choices:
        return [forecasts_of(plan.samples, plan.folds[: len(test)], validation, test)]
    found = []
    for splits in combinatorial.paths(settings.cpcv.groups, settings.cpcv.tested).tolist():
        rows = [rows_of(plan.choices[split], group) for group, split in enumerate(splits)]
        pieces = list(zip(splits, rows, strict=True))
        parts = [replace(plan.folds[split], test=plan.folds[split].test[part]) for split, part in pieces]
        tests = [test[split][part] for split, part in pieces]
        found.append(forecasts_of(plan.samples, parts, [validation[split] for split in splits], tests))
    return found


def forecasts_of(
    samples: Samples, parts: Sequence[Fold], validation: Sequence[Floats], test: Sequence[Floats]
) -> Forecasts[Any]:
    """The forecasts of the folds' samples, of one symbol or of several."""
    if isinstance(samples, Pool):
        return ForecastsOfSeveral(samples, parts, validation, test)
    return ForecastsOfOne(samples, parts, validation, test)


def rows_of(choice: CombinatorialSplit, group: int) -> slice:
    """Where a group's samples stand among those that a choice tests."""
    place = choice.groups.index(group)
    first = sum(map(len, choice.tests[:place]))
    return slice(first, first + len(choice.tests[place]))
