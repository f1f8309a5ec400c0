"""The bar loop of one account over several symbols, compiled by numba; its steps are those of `loop`.

Order of one bar: funding due on what was carried in → decisions → what is due or in an order's way is closed,
symbol by symbol → what opens is sized, all of it on the equity that is left then → funding due later, as far
as it is paid → stops and margin → what is received of it → borrow → mark to market.

The money is in one record for all, `purse`; a symbol's account record has it while a step is at work on that
symbol, see `lend`. The bars of S symbols, N = Σ T_s, lie in the order of time, and of the symbols within it,
as they are read: `at` (S,) has the place of each one's bar now, -1 where it has none.
"""

from __future__ import annotations

import hashlib
import inspect
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from engine.backtest import loop
from engine.backtest.loop import compiled, rare, step

HALVINGS = 200  # of the way to the worst prices: until no number lies between
NEVER = 2.0  # more than the whole way

PURSE = np.dtype([("cash", np.float64), ("trades", np.int64)])


class Desk(NamedTuple):
    """All that the steps work with and write to, besides the time's bars."""

    prices: Any  # records.Prices of arrays (N,)
    number: Any  # (N,) which of its symbol's bars each is
    terms: Any  # records.Terms
    tiers: Any  # (2, K, 2) margin brackets, see `loop.run`
    accounts: Any  # (S,) records.ACCOUNT
    trades: Any  # records.TRADE; entry and exit bar are of the symbol's own
    symbol: Any  # which symbol each trade is of
    purse: Any  # (1,) PURSE
    price: Any  # (S,) last price of each symbol
    latest: Any  # (S,) place of its last bar so far
    due: Any  # (S,) whether its position has reached the horizon
    flow: Any  # (S,) money that each symbol has brought in so far, less what it took


@step
def lend(desk: Any, s: int, price: Any) -> Any:
    """The account record of symbol s with the shared money, and what the others hold at a price (S,)."""
    account, purse = desk.accounts[s], desk.purse[0]
    account.others, account.elsewhere = 0.0, 0
    for other in range(len(price)):
        if other != s and desk.accounts[other].position != 0.0:
            account.others += desk.accounts[other].position * price[other]
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
    return bool(at[s] >= 0 and desk.accounts[s].position != 0.0)


@step
def bar_of(desk: Any, place: int) -> Any:
    """The bar at a place."""
    return loop.bar_at(desk.prices, desk.terms, place, desk.number[place])


@step
def begin(desk: Any, at: Any, target: Any) -> bool:
    """Funding on what was carried in, and the decisions; whether anything may have to be traded."""
    acting, prices, terms, purse = False, desk.prices, desk.terms, desk.purse[0]
    for s in range(len(at)):
        k, account = at[s], desk.accounts[s]
        desk.due[s] = False
        if k < 0:
            continue
        held = account.position
        timed = terms.exit_after > 0 and held != 0.0
        desk.due[s] = timed and desk.number[k] - account.entry_bar >= terms.exit_after
        weight = np.nan if timed and not desk.due[s] else target[k]
        account.capacity = terms.volume_share * prices.volume[k] if terms.volume_share > 0.0 else np.inf
        if terms.funding and held != 0.0:
            account.cash = purse.cash
            loop.pay_funding(account, prices.open[k], prices.funding[k])
            book(desk, account, s)
        if desk.due[s] or not np.isnan(weight):
            loop.decide(account, weight, desk.due[s])
        if account.active or (terms.band > 0.0 and held != 0.0):
            acting = True
    return acting


@rare
def trade_at_open(desk: Any, at: Any) -> None:
    """Close what is due or in an order's way; then size all that opens on the equity that is left."""
    terms, purse, symbols = desk.terms, desk.purse[0], len(at)
    going, keeping = np.zeros(symbols, np.bool_), np.zeros(symbols, np.bool_)  # (S,) each
    for s in range(symbols):
        keeping[s] = terms.band > 0.0 and not desk.accounts[s].active
        if at[s] >= 0 and desk.accounts[s].active:
            account = lend(desk, s, desk.price)
            row = desk.trades[account.trades]
            going[s] = loop.make_way(account, terms, bar_of(desk, at[s]), row, desk.due[s])
            give_back(desk, account, s)
    sized_on, worth = purse.cash, 0.0
    value = np.zeros(symbols)  # (S,) of each position, before anything opens
    for s in range(symbols):
        value[s] = desk.accounts[s].position * desk.price[s]
        worth += value[s]
    for s in range(symbols):
        account = desk.accounts[s]
        kept = keeping[s] and account.target_weight * value[s] > 0.0
        if at[s] >= 0 and (going[s] or kept):
            account.cash, account.others = sized_on, worth - value[s]
            if going[s]:
                loop.enter(account, terms, bar_of(desk, at[s]))
            else:
                loop.rebalance(account, terms, bar_of(desk, at[s]))
            purse.cash += account.cash - sized_on
            desk.flow[s] += account.cash - sized_on


@step
def settle_funding(desk: Any, at: Any, direction: float) -> None:
    """Charge what falls due within the bar, see `loop.pay_funding_later`."""
    for s in range(len(at)):
        if held_now(desk, at, s):
            account, purse = desk.accounts[s], desk.purse[0]
            account.cash = purse.cash
            loop.pay_funding_later(account, bar_of(desk, at[s]), direction)
            book(desk, account, s)


@step
def below_margin(desk: Any, at: Any) -> bool:
    """Whether equity with all positions at their bar's worst price is below margin at the highest rates."""
    equity, asked = desk.purse[0].cash, 0.0
    for s in range(len(at)):
        held, worst = desk.accounts[s].position, desk.price[s]
        if held != 0.0:
            if at[s] >= 0:
                worst = desk.prices.low[at[s]] if held > 0.0 else desk.prices.high[at[s]]
            equity += held * worst
            asked += loop.margin_rate(desk.accounts[s], desk.terms) * abs(held) * worst
    return bool(equity < asked)


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
    loop.check_stops(account, desk.terms, bar_of(desk, at[s]), desk.trades[account.trades])
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
            account, bar = desk.accounts[s], bar_of(desk, at[s])
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
    row, bar = desk.trades[account.trades], bar_of(desk, desk.latest[s])
    loop.close_out(account, desk.terms, bar, row, price[s], reason)
    account.active, account.target_weight = 0, 0.0
    give_back(desk, account, s)


@step
def mark(desk: Any, at: Any, position: Any, gain: Any) -> float:
    """Bring prices to the close, charge borrow, note positions and gains, (S,); what all are worth."""
    worth, prices, purse = 0.0, desk.prices, desk.purse[0]
    for s in range(len(at)):
        k, account = at[s], desk.accounts[s]
        held = account.position
        if k >= 0:
            desk.price[s] = prices.close[k]
        position[s] = held
        if held_now(desk, at, s):
            loop.update_extremes(account, prices.high[k], prices.low[k])
            if held < 0.0 and desk.terms.borrow > 0.0:
                account.cash = purse.cash
                loop.pay_borrow(account, desk.price[s], desk.terms.borrow * prices.elapsed[k])
                book(desk, account, s)
        worth += held * desk.price[s]
        gain[s] = desk.flow[s] + held * desk.price[s]
    return worth


@rare
def end(desk: Any, at: Any, last: Any, position: Any, gain: Any, ruined: bool) -> float:
    """Close what has its last bar now, or everything in ruin; what the other positions are worth."""
    worth = 0.0
    for s in range(len(at)):
        if desk.accounts[s].position != 0.0 and (ruined or at[s] == last[s]):
            close_at(desk, s, desk.price, loop.RUIN if ruined else loop.END)
            position[s], gain[s] = 0.0, desk.flow[s]
        worth += desk.accounts[s].position * desk.price[s]
    return worth


@step
def risk(desk: Any, at: Any) -> None:
    """Funding within the bar, stops and margin."""
    if desk.terms.funding:
        settle_funding(desk, at, 1.0)
    if below_margin(desk, at):
        call_margin(desk, at)
    elif desk.terms.stops:
        for s in range(len(at)):
            if held_now(desk, at, s):
                check_stop(desk, at, s)
    if desk.terms.funding:
        settle_funding(desk, at, -1.0)


@rare
def walk(
    desk: Any, rows: Any, last: Any, target: Any, equity: Any, cash: Any, position: Any, gain: Any
) -> None:
    """Walk the bars; fill equity and cash, (T,), position and gain, (T, S), and trades.

    rows: (T, S) `at` of each time. last: (S,) place of each symbol's last bar, at whose close what is held is
    closed. target: (N,) weights, NaN keep. The purse holds the money, afterwards how many trades there are.
    """
    for t in range(len(rows)):
        at, ending, purse = rows[t], False, desk.purse[0]
        for s in range(len(at)):
            if at[s] >= 0:
                desk.price[s], desk.latest[s] = desk.prices.open[at[s]], at[s]
                ending = ending or at[s] == last[s]
        if begin(desk, at, target):
            trade_at_open(desk, at)
        risk(desk, at)
        worth = mark(desk, at, position[t], gain[t])
        ruined = purse.cash + worth <= 0.0
        if ending or ruined:
            worth = end(desk, at, last, position[t], gain[t], ruined)
        equity[t], cash[t] = purse.cash + worth, purse.cash
        if ruined:
            equity[t:], cash[t:], gain[t:] = purse.cash, purse.cash, gain[t]
            return


@cache
def compiled_walk() -> Any:
    """`walk`, compiled; kept on disk under the digest of the steps, whose file numba does not watch."""
    source = hashlib.sha256(inspect.getsource(loop).encode()).hexdigest()

    def portfolio(
        desk: Any, rows: Any, last: Any, target: Any, equity: Any, cash: Any, position: Any, gain: Any
    ) -> None:
        _ = source  # what a closure holds is in numba's key of what it keeps
        walk(desk, rows, last, target, equity, cash, position, gain)

    return compiled(portfolio)
