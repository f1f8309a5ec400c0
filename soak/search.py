"""Searches: killed at random moments, and on markets whose truth is known.

`python -m soak.search [KILLS [SEEDS [FOLDER]]]`, 50, 20 and a temporary folder if left out. FOLDER keeps
what each kill and each search came to, a line each, so that a later call does those that lack.

Kills: kill -9 of a search with one worker and with two, in turns; the resumed one must have the trials, byte
for byte, and the winner's trades of the undisturbed one; and so must one on a cluster that loses a worker.

Known markets, 6,000 bars, 50 trials, 3 folds, at most 5 epochs, from a bad start. Edge 0, with costs and the
entry threshold off, so that every winner trades and has a verdict: it is `better than chance` in at most 3 of
20, and PBO is 0.35 to 0.65 in the mean. Edge 0.10: the winner recovers 0.8 of the truth in 15 of 20 or more,
and its test IC is not below that of the defaults by more than the standard error of the paired mean.
"""

import itertools
import json
import os
import signal
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

from engine.data.demo.market import DemoMarket
from engine.data.store import Store
from engine.market.times import milliseconds
from engine.outcome import PREDICTIONS, TRADES
from engine.results.codec import to_json
from engine.runs.home import Home
from engine.runs.launch import launch, wait
from engine.runs.results import backtest_of, result_of
from engine.runs.state import state_of
from engine.settings import make
from engine.studies.calibration import SERIES, store_candles

BARS = 6000
MARKET = (f"data.series={SERIES}", "data.exchange=binance", "label.horizon=1", "evidence.permutations=0")
BAD_START = ("window.lookback=2", "model.units=[4]", "training.learning_rate=0.1", "model.members=1")
SPACE = [
    "window.lookback = {low = 2, high = 24, log = true}",
    'model.kind = ["mlp", "ridge", "lstm"]',
    'model.units = {low = 4, high = 32, log = true, when = {"model.kind" = ["mlp", "lstm"]}}',
    "training.learning_rate = {low = 0.001, high = 0.1, log = true}",
]
KNOWN = ("training.epochs=5", "search.trials=50", "search.folds=3")
QUICK = (
    "training.epochs=2", "search.trials=5", "search.batch=3", "search.folds=2", "evidence.resamples=100",
    "features.names=[return_1,return_6,rsi_14]",
)  # fmt: skip
COSTLESS = ("backtest.fee_bps=0", "backtest.slippage_bps=0", "signal.entry_threshold=0")


def settings_of(*overrides, space=SPACE):
    return make({"search": {"space": space}}, [*MARKET, *BAD_START, *overrides])


def home_with(folder, seed, edge, bars):
    """A home in which the market lies."""
    home = Home(Path(folder))
    market = DemoMarket(seed, edge, "1h")
    store_candles(Store(home.data), market, bars)
    return home, market


def finished(run):
    """Start a run, new or to be resumed, and wait for its end."""
    launch(run)
    wait(run, 7200.0)
    state = state_of(run)
    if state.status != "done":
        raise SystemExit(f"{run.mode} {run.id}: {state.status}, {state.error}")
    return run


def content(home, run):
    """What must be equal: every trial's file, the result, the winner's trades."""
    result = result_of(run)
    facts = to_json(result) | {"run": "", "winner_run": ""}
    winner = home.find(result.winner_run)
    trials = {path.name: path.read_bytes() for path in run.path.glob("trial-*.npz")}
    return trials | {"result": facts, "trades": (winner.path / TRADES).read_bytes()}


def killed(run, moment_s):
    """Start a search and kill it after so long; whether it was still at work."""
    pid = launch(run)
    if wait(run, moment_s):
        return False
    os.kill(pid, signal.SIGKILL)
    wait(run, 30)
    return state_of(run).status != "done"


def kills(folder, count, file):
    """Kill so many searches, but those in the file; whether each ends as the undisturbed one."""
    facts = lines_of(file)
    if len(facts) < count:
        home, _ = home_with(folder, 3, 0.1, 1500)
        finished(home.create("search", settings_of(*QUICK)))  # fills the caches of compiled code
        began = time.monotonic()
        wanted = content(home, finished(home.create("search", settings_of(*QUICK))))
        whole_s = time.monotonic() - began
    for turn in range(len(facts), count):
        workers, moments = 1 + turn % 2, np.random.default_rng([1, turn])
        while True:
            run = home.create("search", settings_of(*QUICK, f"parallel.workers={workers}"))
            if killed(run, float(moments.uniform(0.0, whole_s))):
                break
        found = content(home, finished(run))
        differing = [name for name in wanted if found.get(name) != wanted[name]]
        facts.append({"kill": turn + 1, "workers": workers, "differing": differing})
        keep(file, facts[-1])
        home.delete(run)
    whole = sum(not each["differing"] for each in facts[:count])
    print(f"kills: {whole} of {count} end with the same trials, values and best")
    return whole == count


def on_a_cluster(folder):
    """Whether a search on a Dask cluster that loses one of two workers ends as the undisturbed one."""
    import distributed

    home, _ = home_with(folder, 3, 0.1, 1500)
    wanted = content(home, finished(home.create("search", settings_of(*QUICK))))
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, host="127.0.0.1"
    ) as cluster:
        address = f"parallel.address={cluster.scheduler_address}"
        run = home.create("search", settings_of(*QUICK, "parallel.backend=dask", address))
        launch(run)
        while not list(run.path.glob("trial-*.npz")) and not wait(run, 0.1):
            pass
        os.kill(next(iter(cluster.workers.values())).pid, signal.SIGKILL)
        wait(run, 3600.0)
        found = content(home, run)
    differing = [name for name in wanted if found.get(name) != wanted[name]]
    print(f"a cluster that loses a worker: {differing or 'equal'}")
    return not differing


def searched(folder, seed, edge):
    """What a search of one known market came to."""
    home, market = home_with(folder, seed, edge, BARS)
    asked = KNOWN if edge else (*KNOWN, *COSTLESS)
    result = result_of(finished(home.create("search", settings_of(*asked))))
    luck = result.luck
    facts = {
        "deflated_sharpe": luck.deflated_sharpe, "beyond": luck.beyond_chance,
        "overfitting": luck.overfitting, "pruned": luck.pruned,
        "epochs": sum(each.epochs for each in result.trials),
    }  # fmt: skip
    if not edge:
        return facts
    winner = home.find(result.winner_run)
    table = pd.read_parquet(winner.path / PREDICTIONS)
    forecast, truth = table["prediction"].to_numpy(), market.conditional_mean(milliseconds(table.index))
    known = np.isfinite(forecast)
    default = backtest_of(finished(home.create("run", make({}, [*MARKET]))))
    return facts | {
        "recovered": float(np.corrcoef(forecast[known], truth[known])[0, 1]),
        "ic": backtest_of(winner).forecast.ic, "default_ic": default.forecast.ic,
    }  # fmt: skip


def known_markets(seeds, file):
    """Search every market that is not in the file yet; whether all is as it must be."""
    done = lines_of(file)
    have = {(each["seed"], each["edge"]) for each in done}
    for seed, edge in itertools.product(range(seeds), (0.0, 0.1)):
        if (seed, edge) not in have:
            with tempfile.TemporaryDirectory() as folder:
                done.append({"seed": seed, "edge": edge, **searched(folder, seed, edge)})
            keep(file, done[-1])
    none, some = ([each for each in done if each["edge"] == edge] for edge in (0.0, 0.1))
    return all([without_edge(none), with_edge(some)])


def without_edge(done):
    """Whether searches of markets that hold nothing say so."""
    judged = sum(bool(np.isfinite(each["deflated_sharpe"])) for each in done)
    alarms = sum(each["beyond"] for each in done)
    share = np.array([each["overfitting"] for each in done])
    error = share.std(ddof=1) / np.sqrt(len(share))
    print(f"edge 0: {alarms} of {judged} judged are called better than chance, of {len(done)} searches")
    print(f"edge 0: PBO without costs {share.mean():.2f} ± {error:.2f}")
    return judged == len(done) and alarms <= 3 * judged / 20 and 0.35 <= share.mean() <= 0.65


def with_edge(done):
    """Whether searches of markets with an edge find it."""
    recovered = [each["recovered"] for each in done]
    found = sum(each >= 0.8 for each in recovered)
    apart = np.array([each["ic"] - each["default_ic"] for each in done])
    error = float(apart.std(ddof=1) / np.sqrt(len(apart)))
    print(f"edge 0.10: {found} of {len(done)} recover 0.8, {np.mean(recovered):.3f} in the mean")
    print(f"edge 0.10: IC above that of the defaults: {apart.mean():+.4f} ± {error:.4f}")
    return found >= 15 * len(done) / 20 and apart.mean() >= -error


def lines_of(file):
    """What earlier calls have kept."""
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


def keep(file, facts):
    """Add a line, and show it."""
    with file.open("a") as kept:
        kept.write(json.dumps(facts) + "\n")
    print(facts, flush=True)


def main(count=50, seeds=20, folder=""):
    with tempfile.TemporaryDirectory() as homes:
        kept = Path(folder or homes)
        kept.mkdir(exist_ok=True)
        right = [kills(Path(homes) / "kills", int(count), kept / "kills.jsonl")] if int(count) else []
        right += [on_a_cluster(Path(homes) / "cluster")] if int(count) else []
        right += [known_markets(int(seeds), kept / "searches.jsonl")] if int(seeds) else []
    return int(not all(right))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
