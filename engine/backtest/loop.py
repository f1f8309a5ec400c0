"""The bar loop, compiled by numba: one bar after the other, in the order of the definitions.

Order of one bar: position carried in → funding due → order from the decision → stops → borrow →
mark to market at the close. `run` reads like that list; each step is a small function under it, and
every fill of every kind goes through `fill`. All compiled functions live in this one file, because
numba's cache on disk watches only the file of the function that it caches.

The money and the open trade are one record, `book`, that the steps change in place.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from numba import njit

from engine.backtest.records import Bar

NEXT_OPEN, SAME_CLOSE, WORST_OF_BAR = range(3)
MOST_SLIPPAGE = 0.99
SIGNAL, REVERSAL, STOP_LOSS, TAKE_PROFIT, TRAILING_STOP, END, RUIN = range(7)


def compiled(function: Any) -> Any:
    """Compile, and keep the machine code on disk where numba finds a folder that it may write to."""
    try:
        return njit(cache=True, nogil=True, error_model="numpy")(function)
    except RuntimeError:  # no such folder: compile anew in each process
        return njit(nogil=True, error_model="numpy")(function)


# Compiled into `run`, never kept on its own: a call would hand all terms and the whole bar on.
step = njit(nogil=True, error_model="numpy", forceinline=True)


@step
def pay_funding(book: Any, price: float, rate: float) -> None:
    """Charge the position carried in: a long pays a positive rate on its notional, a short earns it."""
    payment = book.position * price * rate
    book.cash -= payment
    book.funding += payment


@step
def pay_borrow(book: Any, price: float, rate: float) -> None:
    """Charge a short for the bar, on its notional at the close."""
    payment = -book.position * price * rate
    book.cash -= payment
    book.borrow += payment


@step
def decide(book: Any, weight: float) -> None:
    """Turn a decision into the order in force; NaN leaves things as they are."""
    if np.isnan(weight):
        return
    if weight * book.position > 0.0:  # already there: only an order that leads away is called off
        if book.aim * weight <= 0.0:
            book.active = 0
    else:
        book.active = 1 if book.position != 0.0 or weight != 0.0 else 0
        book.reason = SIGNAL if weight == 0.0 else REVERSAL
    book.aim = weight


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
    book: Any, terms: Any, bar: Any, direction: float, amount: float, basis: float, fee_rate: float
) -> float:
    """Buy (+1) or sell (-1) an amount at the basis price ± slippage, pay the fee; the money moved."""
    slippage = slippage_of(terms, bar, amount)
    value: float = amount * basis * (1.0 + direction * slippage)
    fee = value * fee_rate
    book.cash -= direction * value + fee
    book.fees += fee
    book.slippage += amount * basis * slippage
    book.capacity -= amount
    return value


@step
def whole_steps(terms: Any, amount: float) -> float:
    """The amount, rounded down to the step in which quantities are traded."""
    if terms.quantity_step > 0.0:
        amount = np.floor(amount / terms.quantity_step + 1e-9) * terms.quantity_step
    return amount


@step
def within_capacity(book: Any, terms: Any, wanted: float, basis: float) -> float:
    """The part of a wanted amount that the bar's volume lets through; 0 if it is below the minimum."""
    if wanted <= book.capacity:
        return wanted
    amount = whole_steps(terms, book.capacity)
    return amount if amount * basis >= terms.minimum_notional else 0.0


@step
def enlarge(book: Any, terms: Any, bar: Any, direction: float, amount: float, basis: float) -> None:
    """Open the trade or add to it."""
    value = fill(book, terms, bar, direction, amount, basis, terms.fee)
    if book.position == 0.0:
        book.highest = book.lowest = value / amount
    book.position += direction * amount
    book.entered += amount
    book.entry_value += value


@step
def reduce(book: Any, terms: Any, bar: Any, amount: float, basis: float, fee_rate: float) -> None:
    """Sell part or all of a long, buy back part or all of a short."""
    direction = -1.0 if book.position > 0.0 else 1.0
    whole = amount >= abs(book.position)
    book.exit_value += fill(book, terms, bar, direction, amount, basis, fee_rate)
    book.exited += amount
    book.position = 0.0 if whole else book.position + direction * amount


@step
def follow(book: Any, high: float, low: float) -> None:
    """Remember the best and worst price that the open trade has seen."""
    book.highest = max(book.highest, high)
    book.lowest = min(book.lowest, low)


@step
def open_trade(book: Any, bar: Any, stop_unit: float) -> None:
    """Start an empty trade."""
    book.entered = book.entry_value = book.exited = book.exit_value = 0.0
    book.fees = book.slippage = book.funding = book.borrow = 0.0
    book.entry_bar, book.stop_unit = bar.number, stop_unit


@step
def record_trade(book: Any, row: Any, side: float, t: int, reason: int) -> None:
    """Write the trade that has just become flat in bar t."""
    book.trades += 1
    entry_price = book.entry_value / book.entered
    moved = side * (book.exit_value - book.entry_value)
    row.trade, row.side, row.exit_reason = book.trades, int(side), reason
    row.entry_bar, row.exit_bar = book.entry_bar, t
    row.bars = t - book.entry_bar
    row.quantity, row.entry_price, row.exit_price = book.entered, entry_price, book.exit_value / book.exited
    row.gross_pnl, row.fees, row.slippage = moved + book.slippage, book.fees, book.slippage
    row.funding, row.borrow = book.funding, book.borrow
    row.pnl = moved - book.fees - book.funding - book.borrow
    row["return"] = row.pnl / book.entry_value
    best, worst = (book.highest, book.lowest) if side > 0.0 else (book.lowest, book.highest)
    row.mae, row.mfe = side * (worst / entry_price - 1.0), side * (best / entry_price - 1.0)
    row.equity_after = book.cash


@step
def close(book: Any, terms: Any, bar: Any, row: Any, basis: float, reason: int, fee_rate: float) -> bool:
    """Close as much as the bar's volume lets through; True when flat."""
    side = 1.0 if book.position > 0.0 else -1.0
    amount = within_capacity(book, terms, abs(book.position), basis)
    if amount > 0.0:
        reduce(book, terms, bar, amount, basis, fee_rate)
        follow(book, basis, basis)
    if book.position == 0.0:
        record_trade(book, row, side, bar.number, reason)
        return True
    book.capped += 1
    return False


@step
def size(book: Any, terms: Any, bar: Any, side: float, basis: float) -> float:
    """Quantity wanted: weight · fraction · E / (p · (1 + fee rate)); NaN if volatility is not known.

    Where slippage grows with the quantity, p is the price of the quantity that would be wanted without that.
    """
    share, volatility = terms.fraction, bar.volatility
    if terms.by_volatility:
        share = min(terms.max_leverage, terms.target_volatility / volatility) if volatility > 0.0 else np.nan
    if terms.stops_in_volatility and not volatility > 0.0:
        share = np.nan
    equity = book.cash + book.position * basis
    money = abs(book.aim) * share * equity / (1.0 + terms.fee)
    wanted: float = money / (basis * (1.0 + side * slippage_of(terms, bar, 0.0)))
    if terms.slippage_scales:
        wanted = money / (basis * (1.0 + side * slippage_of(terms, bar, wanted)))
    return wanted


@step
def carry_out(book: Any, terms: Any, bar: Any, row: Any) -> None:
    """Carry out the order in force: close what is in its way, then open; what the volume cuts off waits."""
    if book.aim * book.position <= 0.0 and book.position != 0.0:
        basis = basis_price(terms, bar, -book.position)
        if np.isnan(basis):
            return
        if not close(book, terms, bar, row, basis, book.reason, terms.fee):
            leave_rest(book, terms)
            return
    if book.aim == 0.0:
        book.active = 0
    else:
        enter(book, terms, bar)


@step
def enter(book: Any, terms: Any, bar: Any) -> None:
    """Open the position that the order leads to, or add what is missing of it."""
    side = 1.0 if book.aim > 0.0 else -1.0
    basis = basis_price(terms, bar, side)
    if np.isnan(basis):
        return
    wanted = size(book, terms, bar, side, basis)
    if np.isnan(wanted):
        book.unsized += 1
        book.active = 0
        return
    missing = whole_steps(terms, wanted - abs(book.position))
    if missing <= 0.0 or missing * basis < terms.minimum_notional:
        if book.position == 0.0 and wanted > 0.0:
            book.too_small += 1
        book.active = 0
        return
    amount = within_capacity(book, terms, missing, basis)
    if amount > 0.0:
        if book.position == 0.0:
            open_trade(book, bar, bar.volatility if terms.stops_in_volatility else 1.0)
        enlarge(book, terms, bar, side, amount, basis)
    if missing > amount:
        book.capped += 1
        leave_rest(book, terms)
    else:
        book.active = 0


@step
def leave_rest(book: Any, terms: Any) -> None:
    """What the bar's volume did not let through waits for the next bar, or is dropped."""
    book.active = 1 if terms.wait else 0
    book.dropped += 0 if terms.wait else 1


@step
def rebalance(book: Any, terms: Any, bar: Any) -> None:
    """Resize the position if its weight is further from the wanted one than the band."""
    side = 1.0 if book.position > 0.0 else -1.0
    basis = basis_price(terms, bar, side)
    equity = book.cash + book.position * basis
    change = size(book, terms, bar, side, basis) - abs(book.position)
    if not (equity > 0.0 and abs(change) * basis > terms.band * equity):
        return
    wanted = whole_steps(terms, abs(change))
    if wanted <= 0.0 or wanted * basis < terms.minimum_notional:
        return
    amount = within_capacity(book, terms, wanted, basis)
    if amount < wanted:
        book.capped += 1
    if amount <= 0.0:
        return
    if change > 0.0:
        enlarge(book, terms, bar, side, amount, basis)
    else:
        reduce(book, terms, bar, amount, basis_price(terms, bar, -side), terms.fee)


@step
def stop_level(price: float, side: float, distance: float) -> float:
    """Where a stop at this distance lies; out of reach if there is none."""
    return price * (1.0 - side * distance) if distance > 0.0 else -side * np.inf


@step
def check_stops(book: Any, terms: Any, bar: Any, row: Any) -> None:
    """Close at a stop or target that the bar reached; the stop comes first, a gap fills at the open."""
    side = 1.0 if book.position > 0.0 else -1.0
    first = bar.open
    if terms.fill == WORST_OF_BAR and book.entry_bar == bar.number:  # bought at the high: the open was before
        first = basis_price(terms, bar, side)
    follow(book, first, first)
    worst, best, peak = bar.low, bar.high, book.highest
    if side < 0.0:
        worst, best, peak = bar.high, bar.low, book.lowest
    entry, fee_rate = book.entry_value / book.entered, terms.fee
    loss = stop_level(entry, side, terms.stop_loss * book.stop_unit)
    trail = stop_level(peak, side, terms.trailing_stop * book.stop_unit)
    target = stop_level(entry, -side, terms.take_profit * book.stop_unit)
    if side * (worst - loss) <= 0.0 or side * (worst - trail) <= 0.0:
        level, reason = (trail, TRAILING_STOP) if side * (trail - loss) > 0.0 else (loss, STOP_LOSS)
        level = min(first, level) if side > 0.0 else max(first, level)
    elif side * (best - target) >= 0.0:
        level, reason, fee_rate = target, TAKE_PROFIT, terms.fee * (1.0 - terms.maker_discount)
        level = max(first, level) if side > 0.0 else min(first, level)
    else:
        return
    if close(book, terms, bar, row, level, reason, fee_rate):
        row.bars += 1
        book.active, book.aim = 0, 0.0
        return
    leave_rest(book, terms)
    if terms.wait:
        book.aim, book.reason = 0.0, reason


@step
def close_out(book: Any, terms: Any, bar: Any, row: Any, price: float, reason: int) -> None:
    """Close the whole position whatever the volume: the simulation ends here."""
    book.capacity = np.inf
    close(book, terms, bar, row, price, reason, terms.fee)
    row.bars += 1


@step
def bar_at(prices: Any, terms: Any, t: int) -> Bar:
    """Bar t out of the arrays; what the terms do not ask for is not fetched."""
    before = prices.previous_close[t] if terms.fill == SAME_CLOSE else np.nan
    volatility = prices.volatility[t] if terms.needs_volatility else np.nan
    volume = prices.volume[t] if terms.slippage_scales else np.nan
    funding = prices.funding[t] if terms.funding else 0.0
    return Bar(t, prices.open[t], prices.high[t], prices.low[t], before, volatility, volume, funding)


@compiled
def run(
    prices: Any, terms: Any, book: Any, target: Any, trades: Any, equity: Any, cash: Any, position: Any
) -> int:
    """Walk the bars; fill equity, cash, position, each (T,) float64, and trades; the bars until ruin, or T.

    `book` is a BOOK record with the cash in it, `trades` a TRADE array with a row more than target weights
    that are not NaN: only such a one opens a trade, and no more than one, so it never overflows.
    A bar in which nothing can happen is only marked to market.
    """
    bars, last = len(target), len(target) - 1
    every_bar = terms.stops or terms.funding or terms.band > 0.0 or terms.borrow > 0.0
    money, held, highest, lowest = book.cash, 0.0, 0.0, 0.0
    for t in range(bars):
        weight = target[t]
        settled = np.isnan(weight) or weight * held > 0.0 or (weight == 0.0 and held == 0.0)
        if every_bar or book.active or not settled:
            bar = bar_at(prices, terms, t)
            book.highest, book.lowest = highest, lowest
            book.capacity = terms.volume_share * prices.volume[t] if terms.volume_share > 0.0 else np.inf
            pay_funding(book, bar.open, bar.funding)
            decide(book, weight)
            if book.active:
                carry_out(book, terms, bar, trades[book.trades])
            elif terms.band > 0.0 and book.aim * book.position > 0.0:
                rebalance(book, terms, bar)
            if terms.stops and book.position != 0.0:
                check_stops(book, terms, bar, trades[book.trades])
            if book.position < 0.0:
                pay_borrow(book, prices.close[t], terms.borrow)
            money, held, highest, lowest = book.cash, book.position, book.highest, book.lowest
        if held != 0.0:
            highest, lowest = max(highest, prices.high[t]), min(lowest, prices.low[t])
        value = money + held * prices.close[t]
        equity[t], cash[t], position[t] = value, money, held
        if value <= 0.0:
            last = t
            break
    book.highest, book.lowest = highest, lowest
    if held != 0.0:
        reason = RUIN if equity[last] <= 0.0 else END
        close_out(book, terms, bar_at(prices, terms, last), trades[book.trades], prices.close[last], reason)
    equity[last:], cash[last:], position[last:] = book.cash, book.cash, 0.0
    return last + 1


@cache
def run_anew() -> Any:
    """`run` compiled in memory only, for when what is kept on disk cannot be loaded."""
    return njit(nogil=True, error_model="numpy")(run.py_func)
