"""What pruning saves, and whether its winners are as good: searches with and without, on known markets.

`python -m soak.pruning [SEARCHES [BARS [TRIALS [KIND [FOLDER]]]]]`, 10, 3,000, 40, mlp and a temporary folder
if left out. Each market is searched twice, by the same settings but search.prune, all in this process: what
is drawn, trained and pruned hangs on no worker. FOLDER keeps what each search came to, a line each, so that a
later call does those that lack. Pruning must save 40 % of the epochs or more, and the winners' correlation
with the truth on the test must not be below by more than the standard error of the paired mean.
"""

import contextlib
import json
import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

from engine import pipeline
from engine.market.times import milliseconds
from engine.outcome import PREDICTIONS
from engine.preparation import Job
from engine.runs.folder import RunFolder
from engine.runs.home import Home
from engine.settings import load, moment
from engine.studies.search import search as study
from engine.studies.search import trials
from soak.search import home_with, keep, lines_of, settings_of

EDGE = 0.1
SPACE = [
    "window.lookback = {low = 2, high = 8}", 'scaling.kind = ["standard", "robust", "none"]',
    'features.names = [["return_1"], ["return_1", "return_6"], ["return_6", "rsi_14"], ["rsi_14"]]',
    "label.clip = {low = 2.0, high = 10.0}",
]  # fmt: skip
NETWORK = [
    "model.units = {low = 2, high = 16, log = true}", "model.dropout = {low = 0.0, high = 0.5}",
    "training.learning_rate = {low = 0.0005, high = 0.1, log = true}",
]  # fmt: skip
QUICK = ("training.epochs=5", "search.folds=3", "evidence.resamples=100", "evidence.permutations=0")


def silent(event):
    pass


def job_of(home, run):
    return Job(load(run.settings_path), run, home, int(moment(run.now).timestamp() * 1000), silent)


def in_this_process():
    """Have trials carried out here, one after the other, and the winner too."""

    @contextlib.contextmanager
    def backend(parallel, tasks):
        yield None

    def gathered(workers, function, tasks, emit):
        return (function(*task) for task in tasks)

    def follow(path, seed, emit):
        run = RunFolder(Path(path))
        pipeline.train_and_backtest(job_of(Home(run.path.parent.parent), run))
        return seed, None

    trials.backend, trials.gathered, study.follow = backend, gathered, follow


def recovered(home, market, result):
    """The correlation of the winner's forecasts on the test with what could be known; 0 for a constant."""
    table = pd.read_parquet(home.find(result.winner_run).path / PREDICTIONS)
    forecast, truth = table["prediction"].to_numpy(), market.conditional_mean(milliseconds(table.index))
    known = np.isfinite(forecast)
    if forecast[known].std() == 0:
        return 0.0
    return float(np.corrcoef(forecast[known], truth[known])[0, 1])


def searched(seed, bars, count, kind, prune):
    """Epochs, objective and truth recovered of one market's search."""
    with tempfile.TemporaryDirectory() as folder:
        home, market = home_with(folder, seed, EDGE, bars)
        asked = (f"search.prune={str(prune).lower()}", f"search.trials={count}", f"model.kind={kind}")
        space = SPACE if kind == "ridge" else [*SPACE, *NETWORK]
        run = home.create("search", settings_of(*QUICK, *asked, space=space))
        result = study.search(job_of(home, run))
        return {
            "epochs": sum(each.epochs for each in result.trials),
            "ic": result.trials[result.winner].objectives["ic"],
            "truth": recovered(home, market, result),
        }


def all_searched(searches, bars, count, kind, file):
    """Search every market, without pruning and with it, but those in the file: a pair for each market."""
    done = {json.dumps(each["asked"]): each for each in lines_of(file)}
    pairs = []
    for seed in range(searches):
        pair = []
        for prune in (False, True):
            asked = [seed, bars, count, kind, prune]
            if (name := json.dumps(asked)) not in done:
                done[name] = {"asked": asked, **searched(*asked)}
                keep(file, done[name])
            pair.append(done[name])
        pairs.append(pair)
    return pairs


def main(searches=10, bars=3000, count=40, kind="mlp", folder=""):
    in_this_process()
    with tempfile.TemporaryDirectory() as temporary:
        kept = Path(folder or temporary)
        kept.mkdir(exist_ok=True)
        pairs = all_searched(int(searches), int(bars), int(count), kind, kept / "pruning.jsonl")
    epochs, truth = ([[each[name] for each in pair] for pair in pairs] for name in ("epochs", "truth"))
    whole, fewer = np.sum(epochs, axis=0)
    apart = np.diff(truth, axis=1)  # (S, 1)
    error = float(apart.std(ddof=1) / np.sqrt(len(apart))) if len(apart) > 1 else float("nan")
    saved = 1.0 - fewer / whole
    print(f"pruning saves {saved:.0%} of the epochs; truth recovered {apart.mean():+.4f} ± {error:.4f}")
    return int(saved < 0.4 or apart.mean() < -error)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
