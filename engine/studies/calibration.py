"""Calibration: the ordinary pipeline on simulated markets of which it is known what can be forecast.

With edge 0 nothing can be, and a forecast that seems to work there tells of a leak or of luck; with a known
edge, the market's true conditional mean tells how much of what can be learned is learned.
"""

from __future__ import annotations

import json
import math
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from engine import preparation
from engine.data.demo.market import DemoMarket
from engine.data.demo.paths import ORIGIN_MS
from engine.data.store import Series, Store
from engine.disk import write_whole
from engine.errors import InternalError
from engine.market.candles import OHLCV, check
from engine.market.times import milliseconds, time_index
from engine.results.notes import Note, Value, log_event
from engine.results.studies import CalibrationResult, CalibrationTrial, EdgeSummary
from engine.runs.home import Home
from engine.settings import Settings, make
from engine.statistics.forecast import forecast_quality
from engine.studies.workers import ParentWatch, one_device, results

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.preparation import Job
    from engine.results.backtest import BacktestResult

SERIES = "simulated"
WARM_UP = 600  # bars before the first sample, at most


def calibrate(job: Job) -> CalibrationResult:
    """Train on every market that the settings ask for, several at a time; sum up by edge.

    Trials are kept in the run's folder one by one, so a run that is resumed goes on with those that lack.
    """
    chosen, emit = job.settings.calibration, job.emit
    wanted = [(edge, seed) for edge in chosen.edges for seed in range(chosen.seeds)]
    known = {(each.edge, each.seed): each for each in saved_trials(job.run.path)}
    emit({"kind": "simulated", "source": "calibration"})
    missing = [(job.settings, edge, seed) for edge, seed in wanted if (edge, seed) not in known]
    with preparation.stage(job.emit, "fit"):
        for trial in results(execute, missing, job.settings.parallel, emit):
            kept_as = job.run.path / f"trial-{trial.edge:g}-{trial.seed}.json"
            write_whole(kept_as, json.dumps(asdict(trial)).encode())
            known[trial.edge, trial.seed] = trial
            emit(log_event(finished(trial, len(known), len(wanted))))
    trials = [known[pair] for pair in wanted]
    edges = [summary(edge, [each for each in trials if each.edge == edge]) for edge in chosen.edges]
    return CalibrationResult(job.run.id, tuple(edges), tuple(trials))


def saved_trials(folder: Path) -> list[CalibrationTrial]:
    """The trials that a run has finished."""
    return [CalibrationTrial(**json.loads(path.read_bytes())) for path in sorted(folder.glob("trial-*.json"))]


def finished(trial: CalibrationTrial, done: int, wanted: int) -> Note:
    """A finished trial for the log."""
    values: dict[str, Value] = {"done": done, "wanted": wanted, "edge": trial.edge, "seed": trial.seed}
    values |= {"ic": trial.ic, "low": trial.ic_low, "high": trial.ic_high}
    if math.isnan(trial.recovered):
        return Note("market trained", values)
    return Note("market trained, truth recovered", values | {"recovered": trial.recovered})


def summary(edge: float, trials: Sequence[CalibrationTrial]) -> EdgeSummary:
    """The trials of one edge in figures: means over the seeds, and the share with an interval above 0.

    most_by_chance: so many alarms or fewer come up in 95 of 100 calibrations without any edge, when each
    has a chance of 2.5 %.
    """
    from scipy.stats import binom

    alarms = sum(each.false_alarm for each in trials)
    varied = [each.ic for each in trials if math.isfinite(each.ic)]
    return EdgeSummary(
        edge=edge,
        markets=len(trials),
        above_zero=alarms,
        share_above_zero=alarms / len(trials),
        most_by_chance=int(binom.ppf(0.95, len(trials), 0.025)),
        constant=len(trials) - len(varied),  # forecasts that never change: right where there is no edge
        ic=mean(varied),
        reachable_ic=mean([each.reachable for each in trials]),
        recovered=mean([each.recovered for each in trials]),
        recovered_least=min((each.recovered for each in trials), default=math.nan),
        epochs=mean([float(each.epochs) for each in trials]),
    )


def mean(values: Sequence[float]) -> float:
    """Arithmetic mean; NaN if one of the values is."""
    return math.fsum(values) / len(values) if values else math.nan


def execute(settings: Settings, edge: float, seed: int) -> CalibrationTrial:
    """Make the market, run the pipeline on it in a folder of its own, judge the forecasts by the truth."""
    from engine import pipeline
    from engine.outcome import PREDICTIONS

    market = DemoMarket(seed, edge, settings.data.timeframe)
    share = 1 - settings.split.validation - settings.split.test
    count = math.ceil(settings.calibration.bars / share) + WARM_UP + settings.window.lookback
    with tempfile.TemporaryDirectory(prefix="quantdeck-") as folder:
        home = Home(Path(folder))
        end_ms = store_candles(Store(home.data), market, count)
        run = home.create("run", own_settings(settings, seed))
        job = preparation.Job(own_settings(settings, seed), run, home, end_ms, ParentWatch())
        result = pipeline.train_and_backtest(job)
        table = pd.read_parquet(run.path / PREDICTIONS)
    truth = market.conditional_mean(milliseconds(table.index))  # (B,)
    return evaluated(edge, seed, table, truth, result)


def own_settings(settings: Settings, seed: int) -> Settings:
    """The settings of a trial: candles of the simulated series alone, whole, on one device, one bar ahead."""
    data = {"series": SERIES, "start": "", "end": "", "funding": False, "open_interest": False}
    chosen = one_device(settings).model_dump()
    chosen["data"] |= data | {"second_exchange": "", "exchange": "binance"}
    chosen["training"]["seed"] = seed + 1
    chosen["label"]["horizon"] = 1  # the truth that is known is the next bar's
    return make(chosen)


def store_candles(store: Store, market: DemoMarket, count: int) -> int:
    """Store the first `count` candles of the market as a simulated series; return the end of the last, ms."""
    end_ms = ORIGIN_MS + count * market.step_ms
    candles = market.candles("BTC/USDT", market.timeframe, ORIGIN_MS, end_ms)
    raw = pd.DataFrame({name: getattr(candles, name) for name in OHLCV}, index=time_index(candles.time))
    checked = check(raw, market.step_ms, end_ms)
    with store.open(SERIES) as opened:
        opened.write(
            Series(
                SERIES, "candles", "", "BTC/USDT", market.timeframe, simulated=True,
                known=((ORIGIN_MS, end_ms),), origin={"seed": market.seed, "edge": market.edge},
                report=checked.report.as_dict(), frame=checked.frame,
            )
        )  # fmt: skip
    return end_ms


def evaluated(
    edge: float, seed: int, table: pd.DataFrame, truth: Any, result: BacktestResult
) -> CalibrationTrial:
    """The trial of forecasts laid beside returns and the truth, (B,) each."""
    forecast, forward_return = table["prediction"].to_numpy(), table["realised"].to_numpy()  # (B,)
    known = np.isfinite(forecast) & np.isfinite(forward_return)
    quality = forecast_quality(forecast, forward_return)
    if result.intervals is None or result.training is None:
        raise InternalError(f"run {result.run}", "has no intervals, or no training")
    low, high = result.intervals.forecast.ic
    varies = edge > 0 and np.std(forecast[known]) > 0
    return CalibrationTrial(
        edge, seed, quality["ic"], low, high,
        recovered=float(np.corrcoef(forecast[known], truth[known])[0, 1]) if varies else math.nan,
        reachable=forecast_quality(truth, forward_return)["ic"] if edge > 0 else 0.0,
        forecasts=int(known.sum()),
        epochs=result.training.epochs,
        best_epoch=result.training.best_epoch,
        total_return=float(result.metrics["total_return"]),
    )  # fmt: skip
