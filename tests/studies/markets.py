"""A small simulated market in a store, and the stages that replay it, with a stand-in for the network."""

import numpy as np
import pandas as pd

from engine.data.demo.market import DemoMarket
from engine.data.demo.paths import ORIGIN_MS
from engine.data.plan import demo_name
from engine.data.store import Series, Store, series_name
from engine.market.candles import OHLCV, check, check_values
from engine.market.times import time_index
from engine.settings import make
from engine.studies.leak_audit.history import recorded
from engine.studies.leak_audit.stages import ordinary

STEP, BARS, LOOKBACK = 3_600_000, 900, 12
NAMES = ("return_1", "return_6", "rsi_14", "funding_rate", "second_spread")
FIRST_MS = ORIGIN_MS + 60 * 24 * STEP
END_MS = FIRST_MS + BARS * STEP


def settings_of(*overrides):
    return make(
        {},
        [
            "data.exchange=demo", "data.start=2019-03-02", "data.end=2019-04-08T12:00", "data.funding=true",
            "data.second_exchange=demo", f"features.names={','.join(NAMES)}", f"window.lookback={LOOKBACK}",
            "label.horizon=6", "split.test=0.25", *overrides,
        ],
    )  # fmt: skip


def filled_store(folder, settings, gaps=()):
    """The series that collection would have stored, straight from the simulated market.

    gaps: of the traded candles, (place, bars), the place as a share of all.
    """
    market = DemoMarket(settings.demo.seed, settings.demo.edge, "1h")
    store, base = Store(folder), demo_name(settings.data, settings.demo)
    early = FIRST_MS - 48 * STEP
    for exchange, second in ((base, False), (f"{base}-second", True)):
        candles = market.candles("BTC/USDT", "1h", early, END_MS, second=second)
        raw = pd.DataFrame({name: getattr(candles, name) for name in OHLCV}, index=time_index(candles.time))
        missing = np.zeros(len(raw), np.bool_)
        for place, bars in () if second else gaps:
            missing[int(place * len(raw)) :][:bars] = True
        put(store, exchange, "BTC/USDT", "1h", "candles", check(raw[~missing], STEP, END_MS).frame)
    paid = market.funding("BTC/USDT:USDT", early, END_MS + 1)
    raw = pd.DataFrame({"value": paid.rate}, index=time_index(paid.time))
    put(store, base, "BTC/USDT:USDT", "8h", "funding", check_values(raw, END_MS).frame)
    return store


def put(store, exchange, symbol, timeframe, kind, frame):
    name = series_name(exchange, symbol, timeframe, kind)
    known = ((0, END_MS + 10 * STEP),)
    with store.locked(name):
        store.write(Series(name, kind, exchange, symbol, timeframe, simulated=True, known=known, frame=frame))


def linear(matrix, start, emit):
    """A fixed function of a window's own values: rows (T, F), first rows (n,) → (n,)."""
    windows = matrix[start[:, None] + np.arange(LOOKBACK)]  # (n, L, F)
    weight = np.linspace(-1, 1, windows[0].size, dtype=np.float32)
    return np.array([np.dot(window.ravel(), weight) for window in windows], np.float32)


def prepared(folder, *overrides, own=(), gaps=()):
    """Stages, history and label reach of a run on this market."""
    settings = settings_of(*overrides)
    history = recorded(settings, filled_store(folder, settings, gaps), END_MS)
    reach = settings.label.horizon
    return ordinary(settings, own, [linear]), history, reach
