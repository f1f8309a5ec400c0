"""The pipeline: collect, train, backtest. Open this page first.

    train     collect → merge → features → windows → split → scale → fit → save
    backtest  load → collect → merge → features → windows → predict → signals → simulate → metrics

Each step is one call into a room of the engine; what goes wrong in it raises an error that says what
to do about it. A run's moment of creation is the `now` of everything in it, so a run that is resumed
or repeated sees what it saw at first.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from engine import outcome, provenance
from engine.backtest.tear_sheet import tear_sheet
from engine.dataset import features, labels, scaling, split, windows
from engine.market.merge import Market, merge
from engine.market.times import milliseconds
from engine.model import backend
from engine.runs.manifest import read_checked, write_manifest
from engine.settings import TIMEFRAME_MS
from engine.sources.collect import Collected, collect
from engine.sources.features_file import load_features
from engine.sources.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from engine.dataset.features import Feature
    from engine.runs.events import Tell
    from engine.runs.folder import Home, RunFolder
    from engine.settings import Label, Settings

CHECKPOINT = "checkpoint.npz"


@dataclass(frozen=True)
class Job:
    """What a run works with: its settings, its folder, where data lies, its present, whom it tells."""

    settings: Settings
    run: RunFolder
    home: Home
    now_ms: int
    tell: Tell


@dataclass(frozen=True)
class Prepared:
    """The market with one row a bar, (T,), and what the model sees of it, (T, F)."""

    market: Market
    table: pd.DataFrame
    own: tuple[Feature, ...]
    notes: tuple[str, ...]

    @property
    def time_ms(self) -> NDArray[np.int64]:
        """Open times, (T,) int64."""
        return milliseconds(self.market.frame.index)

    def realised(self, label: Label) -> NDArray[np.float64]:
        """The return that the label asks for, of each row, (T,); NaN where it is not known."""
        return labels.forward_return(
            self.market.frame, self.time_ms, self.market.step_ms, label.horizon, label.kind
        )

    def windows(self, lookback: int) -> windows.Windows:
        """Every window of complete, consecutive rows."""
        ready = np.isfinite(self.table.to_numpy()).all(axis=1)  # (T,)
        return windows.find(ready, self.time_ms, self.market.step_ms, lookback)


def train_and_backtest(job: Job) -> dict[str, Any]:
    """The whole pipeline in one run."""
    trained = train(job)
    return backtest(job, job.run) | {"training": trained["training"]}


def train(job: Job) -> dict[str, Any]:
    """Train a model on what the settings name and save its artifacts in the run's folder."""
    settings, run = job.settings, job.run
    data = prepare(job, settings.features.names)

    with stage(job, "windows"):
        found = data.windows(settings.window.lookback)  # N of them
        realised = data.realised(settings.label)  # (T,)

    with stage(job, "split"):
        target_ms = data.time_ms[found.target]  # (N,)
        reach_ms = labels.reach_ms(data.market.step_ms, settings.label.horizon)
        labelled = np.isfinite(realised[found.target])  # (N,)
        parts = split.chronological(
            target_ms, labelled, reach_ms, settings.split.validation, settings.split.test
        )
        job.tell(samples_event(data, found, parts))

    with stage(job, "scale"):
        values = data.table.to_numpy()  # (T, F)
        fitted_on = windows.rows_used(found.start[parts.train], found.lookback, len(values))  # (T,)
        features.check_columns(values[fitted_on], list(data.table.columns))
        scalers = scaling.fit(settings.scaling.kind, values[fitted_on], realised[found.target[parts.train]])

    with stage(job, "fit"):
        devices = backend.prepare(settings.training)
        from engine.model import artifact, fit, network

        model = network.build(found.lookback, values.shape[1], settings.model, settings.training.seed)
        fitted = fit.fit(
            model,
            scalers.matrix(values),
            scalers.to_label(realised),
            found.start[parts.train],
            found.start[parts.validation],
            settings,
            devices,
            keep=run.path / CHECKPOINT,
            tell=job.tell,
        )

    with stage(job, "save"):
        metadata = provenance.metadata(
            run.id, settings, data.market, target_ms, parts, list(data.table.columns), data.own
        )
        artifact.save(run.path, artifact.Artifact(model, scalers, artifact.Metadata(**metadata)))
        write_manifest(run.path, artifact.FILES)
        job.tell({"kind": "artifacts", "files": list(artifact.FILES)})
    return {"training": fitted.summary(), "simulated": data.market.simulated, "notes": list(data.notes)}


def backtest(job: Job, trained: RunFolder) -> dict[str, Any]:
    """Trade the model of `trained` over its test dates; write trades, equity and predictions."""
    settings, run = job.settings, job.run

    with stage(job, "load"):
        devices = backend.prepare(settings.training)
        from engine.model import artifact, predict

        loaded = artifact.load({name: read_checked(trained.path, name) for name in artifact.FILES})
        provenance.refuse_other_model(settings, loaded.metadata)

    data = prepare(job, loaded.metadata.feature_names)
    notes = [*data.notes, *provenance.differences(loaded.metadata, data.market, data.own)]

    with stage(job, "windows"):
        found = data.windows(settings.window.lookback)  # N of them
        chosen, told = provenance.traded(
            loaded.metadata, data.time_ms[found.target], settings.backtest.span
        )  # (N,)
        matrix = loaded.scalers.matrix(data.table.to_numpy())  # (T, F)

    with stage(job, "predict"):
        output = predict.predict(loaded.network, matrix, found.start[chosen], devices, job.tell)  # (M,)
        forecast = loaded.scalers.to_return(output)  # (M,)

    with stage(job, "signals"):
        decisions = outcome.decide(
            data.market, found.target[chosen], forecast, data.realised(settings.label), settings
        )

    with stage(job, "simulate"):
        strategy, holding = outcome.trade(decisions, settings, data.market.step_ms)

    with stage(job, "metrics"):
        outcome.write(run.path, settings.data.symbol, decisions, strategy, holding)
        result = outcome.summed_up(tear_sheet(strategy, holding), decisions, strategy, settings, notes + told)
    named = artifact.FILES if trained.path == run.path else ()
    write_manifest(run.path, [*named, *outcome.FILES])
    return {"run": run.id, "of": trained.id, "simulated": data.market.simulated, **result}


def update(job: Job) -> dict[str, Any]:
    """Bring the stored series up to date, without training anything."""
    collected = collect_all(job)
    return {"simulated": collected.simulated, "notes": collected.notes}


def collect_all(job: Job) -> Collected:
    """Every series that the settings name, from all sources at once."""
    with stage(job, "collect"):
        collected = asyncio.run(
            collect(job.settings.data, Store(job.home.data), job.now_ms, job.tell, demo=job.settings.demo)
        )
        if collected.simulated:
            job.tell(
                {"kind": "simulated", "text": "SIMULATED market: the demo exchange invented every price"}
            )
    return collected


def prepare(job: Job, names: Sequence[str]) -> Prepared:
    """Collect, merge as it was known at the time, compute the features."""
    settings = job.settings
    collected = collect_all(job)

    with stage(job, "merge"):
        market = merge(
            collected.primary.frame,
            TIMEFRAME_MS[collected.primary.timeframe],
            collected.others,
            settings.data.fill_gaps,
            simulated=collected.simulated,
        )

    with stage(job, "features"):
        own = load_features(Path(settings.features.file)) if settings.features.file else ()
        columns = features.resolve(names, tuple(market.frame.columns), own, step_ms=market.step_ms)
        table = features.compute(market, columns, own)  # (T, F)
    return Prepared(market, table, own, tuple(collected.notes))


def samples_event(data: Prepared, found: windows.Windows, parts: split.Split) -> dict[str, Any]:
    """How many samples there are, and where the others went."""
    return {
        "kind": "model", "features": data.table.shape[1], "rows": len(data.table), "lookback": found.lookback,
        "train": len(parts.train), "validation": len(parts.validation), "test": len(parts.test),
        "purged": parts.purged, "dropped": found.dropped_gap, "unready": found.dropped_unready,
    }  # fmt: skip


@contextmanager
def stage(job: Job, name: str) -> Iterator[None]:
    """Tell that a stage begins, and how long it took when it ends."""
    job.tell({"kind": "stage", "stage": name, "state": "begin"})
    began = time.perf_counter()
    yield
    job.tell({"kind": "stage", "stage": name, "state": "end", "seconds": time.perf_counter() - began})
