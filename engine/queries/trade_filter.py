"""Filters on trades: `pnl<0 side=short bars>24`; all terms must hold."""

from __future__ import annotations

import difflib
import math
import operator
import re
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.backtest.records import REASONS
from engine.backtest.trades import COLUMNS
from engine.errors import ChangeSettingsError
from engine.queries.result import MOMENTS
from engine.settings import moment

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

TERM = re.compile(r"\s*([A-Za-z_]+)\s*(<=|>=|!=|=|<|>)\s*(\S+)")
COMPARE = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
    "=": operator.eq, "!=": operator.ne,
}  # fmt: skip
ALSO = {
    "entry": "entry_time", "exit": "exit_time", "why": "exit_reason", "reason": "exit_reason",
    "equity": "equity_after", "gross": "gross_pnl", "number": "trade",
}  # fmt: skip
SHORT = {"stop": "stop-loss", "target": "take-profit", "trailing": "trailing-stop"}
CHOICES = {"side": ("long", "short"), "exit_reason": REASONS}
EXAMPLE = "Write it such as pnl<0 side=short bars>24 return>1% entry>=2021-01-31"


def chosen(trades: pd.DataFrame, text: str) -> NDArray[np.bool_]:
    """Which trades (N,) keep every term of the filter; all do if there is none.

    A term is column, comparison, value; shares may be written in percent, times as ISO 8601 in UTC. An
    undefined value keeps no term. Raises ChangeSettingsError.
    """
    keep = np.ones(len(trades), dtype=np.bool_)  # (N,)
    position = 0
    while text[position:].strip():
        term = TERM.match(text, position)
        if term is None:
            raise ChangeSettingsError(f"filter {text[position:].strip()!r}", "is no comparison", EXAMPLE)
        keep &= holds(trades, *term.groups())
        position = term.end()
    return keep


def holds(trades: pd.DataFrame, name: str, sign: str, value: str) -> NDArray[np.bool_]:
    """Which trades (N,) keep one term."""
    column = column_of(name)
    compare = COMPARE[sign]
    if column in (*CHOICES, "symbol"):
        wanted = word(column, sign, value)
        return np.asarray(compare(trades[column].to_numpy(dtype=object), wanted), dtype=np.bool_)
    if column in MOMENTS:
        values: NDArray[Any] = trades[column].to_numpy(dtype="datetime64[ms]").astype(np.int64)
        return np.asarray(compare(values, moment_ms(column, value)), dtype=np.bool_)
    values = trades[column].to_numpy(dtype=np.float64)
    kept: NDArray[np.bool_] = compare(values, number(column, value)) & ~np.isnan(values)
    return kept


def column_of(name: str) -> str:
    """The column that a name means. Raises ChangeSettingsError with the near one."""
    column = ALSO.get(name.lower(), name.lower())
    if column not in COLUMNS:
        near = difflib.get_close_matches(column, [*COLUMNS, *ALSO], 1, 0.5)
        hint = f"Did you mean {near[0]}? " if near else ""
        raise ChangeSettingsError(
            f"column {name!r}", "trades have none", f"{hint}There are {', '.join(COLUMNS)}"
        )
    return column


def word(column: str, sign: str, value: str) -> str:
    """A value of a column of words. Raises ChangeSettingsError."""
    if sign not in {"=", "!="}:
        raise ChangeSettingsError(f"filter {column}{sign}{value}", "words have no order", "Use = or !=")
    choices = CHOICES.get(column)
    if choices is None:
        return value
    wanted = SHORT.get(value.lower(), value.lower())
    if wanted not in choices:
        raise ChangeSettingsError(
            f"filter {column}{sign}{value}",
            f"there is no {column} {value!r}",
            f"Choose of {', '.join(choices)}",
        )
    return wanted


def number(column: str, value: str) -> float:
    """A number, or a share in percent. Raises ChangeSettingsError."""
    try:
        read = float(value.removesuffix("%").replace(",", ""))
    except ValueError:
        read = math.nan
    if not math.isfinite(read):
        raise ChangeSettingsError(f"filter {column} {value}", "is compared with no number", EXAMPLE)
    return read / 100 if value.endswith("%") else read


def moment_ms(column: str, value: str) -> int:
    """A time in milliseconds. Raises ChangeSettingsError."""
    try:
        return round(moment(value).timestamp() * 1000)
    except ValueError as error:
        raise ChangeSettingsError(f"filter {column} {value}", str(error)) from None
