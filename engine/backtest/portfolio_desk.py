"""What the loop of one account over several symbols works with, and how a step gets at it; compiled by numba.

The money is in one record for all, `purse`; a symbol's account record has it while a step is at work on that
symbol, see `lend`. The bars of S symbols, N = Σ T_s, lie one symbol after the other: `at` (S,) has the place
of each one's bar now, -1 where it has none.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from engine.backtest import loop
from engine.backtest.machine_code import step
from engine.backtest.records import ACCOUNT

FIELDS = ACCOUNT.names or ()
POSITION, HIGHEST, LOWEST, ENTERED, ENTRY_VALUE, STOP_UNIT, BORROW, ACTIVE, ENTRY_BAR = map(
    FIELDS.index,
    ("position", "highest", "lowest", "entered", "entry_value", "stop_unit", "borrow", "active", "entry_bar"),
)

PURSE = np.dtype([("cash", np.float64), ("trades", np.int64)])


class Desk(NamedTuple):
    """All that the steps work with and write to, besides the time's bars."""

    prices: Any  # records.Prices of arrays (N,); what the terms do not ask for is empty
    first: Any  # (S,) place of each symbol's first bar
    last: Any  # (S,) of its last, at whose close what is held is closed
    terms: Any  # records.Terms
    tiers: Any  # (2, K, 2) margin brackets, see `loop.walk`
    accounts: Any  # (S,) records.ACCOUNT
    numbers: Any  # (S, fields) the same memory as float64
    counts: Any  # (S, fields) and as int64
    trades: Any  # records.TRADE; entry and exit bar are of the symbol's own
    symbol: Any  # which symbol each trade is of
    purse: Any  # (1,) PURSE
    price: Any  # (S,) last price of each symbol
    latest: Any  # (S,) place of its last bar so far
    busy: Any  # (S,) whether the open of its bar asks for anything
    due: Any  # (S,) whether its position has reached the horizon
    going: Any  # (S,) whether its order opens something
    keeping: Any  # (S,) whether its position may have to be brought back into the band
    value: Any  # (S,) of its position, before anything opens
    touched: Any  # (S,) whether its bar reached a stop or target
    begin: Any  # (S,) price from which on its bar can stop it
    worst: Any  # (S,) price at the bar's worst
    stopped: Any  # (S,) whether a stop was carried out before the margin call
    flow: Any  # (S,) money that each symbol has brought in so far, less what it took


@step
def lend(desk: Any, s: int, price: Any) -> Any:
    """The account record of symbol s with the shared money, and what the others hold at a price (S,)."""
    account, purse = desk.accounts[s], desk.purse[0]
    account.others, account.elsewhere = 0.0, 0
    for other in range(len(price)):
        if other != s and desk.numbers[other, POSITION] != 0.0:
            account.others += desk.numbers[other, POSITION] * price[other]
            account.elsewhere += 1
    account.cash, account.trades = purse.cash, purse.trades
    return account


@step
def write_back(desk: Any, account: Any, s: int) -> None:
    """The money as a step on symbol s left it."""
    purse = desk.purse[0]
    desk.flow[s] += account.cash - purse.cash
    purse.cash = account.cash


@step
def give_back(desk: Any, account: Any, s: int) -> None:
    """Put the money and the count of trades back after a step on symbol s."""
    purse = desk.purse[0]
    if account.trades > purse.trades:
        desk.symbol[purse.trades] = s
    purse.trades = account.trades
    write_back(desk, account, s)


@step
def held_now(desk: Any, at: Any, s: int) -> bool:
    """Whether a position is held in symbol s and it has a bar."""
    return bool(at[s] >= 0 and desk.numbers[s, POSITION] != 0.0)


@step
def bar_of(desk: Any, s: int, place: int) -> Any:
    """The bar of symbol s at a place."""
    return loop.bar_at(desk.prices, desk.terms, place, place - desk.first[s])


@step
def give_room(desk: Any, account: Any, k: int) -> None:
    """What the volume of the bar at k lets through."""
    share = desk.terms.volume_share
    account.capacity = share * desk.prices.volume[k] if share > 0.0 else np.inf


@step
def set_prices(desk: Any, at: Any) -> None:
    """Bring prices to the open where there is a bar."""
    for s in range(len(at)):
        if at[s] >= 0:
            desk.price[s] = desk.prices.open[at[s]]
