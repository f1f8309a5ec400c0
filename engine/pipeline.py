"""The pipeline: collect, train, backtest. Open this page first.

    train     collect → merge → features → windows → split → scale → fit → save
    backtest  load → collect → merge → features → windows → predict → signals → simulate → metrics

Each step is one call into a room of the engine; what goes wrong in it raises an error that says what
to do about it. A run's moment of creation is the `now` of everything in it, so a run that is resumed
or repeated sees what it saw at first.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from engine import outcome
from engine.backtest import trading
from engine.disk import CHECKPOINT
from engine.lineage import origin, provenance
from engine.market.merge import fingerprint
from engine.models.training import backend
from engine.preparation import (
    Job,
    Prepared,
    collect_all,
    fit_scalers,
    prepare,
    samples_event,
    split_samples,
    stage,
)
from engine.results.backtest import TrainingSummary
from engine.results.notes import as_written
from engine.results.studies import TrainResult, UpdateResult
from engine.robustness import deflation, linear_baseline, overview
from engine.runs.manifest import read_checked, write_manifest
from engine.runs.modes import training
from engine.settings import with_limits
from engine.statistics.tear_sheet import tear_sheet

if TYPE_CHECKING:
    from engine.results.backtest import BacktestResult
    from engine.runs.folder import RunFolder


def train_and_backtest(job: Job) -> BacktestResult:
    """The whole pipeline in one run."""
    trained = train(job)
    return replace(traded(job, job.run), training=trained.training)


def train(job: Job) -> TrainResult:
    """Train a model on what the settings name and save its artifacts in the run's folder."""
    settings, run = job.settings, job.run
    data = prepare(job, settings.features.chosen)

    with stage(job, "windows"):
        found = data.windows(settings.window.lookback)  # N of them
        forward_return = data.forward_return(settings.label)  # (T,)

    with stage(job, "split"):
        target_ms = data.time_ms[found.target]  # (N,)
        parts = split_samples(target_ms, forward_return[found.target], data.market.step_ms, settings)
        job.emit(samples_event(data, found, parts))

    with stage(job, "scale"):
        values = data.table.to_numpy()  # (T, F)
        scalers = fit_scalers(
            settings.scaling.kind, data.table, forward_return, found.start[parts.train], found.lookback
        )

    with stage(job, "fit"):
        devices = backend.prepare(origin.pinned(run, settings.training))
        record_origin(job, data, devices)
        from engine.models import artifact, lstm
        from engine.models.training import fit

        model = lstm.build(found.lookback, values.shape[1], settings.model, settings.training.seed)
        fitted = fit.fit(
            model,
            scalers.matrix(values),
            scalers.to_label(forward_return),
            found.start[parts.train],
            found.start[parts.validation],
            settings,
            devices,
            keep=run.path / CHECKPOINT,
            emit=job.emit,
        )

    with stage(job, "save"):
        metadata = provenance.metadata(
            run.id, settings, data.market, target_ms, parts, list(data.table.columns), data.own
        )
        if settings.signal.threshold_from == "validation":
            from engine.models.training import predict

            start = found.start[parts.validation]
            output = predict.predict(model, scalers.matrix(values), start, devices, job.emit)
            decisions = trading.decide(
                data.market, start + found.lookback, scalers.to_return(output), forward_return, settings
            )
            rules = with_limits(settings, data.limits)
            metadata["entry_threshold"] = trading.best_threshold(decisions, rules, data.market.step_ms)
        artifact.save(run.path, artifact.Artifact(model, scalers, artifact.Metadata(**metadata)))
        write_manifest(run.path, [*artifact.FILES, run.origin_path.name])
        job.emit({"kind": "artifacts", "files": list(artifact.FILES)})
    summary = TrainingSummary(**fitted.summary())
    return TrainResult(summary, data.market.simulated, data.notes)


def backtest(job: Job) -> BacktestResult:
    """Trade the model of the run that this one names."""
    return traded(job, job.home.find(job.run.of, training()))


def traded(job: Job, trained: RunFolder) -> BacktestResult:
    """Trade the model of `trained` over its test dates; write trades, equity and predictions."""
    settings, run = job.settings, job.run

    with stage(job, "load"):
        devices = backend.prepare(origin.pinned(run, settings.training))
        from engine.models import artifact
        from engine.models.training import predict

        content = {name: read_checked(trained.path, name) for name in artifact.FILES}
        loaded = artifact.load(content, trained.id)
        provenance.refuse_other_model(settings, loaded.metadata)
        settings = provenance.frozen(settings, loaded.metadata)

    data = prepare(job, loaded.metadata.feature_names)
    settings = with_limits(settings, data.limits)
    notes = [*data.notes, *as_written(provenance.differences(loaded.metadata, data.market, data.own))]

    with stage(job, "windows"):
        found = data.windows(settings.window.lookback)  # N of them
        chosen, told = provenance.traded(
            loaded.metadata, data.time_ms[found.target], settings.backtest.span
        )  # (N,)
        matrix = loaded.scalers.matrix(data.table.to_numpy())  # (T, F)

    with stage(job, "predict"):
        output = predict.predict(loaded.network, matrix, found.start[chosen], devices, job.emit)  # (M,)
        forecast = loaded.scalers.to_return(output)  # (M,)

    with stage(job, "signals"):
        forward_return = data.forward_return(settings.label)  # (T,)
        decisions = trading.decide(data.market, found.target[chosen], forecast, forward_return, settings)

    with stage(job, "simulate"):
        strategy, benchmark = trading.trade(decisions, settings, data.market.step_ms)

    with stage(job, "metrics"):
        outcome.write(run.path, settings.data.symbol, decisions, strategy, benchmark)
        source = outcome.Source(run.id, trained.id, data.market.simulated)
        sheet = tear_sheet(strategy, benchmark)
        result = outcome.summed_up(source, sheet, decisions, strategy, settings, notes + as_written(told))
        samples = linear_baseline.Samples(data.market, matrix, found, forward_return)
        ridge = linear_baseline.decisions(
            samples, loaded.metadata, data.time_ms[found.target], chosen, settings
        )
        seen = overview.Seen(decisions, strategy, benchmark, settings)
        who = deflation.Who("backtest", run.id, trained.id, simulated=data.market.simulated)
        result = overview.judged(job.home.path, result, seen, ridge, who)
    record_origin(job, data, devices)
    write_manifest(run.path, [*outcome.FILES, run.origin_path.name])
    return result


def update(job: Job) -> UpdateResult:
    """Bring the stored series up to date, without training anything."""
    collected = collect_all(job)
    return UpdateResult(collected.simulated, collected.notes)


def record_origin(job: Job, data: Prepared, devices: int) -> None:
    """Keep what the run is made from; say so if a model was made from the very same before."""
    own = data.own[0].sha256 if data.own else ""
    begun = origin.record(job.run, job.settings, fingerprint(data.market), own, devices)
    alike = origin.trained_alike(job.home, job.run, begun["key"])
    if alike and job.run.mode in {"run", "train"} and not job.run.repeats:
        text = f"already trained: run {alike} has this model, from the same settings and data"
        job.emit({"kind": "note", "level": "info", "text": text})
