"""A study from Python, without the app: which lookback forecasts best, and what is that model worth?

    python examples/study.py

Each lookback is a training of its own on the SIMULATED market. The loss on validation chooses; only that one
is traded over the test span, so nothing is fitted to the span that judges it. A study that lasts belongs in
engine/studies/: a mode of its own, a run that can be followed, stopped and resumed. See docs/architecture.md.
"""

import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from engine import pipeline
from engine.preparation import Job
from engine.runs.home import Home
from engine.settings import load, make

LOOKBACKS = (6, 12, 24)
NOW_MS = int(datetime(2025, 7, 1, tzinfo=UTC).timestamp() * 1000)
SETTINGS = {
    "data": {"exchange": "demo", "start": "2025-01-01", "end": "2025-07-01"},
    "demo": {"edge": 0.1},
    "features": {"names": ["return_1", "return_6", "volatility_24", "rsi_14"]},
    "model": {"units": [16]},
    "training": {"epochs": 5},
    "signal": {"threshold_from": "validation"},
}


def job(home, settings, mode, of=""):
    """A new run in the home, and what the pipeline needs to do it here; nobody listens to its events."""
    run = home.create(mode, settings, of=of)
    return Job(load(run.settings_path), run, home, NOW_MS, emit=lambda _: None)


def study(home, lookbacks):
    """Train with each lookback, choose by validation, trade the chosen one; its result."""
    trained = {}
    for lookback in lookbacks:
        training_job = job(home, make(SETTINGS, [f"window.lookback={lookback}"]), "train")
        training = pipeline.train(training_job).training
        trained[training.val_loss] = training_job
        print(f"lookback {lookback:3}   validation loss {training.val_loss:.4f}")
    best = trained[min(trained)]
    print(f"chosen: {best.settings.window.lookback}")
    return pipeline.backtest(job(home, best.settings, "backtest", of=best.run.id))


def main(*lookbacks):
    """Print what the chosen model comes to, beside buy and hold."""
    with tempfile.TemporaryDirectory() as folder:
        result = study(Home(Path(folder)), [int(each) for each in lookbacks] or LOOKBACKS)
    for name in ("total_return", "sharpe", "max_drawdown", "trades"):
        print(f"{name:14} {result.metrics[name]:10.3f} {result.benchmark[name]:10.3f}")
    print(f"IC {result.forecast.ic:.3f}, by chance with p = {result.forecast.ic_p_value:.3f}")


if __name__ == "__main__":
    main(*sys.argv[1:])
