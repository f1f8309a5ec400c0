"""Homes with runs as an engine would have left them: fixed ids, fixed times, one run for each state."""

import datetime as dt
import json
import math
from pathlib import Path

from engine.runs import lock
from engine.runs.events import EventLog
from engine.runs.folder import RunFolder
from engine.runs.home import Home
from engine.settings import make, to_toml

NOON = dt.datetime(2026, 11, 22, 12, 0, tzinfo=dt.UTC)
NOW = NOON + dt.timedelta(minutes=5)
STALE = NOON - dt.timedelta(minutes=5)
SMALL = {"data": {"exchange": "demo"}, "training": {"epochs": 20}}
METRICS = {
    "total_return": 0.2841, "cagr": 0.31, "volatility": 0.4, "sharpe": 1.1234, "sortino": 1.61,
    "max_drawdown": 0.142, "calmar": 2.0, "exposure": 0.71, "profit_factor": 1.18, "win_rate": 0.486,
    "trades": 214,
}  # fmt: skip


BACKTEST = json.loads((Path(__file__).parents[1] / "stand_in" / "backtest.json").read_text())


def event(kind, **fields):
    return {"kind": kind, **fields}


def stage(name, seconds):
    return [
        event("stage", stage=name, state="begin"),
        event("stage", stage=name, state="end", seconds=seconds),
    ]


def source(series, state, **fields):
    return event("source", series=series, state=state, **fields)


def started(mode="run", of=""):
    return [
        event("queued", resumed=False),
        event("started", run="", mode=mode, of=of, pid=4711, versions={"quantdeck": "0.1.0"}, resumed=False),
    ]


def prepared():
    series = "demo_BTC-USDT_1h_candles"
    return [
        *started(),
        event("stage", stage="collect", state="begin"),
        source(series, "end", rows=33413, simulated=True),
        event("stage", stage="collect", state="end", seconds=2.1),
        event("simulated", source="demo"),
        *stage("merge", 0.21), *stage("features", 0.44), *stage("windows", 0.11),
        *stage("split", 0.01), *stage("scale", 0.05), event("stage", stage="fit", state="begin"),
        event("model", parameters=36545, features=53, lookback=60, train=7000, validation=1500, test=1500,
              devices=2),
    ]  # fmt: skip


def epochs(count, of=20, best=None):
    """Losses that fall, and validation losses that rise again after the best epoch."""
    best = best or count
    found = []
    for number in range(1, count + 1):
        wait = max(0, number - best)
        rise = 0.0008 * wait
        found.append(event(
            "epoch", epoch=number, epochs=of, loss=0.45 + 0.5 * math.exp(-number / 4),
            val_loss=0.47 + 0.4 * math.exp(-min(number, best) / 4) + rise, learning_rate=1e-3, seconds=2.9,
            sequences_per_s=7912.0, best=0.47, best_epoch=min(number, best), wait=wait, patience=6,
        ))  # fmt: skip
    return found


def batch(number, of=20):
    return event("batch", epoch=number, epochs=of, batch=76, batches=100, loss=0.4693, sequences_per_s=7912.0,
                 left_s=184.0)  # fmt: skip


def saved():
    return [event("stage", stage="fit", state="end", seconds=41.2), *stage("save", 0.3)]


ERROR = {"class": "RepairDataError", "thing": "series demo_BTC-USDT_1h_candles",
         "reason": "has 3 rows, 62 are needed",
         "remedy": "Fetch more: quantdeck data update", "exit_code": 1}  # fmt: skip
DIVERGED = {"class": "DivergedError",
            "thing": "training", "reason": "the loss is no finite number since epoch 5",
            "remedy": "Lower training.learning_rate, or clip gradients harder", "exit_code": 1}  # fmt: skip
BEAT = event("heartbeat", cpu=197.0, memory_mb=612.4)
RATE = event("learning_rate", epoch=12, before=1e-3, after=5e-4)
NAN = event("epoch", epoch=5, epochs=20, loss=None, val_loss=None, learning_rate=1e-3, seconds=2.9,
            sequences_per_s=7900.0, best=0.6, best_epoch=4, wait=1, patience=6)  # fmt: skip
COLLECTING = [
    *started(),
    event("stage", stage="collect", state="begin"),
    source("demo_BTC-USDT_1h_candles", "end", rows=33413, simulated=True),
    source("demoperpetual_BTC-USDT.USDT_8h_funding", "page", rows=9000, page=9, pages=13, left_s=4.0),
    source("kraken_BTC-USD_1h_candles", "failed", error="kraken: no answer after 5 tries"),
]
# name: events, alive, now
STATES = {
    "queued": ([event("queued", resumed=False)], True, NOON),
    "starting": (started(), True, NOON),
    "collecting": (COLLECTING, True, NOON),
    "compiling": (prepared(), True, NOON),
    "training": ([*prepared(), *epochs(13, best=11), RATE, batch(14), BEAT], True, NOON),
    "stopping": ([*prepared(), *epochs(5), event("stopping", by="request"), BEAT], True, NOON),
    "stale": ([*prepared(), *epochs(5), BEAT], True, NOW),
    "early": ([*prepared(), *epochs(12, best=6), event("early_stopped", epoch=12, best_epoch=6)], True, NOON),
    "stopped": ([*prepared(), *epochs(5), event("stopped", by="request")], False, NOW),
    "failed": ([*COLLECTING, event("failed", error=ERROR)], False, NOW),
    "nan": ([*prepared(), *epochs(4), NAN, event("failed", error=DIVERGED)], False, NOW),
    "crashed": ([*prepared(), *epochs(7)], False, NOW),
    "done": (
        [*prepared(), *epochs(12, best=6), event("early_stopped", epoch=12, best_epoch=6), *saved(),
         *stage("load", 0.2), *stage("predict", 0.5), *stage("signals", 0.0), *stage("simulate", 0.2),
         *stage("metrics", 0.1), event("result"), event("done")],
        False, NOW,
    ),
}  # fmt: skip


def record(
    home, run_id, events, name="lstm-btc-1h", mode="run", settings=SMALL, created="12:00", metrics=None
):
    """A run's folder with a log as if it had been told, an event every tenth of a second, until noon."""
    path = home.runs / run_id
    path.mkdir(parents=True)
    run = RunFolder(path)
    about = {"id": run_id, "mode": mode, "of": "", "name": name, "created": f"2026-11-22T{created}:00.000Z",
             "quantdeck": "0.1.0"}  # fmt: skip
    run.settings_path.write_text(to_toml(make(settings)))
    run.about_path.write_text(json.dumps(about))
    tell_all(run, events)
    if metrics:
        result = BACKTEST | {"run": run_id, "of": run_id, "metrics": metrics}
        run.result_path.write_text(json.dumps(result))
    return run


def tell_all(run, events, end=NOON):
    times = iter(end - dt.timedelta(seconds=0.5 * left) for left in reversed(range(len(events) + 1)))
    with EventLog(run.events_path, now=lambda: next(times)) as log:
        for each in events:
            entry = each | ({"run": run.path.name} if each["kind"] == "started" else {})
            log.emit(entry)


def hold(run):
    """Hold the run's lock as its engine would; close the handle to let it die."""
    handle = lock.take(run.lock_path)
    assert handle is not None
    return handle


def home_of_all(path):
    """A home with a few past runs."""
    home = Home(path)
    record(home, "0c1d0001", STATES["done"][0], "baseline", created="09:00", metrics=METRICS)
    larger = {"data": {"exchange": "demo"}, "model": {"units": [128, 64]}, "training": {"epochs": 20}}
    worse = METRICS | {"total_return": -0.0312, "sharpe": -0.21, "trades": 1031, "max_drawdown": 0.3877}
    record(home, "0c1d0002", STATES["done"][0], "larger", created="09:30", settings=larger, metrics=worse)
    record(home, "0c1d0003", STATES["failed"][0], "", created="10:00")
    record(home, "0c1d0004", STATES["crashed"][0], "a name that is too long for its column", created="10:30")
    record(home, "0c1d0005", STATES["stopped"][0], "stopped", mode="train", created="11:00")
    return home
