"""What pruning saves, and whether its winners are as good: searches with and without, on known markets.

`python -m soak.pruning [SEARCHES [BARS [TRIALS]]]`, 10, 3,000 and 40 if left out. Each market is searched
twice, by the same settings but search.prune. Pruning must save 40 % of the epochs or more, and the winners'
correlation with the truth on the test must not be below by more than the standard error of the paired mean.
"""

import sys
import tempfile

import numpy as np
import pandas as pd

from engine.market.times import milliseconds
from engine.outcome import PREDICTIONS
from engine.runs.results import result_of
from soak.search import finished, home_with, settings_of

EDGE = 0.1
SPACE = [
    "window.lookback = {low = 2, high = 8}", "model.units = {low = 2, high = 16, log = true}",
    "training.learning_rate = {low = 0.0005, high = 0.1, log = true}",
    "model.dropout = {low = 0.0, high = 0.5}",
]  # fmt: skip
QUICK = (
    "model.kind=mlp", "features.names=[return_1,return_6,rsi_14]", "training.epochs=5", "search.folds=3",
    "evidence.resamples=100",
)  # fmt: skip


def recovered(home, market, result):
    """The correlation of the winner's forecasts on the test with what could be known; 0 for a constant."""
    table = pd.read_parquet(home.find(result.winner_run).path / PREDICTIONS)
    forecast, truth = table["prediction"].to_numpy(), market.conditional_mean(milliseconds(table.index))
    known = np.isfinite(forecast)
    if forecast[known].std() == 0:
        return 0.0
    return float(np.corrcoef(forecast[known], truth[known])[0, 1])


def searched(seed, bars, trials):
    """Epochs, objective and truth recovered of one market's search, without pruning and with it."""
    found = []
    for prune in ("false", "true"):
        with tempfile.TemporaryDirectory() as folder:
            home, market = home_with(folder, seed, EDGE, bars)
            chosen = settings_of(*QUICK, f"search.prune={prune}", f"search.trials={trials}", space=SPACE)
            result = result_of(finished(home.create("search", chosen)))
            best = result.trials[result.winner].objectives["ic"]
            epochs = sum(each.epochs for each in result.trials)
            found.append((epochs, best, recovered(home, market, result)))
    return found


def main(searches=10, bars=3000, trials=40):
    table = []
    for seed in range(int(searches)):
        table.append(searched(seed, int(bars), int(trials)))
        (epochs, best, truth), (fewer, own, ours) = table[-1]
        line = f"market {seed}: {epochs} epochs, {fewer} with pruning; IC of the winner {best:.4f}, {own:.4f}"
        print(f"{line}; truth recovered {truth:.3f}, {ours:.3f}", flush=True)
    told = np.array(table)  # (S, 2, 3)
    saved = 1.0 - told[:, 1, 0].sum() / told[:, 0, 0].sum()
    apart = told[:, 1, 2] - told[:, 0, 2]  # (S,)
    error = float(apart.std(ddof=1) / np.sqrt(len(apart))) if len(apart) > 1 else float("nan")
    print(f"pruning saves {saved:.0%} of the epochs; truth recovered {apart.mean():+.4f} ± {error:.4f}")
    return int(saved < 0.4 or apart.mean() < -error)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
