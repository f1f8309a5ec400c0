"""The trade list as a table and as CSV."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from engine.results.trade_terms import COLUMNS, REASONS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.statistics.account import AccountHistory


def trade_table(simulation: AccountHistory, symbol: str | NDArray[np.object_]) -> pd.DataFrame:
    """One row a trade, in the order of exits, with the columns COLUMNS. symbol: of all, or (N,) of each.

    entry_time and exit_time (datetime64[ms, UTC]) are the open times of the bars in which the position
    was opened and became flat; side is `long` or `short`; prediction is the return that was forecast for
    the entry bar; exit_reason is one of REASONS.
    """
    trades = simulation.trades
    columns: dict[str, Any] = {name: trades[name] for name in trades.dtype.names or ()}
    columns |= {
        "symbol": np.full(len(trades), symbol, dtype=object),
        "side": np.where(trades["side"] > 0, "long", "short"),
        "entry_time": pd.DatetimeIndex(simulation.time[trades["entry_bar"]], tz="UTC"),
        "exit_time": pd.DatetimeIndex(simulation.time[trades["exit_bar"]], tz="UTC"),
        "exit_reason": np.array(REASONS, dtype=object)[trades["exit_reason"]],
    }
    return pd.DataFrame({name: columns[name] for name in COLUMNS})


def to_csv_bytes(table: pd.DataFrame) -> bytes:
    """The table as CSV: one header row, LF ends a line, ISO 8601 times ending in Z, shortest exact floats."""
    written = table.copy()
    for name in ("entry_time", "exit_time"):
        stamps = pd.DatetimeIndex(table[name]).tz_convert(None).as_unit("ms")
        unit: Literal["s", "ms"] = "ms" if (stamps.asi8 % 1000).any() else "s"
        written[name] = np.char.add(np.datetime_as_string(stamps.to_numpy(), unit=unit), "Z")
    return bytes(written.to_csv(index=False, lineterminator="\n").encode())
