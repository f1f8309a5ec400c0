"""The pipeline of several symbols: one model over all of them, one account over its trades.

The steps are those of engine/pipeline.py; the samples are a Pool, decisions are made symbol by symbol, and
the account of engine/backtest/portfolio.py trades them together.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from engine import experiment, outcome
from engine.disk import CHECKPOINT
from engine.errors import ChangeSettingsError
from engine.lineage import origin, provenance, saving
from engine.market.times import iso, milliseconds
from engine.models import registry
from engine.models.training import backend
from engine.preparation import stage
from engine.results.backtest import TrainingSummary
from engine.results.notes import Note
from engine.results.studies import TrainResult, UpdateResult
from engine.robustness import deflation
from engine.robustness.feature_drift import feature_drift
from engine.runs.manifest import write_manifest
from engine.statistics.conformal import centre
from engine.universe import results, trading
from engine.universe.first_use import compile_loop
from engine.universe.preparation import Prepared, collect_universe, fingerprint_of, prepare

if TYPE_CHECKING:
    from engine.models.artifact import Artifact, Metadata
    from engine.preparation import Job
    from engine.results.backtest import BacktestResult
    from engine.samples.split import Split
    from engine.settings import Settings
    from engine.universe.pool import Pool


def train(job: Job) -> TrainResult:
    """Train one model on all symbols and save its artifacts in the run's folder."""
    settings, run = job.settings, job.run
    data = prepare(job, training=1 - settings.split.validation - settings.split.test)

    with stage(job.emit, "windows"):
        pool = data.pool(settings)

    with stage(job.emit, "split"):
        parts = split(pool, settings)
        job.emit(experiment.samples_event(pool, parts))

    devices = backend.devices_of(origin.pinned(run, settings.training))
    saving.record_origin(job, data.fingerprint, data.own, registry.file_hash(settings.model), devices)
    trained = experiment.fit(settings, pool, parts, devices, run.path / CHECKPOINT, job.emit)

    with stage(job.emit, "save"):
        from engine.models import artifact

        metadata = metadata_of(run.id, settings, data, pool, parts, trained.own_model)
        if settings.signal.tuned:
            compile_loop(job.emit)
            forecast = experiment.forecast_samples(trained, pool, parts.validation, job.emit)
            found = trading.entry_threshold(pool, parts.validation, centre(forecast), settings)
            metadata = replace(metadata, entry_threshold=found.threshold, gross_return=found.gross)
        saving.save_model(job, artifact.Artifact(trained.models, trained.scalers, metadata), data.own)
    summary = TrainingSummary(**trained.fitted.summary())
    notes = (*data.notes, *outcome.notes_on_costs(settings, metadata.entry_threshold, metadata.gross_return))
    return TrainResult(summary, data.simulated, notes)


def trade_model(job: Job, trained: str, loaded: Artifact, settings: Settings, devices: int) -> BacktestResult:
    """Trade the loaded model of the run `trained` over its test dates, from one account."""
    data = prepare(job, loaded.metadata.feature_names)
    settings = trading.with_smallest_order(settings, data.smallest_order)
    notes = [*data.notes, *differences(loaded.metadata, data)]
    notes += outcome.notes_on_costs(settings, loaded.metadata.entry_threshold, loaded.metadata.gross_return)

    with stage(job.emit, "windows"):
        pool = data.pool(settings)
        chosen, remarks = provenance.traded_rows(loaded.metadata, pool.target_ms, settings.backtest.span)

    with stage(job.emit, "predict"):
        model = experiment.loaded(loaded.kind, loaded.models, loaded.scalers, devices)
        forecast = experiment.forecast_samples(model, pool, chosen, job.emit)  # (M,) or (M, 3)
        width = math.nan
        if settings.signal.band:
            judged = provenance.part(loaded.metadata, "validation", pool.target_ms) & np.isfinite(pool.label)
            before = experiment.forecast_samples(model, pool, judged, job.emit)
            width = experiment.band_width(before, pool, judged, settings)
        band = experiment.band(forecast, pool, chosen, width)

    with stage(job.emit, "signals"):
        positions = np.flatnonzero(chosen)  # (M,)
        decided = trading.decide(pool, positions, centre(forecast), settings, band=band)
        notes += absent(pool, decided)

    with stage(job.emit, "simulate"):
        compile_loop(job.emit)
        account, benchmark = trading.trade(decided, settings)

    with stage(job.emit, "metrics"):
        source = outcome.Source(
            job.run.id, trained, data.simulated, results.named(decided), len(loaded.models)
        )
        origin_of = deflation.TrialOrigin(
            "backtest", job.run.id, trained, simulated=data.simulated, market=results.market_name(settings)
        )
        drift = feature_drift(pool, loaded.metadata, chosen)
        result = results.conclude(
            job, source, origin_of, decided, account, benchmark, settings, [*notes, *remarks]
        )
    saving.record_origin(job, data.fingerprint, data.own, loaded.metadata.own_model, devices)
    write_manifest(job.run.path, [*outcome.FILES, job.run.origin_path.name])
    return replace(result, drift=drift)


def update(job: Job) -> UpdateResult:
    """Bring the stored series of all symbols up to date, without training anything."""
    collected, notes = collect_universe(job)
    simulated = any(each.simulated for each in collected.values())
    return UpdateResult(simulated, tuple(notes))


def split(pool: Pool, settings: Settings) -> Split:
    """Training, validation and test: the same instants for all symbols."""
    from engine.samples import split as splitting

    return splitting.chronological(
        pool.bar[pool.windows.target], np.isfinite(pool.label), settings.label.horizon,
        settings.split.validation, settings.split.test,
    )  # fmt: skip


def metadata_of(
    run: str, settings: Settings, data: Prepared, pool: Pool, parts: Split, own_model: str
) -> Metadata:
    """What the model is saved with."""
    target_ms, markets = pool.target_ms, list(data.markets.values())
    judged, symbol = parts.validation, pool.symbol  # (n,), (N,)
    until = 0
    for s in np.unique(symbol[judged]).tolist():
        last = target_ms[judged[symbol[judged] == s]][-1:]  # (1,)
        until = max(until, int(markets[s].later_ms(last, settings.label.horizon)[0]))
    tested: dict[str, list[str]] = {}
    for s, name in enumerate(pool.symbols):
        own = target_ms[parts.test[symbol[parts.test] == s]]
        tested[name] = [str(iso(int(each))) for each in (own[0], own[-1])] if len(own) else []
    times = [milliseconds(market.frame.index) for market in markets]  # (T_s,)
    seen = provenance.TrainingSpan(
        trained_until_ms=until,
        data_from_ms=min(int(time[0]) for time in times),
        data_until_ms=max(
            int(market.calendar.ends(time)[-1]) for market, time in zip(markets, times, strict=True)
        ),
        fingerprint=data.fingerprint,
        symbols=tested,
    )
    columns = list(pool.table.columns)
    return provenance.of_training(run, settings, target_ms, parts, columns, data.own, own_model, seen)


def differences(trained: Metadata, data: Prepared) -> list[Note]:
    """What is not as it was when the model was trained."""
    seen = {name: provenance.as_trained(trained, market) for name, market in data.markets.items()}
    return provenance.changed(trained, fingerprint_of(seen), data.own)


def absent(pool: Pool, decided: trading.Decided) -> list[Note]:
    """That symbols have no bar to trade."""
    lacking = [name for name in pool.symbols if name not in decided.decisions]
    if len(lacking) == len(pool.symbols):
        raise ChangeSettingsError("data.symbols", "none has a bar to trade", "Set data.start and data.end")
    return [Note("symbols without test", {"symbols": ", ".join(lacking)})] if lacking else []
