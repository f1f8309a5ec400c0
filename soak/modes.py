"""kill -9 at random moments of backtests and of simulations of signals, which then end with the same bytes.

`python -m soak.modes [KILLS]`: 200 of each if left out. Updates have soak.data_kills, searches soak.search.
"""

import json
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

from engine.studies.simulate_signals import INPUTS
from soak import kills, runs

BARS = 20_000


def backtests(home):
    """What makes backtests of a training."""
    trained = home.create("train", runs.chosen())
    runs.carried_out(trained)
    return lambda: home.create("backtest", runs.chosen(), of=trained.id)


def simulations(home):
    """What makes simulations of signals of a file."""
    rng, folder = np.random.default_rng(1), home.path.parent
    time_ms = 1_600_000_000_000 // 3_600_000 * 3_600_000 + 3_600_000 * np.arange(BARS)
    close = 100 * np.exp(np.cumsum(rng.normal(0, 0.005, BARS)))
    opened = np.append(100.0, close[:-1])
    edges = {"high": np.maximum(opened, close), "low": np.minimum(opened, close)}
    candles = {"time": time_ms, "open": opened, **edges, "close": close, "volume": 1.5}
    pd.DataFrame(candles).to_csv(folder / "candles.csv", index=False)
    signals = {"time": time_ms[::50], "signal": rng.integers(-1, 2, len(time_ms[::50]))}
    pd.DataFrame(signals).to_csv(folder / "signals.csv", index=False)
    inputs = {name: str(folder / f"{name}.csv") for name in ("candles", "signals")}

    def made():
        run = home.create("simulate", runs.chosen())
        (run.path / INPUTS).write_text(json.dumps(inputs))
        return run

    return made


def main(arguments):
    count, failed = int(arguments[0]) if arguments else 200, []
    runs.warm_up()
    for making in (backtests, simulations):
        began = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="soak-") as folder:
            home = runs.home_in(Path(folder))
            equal, where, differed = kills.resumed(home, making(home), count, 1)
        name = making.__name__
        print(f"kill -9 of {name}: the same {equal} of {count}, {time.monotonic() - began:.0f} s")
        print(f"  killed in: {', '.join(f'{place} {number}' for place, number in where.most_common())}")
        print(*(f"  {run} differs: {found}" for run, found in differed), sep="\n", end="")
        failed += [name] if equal != count else []
    return int(bool(failed))


if __name__ == "__main__":
    sys.stdout.reconfigure(line_buffering=True)
    sys.exit(main(sys.argv[1:]))
