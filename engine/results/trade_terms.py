"""Filters on trades as they are written: `pnl<0 side=short bars>24`; all terms must hold."""

from __future__ import annotations

import difflib
import math
import operator
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from engine.errors import ChangeSettingsError
from engine.settings import moment

if TYPE_CHECKING:
    from collections.abc import Callable

COLUMNS = (
    "trade", "symbol", "side", "entry_time", "exit_time", "bars", "quantity", "entry_price", "exit_price",
    "gross_pnl", "fees", "slippage", "funding", "pnl", "return", "mae", "mfe", "prediction", "exit_reason",
    "equity_after", "borrow", "absorbed",
)  # fmt: skip
MOMENTS = ("entry_time", "exit_time")
REASONS = (
    "signal",
    "reversal",
    "stop-loss",
    "take-profit",
    "trailing-stop",
    "end",
    "ruin",
    "horizon",
    "liquidation",
)
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


class Term(NamedTuple):
    """One comparison: a column, how it is compared, and with what; times are in ms."""

    column: str
    compare: Callable[[Any, Any], Any]
    value: str | float


def terms(text: str) -> tuple[Term, ...]:
    """The terms of a filter; none of an empty one.

    A term is column, comparison, value; shares may be written in percent, times as ISO 8601 in UTC. Raises
    ChangeSettingsError.
    """
    found, position = [], 0
    while text[position:].strip():
        term = TERM.match(text, position)
        if term is None:
            raise ChangeSettingsError(f"filter {text[position:].strip()!r}", "is no comparison", EXAMPLE)
        found.append(term_of(*term.groups()))
        position = term.end()
    return tuple(found)


def term_of(name: str, sign: str, value: str) -> Term:
    """One term. Raises ChangeSettingsError."""
    column = column_of(name)
    if column in (*CHOICES, "symbol"):
        return Term(column, COMPARE[sign], word(column, sign, value))
    read = moment_ms if column in MOMENTS else number
    return Term(column, COMPARE[sign], read(column, value))


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
