"""Many variants over the same bars, compiled by numba: one bar loop after the other, no Python in between.

`loop.walk` trades each; this hands it the rules of a table's row and keeps of each curve what a sweep tells.
"""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple, get_type_hints

import numpy as np

from engine.backtest import loop, records
from engine.backtest.machine_code import compiled, rare, sources, step

TERMS = np.dtype(
    [(name, {bool: np.bool_, int: np.int64, float: np.float64}[kind])
     for name, kind in get_type_hints(records.Terms).items()]
)  # fmt: skip
"""records.Terms as the row of a table."""


class Scratch(NamedTuple):
    """What a loop writes to, over and over; room for a trade more than bars, and blank: an account, all 0."""

    account: np.ndarray[Any, Any]  # (1,) records.ACCOUNT
    blank: np.ndarray[Any, Any]  # (1,) records.ACCOUNT
    trades: np.ndarray[Any, Any]  # (T + 1,) records.TRADE
    equity: np.ndarray[Any, Any]  # (T,)
    cash: np.ndarray[Any, Any]  # (T,)
    position: np.ndarray[Any, Any]  # (T,)


class Outcomes(NamedTuple):
    """What is kept of each variant."""

    equity: np.ndarray[Any, Any]  # (V, D) at the end of each day
    deepest: np.ndarray[Any, Any]  # (V,) drawdown
    trades: np.ndarray[Any, Any]  # (V,) int64


def scratch(bars: int) -> Scratch:
    """Room for so many bars."""
    account, blank = np.zeros((2, 1), records.ACCOUNT)
    equity, cash, position = np.empty((3, bars))
    return Scratch(account, blank, np.empty(bars + 1, records.TRADE), equity, cash, position)


def outcomes(variants: int, days: int) -> Outcomes:
    """Room for the outcomes of so many variants over so many days."""
    return Outcomes(np.empty((variants, days)), np.empty(variants), np.empty(variants, np.int64))


@step
def terms_at(r: Any) -> Any:
    """The rules of a table's row, as plain numbers: a record would be read from memory at every bar."""
    return records.Terms(
        r.fill, r.fee, r.maker_discount, r.slippage, r.slippage_scales, r.slippage_volatility,
        r.slippage_impact, r.borrow, r.needs_volatility, r.by_volatility, r.fraction, r.target_volatility,
        r.max_leverage, r.stops, r.stop_loss, r.take_profit, r.trailing_stop, r.stops_in_volatility,
        r.volume_share, r.wait, r.band, r.minimum_notional, r.quantity_step, r.funding, r.funding_later,
        r.exit_after, r.maintenance_long, r.maintenance_short,
    )  # fmt: skip


@step
def deepest(equity: Any, capital: float) -> float:
    """max(1 - E / running max E), from the capital on, as of `Simulator.max_drawdown`."""
    peak, found = capital, 0.0
    for t in range(len(equity)):
        peak = max(peak, equity[t])
        found = max(found, 1.0 - equity[t] / peak)
    return found


@rare
def trade(
    prices: Any, table: Any, tiers: Any, capital: Any, target: Any, ends: Any, own: Any, to: Any
) -> None:
    """Trade the target weights (V, T), each by its row of a table of TERMS (V,), and fill `to`, Outcomes.

    tiers: (V, 2, K, 2), capital: (V,), ends: (D,) last bar of each day, own: Scratch.
    """
    for v in range(len(target)):
        own.account[0] = own.blank[0]
        account = own.account[0]
        account.cash = capital[v]
        terms = terms_at(table[v])
        loop.walk(prices, terms, tiers[v], account, target[v], own.trades, own.equity, own.cash, own.position)
        for day in range(len(ends)):
            to.equity[v, day] = own.equity[ends[day]]
        to.deepest[v], to.trades[v] = deepest(own.equity, capital[v]), account.trades


@cache
def compiled_trade() -> Any:
    """`trade`, compiled and kept on disk."""
    source = sources()

    def batch(
        prices: Any, table: Any, tiers: Any, capital: Any, target: Any, ends: Any, own: Any, to: Any
    ) -> None:
        _ = source
        trade(prices, table, tiers, capital, target, ends, own, to)

    return compiled(batch)
