"""Trades as plain text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engine.results.number_format import amount, percent, signed_percent, whole
from tui.number_format import table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from engine.results.answers import TradesPage

SHOWN = (
    "trade", "side", "entry_time", "exit_time", "bars", "return", "pnl", "entry_price", "exit_price",
    "exit_reason",
)  # fmt: skip
PERCENT = ("return", "mae", "mfe", "prediction")
MONEY = ("pnl", "equity_after")


def trades_table(page: TradesPage, trades: Sequence[Mapping[str, Any]]) -> str:
    """A table of the trades, and how many there are; page: the first of those that were asked for."""
    rows = [[written(name, trade[name]) for name in SHOWN] for trade in trades]
    header = [f"{name.replace('_', ' ')}{' %' if name in PERCENT else ''}" for name in SHOWN]
    kept = f"{whole(page.total)} of {whole(page.all)} trades, Σ pnl {amount(page.pnl)}"
    rest = f"; {whole(len(trades))} shown, --limit 0 shows all" if len(trades) < page.total else ""
    return "\n".join([table(header, rows, right=(0, 4, 5, 6, 7, 8)), f"{kept}{rest}"])


def trade_facts(trade: Mapping[str, Any]) -> str:
    """Everything known of one trade, a line a column."""
    rows = [
        [name.replace("_", " "), signed_percent(value) if name in PERCENT else written(name, value)]
        for name, value in trade.items()
        if name != "trade"
    ]
    return table(("trade", str(trade["trade"])), rows)


def written(name: str, value: Any) -> str:
    """A cell of a trade."""
    if name in PERCENT:
        return percent(value)
    if isinstance(value, float):
        return amount(value) if name in MONEY else f"{value:,.7g}"
    return str(value)
