"""What the open of a bar asks for, over several symbols, and funding due within it; compiled by numba."""

from __future__ import annotations

from typing import Any

import numpy as np

from engine.backtest import fills, orders
from engine.backtest.machine_code import rare, step
from engine.backtest.portfolio_desk import (
    POSITION,
    bar_of,
    give_back,
    give_room,
    held_now,
    lend,
    write_back,
)


@step
def is_busy(terms: Any, held: float, weight: float, funding: float, active: int, bars: int) -> bool:
    """Whether the open of a bar asks for anything; bars: how many the position has been held for."""
    if held == 0.0:
        return bool(active != 0 or (weight != 0.0 and not np.isnan(weight)))
    if active != 0 or terms.band > 0.0 or funding != 0.0:
        return True
    return bool(bars >= terms.exit_after) if terms.exit_after > 0 else bool(weight * held <= 0.0)


@rare
def open_bars(desk: Any, at: Any, target: Any) -> None:
    """What the open asks for: funding on what was carried in, decisions, orders, funding to be paid later."""
    terms, acting = desk.terms, False
    for s in range(len(at)):
        desk.due[s] = False
        if at[s] >= 0:
            desk.price[s] = desk.prices.open[at[s]]
        if not desk.busy[s]:
            continue
        k, account = at[s], desk.accounts[s]
        held = account.position
        timed = terms.exit_after > 0 and held != 0.0
        desk.due[s] = timed and k - desk.first[s] - account.entry_bar >= terms.exit_after
        weight = np.nan if timed and not desk.due[s] else target[k]
        give_room(desk, account, k)
        if terms.funding and held != 0.0:
            account.cash = desk.purse[0].cash
            fills.pay_funding(account, desk.prices.open[k], desk.prices.funding[k])
            write_back(desk, account, s)
        if desk.due[s] or not np.isnan(weight):
            orders.decide(account, weight, desk.due[s])
        if account.active or (terms.band > 0.0 and held != 0.0):
            acting = True
    if acting:
        trade_at_open(desk, at)
    if terms.funding_later:
        settle_funding(desk, at, 1.0)


@step
def trade_at_open(desk: Any, at: Any) -> None:
    """Close what is due or in an order's way; then size all that opens on the equity that is left."""
    terms, purse, symbols = desk.terms, desk.purse[0], len(at)
    going, keeping, value = desk.going, desk.keeping, desk.value
    for s in range(symbols):
        going[s] = keeping[s] = False
        if not desk.busy[s]:
            continue
        keeping[s] = terms.band > 0.0 and not desk.accounts[s].active
        if desk.accounts[s].active:
            account = lend(desk, s, desk.price)
            row = desk.trades[account.trades]
            going[s] = orders.make_way(account, terms, bar_of(desk, s, at[s]), row, desk.due[s])
            give_back(desk, account, s)
    sized_on, worth = purse.cash, 0.0
    for s in range(symbols):
        value[s] = desk.numbers[s, POSITION] * desk.price[s]
        worth += value[s]
    for s in range(symbols):
        if not (going[s] or keeping[s]):
            continue
        account = desk.accounts[s]
        if going[s] or account.target_weight * value[s] > 0.0:
            account.cash, account.others = sized_on, worth - value[s]
            if going[s]:
                orders.enter(account, terms, bar_of(desk, s, at[s]))
            else:
                orders.rebalance(account, terms, bar_of(desk, s, at[s]))
            purse.cash += account.cash - sized_on
            desk.flow[s] += account.cash - sized_on


@rare
def settle_funding(desk: Any, at: Any, direction: float) -> None:
    """Charge what falls due within the bar, see `fills.pay_funding_later`."""
    for s in range(len(at)):
        if held_now(desk, at, s):
            account, purse = desk.accounts[s], desk.purse[0]
            account.cash = purse.cash
            fills.pay_funding_later(account, bar_of(desk, s, at[s]), direction)
            write_back(desk, account, s)
