"""Features, store and import of a million rows and of the real BTC file."""

from __future__ import annotations

import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from benchmarks import work
from engine import features
from engine.data.importing.files import import_file
from engine.data.store import Series, Store
from engine.market.times import milliseconds
from engine.samples import windows

if TYPE_CHECKING:
    from collections.abc import Callable

REAL = Path(__file__).parents[1].parent / "shared" / "data" / "Binance_BTCUSDT_1h.csv.gz"
NOW_MS = 4_102_444_800_000  # 2100-01-01, behind every candle
# What a user of pandas alone would write for these: the peer of our own, name by name.
IN_PANDAS: dict[str, Callable[[pd.DataFrame], pd.Series[float]]] = {
    **{
        f"return_{n}": partial(lambda f, n: np.log(f["close"]).diff(n), n=n)
        for n in (1, 3, 6, 12, 24, 48, 168)
    },
    **{
        f"volatility_{n}": partial(lambda f, n: np.log(f["close"]).diff().rolling(n).std(), n=n)
        for n in (12, 24, 48, 168)
    },
    **{
        f"sma_distance_{n}": partial(lambda f, n: np.log(f["close"] / f["close"].rolling(n).mean()), n=n)
        for n in (12, 24, 48, 168)
    },
    **{
        f"volume_z_{n}": partial(
            lambda f, n: (f["volume"] - f["volume"].rolling(n).mean()) / f["volume"].rolling(n).std(), n=n
        )
        for n in (48, 168)
    },
    **{
        f"place_in_range_{n}": partial(
            lambda f, n: place(f, f["high"].rolling(n).max(), f["low"].rolling(n).min()), n=n
        )
        for n in (24, 168)
    },
    "bollinger_width": lambda f: 4 * f["close"].rolling(20).std() / f["close"].rolling(20).mean(),
    "parkinson_24": lambda f: np.sqrt(
        (np.log(f["high"] / f["low"]) ** 2).rolling(24).mean() / (4 * np.log(2))
    ),
    "bar_range": lambda f: np.log(f["high"] / f["low"]),
}


def place(frame: pd.DataFrame, highest: pd.Series[float], lowest: pd.Series[float]) -> pd.Series[float]:
    """Place of the close between two prices, -1 … 1."""
    return (2 * frame["close"] - highest - lowest) / (highest - lowest)


def every_feature(rows: str) -> dict[str, Callable[[], Any]]:
    """`features`: all columns; `windows`: every window over them."""
    market = work.market(int(rows))
    ready = np.isfinite(features.compute(market, ("all",)).to_numpy()).all(axis=1)  # (T,)
    return {
        "features": lambda: features.compute(market, ("all",)).shape[1],
        "windows": lambda: len(windows.find(ready, market.observed, market.numbers, work.LOOKBACK)),
    }


def some_features(rows: str) -> dict[str, Callable[[], Any]]:
    """`features`: those that pandas has a line for, by quantdeck; answers sums."""
    market = work.market(int(rows))
    return {"features": lambda: sums(features.compute(market, tuple(IN_PANDAS)))}


def some_in_pandas(rows: str) -> dict[str, Callable[[], Any]]:
    """`features`: the same by pandas."""
    frame = work.market(int(rows)).frame
    return {"features": lambda: sums(pd.DataFrame({name: make(frame) for name, make in IN_PANDAS.items()}))}


def sums(table: pd.DataFrame) -> list[float]:
    """What two tables must agree on."""
    return [float(each) for each in table.abs().sum()]


def walk(rows: int) -> Series:
    """Candles of work.candles as the store keeps them, hourly if there are not too many."""
    frame = work.candles(rows)
    time_ms = milliseconds(frame.index)
    step_ms = int(time_ms[1] - time_ms[0])
    return Series(
        name="walk", kind="candles", exchange="", symbol="BTC/USDT",
        timeframe="1h" if step_ms == work.HOUR_MS else "1m",
        simulated=True, known=((int(time_ms[0]), int(time_ms[-1]) + step_ms),), absent=(), origin={},
        report={}, frame=frame,
    )  # fmt: skip


def stored(rows: str) -> dict[str, Callable[[], Any]]:
    """`read`: a series from the store, checked."""
    folder = tempfile.TemporaryDirectory()
    store = Store(Path(folder.name))
    store.write(walk(int(rows)))

    def read(kept: Any = folder) -> list[float]:
        del kept  # the folder lives as long as this
        return [float(store.read("walk").frame["close"].iloc[-1])]

    return {"read": read}


def parquet_in_pandas(rows: str) -> dict[str, Callable[[], Any]]:
    """`read`: the same rows by pandas.read_parquet, unchecked."""
    folder = tempfile.TemporaryDirectory()
    path = Path(folder.name) / "walk.parquet"
    work.candles(int(rows)).to_parquet(path)

    def read(kept: Any = folder) -> list[float]:
        del kept
        return [float(pd.read_parquet(path)["close"].iloc[-1])]

    return {"read": read}


def imported(rows: str = "") -> dict[str, Callable[[], Any]]:
    """`import`: read, check and store a file: the real BTC file, or a CSV of so many rows."""
    folder = tempfile.TemporaryDirectory()
    path, store = table_of(rows, folder.name), Store(Path(folder.name) / "store")

    def act(kept: Any = folder) -> int:
        del kept
        return int(import_file(path, store, "candles", now_ms=NOW_MS).rows_stored)

    return {"import": act}


def csv_in_pandas(rows: str = "") -> dict[str, Callable[[], Any]]:
    """`import`: the same file by pandas.read_csv, unchecked and not stored."""
    folder = tempfile.TemporaryDirectory()
    path = table_of(rows, folder.name)

    def act(kept: Any = folder) -> int:
        del kept
        return len(pd.read_csv(path))

    return {"import": act}


def table_of(rows: str, folder: str) -> Path:
    """A CSV of so many candles, or the real file."""
    if not rows:
        return REAL
    path = Path(folder) / "walk.csv"
    frame = work.candles(int(rows)).drop(columns="flag").round(2)
    frame.insert(0, "timestamp", milliseconds(frame.index))
    frame.to_csv(path, index=False)
    return path
