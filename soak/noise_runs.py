"""How often a run on a market without any edge says that it has skill: `python -m soak.noise_runs [RUNS]`.

Half of the runs trade GARCH noise, half the simulated exchange with edge 0. All claims of a run hold together
at 5 %, so at most 4 of 24 runs claim something; more has a chance of 0.6 %.
"""

import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

from engine.data.importing.files import import_file
from engine.data.store import Store
from engine.preparation import Job
from engine.results.explanations import explained
from engine.runs.home import Home
from engine.runs.modes import MODES
from engine.settings import make
from soak.null import garch

BARS, MOST = 4800, 4
NEVER_MS = 2_000_000_000_000
QUICK = (
    "features.names=[return_1,return_24,rsi_14]", "window.lookback=12", "model.units=[6]",
    "model.members=1", "training.epochs=2",
    "training.batch_size=256", "training.devices=1", "split.test=0.4", "signal.entry_threshold=0",
    "data.funding=false",
)  # fmt: skip
SKILL = ("is above 0", "is better than", "beat ")  # in sentences; "beat none" claims nothing


def claims(result):
    """The sentences of a result that claim skill."""
    said = [
        text for name, text in explained(result).items() if name in {"intervals", "permutation", "baselines"}
    ]
    return [text for text in said if any(word in text for word in SKILL) and "beat none" not in text]


def noise(seed, folder):
    """A file of candles without drift whose volatility comes in clusters."""
    generator = np.random.default_rng([17, seed])
    close = 100 * np.exp(np.cumsum(0.005 * garch(generator.standard_normal(BARS), 0.1, 0.88)))
    opened = np.append(100.0, close[:-1])
    time = pd.date_range("2024-01-01", periods=BARS, freq="h", tz="UTC", name="time")
    columns = {
        "open": opened, "high": np.maximum(opened, close) * 1.001, "low": np.minimum(opened, close) / 1.001,
        "close": close, "volume": generator.uniform(100, 900, BARS),
    }  # fmt: skip
    path = folder / f"noise-{seed}.csv"
    pd.DataFrame(columns, index=time).to_csv(path, date_format="%Y-%m-%dT%H:%M:%SZ")
    return path


def carried_out(home, seed, folder, *keys):
    """The result of a run on GARCH noise, or for odd seeds on the simulated exchange without an edge."""
    if seed % 2:
        span = ("data.exchange=demo", "data.start=2025-01-01", "data.end=2025-07-20")
        market = (*span, "demo.edge=0", f"demo.seed={100 + seed}")
    else:
        import_file(noise(seed, folder), Store(home.data), now_ms=NEVER_MS)
        market = (f"data.series=noise-{seed}",)
    settings = make({}, [*QUICK, *market, f"training.seed={seed}", *keys])
    run = home.create("run", settings)
    return MODES["run"].work(Job(settings, run, home, NEVER_MS, lambda _: None))


def main(count):
    claiming = 0
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        for seed in range(count):
            home = Home(folder / f"home-{seed}")  # a ledger of its own
            said = claims(carried_out(home, seed, folder))
            claiming += bool(said)
            print(f"run {seed + 1}: {' '.join(said) or 'claims nothing'}", flush=True)
    print(f"noise runs: {claiming} of {count} claim skill, at most {MOST} of 24")
    return int(claiming > MOST * count / 24)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 24))
