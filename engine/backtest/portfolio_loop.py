"""The bar loop of one account over several symbols, compiled by numba; its steps are those of `loop`.

Order of one bar: funding due on what was carried in → decisions → what is due or in an order's way is closed,
symbol by symbol → what opens is sized, all of it on the equity that is left then → funding due later, as far
as it is paid → stops and margin → what is received of it → borrow → mark to market.

The money is in one record for all, `purse`; a symbol's account record has it while a step is at work on that
symbol, see `lend`. The bars of S symbols, N = Σ T_s, lie one symbol after the other: `at` (S,) has the place
of each one's bar now, -1 where it has none. Arrays that are handed on cost reference counts, dearer than all
that most bars ask for: so `walk` looks at plain arrays itself, and calls a step where something may happen.
"""

from __future__ import annotations

import hashlib
import inspect
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from engine.backtest import loop
from engine.backtest.loop import compiled, rare, step
from engine.backtest.records import ACCOUNT, WORST_OF_BAR

HALVINGS = 200  # of the way to the worst prices: until no number lies between
NEVER = 2.0  # more than the whole way

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
    tiers: Any  # (2, K, 2) margin brackets, see `loop.run`
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
def book(desk: Any, account: Any, s: int) -> None:
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
    book(desk, account, s)


@step
def held_now(desk: Any, at: Any, s: int) -> bool:
    """Whether a position is held in symbol s and it has a bar."""
    return bool(at[s] >= 0 and desk.numbers[s, POSITION] != 0.0)


@step
def bar_of(desk: Any, s: int, place: int) -> Any:
    """The bar of symbol s at a place."""
    return loop.bar_at(desk.prices, desk.terms, place, place - desk.first[s])


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
            loop.pay_funding(account, desk.prices.open[k], desk.prices.funding[k])
            book(desk, account, s)
        if desk.due[s] or not np.isnan(weight):
            loop.decide(account, weight, desk.due[s])
        if account.active or (terms.band > 0.0 and held != 0.0):
            acting = True
    if acting:
        trade_at_open(desk, at)
    if terms.funding_later:
        settle_funding(desk, at, 1.0)


@step
def give_room(desk: Any, account: Any, k: int) -> None:
    """What the volume of the bar at k lets through."""
    share = desk.terms.volume_share
    account.capacity = share * desk.prices.volume[k] if share > 0.0 else np.inf


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
            going[s] = loop.make_way(account, terms, bar_of(desk, s, at[s]), row, desk.due[s])
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
                loop.enter(account, terms, bar_of(desk, s, at[s]))
            else:
                loop.rebalance(account, terms, bar_of(desk, s, at[s]))
            purse.cash += account.cash - sized_on
            desk.flow[s] += account.cash - sized_on


@rare
def settle_funding(desk: Any, at: Any, direction: float) -> None:
    """Charge what falls due within the bar, see `loop.pay_funding_later`."""
    for s in range(len(at)):
        if held_now(desk, at, s):
            account, purse = desk.accounts[s], desk.purse[0]
            account.cash = purse.cash
            loop.pay_funding_later(account, bar_of(desk, s, at[s]), direction)
            book(desk, account, s)


@step
def margin_of(tiers: Any, held: float, price: float) -> float:
    """Maintenance margin of a position at a price: the bracket that asks for most."""
    notional, asked, short = abs(held) * price, 0.0, 1 if held < 0.0 else 0
    for tier in range(tiers.shape[1]):
        asked = max(asked, tiers[short, tier, 0] * notional - tiers[short, tier, 1])
    return asked


@rare
def surplus(desk: Any, first: Any, worst: Any, share: float) -> float:
    """Equity above the margin of all positions, where each price has gone a share of its way to its worst."""
    above: float = desk.purse[0].cash
    for s in range(len(first)):
        held = desk.accounts[s].position
        if held != 0.0:
            price = first[s] + share * (worst[s] - first[s])
            above += held * price - margin_of(desk.tiers, held, price)
    return above


@rare
def margin_call(desk: Any, first: Any, worst: Any) -> float:
    """The share of the way at which equity falls below the margin: 0 at once, NEVER if it does not."""
    if surplus(desk, first, worst, 0.0) < 0.0:
        return 0.0
    if surplus(desk, first, worst, 1.0) >= 0.0:
        return NEVER
    safe, reached = 0.0, 1.0
    for _ in range(HALVINGS):
        middle = (safe + reached) / 2.0
        if middle in (safe, reached):
            break
        if surplus(desk, first, worst, middle) < 0.0:
            reached = middle
        else:
            safe = middle
    return reached


@rare
def first_stop(desk: Any, at: Any, first: Any, worst: Any, stopped: Any) -> Any:
    """The symbol whose stop is reached first, at which share of the way, and its level; -1 where none is."""
    nearest, which, level = NEVER, -1, 0.0
    for s in range(len(at)):
        if not desk.terms.stops or stopped[s] or not held_now(desk, at, s):
            continue
        side = 1.0 if desk.accounts[s].position > 0.0 else -1.0
        stop, _ = loop.nearest_stop(desk.accounts[s], desk.terms, side)
        if side * (worst[s] - stop) > 0.0:
            continue
        share = 0.0 if side * (first[s] - stop) <= 0.0 else (stop - first[s]) / (worst[s] - first[s])
        if share < nearest:
            nearest, which, level = share, s, stop
    return which, nearest, level


@rare
def check_stop(desk: Any, at: Any, s: int) -> None:
    """Close at a stop or target that the bar of symbol s reached."""
    account = lend(desk, s, desk.price)
    if not desk.busy[s]:
        give_room(desk, account, at[s])
    loop.check_stops(account, desk.terms, bar_of(desk, s, at[s]), desk.trades[account.trades])
    give_back(desk, account, s)


@rare
def call_margin(desk: Any, at: Any) -> None:
    """Stops and margin of a bar whose worst prices, all at once, may be below it: the nearest comes first.

    The prices of all symbols go their way to the worst at one pace. A stop that lies before the margin call
    is carried out, which may avert the call; else all positions are liquidated where their prices are then.
    """
    symbols = len(at)
    first, worst = desk.price.copy(), desk.price.copy()  # (S,) each
    stopped = np.zeros(symbols, np.bool_)  # (S,)
    for s in range(symbols):
        if held_now(desk, at, s):
            account, bar = desk.accounts[s], bar_of(desk, s, at[s])
            first[s] = loop.first_price(account, desk.terms, bar, 1.0 if account.position > 0.0 else -1.0)
            worst[s] = bar.low if account.position > 0.0 else bar.high
            loop.update_extremes(account, first[s], first[s])
    while True:
        call = margin_call(desk, first, worst)
        if call > 1.0:
            break
        which, share, level = first_stop(desk, at, first, worst, stopped)
        if call <= 0.0 or share > call:
            liquidate(desk, first + call * (worst - first))
            return
        long = desk.accounts[which].position > 0.0
        check_stop(desk, at, which)
        first[which] = min(first[which], level) if long else max(first[which], level)
        stopped[which] = True
    for s in range(symbols):
        if desk.terms.stops and held_now(desk, at, s) and not stopped[s]:
            check_stop(desk, at, s)


@rare
def liquidate(desk: Any, reached: Any) -> None:
    """Close every position at the price, (S,), that it has reached; the last absorbs what is lacking."""
    for s in range(len(reached)):
        if desk.accounts[s].position != 0.0:
            close_at(desk, s, reached, loop.LIQUIDATION)


@rare
def close_at(desk: Any, s: int, price: Any, reason: int) -> None:
    """Close the position in symbol s at its price, (S,), whatever the volume, and forget its order."""
    account = lend(desk, s, price)
    row, bar = desk.trades[account.trades], bar_of(desk, s, desk.latest[s])
    loop.close_out(account, desk.terms, bar, row, price[s], reason)
    account.active, account.target_weight = 0, 0.0
    give_back(desk, account, s)


@rare
def end(desk: Any, at: Any, position: Any, gain: Any, ruined: bool) -> float:
    """Close what has its last bar now, or everything in ruin; what the other positions are worth."""
    worth = 0.0
    for s in range(len(at)):
        if desk.accounts[s].position != 0.0 and (ruined or at[s] == desk.last[s]):
            close_at(desk, s, desk.price, loop.RUIN if ruined else loop.END)
            position[s], gain[s] = 0.0, desk.flow[s]
        worth += desk.accounts[s].position * desk.price[s]
    return worth


@step
def touches(terms: Any, numbers: Any, s: int, first: float, high: float, low: float) -> bool:
    """Whether a bar reaches a stop or target of symbol s, whose extremes take in its first price."""
    side = 1.0 if numbers[s, POSITION] > 0.0 else -1.0
    numbers[s, HIGHEST] = max(numbers[s, HIGHEST], first)
    numbers[s, LOWEST] = min(numbers[s, LOWEST], first)
    entry, unit = numbers[s, ENTRY_VALUE] / numbers[s, ENTERED], numbers[s, STOP_UNIT]
    peak, worst, best = numbers[s, HIGHEST], low, high
    if side < 0.0:
        peak, worst, best = numbers[s, LOWEST], high, low
    return bool(
        side * (worst - loop.stop_level(entry, side, terms.stop_loss * unit)) <= 0.0
        or side * (worst - loop.stop_level(peak, side, terms.trailing_stop * unit)) <= 0.0
        or side * (best - loop.stop_level(entry, -side, terms.take_profit * unit)) >= 0.0
    )


@step
def first_price(terms: Any, held: float, opened: float, high: float, low: float, bars: int) -> float:
    """The price from which on a bar can stop a position so many bars old, see `loop.first_price`."""
    if terms.fill == WORST_OF_BAR and bars == 0:
        return high if held > 0.0 else low
    return opened


@step
def margin_rate(terms: Any, held: float) -> float:
    """The highest rate of maintenance margin for a position."""
    rate: float = terms.maintenance_short if held < 0.0 else terms.maintenance_long
    return rate


@rare
def stop_bar(desk: Any, at: Any, below: bool) -> None:
    """Margin and stops, symbol by symbol, then what is received of the funding due later."""
    set_prices(desk, at)
    if below:
        call_margin(desk, at)
    else:
        for s in range(len(at)):
            if desk.touched[s]:
                check_stop(desk, at, s)
    if desk.terms.funding_later:
        settle_funding(desk, at, -1.0)


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
        equity[t:], cash[t:], gain[t:] = cash[t], cash[t], gain[t]
        fill_closes(desk, rows, t, close)
    return bool(ruined)


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
                asked += margin_rate(terms, held) * abs(held) * worst
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


@step
def set_prices(desk: Any, at: Any) -> None:
    """Bring prices to the open where there is a bar."""
    for s in range(len(at)):
        if at[s] >= 0:
            desk.price[s] = desk.prices.open[at[s]]


@rare
def fill_closes(desk: Any, rows: Any, t: int, close: Any) -> None:
    """The closes after ruin at t, in which nothing is traded."""
    for later in range(t + 1, len(rows)):
        for s in range(rows.shape[1]):
            if rows[later, s] >= 0:
                desk.price[s] = desk.prices.close[rows[later, s]]
            close[later, s] = desk.price[s]


@cache
def compiled_walk() -> Any:
    """`walk`, compiled; kept on disk under the digest of the steps, whose file numba does not watch."""
    source = hashlib.sha256(inspect.getsource(loop).encode()).hexdigest()

    def portfolio(
        desk: Any, rows: Any, ends: Any, target: Any, equity: Any, cash: Any, close: Any, position: Any,
        gain: Any,
    ) -> None:  # fmt: skip
        _ = source  # what a closure holds is in numba's key of what it keeps
        walk(desk, rows, ends, target, equity, cash, close, position, gain)

    return compiled(portfolio)
