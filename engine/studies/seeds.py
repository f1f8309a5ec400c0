"""The same run with several seeds: how far do the figures hang on the luck of one?

Each seed is a run of its own in the same home, several at a time. Their ids are kept in seeds.json before
any starts, so a run that is resumed follows up the very same ones.
"""

from __future__ import annotations

import json
import math
import statistics
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from engine import preparation
from engine.backtest import signals, trading
from engine.backtest.bars import Bars
from engine.backtest.trading import Decisions
from engine.data.plan import span_of
from engine.disk import write_whole
from engine.errors import StopRequestedError
from engine.market.times import iso, milliseconds
from engine.outcome import BARS, PREDICTIONS
from engine.runs.error_codec import from_fields
from engine.runs.folder import RunFolder
from engine.runs.launch import alive, ask_stop, launch, wait
from engine.runs.state import state_of
from engine.settings import with_limits
from engine.statistics.forecast import forecast_quality
from engine.statistics.tear_sheet import tear_sheet
from engine.studies.workers import Orphan, one_device, results

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.preparation import Job
    from engine.settings import Settings

SEEDS = "seeds.json"
HEADLINE = (
    "total_return", "sharpe", "max_drawdown", "trades", "win_rate", "profit_factor", "final_value",
)  # fmt: skip
FORECAST = ("ic", "directional_accuracy", "r2")


def train_seeds(job: Job) -> dict[str, Any]:
    """Carry out a run for each seed and report mean, spread and extremes of every headline figure."""
    if not job.settings.data.series:
        preparation.collect_all(job)
    runs = ordered(job)
    pending = [(str(run.path), seed) for seed, run in runs.items() if state_of(run).status != "done"]
    with preparation.stage(job, "fit"):
        try:
            for seed, error in results(follow, pending, job.settings.parallel, job.emit):
                refuse(error)
                text = f"seed {seed}: run {runs[seed].id} is done"
                job.emit({"kind": "note", "level": "info", "text": text})
        except BaseException:
            for run in runs.values():
                ask_stop(run)
            for run in runs.values():
                wait(run, 30)
            raise
    told = {seed: json.loads(run.result_path.read_bytes()) for seed, run in runs.items()}
    return {
        "run": job.run.id,
        "simulated": any(each["simulated"] for each in told.values()),
        "seeds": [figures(seed, runs[seed], each) for seed, each in told.items()],
        "spread": {
            name: spread([value_of(each, name) for each in told.values()]) for name in (*HEADLINE, *FORECAST)
        },
        "ensemble": ensemble(
            list(runs.values()), with_limits(job.settings, next(iter(told.values()))["costs"])
        ),
        "notes": [],
    }


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
    settings, data = one_device(job.settings), job.settings.data
    if not data.series:
        start, end = span_of(data, job.now_ms)
        data = data.model_copy(update={"start": iso(start), "end": iso(end)})
    training = settings.training.model_copy(update={"seed": seed})
    return settings.model_copy(update={"data": data, "training": training})


def follow(path: str, seed: int) -> tuple[int, dict[str, Any] | None]:
    """Start a run's engine, or find it at work, and wait for its end: the seed, and the error if it failed.

    When whoever ordered this has gone, the run is asked to stop: it is resumed with the others.
    """
    run, emit = RunFolder(Path(path)), Orphan()
    if not alive(run):
        launch(run)
    while not wait(run, 1.0):
        try:
            emit({"kind": "alive"})
        except StopRequestedError:
            ask_stop(run)
            raise
    state = state_of(run)
    if state.status == "done":
        return seed, None
    fallback = {
        "class": "InternalError",
        "thing": f"run {run.id}",
        "reason": state.status,
        "remedy": "",
        "exit_code": 1,
    }
    return seed, dict(state.error or fallback)


def value_of(result: dict[str, Any], name: str) -> float:
    """A figure of a result, NaN where it is undefined."""
    value = (result["forecast"] if name in FORECAST else result["metrics"]).get(name)
    return math.nan if value is None else float(value)


def figures(seed: int, run: RunFolder, result: dict[str, Any]) -> dict[str, Any]:
    """One seed's row."""
    return {"seed": seed, "run": run.id, **{name: value_of(result, name) for name in (*HEADLINE, *FORECAST)}}


def spread(values: Sequence[float]) -> dict[str, float]:
    """Mean, standard deviation (ddof 1), least and greatest of what is defined; NaN where nothing is."""
    known = [value for value in values if math.isfinite(value)]
    if not known:
        return dict.fromkeys(("mean", "deviation", "least", "greatest"), math.nan)
    deviation = statistics.stdev(known) if len(known) > 1 else math.nan
    return {
        "mean": statistics.fmean(known), "deviation": deviation, "least": min(known), "greatest": max(known),
    }  # fmt: skip


def ensemble(runs: Sequence[RunFolder], settings: Settings) -> dict[str, Any]:
    """Figures of trading the mean of the seeds' forecasts at the settings' entry threshold."""
    tables = [pd.read_parquet(run.path / PREDICTIONS) for run in runs]
    forecast = np.mean([table["prediction"].to_numpy() for table in tables], axis=0)  # (B,)
    frame = pd.read_parquet(runs[0].path / BARS)
    columns = {name: frame[name].to_numpy() for name in frame.columns}
    bars = Bars(milliseconds(frame.index).astype("datetime64[ms]"), **columns)
    forward_return = tables[0]["realised"].to_numpy()  # (B,)
    signal = signals.threshold(forecast, settings.signal.entry_threshold)
    decisions = Decisions(bars, forecast, signal, forward_return)
    sheet = tear_sheet(*trading.trade(decisions, settings, settings.data.step_ms))
    quality = forecast_quality(forecast, forward_return)
    return {name: sheet.metrics[name] for name in HEADLINE} | {name: quality[name] for name in FORECAST}
