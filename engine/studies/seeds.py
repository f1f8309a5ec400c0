"""The same run with several seeds: how far do the figures hang on the luck of one?

Each seed is a run of its own in the same home, several at a time. Their ids are kept in seeds.json before
any starts, so a run that is resumed follows up the very same ones.
"""

from __future__ import annotations

import json
import math
import statistics
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from engine import preparation
from engine.backtest import trading
from engine.backtest.bars import bars_of
from engine.data.plan import span_of
from engine.disk import write_whole
from engine.errors import InternalError, StopRequestedError
from engine.market.times import iso
from engine.outcome import BARS, PREDICTIONS, decisions_in
from engine.results.metrics import placed
from engine.results.notes import Note, log_event
from engine.results.studies import FigureSpread, SeedFigures, SeedsResult
from engine.runs.error_codec import from_fields, to_fields
from engine.runs.folder import RunFolder
from engine.runs.launch import alive, ask_stop, launch, wait
from engine.runs.results import backtest_of
from engine.runs.state import state_of
from engine.settings import with_limits
from engine.statistics.conformal import Band
from engine.statistics.forecast import forecast_quality
from engine.statistics.tear_sheet import tear_sheet
from engine.studies.workers import ParentWatch, one_device, results
from engine.universe.preparation import collect_universe
from engine.universe.results import bars_in, decided_in, quality_of
from engine.universe.trading import trade as trade_several

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.preparation import Job
    from engine.results.backtest import BacktestResult
    from engine.runs.events import Emit
    from engine.settings import Data, Settings

SEEDS = "seeds.json"
OF_FORECASTS = ("ic", "directional_accuracy", "r2")


def train_seeds(job: Job) -> SeedsResult:
    """Carry out a run for each seed and report mean, spread and extremes of every headline figure."""
    data = job.settings.data
    if data.markets:
        collect_universe(job)
    elif not data.series and not data.symbols:
        preparation.collect_all(job)
    runs = ordered(job)
    pending = [(str(run.path), seed) for seed, run in runs.items() if state_of(run).status != "done"]
    with preparation.stage(job.emit, "fit"):
        try:
            for seed, error in results(follow, pending, job.settings.parallel, job.emit):
                refuse(error)
                job.emit(log_event(Note("seed trained", {"seed": seed, "run": runs[seed].id})))
        except BaseException:
            for run in runs.values():
                ask_stop(run)
            for run in runs.values():
                wait(run, 30)
            raise
    found = {seed: backtest_of(run) for seed, run in runs.items()}
    costs = asdict(next(iter(found.values())).costs)
    return SeedsResult(
        run=job.run.id,
        simulated=any(each.simulated for each in found.values()),
        seeds=tuple(SeedFigures(seed, runs[seed].id, figures(each)) for seed, each in found.items()),
        spread={name: spread([figures(each)[name] for each in found.values()]) for name in keys()},
        ensemble=ensemble(list(runs.values()), with_limits(job.settings, costs)),
    )


def refuse(error: dict[str, Any] | None) -> None:
    """Raise the error that ended a seed's run, if one did."""
    if error:
        raise from_fields(error)


def ordered(job: Job) -> dict[int, RunFolder]:
    """The run of each seed, made now unless an earlier process did; seeds.json names them."""
    path = job.run.path / SEEDS
    known = json.loads(path.read_bytes()) if path.exists() else {}
    first = job.settings.training.seed
    for seed in range(first, first + job.settings.training.seeds):
        if str(seed) not in known:
            run = job.home.create("run", own_settings(job, seed), name=f"seed {seed} of {job.run.id}")
            known[str(seed)] = run.id
            write_whole(path, json.dumps(known).encode())
    return {int(seed): RunFolder(job.home.runs / name) for seed, name in known.items()}


def own_settings(job: Job, seed: int) -> Settings:
    """The settings of one seed: one device, and the very data that this run sees."""
    settings = one_device(job.settings)
    training = settings.training.model_copy(update={"seed": seed})
    return settings.model_copy(update={"data": same_data(job), "training": training})


def same_data(job: Job) -> Data:
    """The settings of the very data that a job sees, for whoever comes later."""
    data = job.settings.data
    if data.series or (data.symbols and not data.markets):
        return data
    start, end = span_of(data, job.now_ms)
    return data.model_copy(update={"start": iso(start), "end": iso(end)})


def follow(path: str, seed: int, emit: Emit | None = None) -> tuple[int, dict[str, Any] | None]:
    """Start a run's engine, or find it at work, and wait for its end: the seed, and the error if it failed.

    When whoever ordered this has gone, or `emit` raises a stop, the run is stopped: it is resumed later.
    """
    run, emit = RunFolder(Path(path)), emit or ParentWatch()
    if alive(run):
        wait_for(run, emit)
    if state_of(run).status != "done":  # one found at work may have been stopping
        launch(run, queued=False)  # within the turn of whoever ordered it
        wait_for(run, emit)
    state = state_of(run)
    if state.status == "done":
        return seed, None
    return seed, to_fields(state.error or InternalError(f"run {run.id}", state.status))


def wait_for(run: RunFolder, emit: Emit) -> None:
    """Wait for the run's end; StopRequestedError, and the run stopped, when whoever ordered it has gone."""
    while not wait(run, 1.0):
        try:
            emit({"kind": "alive"})
        except StopRequestedError:
            ask_stop(run)
            raise


def figures(result: BacktestResult) -> dict[str, float]:
    """The figures of one seed."""
    known = result.metrics | asdict(result.forecast)
    return {name: float(known[name]) for name in keys()}


def keys() -> list[str]:
    """The figures that are told of every seed."""
    return [*(metric.key for metric in placed("seeds")), *OF_FORECASTS]


def spread(values: Sequence[float]) -> FigureSpread:
    """Mean, standard deviation (ddof 1), least and greatest of what is defined; NaN where nothing is."""
    known = [value for value in values if math.isfinite(value)]
    if not known:
        return FigureSpread(math.nan, math.nan, math.nan, math.nan)
    deviation = statistics.stdev(known) if len(known) > 1 else math.nan
    return FigureSpread(statistics.fmean(known), deviation, min(known), max(known))


def ensemble(runs: Sequence[RunFolder], settings: Settings) -> dict[str, float]:
    """Figures of trading the mean of the seeds' forecasts at the entry threshold in their middle."""
    tables = [pd.read_parquet(run.path / PREDICTIONS) for run in runs]
    forecast = np.mean([table["prediction"].to_numpy() for table in tables], axis=0)  # (B,)
    level = float(np.median([backtest_of(run).entry_threshold for run in runs]))
    signal = trading.signals_of(forecast, mean_band(tables), level, settings)
    bars, calendar = pd.read_parquet(runs[0].path / BARS), backtest_of(runs[0]).calendar
    made = tables[0].drop(columns=["low", "high"], errors="ignore").assign(prediction=forecast, signal=signal)
    figures = of_several if "symbol" in made else of_one
    known = figures(bars, made, calendar, settings)
    return {name: known[name] for name in keys()}


def of_one(bars: pd.DataFrame, made: pd.DataFrame, calendar: str, settings: Settings) -> dict[str, float]:
    """The figures of decisions on the bars (B,) of one symbol."""
    decisions = decisions_in(bars_of(bars, calendar), made)
    sheet = tear_sheet(*trading.trade(decisions, settings))
    return sheet.metrics | forecast_quality(decisions.forecast, decisions.forward_return)


def of_several(bars: pd.DataFrame, made: pd.DataFrame, calendar: str, settings: Settings) -> dict[str, float]:
    """The figures of decisions on the bars of several symbols, (B,) in all, which one account trades."""
    decided = decided_in(bars_in(bars, calendar), made)
    sheet = tear_sheet(*trade_several(decided, settings))
    return sheet.metrics | asdict(quality_of(decided, settings.label.horizon))


def mean_band(tables: Sequence[pd.DataFrame]) -> Band | None:
    """The band from the mean of the seeds' lows to that of their highs, (B,); None where one has none."""
    if not all({"low", "high"} <= set(table.columns) for table in tables):
        return None
    low, high = (np.mean([table[name].to_numpy() for table in tables], axis=0) for name in ("low", "high"))
    return Band(low, high)
