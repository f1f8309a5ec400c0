"""Inner folds of a trial, one after the other or in every combination, and the paths that they make."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from engine import experiment
from engine.preparation import features_table
from engine.samples import combinatorial
from engine.studies.cpcv import fold_of
from engine.studies.folds import folds
from engine.studies.search.rules import Forecasts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from engine.experiment import Samples
    from engine.market.merge import Market
    from engine.samples.combinatorial import CombinatorialSplit
    from engine.settings import Settings
    from engine.studies.folds import Fold

    Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Plan:
    """Samples of the inner data, and what is trained on them; choices: which groups each tests, of cpcv."""

    samples: Samples
    folds: list[Fold]
    choices: tuple[CombinatorialSplit, ...] = ()


def plan_of(settings: Settings, market: Market, begins: NDArray[np.int64]) -> Plan:
    """The trainings of a trial, whose tests begin at the same bars, (K,), whatever was drawn.

    Raises ChangeSettingsError where a part comes out too small.
    """
    table, _, _ = features_table(market, settings, settings.features.chosen, settings.walk_forward.first_test)
    samples = experiment.samples_of(market, table, settings)
    bar, labelled = market.numbers_of(samples.target_ms), np.isfinite(samples.label)
    if settings.search.inner == "walkforward":
        return Plan(samples, folds(bar, labelled, settings, begins))
    chosen, known = settings.cpcv, np.flatnonzero(labelled)
    choices = combinatorial.splits(
        bar[known], chosen.groups, chosen.tested, settings.label.horizon, chosen.embargo, begins
    )
    parts = [fold_of(each, number, known, bar[known], settings) for number, each in enumerate(choices, 1)]
    return Plan(samples, parts, tuple(choices))


def paths_of(
    plan: Plan, validation: Sequence[Floats], test: Sequence[Floats], settings: Settings
) -> list[Forecasts]:
    """What the trainings forecast, laid end to end: one path, or every path of the combinations."""
    if not plan.choices:
        return [Forecasts(plan.samples, plan.folds[: len(test)], validation, test)]
    found = []
    for splits in combinatorial.paths(settings.cpcv.groups, settings.cpcv.tested).tolist():
        rows = [rows_of(plan.choices[split], group) for group, split in enumerate(splits)]
        pieces = list(zip(splits, rows, strict=True))
        parts = [replace(plan.folds[split], test=plan.folds[split].test[part]) for split, part in pieces]
        tests = [test[split][part] for split, part in pieces]
        found.append(Forecasts(plan.samples, parts, [validation[split] for split in splits], tests))
    return found


def rows_of(choice: CombinatorialSplit, group: int) -> slice:
    """Where a group's samples stand among those that a choice tests."""
    place = choice.groups.index(group)
    first = sum(map(len, choice.tests[:place]))
    return slice(first, first + len(choice.tests[place]))
