"""The bar loop of one account over several symbols, compiled by numba; its steps are those of `loop`.

Order of one bar: funding due on what was carried in → decisions → what is due or in an order's way is closed,
symbol by symbol → what opens is sized, all of it on the equity that is left then → funding due later, as far
as it is paid → stops and margin → what is received of it → borrow → mark to market.

Arrays that are handed on cost reference counts, dearer than all that most bars ask for: so `walk` looks at
plain arrays itself, and calls a step where something may happen.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from engine.backtest import stops
from engine.backtest.machine_code import compiled, rare, sources
from engine.backtest.portfolio_desk import ACTIVE, BORROW, ENTRY_BAR, HIGHEST, LOWEST, POSITION
from engine.backtest.portfolio_margin import close_at, first_price, stop_bar, touches
from engine.backtest.portfolio_orders import is_busy, open_bars
from engine.backtest.records import END, RUIN


@rare
def walk(  # noqa: C901, PLR0912  the loops over all symbols: a call that takes arrays costs more than they do
    desk: Any, rows: Any, ends: Any, target: Any, equity: Any, cash: Any, close: Any, position: Any, gain: Any
) -> None:
    """Walk the bars; fill equity and cash, (T,), close, position and gain, (T, S), and trades.

    rows: (T, S) `at` of each time. ends: (T,) whether a symbol has its last bar then. target: (N,) weights,
    NaN keep. The purse holds the money, afterwards how many trades there are.
    """
    terms, purse, numbers, counts = desk.terms, desk.purse, desk.numbers, desk.counts
    opened, high, low, closed = desk.prices.open, desk.prices.high, desk.prices.low, desk.prices.close
    funding, elapsed, price, flow = desk.prices.funding, desk.prices.elapsed, desk.price, desk.flow
    busy, touched, latest, first = desk.busy, desk.touched, desk.latest, desk.first
    for t in range(len(rows)):
        acting, stopping = False, False
        for s in range(rows.shape[1]):  # what the open asks for
            k, held = rows[t, s], numbers[s, POSITION]
            busy[s] = touched[s] = False
            if k >= 0:
                latest[s], bars = k, k - first[s] - counts[s, ENTRY_BAR]
                due = funding[k] if terms.funding else 0.0
                busy[s] = is_busy(terms, held, target[k], due, counts[s, ACTIVE], bars)
                acting = acting or busy[s]
        if acting or terms.funding_later:
            open_bars(desk, rows[t], target)
        worst_equity, asked = purse[0].cash, 0.0
        for s in range(rows.shape[1]):  # stops and margin
            k, held, worst = rows[t, s], numbers[s, POSITION], price[s]
            if k >= 0 and held != 0.0:
                worst = low[k] if held > 0.0 else high[k]
                if terms.stops:
                    bars = k - first[s] - counts[s, ENTRY_BAR]
                    begins = first_price(terms, held, opened[k], high[k], low[k], bars)
                    touched[s] = touches(terms, numbers, s, begins, high[k], low[k])
                    stopping = stopping or touched[s]
            if held != 0.0:
                worst_equity += held * worst
                asked += stops.margin_rate(terms, held) * abs(held) * worst
        if stopping or worst_equity < asked or terms.funding_later:
            stop_bar(desk, rows[t], worst_equity < asked)
        worth, money = 0.0, purse[0].cash
        for s in range(rows.shape[1]):  # borrow, mark to market
            k, held = rows[t, s], numbers[s, POSITION]
            if k >= 0:
                price[s] = closed[k]
                if held != 0.0:
                    numbers[s, HIGHEST] = max(numbers[s, HIGHEST], high[k])
                    numbers[s, LOWEST] = min(numbers[s, LOWEST], low[k])
                if held < 0.0 and terms.borrow > 0.0:
                    payment = -held * price[s] * terms.borrow * elapsed[k]
                    numbers[s, BORROW] += payment
                    flow[s] -= payment
                    money -= payment
            value = held * price[s]
            worth += value
            close[t, s], position[t, s], gain[t, s] = price[s], held, flow[s] + value
        purse[0].cash = money
        equity[t], cash[t] = money + worth, money
        over = ends[t] or equity[t] <= 0.0
        if over and end_bar(desk, rows, t, equity, cash, close, position, gain):
            return


@rare
def end_bar(
    desk: Any, rows: Any, t: int, equity: Any, cash: Any, close: Any, position: Any, gain: Any
) -> bool:
    """Close what ends at t, everything in ruin, and fill what comes after that; whether it is ruin."""
    ruined = equity[t] <= 0.0
    worth = end(desk, rows[t], position[t], gain[t], ruined)
    cash[t] = desk.purse[0].cash
    equity[t] = cash[t] + worth
    if ruined:
        fill(desk, rows, t, equity, cash, close, gain)
    return bool(ruined)


@rare
def end(desk: Any, at: Any, position: Any, gain: Any, ruined: bool) -> float:
    """Close what has its last bar now, or everything in ruin; what the other positions are worth."""
    worth = 0.0
    for s in range(len(at)):
        if desk.accounts[s].position != 0.0 and (ruined or at[s] == desk.last[s]):
            close_at(desk, s, desk.price, RUIN if ruined else END)
            position[s], gain[s] = 0.0, desk.flow[s]
        worth += desk.accounts[s].position * desk.price[s]
    return worth


@rare
def fill(desk: Any, rows: Any, t: int, equity: Any, cash: Any, close: Any, gain: Any) -> None:
    """What comes after ruin at t, in which nothing is traded."""
    for later in range(t + 1, len(rows)):
        equity[later] = cash[later] = cash[t]
        for s in range(rows.shape[1]):
            if rows[later, s] >= 0:
                desk.price[s] = desk.prices.close[rows[later, s]]
            close[later, s], gain[later, s] = desk.price[s], gain[t, s]


@cache
def compiled_walk() -> Any:
    """`walk`, compiled and kept on disk."""
    source = sources()

    def portfolio(
        desk: Any, rows: Any, ends: Any, target: Any, equity: Any, cash: Any, close: Any, position: Any,
        gain: Any,
    ) -> None:  # fmt: skip
        _ = source
        walk(desk, rows, ends, target, equity, cash, close, position, gain)

    return compiled(portfolio)
