"""The costs at which nothing is left of the gain."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from engine.backtest.rules import BASIS_POINT
from engine.backtest.simulate import simulate
from engine.results.stress import BreakEven

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.backtest.bars import Bars, Floats
    from engine.backtest.rules import Rules
    from engine.backtest.simulate import Simulation

MOST = 0.1  # costs of a fill beyond which nobody looks: 1,000 basis points
STEPS = 20  # halvings of that: to a thousandth of a basis point


def break_even(bars: Bars, weight: Floats, rules: Rules, strategy: Simulation) -> BreakEven:
    """Costs of a fill, in basis points, at which the total return of the target weights (T,) is 0.

    Fee and slippage are one share of each fill's notional; funding and borrow stay. NaN without trades, and
    where the signals lose even for free; 1,000 where it is as much or more. Beside it what trades earned
    before fees and slippage, and what these cost, as shares of the notional of the entries, in basis points.
    """
    trades = strategy.trades
    notional = float((trades["quantity"] * trades["entry_price"]).sum())
    if notional == 0:
        return BreakEven(math.nan, math.nan, math.nan)
    paid = float(trades["fees"].sum() + trades["slippage"].sum())
    earned = float(trades["gross_pnl"].sum())
    free = replace(rules, slippage=0.0, slippage_volatility=0.0, slippage_impact=0.0)

    def gain(cost: float) -> float:
        return float(simulate(bars, weight, replace(free, fee=cost)).equity[-1]) - rules.initial_capital

    return BreakEven(root(gain) / BASIS_POINT, earned / notional / BASIS_POINT, paid / notional / BASIS_POINT)


def root(gain: Callable[[float], float]) -> float:
    """The cost at which a gain that falls with it ends, at most MOST; NaN where there is none."""
    if not gain(0.0) > 0:
        return math.nan
    if gain(MOST) > 0:
        return MOST
    low, high = 0.0, MOST
    for _ in range(STEPS):
        middle = (low + high) / 2
        low, high = (middle, high) if gain(middle) > 0 else (low, middle)
    return (low + high) / 2
