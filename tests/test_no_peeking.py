"""Moving the future moves nothing in the past: on every stage, bit for bit.

Each of the textbook's four leaks is mended, and each mend shown: the scaler fitted on all rows, windows
cut before the split, fills at the close that decided, lookback counted across gaps.
"""

import json
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import experiment, features
from engine.backtest import trading
from engine.market.calendar import Calendar
from engine.market.candles import OHLCV, check
from engine.market.merge import Other, column_values, merge
from engine.market.times import milliseconds, time_index
from engine.samples import labels, scaling, split, windows
from engine.settings import make
from engine.statistics.conformal import Band

STEP, COUNT, LOOKBACK = 3_600_000, 420, 12
ENTRY = {
    "forecast": ["signal.entry_threshold=0"],
    "band": ["signal.threshold_from=band", "signal.entry_threshold=0"],
}
NAMES = (
    "return_1", "return_6", "rsi_14", "bollinger_width", "funding_rate", "second_spread", "return_1_4h",
    "bar_range_12h",
)  # fmt: skip


def raw_market(seed):
    """Candles with gaps of one bar and of several, funding stamps a little late, a second exchange."""
    rng = np.random.default_rng(seed)
    close = 100 * np.exp(np.cumsum(rng.normal(0, 0.01, COUNT)))
    opening = np.concatenate([[100], close[:-1]])
    kept = rng.random(COUNT) > 0.01
    for first in rng.integers(20, COUNT - 20, 3):
        kept[first : first + rng.integers(1, 9)] = False
    time = time_index(np.arange(COUNT, dtype=np.int64) * STEP)
    candles = pd.DataFrame(
        {
            "open": opening,
            "high": np.maximum(opening, close) * 1.002,
            "low": np.minimum(opening, close) * 0.998,
            "close": close,
            "volume": rng.uniform(1, 9, COUNT),
        },
        index=time,
    )[kept]
    stamps = time_index(
        np.arange(0, COUNT, 8, dtype=np.int64) * STEP + rng.integers(0, 30, len(range(0, COUNT, 8)))
    )
    funding = pd.DataFrame({"value": rng.normal(0, 1e-4, len(stamps)), "available_at": stamps}, index=stamps)
    second = candles * (1 + rng.normal(0, 1e-3, (len(candles), 1)))
    second["volume"] = candles["volume"]
    return candles, funding, second


def cut(frame, k_ms):
    return frame[milliseconds(frame.index) < k_ms]


def perturbed(frame, k_ms, rng):
    changed = frame.copy()
    after = milliseconds(frame.index) >= k_ms
    for name in changed.columns.intersection([*OHLCV, "value"]):
        values = changed[name].to_numpy().copy()
        values[after] *= rng.uniform(0.8, 1.3) if name == "value" else 1.17
        changed[name] = values
    return changed


def known_at(market):
    """When a row is known: a candle when it closes, a filled one when the bar opens that ends its gap."""
    time_ms = milliseconds(market.frame.index)
    known = time_ms + STEP
    following = np.append(time_ms[market.observed], 2**62)
    filled = ~market.observed
    known[filled] = following[np.searchsorted(following, time_ms[filled])]
    return known


def stages(candles, funding, second, network, scalers, fill_gaps, without_forecast, decided_by):
    """Every stage's output with the time at which each of its rows is known."""
    checked = check(candles, STEP, now_ms=COUNT * STEP).frame
    others = [
        Other("funding", funding, 12 * STEP),
        Other("second_close", column_values(second, "close", Calendar(STEP)), 3 * STEP),
    ]
    market = merge(checked, Calendar(STEP), others, fill_gaps, simulated=True)
    table = features.compute(market, NAMES, ())
    time_ms = milliseconds(market.frame.index)
    ready = np.isfinite(table.to_numpy()).all(axis=1)
    found = windows.find(ready, market.observed, market.numbers, LOOKBACK)
    keys = ["backtest.stop_loss=0.03", *ENTRY[decided_by]]
    chosen = make({}, [*keys, f"signal.without_forecast={without_forecast}"])
    volatility = experiment.volatility(
        market, make({}, ["label.horizon=3", "label.volatility_span=24"]).label
    )
    forecast = network(scalers, table.to_numpy(), found.start, volatility[found.target])
    band = Band.around(forecast, volatility[found.target], 0.02)
    decisions = trading.decide(market, found.target, forecast, np.full(len(table), np.nan), chosen, band=band)
    strategy, _ = trading.trade(decisions, chosen)
    target_ms, bar_ms = time_ms[found.target], decisions.bars.time.astype(np.int64)
    known = known_at(market)
    return {
        "merged": (known, market.frame.to_numpy()),
        "provenance": (known, market.provenance.to_numpy()),
        "features": (known, table.to_numpy()),
        "windows": (target_ms, time_ms[found.start]),
        "volatility": (time_ms, volatility[:, None]),
        "predictions": (target_ms, forecast),
        "bands": (bar_ms, np.stack([decisions.band.low, decisions.band.high], axis=1)),
        "signals": (bar_ms, decisions.signal),
        "equity": (bar_ms + STEP, strategy.equity),
    }


def linear(scalers, values, start, volatility):
    """A stand-in for the network: any fixed function of a window's own rows."""
    matrix = scalers.matrix(values)
    weight = np.linspace(-1, 1, LOOKBACK * values.shape[1], dtype=np.float32)
    output = np.array([float(np.dot(matrix[s : s + LOOKBACK].ravel(), weight)) for s in start], np.float32)
    return scalers.to_return(output * np.float32(1e-3), volatility)


@pytest.fixture(scope="module", params=["in returns", "in deviations, cut off"])
def scalers(request):
    rng = np.random.default_rng(0)
    values, returns = rng.normal(size=(50, len(NAMES))), rng.normal(size=50)
    if request.param == "in returns":
        return scaling.fit("standard", values, returns)
    return scaling.fit("standard", values, returns, np.full(50, 0.02), clip=2.0, label_clip=2.0)


@settings(max_examples=40, deadline=None)
@given(
    st.integers(0, 10_000),
    st.integers(230, COUNT - 20),
    st.booleans(),
    st.integers(0, 4),
    st.sampled_from(["hold", "flat"]),
    st.sampled_from(["forecast", "band"]),
)
def test_every_stage_stands_still_when_later_rows_are_cut_or_changed(
    scalers, seed, k, cutting, fill_gaps, without_forecast, decided_by
):
    k_ms = k * STEP
    original = raw_market(seed)
    rng = np.random.default_rng(seed + 1)
    moved = [cut(frame, k_ms) if cutting else perturbed(frame, k_ms, rng) for frame in original]
    before, after = (
        stages(*series, linear, scalers, fill_gaps, without_forecast, decided_by)
        for series in (original, moved)
    )
    for name, (known_ms, values) in before.items():
        moved_ms, moved_values = after[name]
        # A cut history ends with its last target row, and closes there what is open: that is no decision.
        ends_early = name in {"bands", "signals", "equity"} and cutting
        limit = min([k_ms, *moved_ms[-1:]]) if ends_early else k_ms
        kept, moved_kept = known_ms < limit, moved_ms < limit
        assert (known_ms[kept] == moved_ms[moved_kept]).all(), name
        assert np.array_equal(values[kept], moved_values[moved_kept], equal_nan=True), name
        assert kept.sum() > 0 or name in {"windows", "predictions", "bands", "signals", "equity"}


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 5))
def test_training_samples_know_nothing_of_later_parts(seed, horizon):
    """Changing every price from the first validation target on leaves training rows and labels alone."""
    candles, _, _ = raw_market(seed)

    def parts_of(frame):
        market = merge(check(frame, STEP, now_ms=COUNT * STEP).frame, Calendar(STEP), [], 3, simulated=True)
        table = features.compute(market, ("return_1", "return_6"), ())
        time_ms = milliseconds(market.frame.index)
        ready = np.isfinite(table.to_numpy()).all(axis=1)
        found = windows.find(ready, market.observed, market.numbers, LOOKBACK)
        forward_return = labels.forward_return(market.frame, market.observed, market.numbers, horizon, "open")
        parts = split.chronological(
            time_ms[found.target], np.isfinite(forward_return[found.target]), horizon * STEP, 0.2, 0.2
        )
        return market, table, found, forward_return, parts, time_ms

    _, table, found, forward_return, parts, time_ms = parts_of(candles)
    first_validation = time_ms[found.target[int(len(found) * (1 - 0.2 - 0.2))]]
    changed = candles.copy()
    later = milliseconds(candles.index) > first_validation
    changed.loc[later, ["open", "high", "low", "close"]] *= 3.0
    _, moved_table, moved_found, moved_realised, moved_parts, _ = parts_of(changed)
    assert (parts.train == moved_parts.train).all()
    used = windows.rows_used(found.start[parts.train], LOOKBACK, len(table))
    assert np.array_equal(table.to_numpy()[used], moved_table.to_numpy()[used])
    target = found.target[parts.train]
    assert np.array_equal(forward_return[target], moved_realised[moved_found.target[moved_parts.train]])


TRAIN = """
import hashlib, json, sys
from pathlib import Path
import joblib, numpy as np
from engine.pipeline import train
from engine.preparation import Job
from engine.runs.home import Home
from engine.settings import load
home = Home(Path(sys.argv[1]))
run = home.create("train", load(Path(sys.argv[2])))
train(Job(load(run.settings_path), run, home, 10**13, lambda event: None))
import keras
weights = keras.saving.load_model(run.path / "model.keras").get_weights()
scaler = joblib.load(run.path / "scaler.joblib")
print(json.dumps({
    "weights": hashlib.sha256(b"".join(w.tobytes() for w in weights)).hexdigest(),
    "mean": scaler["features"].mean_.tolist(), "label": scaler["label"].scale_.tolist(),
    "test": str(joblib.load(run.path / "metadata.joblib")["test_dates"][0]),
}))
"""


def test_changing_test_rows_leaves_scaler_and_weights_bit_equal(tmp_path):
    from engine.data.importing.files import import_file
    from engine.data.store import Store

    candles, _, _ = raw_market(5)
    toml = tmp_path / "quantdeck.toml"
    toml.write_text(
        '[data]\nseries = "mine"\n[window]\nlookback = 8\n[model]\nunits = [4]\nmembers = 1\n'
        "[training]\nepochs = 2\n"
        '[features]\nnames = ["return_1", "return_6", "rsi_14"]\n'
    )

    def trained(frame, home):
        path = tmp_path / f"{home}.csv"
        frame.to_csv(path, date_format="%Y-%m-%dT%H:%M:%SZ", index_label="time")
        import_file(path, Store(tmp_path / home / "data"), "mine", now_ms=10**13)
        done = subprocess.run(
            [sys.executable, "-c", TRAIN, str(tmp_path / home), str(toml)],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    first = trained(candles, "first")
    changed = candles.copy()
    test_ms = int(np.datetime64(first["test"], "ms").astype(np.int64))
    later = milliseconds(candles.index) > test_ms
    changed.loc[later, ["open", "high", "low", "close"]] *= 1.5
    assert trained(changed, "second") == first


def test_a_decision_fills_at_the_open_after_it_never_at_the_close_that_made_it():
    """Raising the open of the filled bar by itself changes what is paid: the close before does not decide."""
    candles, _, _ = raw_market(9)
    market = merge(check(candles, STEP, now_ms=COUNT * STEP).frame, Calendar(STEP), [], 0, simulated=True)
    chosen = make({}, ["backtest.fee_bps=0", "backtest.slippage_bps=0"])
    target = np.array([250])
    decisions = trading.decide(market, target, np.array([1.0]), np.full(len(market.frame), np.nan), chosen)
    strategy, _ = trading.trade(decisions, chosen)
    assert strategy.trades["entry_price"][0] == market.frame["open"].iloc[250]
    assert strategy.trades["entry_price"][0] != market.frame["close"].iloc[250]
