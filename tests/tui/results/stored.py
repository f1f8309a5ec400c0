"""Stored series of every kind, at fixed times."""

import numpy as np
import pandas as pd

from engine.data.store import Series, Store
from engine.market.candles import check
from engine.market.times import milliseconds, time_index

HOUR = 3_600_000
END = 1_795_348_800_000  # 2026-11-22 12:00


def candles(count, until, missing=()):
    """Hourly candles that end at `until`, without some of them, checked."""
    kept = np.setdiff1d(np.arange(count), missing)
    # Rounded to ticks: the last bit of an exponential, and so a hash of it, is another on another processor.
    close = np.round(100 * np.exp(np.cumsum(np.random.default_rng(1).normal(0, 0.01, count))), 2)
    opened = np.concatenate([[100.0], close[:-1]])
    frame = pd.DataFrame(
        {
            "open": opened, "high": np.round(np.maximum(opened, close) * 1.001, 2),
            "low": np.round(np.minimum(opened, close) * 0.999, 2), "close": close,
            "volume": np.full(count, 5.0),
        },
        index=time_index(until - np.arange(count, 0, -1) * HOUR),
    )  # fmt: skip
    return check(frame.iloc[kept], HOUR, until)


def write(store, name, kind, exchange, symbol, timeframe, checked, *, simulated=False, absent=()):
    times = milliseconds(checked.frame.index)
    with store.locked(name):
        store.write(
            Series(
                name, kind, exchange, symbol, timeframe, simulated,
                known=((int(times[0]), int(times[-1]) + HOUR),), absent=absent,
                origin={} if exchange else {"file": "hourly.csv", "sha256": "0" * 64},
                report=checked.report.as_dict(), frame=checked.frame,
            )
        )  # fmt: skip


def fill(home):
    store = Store(home.data)
    gappy = candles(3000, END, missing=[*range(700, 900), 2000])
    absent = tuple(gappy.report.gap_list[:1])
    write(store, "binance_BTC-USDT_1h_candles", "candles", "binance", "BTC/USDT", "1h", gappy, absent=absent)
    write(
        store,
        "kraken_BTC-USD_1h_candles",
        "candles",
        "kraken",
        "BTC/USD",
        "1h",
        candles(720, END - 30 * HOUR),
    )
    demo = candles(500, END)
    write(store, "demo-7-0.05-1h_BTC-USDT_1h_candles", "candles", "demo-7-0.05-1h", "BTC/USDT", "1h", demo,
          simulated=True)  # fmt: skip
    write(store, "hourly", "candles", "", "", "1h", candles(1200, END - 900 * HOUR))
    (home.data / "torn.parquet").write_bytes(b"PAR1 nothing more")
