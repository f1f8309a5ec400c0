"""Permutation importance where the truth is known: `python -m soak.importance [KIND] [SEEDS]`.

A simulated market without an edge gains one column that alone moves the next bar; beside it stand noise, half
of it persistent, and built-in features, which tell of nothing. The planted one must come first in 19 of 20
seeds, and at least 92 % of the 95 % intervals of the 20 columns of noise must cover 0.
"""

import math
import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.signal import lfilter
from threadpoolctl import threadpool_limits

from engine import experiment, features
from engine.data.demo.market import DemoMarket
from engine.data.demo.paths import ORIGIN_MS
from engine.market.calendar import Calendar
from engine.market.candles import OHLCV, check
from engine.market.merge import merge
from engine.market.times import time_index
from engine.models.training import backend
from engine.settings import make
from engine.studies.importance import Permuted

PLANTED, EDGE, BARS = "planted", 0.15, 6000
NOISE = tuple(f"noise_{number}" for number in range(20))
PERSISTENCE = (0.0, 0.9)  # of every second column of noise
BUILT_IN = ("return_1", "return_24", "rsi_14", "volatility_24", "volume_z_48", "hour_sin")
FIRST, COVERED = 19 / 20, 0.92


def planted_samples(settings, seed, edge=EDGE, bars=BARS, noise=NOISE):
    """Samples of a simulated market whose next bar, open to close, moves with one column of the features."""
    generator = np.random.default_rng([15, seed])
    step_ms = 3_600_000
    made = DemoMarket(seed, 0.0, "1h").candles("BTC/USDT", "1h", ORIGIN_MS, ORIGIN_MS + bars * step_ms)
    column = {name: getattr(made, name).copy() for name in OHLCV}
    planted = generator.standard_normal(bars)
    moves = np.log(column["close"] / column["open"])
    drift = edge / math.sqrt(1 - edge**2) * moves.std() * np.append(0.0, planted[:-1])  # (T,) within a bar
    after = np.exp(np.cumsum(drift))
    before = after / np.exp(drift)
    column["open"] *= before
    column["close"] *= after
    column["high"] *= np.maximum(before, after)
    column["low"] *= np.minimum(before, after)
    raw = pd.DataFrame(column, index=time_index(made.time))
    checked = check(raw, step_ms, ORIGIN_MS + bars * step_ms)
    market = merge(checked.frame, Calendar(step_ms), (), 3, simulated=True)
    table = features.compute(market, features.resolve(BUILT_IN, tuple(market.frame.columns)), ())
    row = np.searchsorted(made.time, market.frame.index.as_unit("ms").asi8)
    table[PLANTED] = planted[row]
    for number, name in enumerate(noise):
        share = PERSISTENCE[number % 2]
        table[name] = lfilter([1.0], [1.0, -share], generator.standard_normal(bars))[row]
    return experiment.samples_of(market, table, settings)


def importances(settings, samples):
    """The importance of every feature of a model trained on the samples."""
    parts = experiment.split_samples(samples.market, samples.target_ms, samples.label, settings)
    with tempfile.TemporaryDirectory() as folder, threadpool_limits(1, user_api="blas"):
        trained = experiment.fit(settings, samples, parts, 1, Path(folder) / "checkpoint", lambda _: None)
        return Permuted.of(trained, samples, parts.validation, settings, lambda _: None).by_feature()


def settings_of(kind, seed, *keys):
    """The defaults, one bar ahead, with wide validation."""
    chosen = (f"model.kind={kind}", "label.horizon=1", "split.validation=0.3", "split.test=0.1")
    return make({}, [*chosen, f"training.seed={seed}", f"evidence.seed={seed}", "training.devices=1", *keys])


def main(kind="ridge", seeds=20):
    backend.start(1)
    first = covering = intervals = 0
    for seed in range(seeds):
        settings = settings_of(kind, seed)
        found = importances(settings, planted_samples(settings, seed))
        first += found[0].name == PLANTED
        noise = [each for each in found if each.name in NOISE]
        covering += sum(each.low <= 0 <= each.high for each in noise)
        intervals += len(noise)
        print(
            f"{kind} seed {seed}: {found[0].name} first, IC drop {found[0].ic_drop:.3f}, then "
            f"{found[1].name} {found[1].ic_drop:.3f}; {covering} of {intervals} intervals of noise cover 0",
            flush=True,
        )
    print(f"{kind}: planted first in {first} of {seeds}, {covering / intervals:.1%} of {intervals} cover 0")
    return int(first < FIRST * seeds or covering < COVERED * intervals)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:2], *map(int, sys.argv[2:3])))
