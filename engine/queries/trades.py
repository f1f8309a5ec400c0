"""The trades of a result, a window of them at a time: filtered, sorted, and written out.

The order of the last few questions is kept, so that paging through 100,000 trades looks nothing up twice.
"""

from __future__ import annotations

from collections import OrderedDict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.backtest.trades import to_csv_bytes
from engine.disk import refuse_output, write_whole
from engine.errors import ChangeSettingsError
from engine.queries.result import traded
from engine.results.answers import TradesPage, WrittenTrades
from engine.results.trade_terms import COLUMNS, MOMENTS, Term, column_of, terms

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from engine.queries.result import Traded
    from engine.runs.events import Event

MOST_ROWS = 1000
KEPT_ORDERS = 4
ORDERS: OrderedDict[tuple[int, str, str, bool], tuple[Traded, NDArray[np.int64]]] = OrderedDict()


def window(request: Event) -> TradesPage:
    """Rows `from` … `from + count` of the trades.

    `filter` as in filters.chosen, `sort` a column (empty: as they were traded), `reverse` from the largest
    on, `overrides` as in a what-if. `total` counts the trades that the filter keeps, `all` every one.
    """
    _, again = traded(request)
    rows = order(again, request)
    start = min(whole(request, "from", 0), len(rows))
    shown = again.trades.iloc[rows[start : start + min(whole(request, "count", 50), MOST_ROWS)]]
    return TradesPage(
        columns=COLUMNS,
        rows=tuple(zip(*(plain(shown, name) for name in COLUMNS), strict=True)),
        start=start,
        total=len(rows),
        all=len(again.trades),
        pnl=float(again.trades["pnl"].to_numpy()[rows].sum()),
    )


def plain(trades: pd.DataFrame, name: str) -> list[Any]:
    """A column as JSON values; times as ISO 8601."""
    if name in MOMENTS:
        return [
            f"{text}Z" for text in trades[name].to_numpy("datetime64[ms]").astype("datetime64[s]").astype(str)
        ]
    return list(trades[name].tolist())


def whole(request: Event, key: str, default: int) -> int:
    """A count out of a request. Raises ChangeSettingsError."""
    value = request.get(key, default)
    if type(value) is not int or value < 0:
        raise ChangeSettingsError(key, f"{value!r} is no count", "Give a whole number of 0 or more")
    return value


def order(again: Traded, request: Event) -> NDArray[np.int64]:
    """The row numbers that the filter keeps, as sorted; undefined values come last either way."""
    text, sort = str(request.get("filter") or ""), str(request.get("sort") or "")
    key = (id(again), text, sort, bool(request.get("reverse")))
    if key not in ORDERS:
        rows = np.flatnonzero(chosen(again.trades, text))
        ORDERS[key] = (again, sorted_rows(again.trades, rows, sort, reverse=key[3]))
        while len(ORDERS) > KEPT_ORDERS:
            ORDERS.popitem(last=False)
    ORDERS.move_to_end(key)
    return ORDERS[key][1]


def sorted_rows(
    trades: pd.DataFrame, rows: NDArray[np.int64], sort: str, *, reverse: bool
) -> NDArray[np.int64]:
    """The rows in the order of a column, equal ones as they were traded. Raises ChangeSettingsError."""
    if not sort:
        return rows[::-1] if reverse else rows
    column = trades[column_of(sort)]
    values = column.to_numpy() if column.dtype.kind in "fiu" else column.rank(method="dense").to_numpy()
    values = values[rows].astype(np.float64)
    return rows[np.argsort(-values if reverse else values, kind="stable")]  # NaN is last for argsort


def export(request: Event) -> WrittenTrades:
    """Write the trades of a question, as filtered and sorted, to the file `path`: CSV as trades.csv is.

    Raises ChangeSettingsError, MakeRoomError.
    """
    path = Path(str(request["path"]))
    if path.suffix != ".csv":
        raise ChangeSettingsError(str(path), "does not end in .csv", "Name it so")
    home = Path(str(request["run"])).parent.parent
    refuse_output(path, home, replace=bool(request.get("replace")))
    _, again = traded(request)
    rows = order(again, request)
    write_whole(path, to_csv_bytes(again.trades.iloc[rows]))
    return WrittenTrades(str(path), len(rows))


def chosen(trades: pd.DataFrame, text: str) -> NDArray[np.bool_]:
    """Which trades (N,) keep every term of the filter; all do if there is none.

    An undefined value keeps no term. Raises ChangeSettingsError.
    """
    keep = np.ones(len(trades), dtype=np.bool_)  # (N,)
    for term in terms(text):
        keep &= holds(trades, term)
    return keep


def holds(trades: pd.DataFrame, term: Term) -> NDArray[np.bool_]:
    """Which trades (N,) keep one term."""
    column = trades[term.column]
    if isinstance(term.value, str):
        return np.asarray(term.compare(column.to_numpy(dtype=object), term.value), dtype=np.bool_)
    if term.column in MOMENTS:
        moments: NDArray[Any] = column.to_numpy(dtype="datetime64[ms]").astype(np.int64)
        return np.asarray(term.compare(moments, term.value), dtype=np.bool_)
    values = column.to_numpy(dtype=np.float64)
    kept: NDArray[np.bool_] = term.compare(values, term.value) & ~np.isnan(values)
    return kept
