"""Walk-forward: a training for each stretch of test bars, on what was known before it; one curve of all.

Folds train side by side and are kept when they are done, see `fold_forecasts`.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from engine import experiment, outcome, preparation
from engine.backtest import trading
from engine.backtest.thresholds import NEVER
from engine.market.merge import fingerprint
from engine.results.notes import Note
from engine.robustness import deflation, overview
from engine.runs.manifest import write_manifest
from engine.settings import with_limits
from engine.statistics.conformal import centre, share_held
from engine.statistics.forecast import forecast_quality
from engine.statistics.tear_sheet import tear_sheet
from engine.studies import universe_walk_forward
from engine.studies.fold_forecasts import (
    Forecasts,
    band_of,
    file_of,
    in_figures,
    span_of,
    trained,
)
from engine.studies.folds import Fold, folds

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.backtest.simulate import Simulation
    from engine.backtest.trading import Decisions
    from engine.experiment import Samples
    from engine.preparation import Job, Prepared
    from engine.results.backtest import BacktestResult
    from engine.results.backtest import Fold as FoldResult

    Floats = NDArray[np.float64]


def walk_forward(job: Job) -> BacktestResult:
    """Train every fold, trade the stitched forecasts over all test spans, sum up."""
    if job.settings.data.symbols:
        return universe_walk_forward.walk_forward(job)
    settings, emit = job.settings, job.emit
    data = preparation.prepare(job, settings.features.chosen, settings.walk_forward.first_test)
    with preparation.stage(emit, "windows"):
        samples = experiment.samples_of(data.market, data.table, settings)  # N of them
    with preparation.stage(emit, "split"):
        bar, labelled = data.market.numbers_of(samples.target_ms), np.isfinite(samples.label)
        parts = folds(bar, labelled, settings)
    done = trained(job, samples, parts, fingerprint(data.market))
    return trade_folds(job, data, samples, parts, done)


def trade_folds(
    job: Job, data: Prepared, samples: Samples, parts: list[Fold], done: dict[int, Forecasts]
) -> BacktestResult:
    """Trade all folds' forecasts in one go, write the files of a backtest and sum up."""
    settings = with_limits(job.settings, data.limits)
    with preparation.stage(job.emit, "signals"):
        found = samples.windows.target  # (N,)
        target = np.concatenate([found[fold.test] for fold in parts])  # (M,)
        forecast = np.concatenate([centre(done[fold.number].test) for fold in parts])  # (M,)
        thresholds = [
            trading.entry_threshold(
                data.market, found[fold.validation], centre(done[fold.number].validation), settings
            ).threshold
            for fold in parts
        ]
        untraded = sum(level >= NEVER for level in thresholds)
        notes = [Note("folds do not pay", {"folds": untraded, "of": len(parts)})] if untraded else []
        level = np.repeat(thresholds, [len(fold.test) for fold in parts])  # (M,)
        band = band_of(samples, parts, done, settings)
        signal = trading.signals_of(forecast, band, level, settings)  # (M,)
        decisions = trading.decide(
            data.market, target, forecast, samples.forward_return, settings, signal, band
        )
    with preparation.stage(job.emit, "simulate"):
        strategy, benchmark = trading.trade(decisions, settings)
    with preparation.stage(job.emit, "metrics"):
        outcome.write(job.run.path, settings.data.symbol, decisions, strategy, benchmark)
        source = outcome.Source(job.run.id, "", data.market.simulated, members=done[parts[0].number].members)
        sheet = tear_sheet(strategy, benchmark)
        result = outcome.build_result(source, sheet, decisions, strategy, settings, [*data.notes, *notes])
        origin = deflation.TrialOrigin("walkforward", job.run.id, job.run.id, simulated=data.market.simulated)
        backtested = overview.Backtest(decisions, strategy, benchmark, settings)
        result = overview.assess_and_record(job.home.path, result, backtested, None, origin)
        table = [
            row(samples, fold, done[fold.number], level, decisions, (strategy, benchmark))
            for fold, level in zip(parts, thresholds, strict=True)
        ]
    write_manifest(job.run.path, [*outcome.FILES, *(file_of(fold.number) for fold in parts)])
    return replace(result, folds=tuple(table))


def row(
    samples: Samples, fold: Fold, forecasts: Forecasts, entry_threshold: float, decisions: Decisions,
    accounts: tuple[Simulation, Simulation],
) -> FoldResult:  # fmt: skip
    """A fold in figures, with the quality of what was decided in its span."""
    span = span_of(samples, fold, accounts[0])
    quality = forecast_quality(decisions.forecast[span], decisions.forward_return[span])
    found = in_figures(samples, fold, forecasts, entry_threshold, accounts, quality)
    return replace(found, band_held=held(decisions, span))


def held(decisions: Decisions, span: slice) -> float:
    """The share of a span's returns that lay in the bands of their forecasts; NaN without any."""
    if decisions.band is None:
        return math.nan
    known = decisions.band.known(decisions.forward_return)[span]
    return share_held(decisions.band.holds(decisions.forward_return)[span][known])[0]
