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
from engine.outcome import BARS, DECIDED, PREDICTIONS, TRADES, decisions_in
from engine.results.trade_terms import COLUMNS, MOMENTS
from engine.runs.manifest import read_checked
from engine.runs.remedies import anew
from engine.universe.results import bars_in, decided_in, index_bars

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from engine.universe.trading import Decided

OTHER_BARS = "is of other bars than the predictions"
TEXTS = ("symbol", "side", "exit_reason")


def decisions_of(path: Path, calendar: str) -> Decisions:
    """The bars of a run and what was decided for each. Raises RepairDataError."""
    frame = parquet(path, BARS, bars_columns(path))
    predictions = parquet(path, PREDICTIONS, (*DECIDED, *there(path, PREDICTIONS, ("weight", "low", "high"))))
    if not frame.index.equals(predictions.index):
        raise RepairDataError(str(path / BARS), OTHER_BARS, anew(path))
    return decisions_in(bars_of(frame, calendar), predictions)


def universe_of(path: Path, calendar: str) -> Decided:
    """What was decided for each symbol of a universe's run, in its order. Raises RepairDataError."""
    read = ("symbol", "member", *DECIDED, *there(path, PREDICTIONS, ("low", "high")))
    bars, predictions = bars_by_symbol(path, calendar), parquet(path, PREDICTIONS, read)
    try:
        return decided_in(bars, predictions)
    except ValueError:
        raise RepairDataError(str(path / BARS), OTHER_BARS, anew(path)) from None


def as_one(universe: Decided) -> Decisions:
    """The symbols as one market, in equal parts from their first bars on; nothing is decided there."""
    bars = index_bars(universe.bars)
    unknown = np.full(len(bars), np.nan)
    return Decisions(bars, unknown, np.zeros(len(bars), np.int8), unknown, weight=unknown)


def bars_by_symbol(path: Path, calendar: str) -> dict[str, Bars]:
    """The bars of each symbol of a universe's run, (B_s,), in its order. Raises RepairDataError."""
    return bars_in(parquet(path, BARS, ("symbol", *bars_columns(path))), calendar)


def bars_columns(path: Path) -> tuple[str, ...]:
    """The columns of a run's bars; those that are 0 throughout are not written. Raises RepairDataError."""
    return (*(name for name in ARRAYS if name not in DUE_LATER), *there(path, BARS, DUE_LATER))


def there(path: Path, name: str, columns: Iterable[str]) -> tuple[str, ...]:
    """Those of the columns that a table of the run has."""
    found = columns_of(path, name)
    return tuple(each for each in columns if each in found)


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
        raise RepairDataError(str(path), f"cannot be read: {reason}", anew(path.parent)) from error
