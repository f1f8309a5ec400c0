"""From a decision to the order in force, and what of it is traded at a bar's open; compiled by numba."""

from __future__ import annotations

from typing import Any

import numpy as np

from engine.backtest.fills import (
    basis_price,
    close,
    enlarge,
    open_trade,
    reduce,
    slippage_of,
    whole_steps,
    within_capacity,
)
from engine.backtest.machine_code import step
from engine.backtest.records import HORIZON, REVERSAL, SIGNAL


@step
def decide(account: Any, weight: float, due: bool) -> None:
    """Turn a decision into the order in force; NaN leaves things as they are, unless the position is due."""
    if due:
        expire(account, weight)
        return
    if np.isnan(weight):
        return
    if weight * account.position > 0.0:  # already there: only an order that leads away is called off
        if account.target_weight * weight <= 0.0:
            account.active = 0
    else:
        account.active = 1 if account.position != 0.0 or weight != 0.0 else 0
        account.reason = SIGNAL if weight == 0.0 else REVERSAL
    account.target_weight = weight


@step
def expire(account: Any, weight: float) -> None:
    """Close at the horizon's end, then do what the bar's decision says; a stop goes on as it is."""
    if account.active and account.target_weight == 0.0 and account.reason != HORIZON:
        return
    account.active, account.reason = 1, HORIZON
    account.target_weight = 0.0 if np.isnan(weight) else weight


@step
def size(account: Any, terms: Any, bar: Any, side: float, basis: float) -> float:
    """Quantity wanted: weight · fraction · E / (p · (1 + fee rate)); NaN if volatility is not known.

    Where slippage grows with the quantity, p is the price of the quantity that would be wanted without that.
    """
    share, volatility = terms.fraction, bar.volatility
    if terms.by_volatility:
        share = min(terms.max_leverage, terms.target_volatility / volatility) if volatility > 0.0 else np.nan
    if terms.stops_in_volatility and not volatility > 0.0:
        share = np.nan
    equity = account.cash + account.others + account.position * basis
    money = abs(account.target_weight) * share * equity / (1.0 + terms.fee)
    wanted: float = money / (basis * (1.0 + side * slippage_of(terms, bar, 0.0)))
    if terms.slippage_scales:
        wanted = money / (basis * (1.0 + side * slippage_of(terms, bar, wanted)))
    return wanted


@step
def make_way(account: Any, terms: Any, bar: Any, row: Any, due: bool) -> bool:
    """Close what is due or in the order's way; False if it cannot go on: what the volume cuts off waits."""
    if account.position != 0.0 and (due or account.target_weight * account.position <= 0.0):
        basis = basis_price(terms, bar, -account.position)
        if np.isnan(basis):
            return False
        if not close(account, terms, bar, row, basis, account.reason, terms.fee):
            leave_rest(account, terms)
            return False
    if account.target_weight == 0.0:
        account.active = 0
        return False
    return True


@step
def enter(account: Any, terms: Any, bar: Any) -> None:
    """Open the position that the order leads to, or add what is missing of it."""
    side = 1.0 if account.target_weight > 0.0 else -1.0
    basis = basis_price(terms, bar, side)
    if np.isnan(basis):
        return
    wanted = size(account, terms, bar, side, basis)
    if np.isnan(wanted):
        account.unsized += 1
        account.active = 0
        return
    missing = whole_steps(terms, wanted - abs(account.position))
    if missing <= 0.0 or missing * basis < terms.minimum_notional:
        if account.position == 0.0 and wanted > 0.0:
            account.too_small += 1
        account.active = 0
        return
    amount = within_capacity(account, terms, missing, basis)
    if amount > 0.0:
        if account.position == 0.0:
            open_trade(account, bar, bar.volatility if terms.stops_in_volatility else 1.0)
        enlarge(account, terms, bar, side, amount, basis)
    if missing > amount:
        account.capped += 1
        leave_rest(account, terms)
    else:
        account.active = 0


@step
def trade_at_open(account: Any, terms: Any, bar: Any, row: Any, due: bool) -> None:
    """Carry out the order in force; without one, keep the position within the band."""
    if account.active:
        if make_way(account, terms, bar, row, due):
            enter(account, terms, bar)
    elif terms.band > 0.0 and account.target_weight * account.position > 0.0:
        rebalance(account, terms, bar)


@step
def leave_rest(account: Any, terms: Any) -> None:
    """What the bar's volume did not let through waits for the next bar, or is dropped."""
    account.active = 1 if terms.wait else 0
    account.dropped += 0 if terms.wait else 1


@step
def rebalance(account: Any, terms: Any, bar: Any) -> None:
    """Resize the position if its weight is further from the wanted one than the band."""
    side = 1.0 if account.position > 0.0 else -1.0
    basis = basis_price(terms, bar, side)
    equity = account.cash + account.others + account.position * basis
    change = size(account, terms, bar, side, basis) - abs(account.position)
    if not (equity > 0.0 and abs(change) * basis > terms.band * equity):
        return
    wanted = whole_steps(terms, abs(change))
    if wanted <= 0.0 or wanted * basis < terms.minimum_notional:
        return
    amount = within_capacity(account, terms, wanted, basis)
    if amount < wanted:
        account.capped += 1
    if amount <= 0.0:
        return
    if change > 0.0:
        enlarge(account, terms, bar, side, amount, basis)
    else:
        reduce(account, terms, bar, amount, basis_price(terms, bar, -side), terms.fee)
