"""Permutation importance: what a model's forecasts on validation lose when a feature is permuted.

Breiman 2001, Fisher, Rudin and Dominici 2019, with the drop of Spearman's IC as the loss. Windows keep their
rows together and their order within blocks longer than lookback and horizon, so that what autocorrelation a
feature has is kept. Features that tell the same stand in for each other: the figure of their group tells what
none of them does.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from engine import experiment, features, pipeline
from engine.errors import ChangeSettingsError
from engine.lineage import provenance
from engine.preparation import prepare, stage
from engine.results.learned import Importance, ImportanceResult
from engine.runs.modes import training
from engine.statistics.conformal import centre
from engine.statistics.forecast import information_coefficient
from engine.statistics.importance import block_permuted, ic_drop

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.experiment import Forecaster, Samples
    from engine.preparation import Job
    from engine.runs.events import Emit
    from engine.settings import Settings

Columns: TypeAlias = NDArray[np.int64]

PERMUTATIONS = 4
FEWEST_BLOCKS = 5  # of which fewer have hardly another order


def measure(job: Job) -> ImportanceResult:
    """The importance of the features of the run's model, and of groups of them, on its validation samples.

    Raises ChangeSettingsError if these are too few, or not in the present data.
    """
    trained = job.home.find(job.run.of, training())
    loaded, settings, devices = pipeline.load(job, trained)
    data = prepare(job, loaded.metadata.feature_names)  # collect, merge, features
    with stage(job.emit, "windows"):
        samples = experiment.samples_of(data.market, data.table, settings)  # N of them
        chosen = provenance.part(loaded.metadata, "validation", samples.target_ms)
        validation = np.flatnonzero(chosen & np.isfinite(samples.label))  # (V,)
    with stage(job.emit, "permute"):
        model = experiment.loaded(loaded.kind, loaded.models, loaded.scalers, devices)
        permuted = Permuted.of(model, samples, validation, settings, job.emit)
        with threadpool_limits(1, user_api="blas"):  # several at these sizes only wait for each other
            groups, each = permuted.by_group(), permuted.by_feature()
    ic = information_coefficient(permuted.forecast, permuted.label)
    notes = (*data.notes, *provenance.differences(loaded.metadata, data.market, data.own))
    return ImportanceResult(
        job.run.id, trained.id, data.market.simulated, len(validation), ic, PERMUTATIONS, permuted.block,
        groups, each, notes,
    )  # fmt: skip


@dataclass(frozen=True, eq=False)
class Permuted:
    """A model on V windows whose features can be permuted.

    windows: (V, L, F) scaled features. volatility, forecast, label: (V,). names: of the features. block:
    windows that keep their order, at least.
    """

    model: Forecaster
    windows: NDArray[np.float32]
    volatility: experiment.Floats
    forecast: experiment.Floats
    label: experiment.Floats
    names: Sequence[str]
    block: int
    settings: Settings
    emit: Emit

    @classmethod
    def of(
        cls, model: Forecaster, samples: Samples, chosen: experiment.Rows, settings: Settings, emit: Emit
    ) -> Permuted:
        """The samples chosen, (V,) positions. Raises ChangeSettingsError if they are too few."""
        found, lookback = samples.windows, samples.windows.lookback
        block = lookback + settings.label.horizon + 1
        if len(chosen) < FEWEST_BLOCKS * block:
            reason = (
                f"has {len(chosen):,} in the present data; to permute them takes {FEWEST_BLOCKS * block:,}"
            )
            remedy = "Set data.start and data.end so that they hold its bars, or raise split.validation"
            raise ChangeSettingsError("validation", reason, remedy)
        rows = found.start[chosen][:, None] + np.arange(lookback)  # (V, L)
        windows = samples.matrix(model.scalers)[rows]
        volatility = samples.volatility[found.target[chosen]]
        forecast = centre(experiment.forecast_samples(model, samples, chosen, emit))
        label, names = samples.label[chosen], list(samples.table.columns)
        return cls(model, windows, volatility, forecast, label, names, block, settings, emit)

    def by_feature(self) -> tuple[Importance, ...]:
        """Every feature's importance, the greatest first."""
        found = [self.importance(name, np.array([place])) for place, name in enumerate(self.names)]
        return tuple(sorted(found, key=lambda each: -each.ic_drop))

    def by_group(self) -> tuple[Importance, ...]:
        """The importance of each group of features, all of it permuted alike, the greatest first."""
        title = np.array([features.group_of(name) for name in self.names])  # (F,)
        found = [self.importance(str(each), np.flatnonzero(title == each)) for each in np.unique(title)]
        return tuple(sorted(found, key=lambda each: -each.ic_drop))

    def importance(self, name: str, columns: Columns) -> Importance:
        """Of the features in these columns together."""
        asked = self.settings.evidence
        generator = np.random.default_rng([asked.seed, *columns.tolist()])
        permuted = [
            self.forecast_with(columns, block_permuted(len(self.label), self.block, generator))
            for _ in range(PERMUTATIONS)
        ]
        drop, found = ic_drop(
            self.forecast, permuted, self.label, self.settings.label.horizon, asked.resamples, generator
        )
        return Importance(name, len(columns), drop, *found.interval)

    def forecast_with(self, columns: Columns, order: experiment.Rows) -> experiment.Floats:
        """Forecasts (V,) with these columns taken from the windows in another order (V,)."""
        count, lookback, width = self.windows.shape
        mixed = self.windows.copy()
        mixed[:, :, columns] = self.windows[order][:, :, columns]
        start = lookback * np.arange(count)
        return centre(
            experiment.forecast(
                self.model, mixed.reshape(count * lookback, width), start, self.volatility, self.emit
            )
        )
