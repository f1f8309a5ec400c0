"""How the account is divided, time by time, compiled by numba; the rules stand in `allocation`.

Settled for each symbol at a time are its side, the weight that it has whatever happens (`kept`), and what it
would have on top of that (`more`). Caps and the turnover limit shorten `more` alone.
"""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

import numpy as np

from engine.backtest.machine_code import compiled, rare, sources, step

DUST = 1e-9  # of equity: less is what rounding leaves
LONG_AGO = -(2**62)


class Sizes(NamedTuple):
    """Of each symbol, (S,): what it may hold already, of that what goes on, and the rest as above."""

    held: Any  # signed weight
    entry: Any  # number of the bar since when
    seen: Any  # time of its last bar
    base: Any
    kept: Any
    more: Any
    side: Any
    want: Any  # NaN: tell nothing; 0: close; else at most so much
    timed: Any  # side of what is told while the horizon runs, which the simulation needs after a stop


def untraded(symbols: int) -> Sizes:
    """Of symbols of which nothing is held."""
    held, *others = np.zeros((7, symbols))  # (S,) each
    return Sizes(held, np.zeros(symbols, np.int64), np.full(symbols, LONG_AGO), *others)


@step
def candidates(sizes: Sizes, at: Any, now: int, member: Any, terms: Any) -> int:
    """How many symbols may trade now or are held."""
    count = 0
    for s in range(len(at)):
        if at[s] >= 0:
            sizes.seen[s] = now
        there = sizes.held[s] != 0.0 and now - sizes.seen[s] <= terms.gone
        if there or (at[s] >= 0 and member[at[s]]):
            count += 1
    return count


@step
def decide(sizes: Sizes, s: int, number: int, weight: float, share: float, opens: bool, terms: Any) -> None:
    """What a bar's decision, a weight of the symbol's own, asks for; share: of the account, NaN: unknown."""
    held = sizes.held[s]
    ending = terms.exit_after > 0 and held != 0.0
    due = ending and number - sizes.entry[s] >= terms.exit_after
    if ending and not due:
        sizes.timed[s] = 0.0 if np.isnan(weight) else np.sign(weight)
        sizes.want[s] = np.nan if np.isnan(weight) else 0.0
        return
    if due and not opens and not np.isnan(weight):
        weight = 0.0
    if due:
        sizes.base[s] = sizes.kept[s] = 0.0
    if np.isnan(weight):
        return
    if weight == 0.0 or weight * held < 0.0 or due:
        sizes.base[s] = sizes.kept[s] = sizes.want[s] = 0.0
    if weight != 0.0 and opens and not np.isnan(share):
        sizes.want[s] = min(abs(weight) * share, terms.symbol_cap)
        sizes.side[s] = np.sign(weight)
        if terms.resized:
            sizes.kept[s] = 0.0
        sizes.more[s] = max(sizes.want[s] - sizes.kept[s], 0.0)


@step
def hold_caps(sizes: Sizes, terms: Any) -> None:
    """Shorten what comes on top at one rate, to the gross cap, then on the heavier side to the net cap."""
    gross, more, net = 0.0, 0.0, 0.0
    for s in range(len(sizes.held)):
        gross += sizes.kept[s]
        more += sizes.more[s]
    rate = max(terms.gross_cap - gross, 0.0) / more if gross + more > terms.gross_cap and more > 0.0 else 1.0
    for s in range(len(sizes.held)):
        sizes.more[s] *= rate
        net += sizes.side[s] * (sizes.kept[s] + sizes.more[s])
    if abs(net) > terms.net_cap:
        heavy, more = np.sign(net), 0.0
        for s in range(len(sizes.held)):
            if sizes.side[s] == heavy:
                more += sizes.more[s]
        rate = max(1.0 - (abs(net) - terms.net_cap) / more, 0.0) if more > 0.0 else 1.0
        for s in range(len(sizes.held)):
            if sizes.side[s] == heavy:
                sizes.more[s] *= rate


@step
def growth_rate(sizes: Sizes, at: Any, limit: float) -> float:
    """How much of each growth the turnover limit lets through; what closes or shrinks goes first."""
    freed, grown = 0.0, 0.0
    for s in range(len(at)):
        if at[s] >= 0:
            size, base = sizes.kept[s] + sizes.more[s], sizes.base[s]
            freed += abs(sizes.held[s]) - min(base, size)
            grown += max(size - base, 0.0)
    return max(limit - freed, 0.0) / grown if freed + grown > limit and grown > 0.0 else 1.0


@step
def settle(sizes: Sizes, s: int, number: int, rate: float) -> float:
    """Take over the symbol's new size; the target weight that is told, NaN: none."""
    size, base, want = sizes.kept[s] + sizes.more[s], sizes.base[s], sizes.want[s]
    if size > base:
        size = base + rate * (size - base)
    if size < DUST:
        size = 0.0
    weight = np.nan
    if sizes.timed[s] != 0.0:
        weight = sizes.timed[s] * size
    elif not np.isnan(want):
        weight = sizes.side[s] * min(want, size)
    if base == 0.0:
        sizes.entry[s] = number
    sizes.held[s] = sizes.side[s] * size
    return weight


@rare
def divide(
    time: Any, rows: Any, first: Any, wanted: Any, part: Any, member: Any, opens: Any, terms: Any,
    sizes: Sizes, found: Any,
) -> None:  # fmt: skip
    """Fill the target weights found (N,). sizes: what `untraded` makes.

    time: (T,) milliseconds. rows: (T, S) place of each symbol's bar, -1 where it has none. first: (S,) place
    of its first. wanted, part, member: (N,). opens: (T,) whether anything may be opened.
    """
    symbols = rows.shape[1]
    for t in range(len(rows)):
        at = rows[t]
        count = candidates(sizes, at, time[t], member, terms)
        for s in range(symbols):
            k, held = at[s], sizes.held[s]
            there = time[t] - sizes.seen[s] <= terms.gone
            sizes.side[s] = np.sign(held)
            sizes.base[s] = sizes.kept[s] = abs(held) if there else 0.0
            sizes.more[s], sizes.want[s], sizes.timed[s] = 0.0, np.nan, 0.0
            if k >= 0:
                share = part[k] / count if terms.divided and count > 0 else part[k]
                decide(sizes, s, k - first[s], wanted[k] if member[k] else 0.0, share, opens[t], terms)
        hold_caps(sizes, terms)
        rate = growth_rate(sizes, at, terms.turnover_limit)
        for s in range(symbols):
            if at[s] >= 0:
                found[at[s]] = settle(sizes, s, at[s] - first[s], rate)


@cache
def compiled_divide() -> Any:
    """`divide`, compiled and kept on disk."""
    source = sources()

    def division(
        time: Any, rows: Any, first: Any, wanted: Any, part: Any, member: Any, opens: Any, terms: Any,
        sizes: Sizes, found: Any,
    ) -> None:  # fmt: skip
        _ = source
        divide(time, rows, first, wanted, part, member, opens, terms, sizes, found)

    return compiled(division)
