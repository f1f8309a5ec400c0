"""Stops and the one margin of positions in several symbols; compiled by numba."""

from __future__ import annotations

from typing import Any

from engine.backtest import fills, stops
from engine.backtest.machine_code import rare, step
from engine.backtest.portfolio_desk import (
    ENTERED,
    ENTRY_VALUE,
    HIGHEST,
    LOWEST,
    POSITION,
    STOP_UNIT,
    bar_of,
    give_back,
    give_room,
    held_now,
    lend,
    set_prices,
)
from engine.backtest.portfolio_orders import settle_funding
from engine.backtest.records import LIQUIDATION, WORST_OF_BAR

HALVINGS = 200  # of the way to the worst prices: until no number lies between
NEVER = 2.0  # more than the whole way


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
        stop, _ = stops.nearest_stop(desk.accounts[s], desk.terms, side)
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
    stops.check_stops(account, desk.terms, bar_of(desk, s, at[s]), desk.trades[account.trades])
    give_back(desk, account, s)


@rare
def call_margin(desk: Any, at: Any) -> None:
    """Stops and margin of a bar whose worst prices, all at once, may be below it: the nearest comes first.

    The prices of all symbols go their way to the worst at one pace. A stop that lies before the margin call
    is carried out, which may avert the call; else all positions are liquidated where their prices are then.
    """
    symbols = len(at)
    first, worst, stopped = desk.begin, desk.worst, desk.stopped  # (S,) each
    for s in range(symbols):
        first[s] = worst[s] = desk.price[s]
        stopped[s] = False
        if held_now(desk, at, s):
            account, bar = desk.accounts[s], bar_of(desk, s, at[s])
            first[s] = stops.first_price(account, desk.terms, bar, 1.0 if account.position > 0.0 else -1.0)
            worst[s] = bar.low if account.position > 0.0 else bar.high
            fills.update_extremes(account, first[s], first[s])
    while True:
        call = margin_call(desk, first, worst)
        if call > 1.0:
            break
        which, share, level = first_stop(desk, at, first, worst, stopped)
        if call <= 0.0 or share > call:
            for s in range(symbols):
                first[s] += call * (worst[s] - first[s])
            liquidate(desk, first)
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
            close_at(desk, s, reached, LIQUIDATION)


@rare
def close_at(desk: Any, s: int, price: Any, reason: int) -> None:
    """Close the position in symbol s at its price, (S,), whatever the volume, and forget its order."""
    account = lend(desk, s, price)
    row, bar = desk.trades[account.trades], bar_of(desk, s, desk.latest[s])
    stops.close_out(account, desk.terms, bar, row, price[s], reason)
    account.active, account.target_weight = 0, 0.0
    give_back(desk, account, s)


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
        side * (worst - stops.stop_level(entry, side, terms.stop_loss * unit)) <= 0.0
        or side * (worst - stops.stop_level(peak, side, terms.trailing_stop * unit)) <= 0.0
        or side * (best - stops.stop_level(entry, -side, terms.take_profit * unit)) >= 0.0
    )


@step
def first_price(terms: Any, held: float, opened: float, high: float, low: float, bars: int) -> float:
    """The price from which on a bar can stop a position so many bars old, see `stops.first_price`."""
    if terms.fill == WORST_OF_BAR and bars == 0:
        return high if held > 0.0 else low
    return opened


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
