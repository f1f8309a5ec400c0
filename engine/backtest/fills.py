"""Every fill of the loop, whatever ordered it, and what a position costs to hold; compiled by numba.

The money and the open trade are one record, `account`, that these steps change in place.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from engine.backtest.machine_code import step
from engine.backtest.records import SAME_CLOSE, WORST_OF_BAR

MOST_SLIPPAGE = 0.99


@step
def pay_funding(account: Any, price: float, rate: float) -> None:
    """Charge the position that is held: a long pays a positive rate on its notional, a short earns it."""
    payment = account.position * price * rate
    account.cash -= payment
    account.funding += payment


@step
def pay_funding_later(account: Any, bar: Any, direction: float) -> None:
    """Charge what falls due within the bar: before the stops what is paid (+1), then what is earned (-1).

    So a position that is stopped within the bar pays all that was due and receives nothing.
    """
    rate = bar.funding_paid if account.position * direction > 0.0 else bar.funding_received
    if account.position != 0.0 and rate != 0.0:
        pay_funding(account, bar.open, rate)


@step
def pay_borrow(account: Any, price: float, rate: float) -> None:
    """Charge a short until the next bar, on its notional at the close."""
    payment = -account.position * price * rate
    account.cash -= payment
    account.borrow += payment


@step
def basis_price(terms: Any, bar: Any, direction: float) -> float:
    """The price of an order before slippage; NaN if bar t-1 is not known (same-close)."""
    price: float = bar.open
    if terms.fill == SAME_CLOSE:
        price = bar.previous_close
    elif terms.fill == WORST_OF_BAR:
        price = bar.high if direction > 0.0 else bar.low
    return price


@step
def slippage_of(terms: Any, bar: Any, amount: float) -> float:
    """Slippage of a fill: what is set, more by the bar's volatility and the root of its volume's share."""
    slippage: float = terms.slippage
    if terms.slippage_scales and bar.volatility > 0.0:
        share = min(1.0, max(0.0, amount / bar.volume)) if bar.volume > 0.0 else 1.0
        slippage += bar.volatility * (terms.slippage_volatility + terms.slippage_impact * np.sqrt(share))
        slippage = min(slippage, MOST_SLIPPAGE)
    return slippage


@step
def fill(
    account: Any, terms: Any, bar: Any, direction: float, amount: float, basis: float, fee_rate: float
) -> float:
    """Buy (+1) or sell (-1) an amount at the basis price ± slippage, pay the fee; the money moved."""
    slippage = slippage_of(terms, bar, amount)
    value: float = amount * basis * (1.0 + direction * slippage)
    fee = value * fee_rate
    account.cash -= direction * value + fee
    account.fees += fee
    account.slippage += amount * basis * slippage
    account.capacity -= amount
    return value


@step
def whole_steps(terms: Any, amount: float) -> float:
    """The amount, rounded down to the step in which quantities are traded."""
    if terms.quantity_step > 0.0:
        amount = np.floor(amount / terms.quantity_step + 1e-9) * terms.quantity_step
    return amount


@step
def within_capacity(account: Any, terms: Any, wanted: float, basis: float) -> float:
    """The part of a wanted amount that the bar's volume lets through; 0 if it is below the minimum."""
    if wanted <= account.capacity:
        return wanted
    amount = whole_steps(terms, account.capacity)
    return amount if amount * basis >= terms.minimum_notional else 0.0


@step
def enlarge(account: Any, terms: Any, bar: Any, direction: float, amount: float, basis: float) -> None:
    """Open the trade or add to it."""
    value = fill(account, terms, bar, direction, amount, basis, terms.fee)
    if account.position == 0.0:
        account.highest = account.lowest = value / amount
    account.position += direction * amount
    account.entered += amount
    account.entry_value += value


@step
def reduce(account: Any, terms: Any, bar: Any, amount: float, basis: float, fee_rate: float) -> None:
    """Sell part or all of a long, buy back part or all of a short."""
    direction = -1.0 if account.position > 0.0 else 1.0
    whole = amount >= abs(account.position)
    account.exit_value += fill(account, terms, bar, direction, amount, basis, fee_rate)
    account.exited += amount
    account.position = 0.0 if whole else account.position + direction * amount


@step
def update_extremes(account: Any, high: float, low: float) -> None:
    """Remember the best and worst price that the open trade has seen."""
    account.highest = max(account.highest, high)
    account.lowest = min(account.lowest, low)


@step
def open_trade(account: Any, bar: Any, stop_unit: float) -> None:
    """Start an empty trade."""
    account.entered = account.entry_value = account.exited = account.exit_value = 0.0
    account.fees = account.slippage = account.funding = account.borrow = 0.0
    account.entry_bar, account.stop_unit = bar.number, stop_unit


@step
def record_trade(account: Any, row: Any, side: float, t: int, reason: int) -> None:
    """Write the trade that has just become flat in bar t; what the account then lacks is absorbed."""
    account.trades += 1
    entry_price = account.entry_value / account.entered
    moved = side * (account.exit_value - account.entry_value)
    row.trade, row.side, row.exit_reason = account.trades, int(side), reason
    row.entry_bar, row.exit_bar = account.entry_bar, t
    row.bars = t - account.entry_bar
    row.quantity, row.entry_price = account.entered, entry_price
    row.exit_price = account.exit_value / account.exited
    row.gross_pnl, row.fees, row.slippage = moved + account.slippage, account.fees, account.slippage
    row.funding, row.borrow = account.funding, account.borrow
    row.pnl = moved - account.fees - account.funding - account.borrow
    row.absorbed = 0.0
    if account.cash < 0.0 and account.elsewhere == 0:
        row.absorbed = -account.cash
        row.pnl += row.absorbed
        account.cash = 0.0
    row["return"] = row.pnl / account.entry_value
    best, worst = (account.highest, account.lowest) if side > 0.0 else (account.lowest, account.highest)
    row.mae, row.mfe = side * (worst / entry_price - 1.0), side * (best / entry_price - 1.0)
    row.equity_after = account.cash + account.others


@step
def close(account: Any, terms: Any, bar: Any, row: Any, basis: float, reason: int, fee_rate: float) -> bool:
    """Close as much as the bar's volume lets through; True when flat."""
    side = 1.0 if account.position > 0.0 else -1.0
    amount = within_capacity(account, terms, abs(account.position), basis)
    if amount > 0.0:
        reduce(account, terms, bar, amount, basis, fee_rate)
        update_extremes(account, basis, basis)
    if account.position == 0.0:
        record_trade(account, row, side, bar.number, reason)
        return True
    account.capped += 1
    return False
