"""The pipeline: collect, train, backtest. Open this page first.

    train     collect → merge → features → windows → split → scale → fit → save
    backtest  load → collect → merge → features → windows → predict → signals → simulate → metrics

Each step is one call into a room of the engine; what goes wrong in it raises an error that says what
to do about it. A run's moment of creation is the `now` of everything in it, so a run that is resumed
or repeated sees what it saw at first.
"""

from __future__ import annotations

import math
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from engine import experiment, outcome
from engine.backtest import trading
from engine.disk import CHECKPOINT
from engine.lineage import origin, provenance, saving
from engine.market.merge import fingerprint
from engine.models import registry
from engine.models.training import backend
from engine.preparation import Job, collect_all, prepare, stage
from engine.results.backtest import TrainingSummary
from engine.results.studies import TrainResult, UpdateResult
from engine.robustness import deflation, linear_baseline, overview
from engine.robustness.feature_drift import feature_drift
from engine.runs.manifest import read_checked, write_manifest
from engine.runs.modes import training
from engine.settings import with_limits
from engine.statistics.conformal import centre
from engine.statistics.tear_sheet import tear_sheet
from engine.universe import run as universe

if TYPE_CHECKING:
    from engine.experiment import Forecaster, Samples
    from engine.models.artifact import Artifact, Metadata
    from engine.results.backtest import BacktestResult
    from engine.runs.folder import RunFolder
    from engine.settings import Settings


def train_and_backtest(job: Job) -> BacktestResult:
    """The whole pipeline in one run."""
    trained = train(job)
    result = trade_model(job, job.run)
    of_training = [note for note in trained.notes if note not in result.notes]  # features left out
    return replace(result, training=trained.training, notes=(*of_training, *result.notes))


def train(job: Job) -> TrainResult:
    """Train a model on what the settings name and save its artifacts in the run's folder."""
    if job.settings.data.symbols:
        return universe.train(job)
    settings, run = job.settings, job.run
    share = 1 - settings.split.validation - settings.split.test
    data = prepare(job, settings.features.chosen, share)  # collect, merge, features

    with stage(job.emit, "windows"):
        samples = experiment.samples_of(data.market, data.table, settings)

    with stage(job.emit, "split"):
        parts = experiment.split_samples(data.market, samples.target_ms, samples.label, settings)
        job.emit(experiment.samples_event(samples, parts))

    devices = backend.devices_of(origin.pinned(run, settings.training))
    own_model = registry.file_hash(settings.model)
    saving.record_origin(job, fingerprint(data.market), data.own, own_model, devices)
    # scale, fit
    trained = experiment.fit(settings, samples, parts, devices, run.path / CHECKPOINT, job.emit)

    with stage(job.emit, "save"):
        from engine.models import artifact

        metadata = provenance.metadata(
            run.id, settings, data.market, samples.target_ms, parts, list(data.table.columns), data.own,
            trained.own_model,
        )  # fmt: skip
        if settings.signal.tuned:
            forecast = experiment.forecast_samples(trained, samples, parts.validation, job.emit)
            target, rules = samples.windows.target[parts.validation], with_limits(settings, data.limits)
            choice = trading.entry_threshold(data.market, target, centre(forecast), rules)
            metadata = replace(metadata, entry_threshold=choice.threshold, gross_return=choice.gross)
        saving.save_model(job, artifact.Artifact(trained.models, trained.scalers, metadata), data.own)
    summary = TrainingSummary(**trained.fitted.summary())
    notes = (*data.notes, *outcome.notes_on_costs(settings, metadata.entry_threshold, metadata.gross_return))
    return TrainResult(summary, data.market.simulated, notes)


def backtest(job: Job) -> BacktestResult:
    """Trade the model of the run that this one names."""
    return trade_model(job, job.home.find(job.run.of, training()))


def trade_model(job: Job, trained: RunFolder) -> BacktestResult:
    """Trade the model of `trained` over its test dates; write trades, equity and predictions."""
    loaded, settings, devices = load(job, trained)
    if settings.data.symbols:
        return universe.trade_model(job, trained.id, loaded, settings, devices)
    run = job.run
    data = prepare(job, loaded.metadata.feature_names)  # collect, merge, features
    settings = with_limits(settings, data.limits)
    notes = [*data.notes, *provenance.differences(loaded.metadata, data.market, data.own)]
    notes += outcome.notes_on_costs(settings, loaded.metadata.entry_threshold, loaded.metadata.gross_return)

    with stage(job.emit, "windows"):
        samples = experiment.samples_of(data.market, data.table, settings)  # N of them
        chosen, remarks = provenance.traded_rows(
            loaded.metadata, samples.target_ms, settings.backtest.span
        )  # (N,)

    with stage(job.emit, "predict"):
        model = experiment.loaded(loaded.kind, loaded.models, loaded.scalers, devices)
        forecast = experiment.forecast_samples(model, samples, chosen, job.emit)  # (M,) or (M, 3)
        band = experiment.band(forecast, samples, chosen, width_of(job, model, samples, loaded.metadata))

    with stage(job.emit, "signals"):
        target = samples.windows.target[chosen]  # (M,)
        decisions = trading.decide(
            data.market, target, centre(forecast), samples.forward_return, settings, band=band
        )

    with stage(job.emit, "simulate"):
        strategy, benchmark = trading.trade(decisions, settings)

    with stage(job.emit, "metrics"):
        outcome.write(run.path, settings.data.symbol, decisions, strategy, benchmark)
        source = outcome.Source(run.id, trained.id, data.market.simulated, members=len(loaded.models))
        sheet = tear_sheet(strategy, benchmark)
        notes += remarks
        result = outcome.build_result(source, sheet, decisions, strategy, settings, notes)
        ridge = linear_baseline.decisions(
            samples, samples.matrix(loaded.scalers), loaded.metadata, chosen, settings
        )
        backtested = overview.Backtest(decisions, strategy, benchmark, settings)
        trial_origin = deflation.TrialOrigin("backtest", run.id, trained.id, simulated=data.market.simulated)
        drift = feature_drift(samples, loaded.metadata, chosen)
        result = replace(
            overview.assess_and_record(job.home.path, result, backtested, ridge, trial_origin), drift=drift
        )
    saving.record_origin(job, fingerprint(data.market), data.own, loaded.metadata.own_model, devices)
    write_manifest(run.path, [*outcome.FILES, run.origin_path.name])
    return result


def load(job: Job, trained: RunFolder) -> tuple[Artifact, Settings, int]:
    """The model of a run, the job's settings with the threshold that goes with it, devices to predict on.

    Raises RepairDataError, and ChangeSettingsError where the settings ask for another model.
    """
    with stage(job.emit, "load"):
        devices = backend.prepare(origin.pinned(job.run, job.settings.training))
        from engine.models import artifact

        loaded = artifact.load(partial(read_checked, trained.path), trained.id)
        provenance.refuse_other_model(job.settings, loaded.metadata)
        return loaded, provenance.frozen(job.settings, loaded.metadata), devices


def width_of(job: Job, model: Forecaster, samples: Samples, trained: Metadata) -> float:
    """Half of the width of bands by the model's validation samples, as far as the present data hold them."""
    if not job.settings.signal.band:
        return math.nan
    judged = provenance.part(trained, "validation", samples.target_ms) & np.isfinite(samples.label)  # (N,)
    forecast = experiment.forecast_samples(model, samples, judged, job.emit)
    return experiment.band_width(forecast, samples, judged, job.settings)


def update(job: Job) -> UpdateResult:
    """Bring the stored series up to date, without training anything."""
    if job.settings.data.symbols:
        return universe.update(job)
    collected = collect_all(job)
    return UpdateResult(collected.simulated, collected.notes)
