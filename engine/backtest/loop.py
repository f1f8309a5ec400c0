"""The bar loop, compiled by numba: one bar after the other, in the order of the definitions.

Order of one bar: position carried in → funding due → order from the decision → funding due later, as far
as it is paid → stops and margin → what is received of it → borrow → mark to market at the close. `run`
reads like that list; each step is a small function under it, and every fill of every kind goes through
`fill`. All compiled functions live in this one file, because numba's cache on disk watches only the file of
the function that it caches.

The money and the open trade are one record, `account`, that the steps change in place.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from numba import njit

from engine.backtest.records import SAME_CLOSE, WORST_OF_BAR, Bar

MOST_SLIPPAGE = 0.99
SIGNAL, REVERSAL, STOP_LOSS, TAKE_PROFIT, TRAILING_STOP, END, RUIN, HORIZON, LIQUIDATION = range(9)


def compiled(function: Any) -> Any:
    """Compile, and keep the machine code on disk where numba finds a folder that it may write to."""
    try:
        return njit(cache=True, nogil=True, error_model="numpy")(function)
    except RuntimeError:  # no such folder: compile anew in each process
        return njit(nogil=True, error_model="numpy")(function)


# Compiled into `run`, never kept on its own: a call would hand all terms and the whole bar on.
step = njit(nogil=True, error_model="numpy", forceinline=True)
rare = njit(nogil=True, error_model="numpy")  # stays out of the loop's way


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
def margin_rate(account: Any, terms: Any) -> float:
    """The highest rate of maintenance margin for the side that is held."""
    rate: float = terms.maintenance_short if account.position < 0.0 else terms.maintenance_long
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
    rate, timed = margin_rate(account, terms), terms.exit_after > 0 and held != 0.0
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


@compiled
def run(
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
        if below_margin(account.cash, account.position, margin_rate(account, terms), bar.low, bar.high):
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
def run_anew() -> Any:
    """`run` compiled in memory only, for when what is kept on disk cannot be loaded."""
    return njit(nogil=True, error_model="numpy")(run.py_func)
