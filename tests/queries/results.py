"""Run folders with a backtest in them, made without any training: random forecasts on a random market."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd

from engine import outcome
from engine.backtest import signals, trading
from engine.backtest.trading import Decisions
from engine.market.candles import OHLCV
from engine.preparation import Job
from engine.results.codec import plain
from engine.robustness import overview
from engine.robustness.deflation import TrialOrigin
from engine.runs.events import EventLog
from engine.runs.folder import RunFolder
from engine.runs.home import Home
from engine.runs.manifest import write_manifest
from engine.settings import make
from engine.statistics.tear_sheet import tear_sheet
from engine.studies.simulate_signals import INPUTS, NEVER_MS, execute
from tests.backtest.markets import random_bars
from tests.tui.results.stored import END
from tests.tui.results.stored import candles as market_candles


def as_json(question):
    """A question whose answer is the JSON that whoever asks gets."""
    return lambda request: plain(question(request))


def decided(count, seed, settings, skill=0.05):
    """Decisions (B,) on random bars; the forecast knows a little of the next return."""
    generator = np.random.default_rng(seed)
    bars = random_bars(count, generator, volatility=0.01)
    forward_return = np.append(bars.open[1:] / bars.open[:-1] - 1, np.nan)
    noise = generator.normal(0, 0.01, count)
    forecast = 0.1 * (skill * np.nan_to_num(forward_return) + np.sqrt(1 - skill**2) * noise)
    forecast[generator.random(count) < 0.02] = np.nan
    signal = signals.threshold(forecast, settings.signal.entry_threshold)
    return Decisions(bars, forecast, signal, forward_return)


def renamed(run, run_id):
    """The run under an id that is always the same, made at a time that is."""
    about = {**run.about, "id": run_id, "created": "2026-11-22T12:00:00.000Z"}
    run.about_path.write_text(json.dumps(about))
    return RunFolder(run.path.rename(run.path.with_name(run_id)))


def backtested(home, count=600, seed=1, overrides=(), simulated=True, name="demo", run_id=""):
    """A run of `count` hourly bars with everything that a finished backtest leaves; the run."""
    quick = {"resamples": 200, "permutations": 50}
    rules = {"exit": "signal", "threshold_from": "settings"}
    chosen = {"data": {"exchange": "demo"}, "evidence": quick, "signal": rules, "label": {"horizon": 1}}
    settings = make(chosen, list(overrides))
    run = home.create("run", settings, name=name)
    run = renamed(run, run_id) if run_id else run
    decisions = decided(count, seed, settings)
    strategy, benchmark = trading.trade(decisions, settings)
    outcome.write(run.path, settings.data.symbol, decisions, strategy, benchmark)
    source = outcome.Source(run.id, run.id, simulated)
    result = outcome.build_result(source, tear_sheet(strategy, benchmark), decisions, strategy, settings)
    backtested = overview.Backtest(decisions, strategy, benchmark, settings)
    origin = TrialOrigin("run", run.id, run.id, simulated=simulated)
    result = overview.assess_and_record(home.path, result, backtested, None, origin)
    run.result_path.write_text(json.dumps(plain(result)))
    write_manifest(run.path, outcome.FILES)
    with EventLog(run.events_path) as log:
        log.emit({"kind": "started", "run": run.id, "mode": "run", "of": "", "pid": 1, "versions": {}})
        if simulated:
            log.emit({"kind": "simulated", "source": "demo"})
        log.emit({"kind": "result", "result": plain(result.metrics)})
        log.emit({"kind": "done"})
    return run


def own_signals(path):
    """A run of target weights on random bars, as `quantdeck simulate` leaves one; candles and weights."""
    home, settings = Home(path), make({}, ["evidence.permutations=0", "evidence.resamples=100"])
    run = home.create("simulate", settings)
    frame = market_candles(600, END).frame
    weight = pd.Series(np.random.default_rng(4).uniform(-1, 1, 60), frame.index[20:560:9], name="weight")
    files = {"candles": frame[list(OHLCV)], "signals": weight}
    for name, table in files.items():
        table.to_csv(path / f"{name}.csv", date_format="%Y-%m-%dT%H:%M:%SZ", index_label="time")
    inputs = {name: str(path / f"{name}.csv") for name in files}
    (run.path / INPUTS).write_text(json.dumps(inputs))
    found = execute(Job(settings, run, home, NEVER_MS, lambda _: None))
    run.result_path.write_text(json.dumps(plain(found)))
    with EventLog(run.events_path) as log:
        log.emit({"kind": "started", "run": run.id, "mode": "simulate", "of": "", "pid": 1, "versions": {}})
        log.emit({"kind": "done"})
    return run, frame, weight
