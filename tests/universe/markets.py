"""Markets that begin, end and pause at different times, and a store that holds such."""

import numpy as np
import pandas as pd
from hypothesis import strategies as st

from engine.data.store import Series, Store
from engine.market.calendar import Calendar
from engine.market.candles import check
from engine.market.merge import merge
from engine.market.times import time_index

STEP = 3_600_000
FIRST_MS = 1_600_000_000_000 // 86_400_000 * 86_400_000


def candles(seed, first, bars, missing=()):
    """Random candles from bar number `first` on, without the places `missing`."""
    random = np.random.default_rng(seed)
    close = 100 * np.exp(np.cumsum(random.normal(0, 0.01, bars + 1)))
    open_, close = close[:-1], close[1:]
    spread = np.abs(random.normal(0, 0.002, (2, bars)))
    frame = pd.DataFrame(
        {
            "open": open_,
            "high": np.maximum(open_, close) * (1 + spread[0]),
            "low": np.minimum(open_, close) * (1 - spread[1]),
            "close": close,
            "volume": random.lognormal(3, 1, bars),
        },
        index=time_index(FIRST_MS + STEP * (first + np.arange(bars))),
    )
    kept = ~np.isin(np.arange(bars), list(missing))
    return check(frame[kept], STEP, FIRST_MS + STEP * 100_000).frame


def market(seed, first, bars, missing=(), fill_gaps=3):
    return merge(candles(seed, first, bars, missing), Calendar(STEP), [], fill_gaps, simulated=True)


@st.composite
def universes(draw, least=2, most=4, bars=(60, 200)):
    """Seed, first bar, bars and missing ones of each symbol, as `market` takes them."""
    found = []
    for number in range(draw(st.integers(least, most))):
        count = draw(st.integers(*bars))
        begins = [draw(st.integers(1, count - 8)) for _ in range(draw(st.integers(0, 2)))]
        gaps = [at + more for at in begins for more in range(draw(st.integers(1, 6)))]
        missing = [at for at in gaps if at < count - 1]
        found.append(
            (draw(st.integers(0, 99)) * 10 + number, draw(st.integers(0, 100)), count, tuple(missing))
        )
    return found


def stored(folder, **symbols):
    """A store with a series of candles a name: (seed, first, bars[, missing])."""
    store = Store(folder)
    for name, given in symbols.items():
        series = Series(
            name, "candles", "", f"{name.upper()}/USDT", "1h", simulated=False, frame=candles(*given)
        )
        with store.locked(name):
            store.write(series)
    return store
