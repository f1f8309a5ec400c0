"""The tables of a run folder that holds a backtest, each read through the manifest."""

from __future__ import annotations

import contextlib
import io
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from engine.backtest.bars import ARRAYS, DUE_LATER, Bars, bars_of
from engine.backtest.trading import Decisions
from engine.errors import RepairDataError
from engine.hints import run_hint
from engine.outcome import BARS, PREDICTIONS, TRADES
from engine.results.trade_terms import COLUMNS, MOMENTS
from engine.runs.manifest import read_checked
from engine.statistics.conformal import Band
from engine.universe.results import index_bars
from engine.universe.trading import Decided

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TEXTS = ("symbol", "side", "exit_reason")


def decisions_of(path: Path, calendar: str) -> Decisions:
    """The bars of a run and what was decided for each. Raises RepairDataError."""
    predictions = parquet(path, PREDICTIONS, ("prediction", "signal", "realised"))
    found = columns_of(path, BARS)
    frame = parquet(path, BARS, tuple(name for name in ARRAYS if name not in DUE_LATER or name in found))
    more = columns_of(path, PREDICTIONS)
    given = "weight" in more  # by somebody, without forecasts
    weight = parquet(path, PREDICTIONS, ("weight",))["weight"].to_numpy() if given else None
    edges = parquet(path, PREDICTIONS, ("low", "high")) if {"low", "high"} <= set(more) else None
    band = None if edges is None else Band(edges["low"].to_numpy(), edges["high"].to_numpy())
    if not frame.index.equals(predictions.index):
        raise RepairDataError(str(path / BARS), "is of other bars than the predictions", again(path))
    bars = bars_of(frame, calendar)
    forecast, signal, forward_return = (predictions[name].to_numpy() for name in predictions)
    return Decisions(bars, forecast, signal.astype(np.int8), forward_return, weight, band)


def universe_of(path: Path, calendar: str) -> Decided:
    """What was decided for each symbol of a universe's run, in its order. Raises RepairDataError."""
    more = tuple(name for name in ("low", "high") if name in columns_of(path, PREDICTIONS))
    read = ("symbol", "prediction", "signal", "realised", "member", *more)
    bars, predictions = bars_by_symbol(path, calendar), parquet(path, PREDICTIONS, read)
    of = {str(name): rows for name, rows in predictions.groupby("symbol", sort=False)}
    if {name: len(rows) for name, rows in of.items()} != {name: len(each) for name, each in bars.items()}:
        raise RepairDataError(str(path / BARS), "is of other bars than the predictions", again(path))
    decisions = {
        name: Decisions(
            bars[name], rows["prediction"].to_numpy(), rows["signal"].to_numpy(np.int8),
            rows["realised"].to_numpy(),
            band=Band(rows["low"].to_numpy(), rows["high"].to_numpy()) if more else None,
        )
        for name, rows in of.items()
    }  # fmt: skip
    return Decided(decisions, {name: rows["member"].to_numpy(np.bool_) for name, rows in of.items()})


def as_one(universe: Decided) -> Decisions:
    """The symbols as one market, in equal parts from their first bars on; nothing is decided there."""
    bars = index_bars(universe.bars)
    unknown = np.full(len(bars), np.nan)
    return Decisions(bars, unknown, np.zeros(len(bars), np.int8), unknown, weight=unknown)


def bars_by_symbol(path: Path, calendar: str) -> dict[str, Bars]:
    """The bars of each symbol of a universe's run, (B_s,), in its order. Raises RepairDataError."""
    found = columns_of(path, BARS)
    named = tuple(name for name in ARRAYS if name not in DUE_LATER or name in found)
    frame = parquet(path, BARS, ("symbol", *named))
    groups = frame.groupby("symbol", sort=False)
    return {str(name): bars_of(rows.drop(columns="symbol"), calendar) for name, rows in groups}


def columns_of(path: Path, name: str) -> tuple[str, ...]:
    """The columns of a table of the run."""
    found = read_checked(path, name)
    with damaged(path / name):
        return tuple(pq.read_schema(io.BytesIO(found)).names)


def trades_of(path: Path) -> pd.DataFrame:
    """trades.csv as a table: numbers float64 or int64, times datetime64[ms, UTC]."""
    numbers = [name for name in COLUMNS if name not in (*TEXTS, *MOMENTS)]
    with damaged(path / TRADES):
        table = pd.read_csv(
            io.BytesIO(read_checked(path, TRADES)),
            keep_default_na=False,
            na_values={name: [""] for name in numbers},
            dtype=dict.fromkeys(TEXTS, object),
        )
        if "absorbed" not in table:  # written before margin was held
            table["absorbed"] = 0.0
        for name in MOMENTS:
            table[name] = pd.to_datetime(table[name], utc=True, format="ISO8601").dt.as_unit("ms")
        return table[list(COLUMNS)]


def parquet(path: Path, name: str, columns: tuple[str, ...]) -> pd.DataFrame:
    """A Parquet artifact of a run with these columns. Raises RepairDataError."""
    found = read_checked(path, name)
    with damaged(path / name):
        return pd.read_parquet(io.BytesIO(found), columns=list(columns))


@contextlib.contextmanager
def damaged(path: Path) -> Iterator[None]:
    """Turn what goes wrong in reading a file into RepairDataError that names it."""
    try:
        yield
    except (ValueError, TypeError, KeyError, OSError) as error:  # Arrow's errors are ValueErrors and OSErrors
        reason = str(error).partition("\n")[0] or type(error).__name__
        raise RepairDataError(str(path), f"cannot be read: {reason}", again(path.parent)) from error


def again(run: Path) -> str:
    """The remedy where a result is lacking or broken."""
    return f"Backtest the run again: {run_hint(run, 'backtest RUN')}"
