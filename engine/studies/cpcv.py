"""Combinatorial purged cross-validation: many paths through the same history instead of one.

Every choice of groups is tested by a model of the rest; the forecasts make paths, each traded as a whole. All
of it lies before the test of the settings, which nothing here sees, so it is no look at that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from engine import preparation
from engine.market.times import iso
from engine.results.cpcv import CpcvPath, CpcvResult
from engine.runs.manifest import write_manifest
from engine.statistics.conformal import centre
from engine.statistics.forecast import information_coefficient
from engine.statistics.metrics import metrics
from engine.studies import markets
from engine.studies.fold_forecasts import file_of, trained
from engine.studies.search.paths import combined, paths_of
from engine.universe.first_use import compile_loop

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.experiment import Samples
    from engine.preparation import Job
    from engine.settings import Settings
    from engine.studies.search.forecasts import Forecasts

    Rows = NDArray[np.int64]


def cross_validate(job: Job) -> CpcvResult:
    """Train every split, trade every path, sum up."""
    settings, chosen = job.settings, job.settings.cpcv
    data = markets.prepare(job, 1 - settings.split.test)
    with preparation.stage(job.emit, "windows"):
        samples = data.samples()  # N of them
    with preparation.stage(job.emit, "split"):
        inner = before_test(samples, settings)  # (n,)
        plan = combined(settings, samples, inner)
    done = trained(job, samples, plan.folds, data.markets.fingerprint)
    with preparation.stage(job.emit, "paths"):
        if settings.data.symbols:
            compile_loop(job.emit)
        made = [done[fold.number] for fold in plan.folds]
        paths = paths_of(plan, [each.validation for each in made], [each.test for each in made], settings)
        found = tuple(path_of(number, each, data.settings) for number, each in enumerate(paths, 1))
    write_manifest(job.run.path, [file_of(fold.number) for fold in plan.folds])
    sharpes = np.array([each.sharpe for each in found])
    low, middle, high = np.quantile(sharpes, [0.05, 0.5, 0.95]).tolist()
    return CpcvResult(
        run=job.run.id,
        simulated=data.markets.simulated,
        groups=chosen.groups,
        tested=chosen.tested,
        splits=len(plan.folds),
        start=str(iso(int(samples.target_ms[inner].min()))),
        end=str(iso(int(samples.target_ms[inner].max()))),
        sharpe_low=low,
        sharpe_median=middle,
        sharpe_high=high,
        share_below_zero=float((sharpes < 0).mean()) if np.isfinite(sharpes).all() else float("nan"),
        paths=found,
        notes=data.notes,
    )


def before_test(samples: Samples, settings: Settings) -> Rows:
    """The samples, (n,) positions, whose labels end before the test of the settings begins."""
    bar = samples.target_bar  # (N,)
    begins = bar[markets.split(samples, settings).test].min()
    return np.flatnonzero(np.isfinite(samples.label) & (bar + settings.label.horizon <= begins))


def path_of(number: int, forecasts: Forecasts[Any], settings: Settings) -> CpcvPath:
    """A path traded as a whole, at each split's entry threshold."""
    figures = metrics(forecasts.traded(settings))
    forecast = centre(np.concatenate(forecasts.test))  # (M,)
    label = forecasts.samples.label[np.concatenate([fold.test for fold in forecasts.folds])]  # (M,)
    return CpcvPath(
        number, figures["sharpe"], figures["total_return"], figures["max_drawdown"],
        int(figures["trades"]), information_coefficient(forecast, label),
    )  # fmt: skip
