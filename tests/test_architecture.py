"""The walls of the house, beyond those that the import contracts hold."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
HEAVY = (
    "numpy",
    "pandas",
    "keras",
    "jax",
    "sklearn",
    "ccxt",
    "pyarrow",
    "numba",
    "scipy",
    "joblib",
    "aiohttp",
)

PURE_WORK = """
import sys
import numpy as np
import pandas as pd
from engine.backtest.bars import Bars
from engine.statistics.forecast import forecast_quality
from engine.backtest.rules import Rules
from engine.backtest.signals import targets, threshold
from engine.backtest.simulate import buy_and_hold, simulate
from engine.statistics.tear_sheet import tear_sheet
from engine.backtest.trades import to_csv_bytes, trade_table
from engine import features
from engine.samples import labels, scaling, split, windows
from engine.market.calendar import Calendar
from engine.market.candles import check
from engine.market.merge import Other, column_values, fingerprint, merge
from engine.market.times import milliseconds, time_index
from engine.settings import Backtest

STEP, COUNT = 3_600_000, 900
market_rng = np.random.default_rng(3)


def work():
    close = 100 * np.exp(np.cumsum(market_rng.normal(0, 0.01, COUNT)))
    opening = np.concatenate([[100], close[:-1]])
    raw = pd.DataFrame(
        {"open": opening, "high": np.maximum(opening, close) * 1.001,
         "low": np.minimum(opening, close) * 0.999, "close": close,
         "volume": market_rng.uniform(1, 2, COUNT)},
        index=time_index(np.arange(COUNT, dtype=np.int64) * STEP),
    )
    candles = check(raw, STEP, now_ms=COUNT * STEP).frame
    other = Other("second_close", column_values(candles, "close", Calendar(STEP)), 3 * STEP)
    market = merge(candles, Calendar(STEP), [other], 0, simulated=True)
    fingerprint(market)
    names = features.resolve(("all",), tuple(market.frame.columns), ())
    table = features.compute(market, names, ())
    time_ms = milliseconds(market.frame.index)
    ready = np.isfinite(table.to_numpy()).all(axis=1)
    found = windows.find(ready, market.observed, market.numbers, 10)
    realised = labels.forward_return(market.frame, market.observed, market.numbers, 1, "open")
    target = found.target
    parts = split.chronological(time_ms[target], np.isfinite(realised[target]), STEP, 0.2, 0.2)
    used = windows.rows_used(found.start[parts.train], 10, COUNT)
    values = table.to_numpy()
    scaling.fit("standard", values[used], realised[target[parts.train]]).matrix(values)
    bars = Bars.of(market.frame, 24, market.funding)
    rules = Rules.of(Backtest(), market.calendar)
    forecast = market_rng.normal(0, 0.001, COUNT)
    strategy = simulate(bars, targets(threshold(forecast, 0.0005), "hold"), rules, forecast)
    tear_sheet(strategy, buy_and_hold(bars, rules))
    forecast_quality(forecast, realised)
    to_csv_bytes(trade_table(strategy, "BTC/USDT"))


work()  # imports and machine code are loaded the first time
touched = []
WATCHED = ("open", "socket.", "subprocess.", "os.listdir", "os.remove", "os.rename", "os.mkdir")


def watch(name, arguments):
    if name.startswith(WATCHED):
        touched.append((name, str(arguments)))


sys.addaudithook(watch)
before = np.random.get_state()[1].tobytes(), np.random.get_state()[2]
work()
after = np.random.get_state()[1].tobytes(), np.random.get_state()[2]
print(touched, before == after)
"""


def python(code):
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    ).stdout


def test_pure_rooms_touch_no_file_socket_or_global_random_state():
    assert python(PURE_WORK) == "[] True\n"


def test_what_the_app_sees_of_the_engine_is_light():
    code = (
        "import sys, engine.runs.folder, engine.runs.state, engine.runs.launch, engine.runs.requests;"
        f"print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    assert python(code) == "[]\n"


def test_nothing_in_the_tree_names_a_registry_or_a_place_on_one_machine():
    tracked = subprocess.run(
        ["git", "ls-files"], capture_output=True, text=True, check=False, cwd=ROOT
    ).stdout
    forbidden = ("pypi" + ".org", "pythonhosted" + ".org", "deb." + "debian", "/wo" + "rk/", "/ro" + "ot/")
    found = [
        (name, word)
        for name in tracked.split()
        if (ROOT / name).is_file()
        for word in forbidden
        if word in (ROOT / name).read_text(errors="ignore")
    ]
    assert found == []
