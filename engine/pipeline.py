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

from engine import origin, outcome, provenance
from engine.backtest.tear_sheet import tear_sheet
from engine.dataset import features, labels, scaling, split, windows
from engine.disk import CHECKPOINT
from engine.evidence import linear, looks, panels
from engine.market.merge import Market, fingerprint, merge
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
        parts = split_samples(target_ms, realised[found.target], data.market.step_ms, settings)
        job.tell(samples_event(data, found, parts))

    with stage(job, "scale"):
        values = data.table.to_numpy()  # (T, F)
        scalers = fit_scalers(
            settings.scaling.kind, data.table, realised, found.start[parts.train], found.lookback
        )

    with stage(job, "fit"):
        devices = backend.prepare(origin.pinned(run, settings.training))
        record_origin(job, data, devices)
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
        if settings.signal.threshold_from == "validation":
            from engine.model import predict

            start = found.start[parts.validation]
            output = predict.predict(model, scalers.matrix(values), start, devices, job.tell)
            decisions = outcome.decide(
                data.market, start + found.lookback, scalers.to_return(output), realised, settings
            )
            metadata["entry_threshold"] = outcome.best_threshold(decisions, settings, data.market.step_ms)
        artifact.save(run.path, artifact.Artifact(model, scalers, artifact.Metadata(**metadata)))
        write_manifest(run.path, [*artifact.FILES, run.origin_path.name])
        job.tell({"kind": "artifacts", "files": list(artifact.FILES)})
    return {"training": fitted.summary(), "simulated": data.market.simulated, "notes": list(data.notes)}


def backtest(job: Job, trained: RunFolder) -> dict[str, Any]:
    """Trade the model of `trained` over its test dates; write trades, equity and predictions."""
    settings, run = job.settings, job.run

    with stage(job, "load"):
        devices = backend.prepare(origin.pinned(run, settings.training))
        from engine.model import artifact, predict

        content = {name: read_checked(trained.path, name) for name in artifact.FILES}
        loaded = artifact.load(content, trained.id)
        provenance.refuse_other_model(settings, loaded.metadata)
        settings = provenance.frozen(settings, loaded.metadata)

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
        realised = data.realised(settings.label)  # (T,)
        decisions = outcome.decide(data.market, found.target[chosen], forecast, realised, settings)

    with stage(job, "simulate"):
        strategy, holding = outcome.trade(decisions, settings, data.market.step_ms)

    with stage(job, "metrics"):
        outcome.write(run.path, settings.data.symbol, decisions, strategy, holding)
        result = outcome.summed_up(tear_sheet(strategy, holding), decisions, strategy, settings, notes + told)
        samples = linear.Samples(data.market, matrix, found, realised)
        ridge = linear.decisions(samples, loaded.metadata, data.time_ms[found.target], chosen, settings)
        seen = panels.Seen(decisions, strategy, holding, settings)
        who = looks.Who("backtest", run.id, trained.id, simulated=data.market.simulated)
        result |= panels.judged(job.home.path, seen, ridge, who)
    record_origin(job, data, devices)
    write_manifest(run.path, [*outcome.FILES, run.origin_path.name])
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
        market = merge_all(collected, settings.data.fill_gaps)

    with stage(job, "features"):
        own = load_features(Path(settings.features.file)) if settings.features.file else ()
        table = compute_features(market, names, own)  # (T, F)
    return Prepared(market, table, own, tuple(collected.notes))


def merge_all(collected: Collected, fill_gaps: int) -> Market:
    """Every series joined to the primary's candles, as it was known at the time."""
    return merge(
        collected.primary.frame,
        TIMEFRAME_MS[collected.primary.timeframe],
        collected.others,
        fill_gaps,
        simulated=collected.simulated,
    )


def compute_features(market: Market, names: Sequence[str], own: Sequence[Feature]) -> pd.DataFrame:
    """The features that the names mean, (T, F)."""
    columns = features.resolve(names, tuple(market.frame.columns), own, step_ms=market.step_ms)
    return features.compute(market, columns, own)


def split_samples(
    target_ms: NDArray[np.int64], realised: NDArray[np.float64], step_ms: int, settings: Settings
) -> split.Split:
    """Training, validation and test of samples (N,), from their targets' open times and labels."""
    reach_ms = labels.reach_ms(step_ms, settings.label.horizon)
    return split.chronological(
        target_ms, np.isfinite(realised), reach_ms, settings.split.validation, settings.split.test
    )


def fit_scalers(
    kind: scaling.Kind,
    table: pd.DataFrame,
    realised: NDArray[np.float64],
    start: NDArray[np.int64],
    lookback: int,
) -> scaling.Scalers:
    """Scalers of the features, (T, F), and labels, (T,), of the training windows that begin at `start`."""
    values = table.to_numpy()  # (T, F)
    fitted_on = windows.rows_used(start, lookback, len(values))  # (T,)
    features.check_columns(values[fitted_on], list(table.columns))
    return scaling.fit(kind, values[fitted_on], realised[start + lookback])


def record_origin(job: Job, data: Prepared, devices: int) -> None:
    """Keep what the run is made from; say so if a model was made from the very same before."""
    own = data.own[0].sha256 if data.own else ""
    begun = origin.record(job.run, job.settings, fingerprint(data.market), own, devices)
    alike = origin.trained_alike(job.home, job.run, begun["key"])
    if alike and job.run.mode in {"run", "train"} and not job.run.repeats:
        text = f"already trained: run {alike} has this model, from the same settings and data"
        job.tell({"kind": "note", "level": "info", "text": text})


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
