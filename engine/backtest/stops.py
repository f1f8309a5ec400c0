"""What closes a position within a bar: stops, targets, the margin; compiled by numba."""

from __future__ import annotations

from typing import Any

import numpy as np

from engine.backtest.fills import basis_price, close, update_extremes
from engine.backtest.machine_code import rare, step
from engine.backtest.orders import leave_rest
from engine.backtest.records import LIQUIDATION, STOP_LOSS, TAKE_PROFIT, TRAILING_STOP, WORST_OF_BAR


@step
def stop_level(price: float, side: float, distance: float) -> float:
    """Where a stop at this distance lies; out of reach if there is none."""
    return price * (1.0 - side * distance) if distance > 0.0 else -side * np.inf


@step
def nearest_stop(account: Any, terms: Any, side: float) -> tuple[float, int]:
    """Level and reason of the stop that the market reaches first; out of reach if there is none."""
    entry, peak = account.entry_value / account.entered, account.highest if side > 0.0 else account.lowest
    loss = stop_level(entry, side, terms.stop_loss * account.stop_unit)
    trail = stop_level(peak, side, terms.trailing_stop * account.stop_unit)
    return (trail, TRAILING_STOP) if side * (trail - loss) > 0.0 else (loss, STOP_LOSS)


@step
def first_price(account: Any, terms: Any, bar: Any, side: float) -> float:
    """The price from which on the bar can stop the position: its open, or where it was bought after that."""
    inside = terms.fill == WORST_OF_BAR and account.entry_bar == bar.number
    price: float = basis_price(terms, bar, side) if inside else bar.open
    return price


@step
def check_stops(account: Any, terms: Any, bar: Any, row: Any) -> None:
    """Close at a stop or target that the bar reached; the stop comes first, a gap fills at the open."""
    side = 1.0 if account.position > 0.0 else -1.0
    first = first_price(account, terms, bar, side)
    update_extremes(account, first, first)
    worst, best = (bar.low, bar.high) if side > 0.0 else (bar.high, bar.low)
    entry, fee_rate = account.entry_value / account.entered, terms.fee
    target = stop_level(entry, -side, terms.take_profit * account.stop_unit)
    level, reason = nearest_stop(account, terms, side)
    if side * (worst - level) <= 0.0:
        level = min(first, level) if side > 0.0 else max(first, level)
    elif side * (best - target) >= 0.0:
        level, reason, fee_rate = target, TAKE_PROFIT, terms.fee * (1.0 - terms.maker_discount)
        level = max(first, level) if side > 0.0 else min(first, level)
    else:
        return
    if close(account, terms, bar, row, level, reason, fee_rate):
        stay_flat(account, row)
        return
    leave_rest(account, terms)
    if terms.wait:
        account.target_weight, account.reason = 0.0, reason


@step
def stay_flat(account: Any, row: Any) -> None:
    """After a close within the bar nothing is ordered until a later decision."""
    row.bars += 1
    account.active, account.target_weight = 0, 0.0


@step
def margin_rate(terms: Any, held: float) -> float:
    """The highest rate of maintenance margin for a position."""
    rate: float = terms.maintenance_short if held < 0.0 else terms.maintenance_long
    return rate


@step
def below_margin(cash: float, held: float, rate: float, low: float, high: float) -> bool:
    """Whether equity at the bar's worst price is below the margin at this rate."""
    worst = low if held > 0.0 else high
    return cash + held * worst < rate * abs(held) * worst


@step
def liquidation_price(account: Any, tiers: Any) -> float:
    """The price at which equity is the maintenance margin of the bracket that asks for most there.

    Margin is convex in the notional: rate · notional - amount, largest in the bracket that applies. With
    equity = cash + position · price that gives (cash + amount) / (rate · |position| - position).
    """
    held = account.position
    short = 1 if held < 0.0 else 0
    price = np.inf if short else 0.0
    for tier in range(tiers.shape[1]):
        level = (account.cash + tiers[short, tier, 1]) / (tiers[short, tier, 0] * abs(held) - held)
        price = min(price, level) if short else max(price, level)
    return price


@rare
def call_margin(account: Any, terms: Any, bar: Any, row: Any, tiers: Any) -> None:
    """Stops and margin of a bar whose worst price may be below it: what the bar reached first comes first.

    A bar that opens beyond the liquidation price liquidates at its open, whatever stop it passed. What a stop
    leaves, because the volume cuts it short, can be liquidated in the same bar.
    """
    side = 1.0 if account.position > 0.0 else -1.0
    worst = bar.low if side > 0.0 else bar.high
    first = first_price(account, terms, bar, side)
    update_extremes(account, first, first)
    level, _ = nearest_stop(account, terms, side)
    limit = liquidation_price(account, tiers)
    nearer = side * (first - limit) < 0.0 or side * (level - limit) < 0.0
    if side * (worst - limit) < 0.0 and nearer:
        liquidate(account, terms, bar, row, first, limit)
        return
    if terms.stops:
        check_stops(account, terms, bar, row)
    if account.position != 0.0 and side * (worst - level) <= 0.0:
        limit = liquidation_price(account, tiers)
        if side * (worst - limit) < 0.0:
            liquidate(account, terms, bar, row, min(first, level) if side > 0.0 else max(first, level), limit)


@step
def liquidate(account: Any, terms: Any, bar: Any, row: Any, first: float, limit: float) -> None:
    """Close the whole position at its liquidation price, or at a worse first one, whatever the volume."""
    account.capacity = np.inf
    price = min(first, limit) if account.position > 0.0 else max(first, limit)
    close(account, terms, bar, row, price, LIQUIDATION, terms.fee)
    stay_flat(account, row)


@step
def close_out(account: Any, terms: Any, bar: Any, row: Any, price: float, reason: int) -> None:
    """Close the whole position whatever the volume: the simulation ends here."""
    account.capacity = np.inf
    close(account, terms, bar, row, price, reason, terms.fee)
    row.bars += 1
