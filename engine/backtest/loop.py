"""The bar loop, compiled by numba: one bar after the other, in the order of the definitions.

Order of one bar: position carried in → funding due → order from the decision → funding due later, as far
as it is paid → stops and margin → what is received of it → borrow → mark to market at the close. `walk`
reads like that list; each step is a small function of `orders` or `stops`, and every fill of every kind goes
through `fills.fill`.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from engine.backtest.fills import pay_borrow, pay_funding, pay_funding_later
from engine.backtest.machine_code import compiled, rare, sources, step
from engine.backtest.orders import decide, trade_at_open
from engine.backtest.records import END, RUIN, SAME_CLOSE, Bar
from engine.backtest.stops import below_margin, call_margin, check_stops, close_out, margin_rate


@step
def bar_at(prices: Any, terms: Any, t: int, number: int) -> Bar:
    """The bar at t of the arrays, as number so many; what the terms do not ask for is not fetched."""
    before = prices.previous_close[t] if terms.fill == SAME_CLOSE else np.nan
    volatility = prices.volatility[t] if terms.needs_volatility else np.nan
    volume = prices.volume[t] if terms.slippage_scales else np.nan
    funding, paid, received = 0.0, 0.0, 0.0
    if terms.funding:
        funding, paid, received = prices.funding[t], prices.funding_paid[t], prices.funding_received[t]
    opened, high, low = prices.open[t], prices.high[t], prices.low[t]
    return Bar(number, opened, high, low, before, volatility, volume, funding, paid, received)


@step
def calm_until(account: Any, terms: Any, bars: int) -> int:
    """The bar before which nothing happens unless a decision or the margin asks for it; 0 if each may."""
    every_bar = terms.stops or terms.funding or terms.band > 0.0 or terms.borrow > 0.0
    if every_bar or account.active:
        return 0
    if terms.exit_after > 0 and account.position != 0.0:
        due_at: int = account.entry_bar + terms.exit_after
        return min(bars, due_at)
    return bars


@step
def mark(
    account: Any, terms: Any, prices: Any, target: Any, equity: Any, cash: Any, position: Any, t: int
) -> Any:
    """Mark bar t to market, and those after it in which nothing can happen; the bar that comes then.

    All of them have the same money and position, so both are read once.
    """
    money, held, highest, lowest = account.cash, account.position, account.highest, account.lowest
    rate, timed = margin_rate(terms, held), terms.exit_after > 0 and held != 0.0
    k, until = np.uintp(t), np.uintp(calm_until(account, terms, len(target)))  # none counts from the end
    while True:
        if held != 0.0:
            highest, lowest = max(highest, prices.high[k]), min(lowest, prices.low[k])
        value = money + held * prices.close[k]
        equity[k], cash[k], position[k] = value, money, held
        k += np.uintp(1)
        if k >= until or value <= 0.0:
            break
        weight = target[k]
        if not timed and weight * held <= 0.0 and (weight != 0.0 or held != 0.0):  # NaN is no decision
            break
        if held != 0.0 and below_margin(money, held, rate, prices.low[k], prices.high[k]):
            break
    account.highest, account.lowest = highest, lowest
    return np.intp(k)


@rare
def walk(
    prices: Any,
    terms: Any,
    tiers: Any,
    account: Any,
    target: Any,
    trades: Any,
    equity: Any,
    cash: Any,
    position: Any,
) -> int:
    """Walk the bars; fill equity, cash, position, each (T,) float64, and trades; the bars until ruin, or T.

    `tiers` (2, K, 2): rate and amount of each margin bracket, for longs and for shorts.
    `account` is an ACCOUNT record with the cash in it, `trades` a TRADE array with a row more than target
    weights that are not NaN: only such a one opens a trade, and no more than one, so it never overflows.
    A bar in which nothing can happen is only marked to market.
    """
    bars, t = len(target), 0
    while t < bars:
        timed = terms.exit_after > 0 and account.position != 0.0
        due = timed and t - account.entry_bar >= terms.exit_after
        weight = np.nan if timed and not due else target[t]
        bar = bar_at(prices, terms, t, t)
        account.capacity = terms.volume_share * prices.volume[t] if terms.volume_share > 0.0 else np.inf
        if terms.funding:
            pay_funding(account, bar.open, bar.funding)
        decide(account, weight, due)
        trade_at_open(account, terms, bar, trades[account.trades], due)
        if terms.funding:
            pay_funding_later(account, bar, 1.0)
        if below_margin(
            account.cash, account.position, margin_rate(terms, account.position), bar.low, bar.high
        ):
            call_margin(account, terms, bar, trades[account.trades], tiers)
        elif terms.stops and account.position != 0.0:
            check_stops(account, terms, bar, trades[account.trades])
        if terms.funding:
            pay_funding_later(account, bar, -1.0)
        if account.position < 0.0 and terms.borrow > 0.0:
            pay_borrow(account, prices.close[t], terms.borrow * prices.elapsed[t])
        t = mark(account, terms, prices, target, equity, cash, position, t)
        if equity[t - 1] <= 0.0:
            break
    last = t - 1
    if account.position != 0.0:
        reason = RUIN if equity[last] <= 0.0 else END
        bar = bar_at(prices, terms, last, last)
        close_out(account, terms, bar, trades[account.trades], prices.close[last], reason)
    equity[last:], cash[last:], position[last:] = account.cash, account.cash, 0.0
    return last + 1


@cache
def compiled_walk() -> Any:
    """`walk`, compiled and kept on disk."""
    source = sources()

    def run(
        prices: Any, terms: Any, tiers: Any, account: Any, target: Any, trades: Any, equity: Any, cash: Any,
        position: Any,
    ) -> int:  # fmt: skip
        _ = source
        bars: int = walk(prices, terms, tiers, account, target, trades, equity, cash, position)
        return bars

    return compiled(run)
