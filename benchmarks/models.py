"""Which model earns its place: walk-forward of every kind and horizon on real hourly bars.

`python -m benchmarks.models BTC=FILE ETH=FILE [--kinds lstm] [--horizons 1,4] [--seeds 1] [--keep FILE]`

The last 15 % of each file (`--share` says how much is used) are never looked at. Five expanding folds, each
with its validation before its test, purged. A row tells the Spearman IC of forecasts with returns over all
folds and its deviation over seeds, or over folds for one; the least of the folds; what a trade earns beyond
the 95th percentile of validation's forecasts, held for the horizon; what share of returns the bands around
forecasts held, all folds and the least and most of them; seconds a fold. A market without a file, such as
`planted`, is simulated, with an edge of 0.1. Trainings are kept one by
one in the file of `--keep`, as lines of JSON, so that one that is stopped goes on.
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
import tempfile
import time
from itertools import product
from pathlib import Path

import numpy as np

from engine.models.training import backend

USED = 0.85
EDGE, SIMULATED_BARS = 0.1, 28_000  # of the simulated market
NOW_MS = 10**13
FOLDS = ("walk_forward.folds=5", "walk_forward.window=anchored")
ROBUST = ("label.scale=volatility", "scaling.clip=4", "model.members=1")
HUBER = (*ROBUST, "model.loss=huber", "window.lookback=8", "model.units=32", "model.dropout=0.3",
         "training.batch_size=256", "training.learning_rate=0.01", "training.patience=3",
         "training.plateau_patience=1", "label.clip=8", "model.huber_delta=1")  # fmt: skip
CANDIDATES = {
    **{kind: (f"model.kind={kind}", *HUBER) for kind in ("lstm", "gru", "tcn", "attention", "mlp")},
    "lstm-3": ("model.kind=lstm", *HUBER, "model.members=3"),
    "lstm-5": ("model.kind=lstm", *HUBER, "model.members=5"),
    "lstm-8": ("model.kind=lstm", *HUBER, "model.members=8", "model.huber_delta=0.3"),  # the defaults
    "ridge": ("model.kind=ridge", *ROBUST, "label.clip=1", "window.lookback=8"),
    "boosting": ("model.kind=boosting", *ROBUST, "label.clip=1", "window.lookback=8"),
}
HEADER = (
    "market",
    "kind",
    "horizon",
    "seeds",
    "IC",
    "±",
    "least fold",
    "gross bps",
    "net bps",
    "trades",
    "in band %",
    "folds",
    "s",
)


def prepared(folder, name, file, settings, share):
    """Market and samples of the first share of a file."""
    from engine import experiment, preparation
    from engine.data.demo.market import DemoMarket
    from engine.data.importing.files import import_file
    from engine.data.store import Store
    from engine.runs.home import Home
    from engine.settings import make
    from engine.studies.calibration import SERIES, store_candles

    home = Home(Path(folder) / name)
    store = Store(home.data)
    if not file:
        name, share = SERIES, 1.0
    if not (home.data / name).exists():
        if file:
            import_file(Path(file), store, name, now_ms=NOW_MS)
        else:
            store_candles(store, DemoMarket(1, EDGE, "1h"), SIMULATED_BARS)
    settings = make(settings.model_dump(), [f"data.series={name}"])
    run = home.create("walkforward", settings)
    data = preparation.prepare(preparation.Job(settings, run, home, NOW_MS, silent), settings.features.chosen)
    last = int(share * len(data.market.frame))
    market = data.market.rows(np.arange(len(data.market.frame)) < last)
    return experiment.samples_of(market, data.table.iloc[:last], settings)


def silent(_):
    """Nobody is told."""


def carried_out(samples, fold, settings):
    """One training: IC of its test, return and number of its trades, share in bands, epochs, seconds."""
    from engine import experiment
    from engine.statistics.conformal import centre
    from engine.statistics.forecast import forecast_quality

    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        trained = experiment.fit(settings, samples, fold, 1, Path(folder) / "checkpoint.npz", silent)
    validation, test = (
        experiment.forecast_samples(trained, samples, part, silent) for part in (fold.validation, fold.test)
    )
    seconds = time.perf_counter() - began
    truth, forecast = samples.label[fold.test], centre(test)
    level = float(np.quantile(np.abs(centre(validation)), 0.95))
    earned = entered(forecast, truth, level, settings.label.horizon)
    width = experiment.band_width(validation, samples, fold.validation, settings)
    band = experiment.band(test, samples, fold.test, width)
    held = band.holds(truth)[band.known(truth)]
    return {
        "ic": forecast_quality(forecast, truth)["ic"], "earned": float(earned.sum()), "trades": len(earned),
        "held": float(held.mean()), "epochs": trained.fitted.epochs, "seconds": seconds,
    }  # fmt: skip


def entered(forecast, truth, level, horizon):
    """Returns of trades beyond the level, each held for the horizon, one at a time."""
    found, free = [], 0
    for place in np.flatnonzero((np.abs(forecast) > level) & np.isfinite(truth)).tolist():
        if place >= free:
            found.append(math.copysign(1.0, forecast[place]) * truth[place])
            free = place + horizon
    return np.array(found)


def folds_of(samples, settings):
    """The folds of a market."""
    from engine.studies.folds import folds

    bar = samples.market.numbers_of(samples.target_ms)
    return folds(bar, np.isfinite(samples.label), settings)


def line_of(market, kind, horizon, rows, round_trip):
    """A line of the table from the trainings of a market, kind and horizon, by seed and fold."""
    seeds = sorted({row["seed"] for row in rows})
    by_seed = [statistics.fmean(row["ic"] for row in rows if row["seed"] == seed) for seed in seeds]
    by_fold = [
        statistics.fmean(row["ic"] for row in rows if row["fold"] == fold)
        for fold in {row["fold"] for row in rows}
    ]
    trades = sum(row["trades"] for row in rows)
    gross = 1e4 * sum(row["earned"] for row in rows) / trades if trades else math.nan
    held = [100 * row.get("held", math.nan) for row in rows]
    spread = statistics.stdev(by_seed) if len(by_seed) > 1 else statistics.stdev(by_fold)
    return (
        market, kind, str(horizon), str(len(seeds)), f"{statistics.fmean(by_seed):.3f}", f"{spread:.3f}",
        f"{min(by_fold):.3f}", f"{gross:.1f}", f"{gross - round_trip:.1f}", str(trades),
        f"{statistics.fmean(held):.1f}", f"{min(held):.1f} … {max(held):.1f}",
        f"{statistics.fmean(row['seconds'] for row in rows):.1f}",
    )  # fmt: skip


def main():
    """Train what lacks, print the table."""
    from engine.settings import make

    parser = argparse.ArgumentParser()
    parser.add_argument("markets", nargs="+")
    parser.add_argument("--kinds", default=",".join(CANDIDATES))
    parser.add_argument("--horizons", default="1,4,8,24")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--keep", type=Path, default=Path("models.jsonl"))
    parser.add_argument("--share", type=float, default=USED)
    parser.add_argument("--set", action="append", default=[])
    chosen = parser.parse_args()
    backend.start(1)
    done = [json.loads(line) for line in chosen.keep.read_text().splitlines()] if chosen.keep.exists() else []
    known = {(row["market"], row["kind"], row["horizon"], row["seed"], row["fold"]): row for row in done}
    lines = [HEADER]
    with tempfile.TemporaryDirectory() as folder:
        for horizon, text in product(map(int, chosen.horizons.split(",")), chosen.markets):
            market, _, file = text.partition("=")
            common = [f"data.series={market}", f"label.horizon={horizon}", *FOLDS]
            samples = None
            for kind in chosen.kinds.split(","):
                rows = []
                for seed in range(1, chosen.seeds + 1):
                    over = [*common, *CANDIDATES[kind], *chosen.set, f"training.seed={10 * seed}"]
                    settings = make({}, over)
                    if samples is None or samples.windows.lookback != settings.window.lookback:
                        samples = prepared(folder, market, file, settings, chosen.share)
                        parts = folds_of(samples, settings)
                    for fold in parts:
                        key = (market, kind, horizon, seed, fold.number)
                        if key not in known:
                            known[key] = carried_out(samples, fold, settings)
                            names = dict(zip(("market", "kind", "horizon", "seed", "fold"), key, strict=True))
                            known[key] |= names
                            with chosen.keep.open("a") as kept:
                                kept.write(json.dumps(known[key]) + "\n")
                        rows.append(known[key])
                costs = 2 * (settings.backtest.fee_bps + settings.backtest.slippage_bps)
                lines.append(line_of(market, kind, horizon, rows, costs))
                print(" ".join(lines[-1]), flush=True)
    print("| " + " | ".join(HEADER) + " |\n|" + "---|" * len(HEADER))
    for line in lines[1:]:
        print("| " + " | ".join(line) + " |")


if __name__ == "__main__":
    main()
