"""Combinatorial purged cross-validation: many paths through the same history instead of one.

Every choice of groups is tested by a model of the rest; the forecasts make paths, each traded as a whole. All
of it lies before the test of the settings, which nothing here sees, so it is no look at that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from engine import experiment, preparation
from engine.backtest import trading
from engine.disk import write_with_digest
from engine.market.merge import fingerprint
from engine.market.times import iso
from engine.results.cpcv import CpcvPath, CpcvResult
from engine.results.notes import Note, log_event
from engine.runs.manifest import write_manifest
from engine.samples import combinatorial
from engine.samples.split import refuse_too_few
from engine.settings import with_limits
from engine.statistics.forecast import information_coefficient
from engine.statistics.metrics import metrics
from engine.studies.fold_forecasts import file_of, kept, train_fold
from engine.studies.folds import Fold
from engine.studies.workers import results

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.experiment import Samples
    from engine.preparation import Job
    from engine.samples.combinatorial import CombinatorialSplit
    from engine.settings import Settings
    from engine.studies.fold_forecasts import Forecasts

    Floats = NDArray[np.float64]
    Rows = NDArray[np.int64]


def cross_validate(job: Job) -> CpcvResult:
    """Train every split, trade every path, sum up."""
    settings, chosen = job.settings, job.settings.cpcv
    data = preparation.prepare(job, settings.features.chosen, 1 - settings.split.test)
    with preparation.stage(job.emit, "windows"):
        samples = experiment.samples_of(data.market, data.table, settings)  # N of them
    with preparation.stage(job.emit, "split"):
        inner = before_test(samples, settings)  # (n,)
        bar = data.market.numbers_of(samples.target_ms)[inner]
        reach = settings.label.horizon
        choices = combinatorial.splits(bar, chosen.groups, chosen.tested, reach, chosen.embargo)
        parts = [fold_of(each, number, inner, bar, settings) for number, each in enumerate(choices, 1)]
    with preparation.stage(job.emit, "fit"):
        market = fingerprint(data.market)
        done = kept(job.run.path, parts, market)
        missing = [(settings, samples, part, market) for part in parts if part.number not in done]
        for forecasts in results(train_fold, missing, settings.parallel, job.emit):
            write_with_digest(job.run.path / file_of(forecasts.number), forecasts.content())
            done[forecasts.number] = forecasts
            about = {"epochs": forecasts.epochs, "best_epoch": forecasts.best_epoch}
            values = {"done": len(done), "folds": len(parts), "fold": forecasts.number, **about}
            job.emit(log_event(Note("fold trained", values)))
    with preparation.stage(job.emit, "paths"):
        settings = with_limits(settings, data.limits)
        traded = Traded(samples, parts, choices, done, settings)
        found = tuple(
            traded.path(number, path)
            for number, path in enumerate(combinatorial.paths(chosen.groups, chosen.tested), 1)
        )
    write_manifest(job.run.path, [file_of(part.number) for part in parts])
    sharpes = np.array([each.sharpe for each in found])
    low, middle, high = np.quantile(sharpes, [0.05, 0.5, 0.95]).tolist()
    return CpcvResult(
        run=job.run.id,
        simulated=data.market.simulated,
        groups=chosen.groups,
        tested=chosen.tested,
        splits=len(parts),
        start=str(iso(int(samples.target_ms[inner[0]]))),
        end=str(iso(int(samples.target_ms[inner[-1]]))),
        sharpe_low=low,
        sharpe_median=middle,
        sharpe_high=high,
        share_below_zero=float((sharpes < 0).mean()) if np.isfinite(sharpes).all() else float("nan"),
        paths=found,
        notes=data.notes,
    )


def before_test(samples: Samples, settings: Settings) -> Rows:
    """The samples, (n,) positions, whose labels end before the test of the settings begins."""
    bar = samples.market.numbers_of(samples.target_ms)  # (N,)
    parts = experiment.split_samples(samples.market, samples.target_ms, samples.label, settings)
    clear = np.isfinite(samples.label) & (bar + settings.label.horizon <= bar[parts.test[0]])
    return np.flatnonzero(clear)


def fold_of(split: CombinatorialSplit, number: int, inner: Rows, bar: Rows, settings: Settings) -> Fold:
    """A split as a training takes it; the last split.validation of what trains are held out for validation.

    inner: (n,) positions of the samples, bar: (n,) their bars. Raises ChangeSettingsError for too few.
    """
    cut = len(split.train) - max(int(len(split.train) * settings.split.validation), 1)
    validation = split.train[cut:]
    train = split.train[:cut]
    clear = train[bar[train] + settings.label.horizon <= bar[validation[0]]]
    purged = len(inner) - len(clear) - len(validation) - len(split.test)
    fold = Fold(inner[clear], inner[validation], inner[split.test], purged, 0, number)
    refuse_too_few(fold, len(inner))
    return fold


class Traded:
    """Forecasts of all splits, traded path by path."""

    def __init__(
        self, samples: Samples, parts: list[Fold], choices: list[CombinatorialSplit],
        done: dict[int, Forecasts], settings: Settings,
    ) -> None:  # fmt: skip
        """The entry threshold of each split comes from its own validation."""
        self.samples, self.parts, self.choices, self.done = samples, parts, choices, done
        self.settings, target = settings, samples.windows.target
        self.levels = [
            trading.entry_threshold(
                samples.market, target[part.validation], done[part.number].validation, settings
            ).threshold
            for part in parts
        ]
        self.widths = [
            experiment.band_width(done[part.number].validation, samples, part.validation, settings)
            for part in parts
        ]

    def path(self, number: int, splits: Rows) -> CpcvPath:
        """A path: splits, (groups,), names the split that tests each group."""
        pieces = [self.piece(int(split), group) for group, split in enumerate(splits)]
        lengths = [len(chosen) for chosen, _ in pieces]
        chosen, forecast = (np.concatenate(each) for each in zip(*pieces, strict=True))  # (M,) each
        level, width = (
            np.repeat([values[split] for split in splits], lengths) for values in (self.levels, self.widths)
        )
        band = experiment.band(forecast, self.samples, chosen, width)
        signal = trading.signals_of(forecast, band, level, self.settings)
        decisions = trading.decide(
            self.samples.market, self.samples.windows.target[chosen], forecast, self.samples.forward_return,
            self.settings, signal, band,
        )  # fmt: skip
        strategy, _ = trading.trade(decisions, self.settings)
        figures = metrics(strategy)
        return CpcvPath(
            number, figures["sharpe"], figures["total_return"], figures["max_drawdown"],
            int(figures["trades"]), information_coefficient(forecast, self.samples.label[chosen]),
        )  # fmt: skip

    def piece(self, split: int, group: int) -> tuple[Rows, Floats]:
        """Positions of a group's samples, and what a split's model forecasts for them."""
        choice, part = self.choices[split], self.parts[split]
        place = choice.groups.index(group)
        first = sum(map(len, choice.tests[:place]))
        rows = slice(first, first + len(choice.tests[place]))
        return part.test[rows], self.done[part.number].test[rows]
