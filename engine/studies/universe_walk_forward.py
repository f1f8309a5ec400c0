"""Walk-forward over several symbols: folds of the same instants for all, one account over the whole."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from engine import outcome, preparation
from engine.backtest import trading as alone
from engine.backtest.thresholds import NEVER
from engine.results.notes import Note
from engine.robustness import deflation
from engine.runs.manifest import write_manifest
from engine.statistics.conformal import centre
from engine.statistics.forecast import forecast_quality
from engine.studies.fold_forecasts import Forecasts, band_of, file_of, in_figures, trained
from engine.studies.folds import Fold, folds
from engine.universe import results, trading
from engine.universe.first_use import compile_loop
from engine.universe.preparation import Prepared, prepare
from engine.universe.run import absent

if TYPE_CHECKING:
    from engine.preparation import Job
    from engine.results.backtest import BacktestResult
    from engine.universe.pool import Pool


def walk_forward(job: Job) -> BacktestResult:
    """Train every fold on all symbols, trade the stitched forecasts over all test spans, sum up."""
    settings = job.settings
    data = prepare(job, training=settings.walk_forward.first_test)
    with preparation.stage(job.emit, "windows"):
        pool = data.pool(settings)
    with preparation.stage(job.emit, "split"):
        parts = folds(pool.bar[pool.windows.target], np.isfinite(pool.label), settings)
    return trade_folds(job, data, pool, parts, trained(job, pool, parts, data.fingerprint))


def trade_folds(
    job: Job, data: Prepared, pool: Pool, parts: list[Fold], done: dict[int, Forecasts]
) -> BacktestResult:
    """Trade all folds' forecasts in one go, write the files of a backtest and sum up."""
    settings = trading.with_smallest_order(job.settings, data.smallest_order)
    with preparation.stage(job.emit, "signals"):
        compile_loop(job.emit)
        positions = np.concatenate([fold.test for fold in parts])  # (M,)
        forecast = np.concatenate([centre(done[fold.number].test) for fold in parts])  # (M,)
        thresholds = [
            trading.entry_threshold(
                pool, fold.validation, centre(done[fold.number].validation), settings
            ).threshold
            for fold in parts
        ]
        untraded = sum(level >= NEVER for level in thresholds)
        notes = [Note("folds do not pay", {"folds": untraded, "of": len(parts)})] if untraded else []
        level = np.repeat(thresholds, [len(fold.test) for fold in parts])  # (M,)
        band = band_of(pool, parts, done, settings)
        signal = alone.signals_of(forecast, band, level, settings)  # (M,)
        decided = trading.decide(pool, positions, forecast, settings, signal, band)
        notes += absent(pool, decided)
    with preparation.stage(job.emit, "simulate"):
        account, benchmark = trading.trade(decided, settings)
    with preparation.stage(job.emit, "metrics"):
        source = outcome.Source(
            job.run.id, "", data.simulated, results.named(decided), done[parts[0].number].members
        )
        origin = deflation.TrialOrigin(
            "walkforward", job.run.id, job.run.id, simulated=data.simulated,
            market=results.market_name(settings),
        )  # fmt: skip
        result = results.conclude(
            job, source, origin, decided, account, benchmark, settings, [*data.notes, *notes]
        )
        made_by = [done[fold.number] for fold in parts]
        table = [
            in_figures(pool, fold, made, level, (account, benchmark), quality_of(pool, fold, made))
            for fold, level, made in zip(parts, thresholds, made_by, strict=True)
        ]
    write_manifest(job.run.path, [*outcome.FILES, *(file_of(fold.number) for fold in parts)])
    return replace(result, folds=tuple(table))


def quality_of(pool: Pool, fold: Fold, forecasts: Forecasts) -> dict[str, float]:
    """How good a fold's forecasts of its test were, of all symbols in the order of time."""
    order = np.argsort(pool.target_ms[fold.test], kind="stable")  # (n,)
    return forecast_quality(centre(forecasts.test)[order], pool.label[fold.test][order])
