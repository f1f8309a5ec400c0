"""Trades as rows of a table and as the facts of one of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engine.results.number_format import UNDEFINED, amount, defined, signed, signed_percent, whole
from tui.widgets.lines import packed
from tui.widgets.virtual_table import Column

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tui.widgets.lines import Line
    from tui.widgets.virtual_table import Cell

WHY = {"stop-loss": "stop", "take-profit": "target", "trailing-stop": "trailing", "liquidation": "margin"}
COLUMNS = (
    Column("trade", "trade", 6, right=True),
    Column("side", "side", 5),
    Column("entry_time", "entry", 14),
    Column("exit_time", "exit", 14),
    Column("bars", "bars", 5, right=True),
    Column("return", "return %", 8, right=True),
    Column("pnl", "pnl", 10, right=True),
    Column("exit_reason", "reason", 8),
    Column("entry_price", "entry price", 12, right=True),
    Column("exit_price", "exit price", 12, right=True),
    Column("quantity", "quantity", 12, right=True),
    Column("fees", "fees", 9, right=True),
    Column("slippage", "slippage", 9, right=True),
    Column("funding", "funding", 9, right=True),
    Column("mae", "MAE %", 7, right=True),
    Column("mfe", "MFE %", 7, right=True),
    Column("prediction", "predicted %", 11, right=True),
    Column("equity_after", "equity", 12, right=True),
)

SYMBOL = Column("symbol", "symbol", 9, spare=True)
BEFORE_ALL = ("trade", "side", "symbol", "entry_time", "return", "pnl", "exit_reason", "bars")
OF_SEVERAL = tuple(  # where several symbols are traded; what has no room is not among the first
    sorted((SYMBOL, *COLUMNS), key=lambda each: (*BEFORE_ALL, each.key).index(each.key))
)


def price(value: Any) -> str:
    """A price or a quantity with as many digits as it needs, seven at most."""
    return f"{value:,.7g}" if defined(value) else UNDEFINED


def in_percent(value: Any) -> str:
    """A return under a header that has the unit."""
    return signed_percent(value, unit="")


def moment(value: Any) -> str:
    """`21-06-09 03:00`."""
    return str(value)[2:16].replace("T", " ")


WRITE: dict[str, Callable[[Any], str]] = {
    "trade": str, "side": str, "symbol": str, "entry_time": moment, "exit_time": moment, "bars": whole,
    "return": in_percent, "pnl": signed, "exit_reason": lambda why: WHY.get(why, str(why)),
    "entry_price": price, "exit_price": price, "quantity": price, "fees": amount, "slippage": amount,
    "funding": signed, "mae": in_percent, "mfe": in_percent, "prediction": in_percent,
    "equity_after": amount,
}  # fmt: skip
COLOURED = ("return", "pnl")


def cells(shown: Sequence[Column], columns: Sequence[str], row: Sequence[Any]) -> list[Cell]:
    """One trade as the table shows it: the columns shown, of those that came."""
    trade = dict(zip(columns, row, strict=True))
    return [(WRITE[column.key](trade[column.key]), role(column.key, trade)) for column in shown]


def role(key: str, trade: Mapping[str, Any]) -> str:
    """Gain and loss have a colour; the sign says the same."""
    value = trade[key] if key in COLOURED else None
    return "" if not defined(value) or value == 0 else "good" if value > 0 else "bad"


def facts(trade: Mapping[str, Any], width: int) -> list[Line]:
    """One trade in a few lines."""
    pairs: list[list[tuple[str, ...]]] = [
        [("side", trade["side"]), ("quantity", price(trade["quantity"])), ("bars", whole(trade["bars"])),
         ("exit reason", trade["exit_reason"])],
        [("entry", str(trade["entry_time"])), ("at", price(trade["entry_price"])),
         ("predicted", signed_percent(trade["prediction"]))],
        [("exit", str(trade["exit_time"])), ("at", price(trade["exit_price"])),
         ("equity after", amount(trade["equity_after"]))],
        [("gross", signed(trade["gross_pnl"])), ("fees", amount(trade["fees"])),
         ("slippage", amount(trade["slippage"])), ("funding", signed(trade["funding"])),
         ("borrow", amount(trade["borrow"])),
         *([("absorbed", amount(trade["absorbed"]))] if trade["absorbed"] else [])],
        [("MAE", signed_percent(trade["mae"])), ("MFE", signed_percent(trade["mfe"])),
         ("pnl", signed(trade["pnl"]), role("pnl", trade)),
         ("return", signed_percent(trade["return"]), role("return", trade))],
    ]  # fmt: skip
    return [line for row in pairs for line in packed([fact(*each) for each in row], width)]


def fact(label: str, value: str, tone: str = "") -> Line:
    """A label and its value."""
    return [(f"{label} ", "quiet"), (f"{value} ", tone)]
