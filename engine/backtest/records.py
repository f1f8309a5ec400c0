"""What the bar loop reads and writes, as numba takes it: flat records and tuples of plain numbers."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from engine.results.trade_terms import REASONS

_TRADE_NUMBERS = (
    "quantity", "entry_price", "exit_price", "gross_pnl", "fees", "slippage", "funding", "borrow",
    "pnl", "return", "mae", "mfe", "prediction", "equity_after", "absorbed",
)  # fmt: skip
FILLS = ("next-open", "same-close", "worst-of-bar")
NEXT_OPEN, SAME_CLOSE, WORST_OF_BAR = range(len(FILLS))
SIGNAL, REVERSAL, STOP_LOSS, TAKE_PROFIT, TRAILING_STOP, END, RUIN, HORIZON, LIQUIDATION = range(len(REASONS))

TRADE = np.dtype(
    [(name, np.int64) for name in ("trade", "side", "entry_bar", "exit_bar", "bars", "exit_reason")]
    + [(name, np.float64) for name in _TRADE_NUMBERS]
)
"""A trade: side ±1, entry and exit bar as row numbers, exit_reason as an index of REASONS."""

ACCOUNT = np.dtype(
    [
        (name, np.float64)
        for name in (
            "cash", "position",  # the account
            "others",  # value of the positions in other symbols, 0 where there is one symbol
            "target_weight", "capacity",  # last decided; what the bar's volume still lets through
            "entered", "entry_value", "exited", "exit_value",  # of the open trade: quantity, money
            "fees", "slippage", "funding", "borrow", "highest", "lowest", "stop_unit",
        )
    ]
    + [
        (name, np.int64)
        for name in (
            "active", "reason", "entry_bar", "trades", "capped", "dropped", "unsized", "too_small",
            "elsewhere",  # how many other symbols have a position
        )
    ]
)  # fmt: skip
"""The account, the order in force (`active` 1, with its `reason`), the open trade and the counts."""


class Prices(NamedTuple):
    """The bars' arrays, each (T,) float64."""

    open: np.ndarray[Any, Any]
    high: np.ndarray[Any, Any]
    low: np.ndarray[Any, Any]
    close: np.ndarray[Any, Any]
    volume: np.ndarray[Any, Any]
    volatility: np.ndarray[Any, Any]
    previous_close: np.ndarray[Any, Any]
    funding: np.ndarray[Any, Any]
    funding_paid: np.ndarray[Any, Any]
    funding_received: np.ndarray[Any, Any]
    elapsed: np.ndarray[Any, Any]


class Bar(NamedTuple):
    """One bar as the steps see it: plain numbers, because handing arrays around costs reference counts."""

    number: int
    open: float
    high: float
    low: float
    previous_close: float
    volatility: float
    volume: float
    funding: float
    funding_paid: float
    funding_received: float


class Terms(NamedTuple):
    """The rules as plain numbers; what is switched off is 0 or False."""

    fill: int
    fee: float
    maker_discount: float
    slippage: float
    slippage_scales: bool
    slippage_volatility: float
    slippage_impact: float
    borrow: float  # for the length of a bar
    needs_volatility: bool
    by_volatility: bool
    fraction: float
    target_volatility: float  # per bar
    max_leverage: float
    stops: bool
    stop_loss: float
    take_profit: float
    trailing_stop: float
    stops_in_volatility: bool
    volume_share: float
    wait: bool
    band: float
    minimum_notional: float
    quantity_step: float
    funding: bool
    funding_later: bool  # whether any falls due within a bar
    exit_after: int  # bars
    maintenance_long: float  # at the highest rate
    maintenance_short: float


class Limits(NamedTuple):
    """What holds the weights of several symbols together; a limit that is none is infinite."""

    symbol_cap: float
    gross_cap: float
    net_cap: float
    turnover_limit: float
    exit_after: int
    resized: bool
    divided: bool
    gone: int  # milliseconds
