"""Signals of your own through quantdeck's simulator: a crossing of two averages, beside buy and hold.

    python examples/own_signals.py [candles.csv]

Without a file of candles it trades a year of the SIMULATED market. The signals go through a CSV file, as they
would come from another program: `quantdeck simulate --candles FILE --signals FILE` does the same as a run.
"""

import sys
import tempfile
from pathlib import Path

import pandas as pd

from engine.data.demo.market import DemoMarket
from engine.data.importing import files
from engine.market.times import time_index
from engine.settings import make
from engine.studies.simulate_signals import simulate_signals

YEAR_MS = 365 * 86_400_000
BEGIN_MS = 1_735_689_600_000  # 2025-01-01
FAST, SLOW = 48, 240  # bars
SETTINGS = make({}, ["backtest.fee_bps=5", "backtest.borrow_rate=0.05"])


def simulated_candles(begin_ms=BEGIN_MS, end_ms=BEGIN_MS + YEAR_MS):
    """Hourly candles that nobody ever traded, (T, 5)."""
    bars = DemoMarket(seed=7, edge=0.05, timeframe="1h").candles("BTC/USDT", "1h", begin_ms, end_ms)
    columns = {name: getattr(bars, name) for name in ("open", "high", "low", "close", "volume")}
    return pd.DataFrame(columns, index=time_index(bars.time))


def crossing(close):
    """1 while the fast average is above the slow one, -1 while it is below, (T,).

    A row's time is that of the bar at whose open it is traded. It must not use that bar's close: the shift.
    """
    above = close.rolling(FAST).mean() > close.rolling(SLOW).mean()
    return (above.astype(int) * 2 - 1).shift(1).iloc[SLOW:].astype(int).rename("signal")


def main(file=""):
    """Print the strategy's figures beside buy and hold's."""
    candles = files.read(Path(file)).frame if file else simulated_candles()
    with tempfile.TemporaryDirectory() as folder:
        signals = Path(folder) / "signals.csv"
        crossing(candles["close"]).to_csv(signals, index_label="time", date_format="%Y-%m-%dT%H:%M:%SZ")
        result = simulate_signals(candles, signals, SETTINGS)
    for name in ("total_return", "sharpe", "max_drawdown", "trades"):
        print(f"{name:14} {result.metrics[name]:10.3f} {result.benchmark[name]:10.3f}")
    print(
        result.trades[["side", "entry_time", "exit_time", "pnl", "exit_reason"]]
        .tail(3)
        .to_string(index=False)
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
