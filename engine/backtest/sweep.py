"""Many variants over the same bars, on every core: the bars are there once, an account once for each core."""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from engine.backtest.simulate import Simulator, prices_of, terms_of
from engine.settings import cores
from engine.statistics.account import day_ends
from engine.statistics.returns import returns_of_paths, sharpes_of_returns

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from engine.backtest.bars import Bars, Floats
    from engine.backtest.batch_loop import Outcomes, Scratch
    from engine.backtest.records import Prices
    from engine.backtest.rules import Rules

AT_ONCE, MOST_AT_ONCE = 1 << 17, 64  # target weights of a batch, a core's cache full; variants of one


@dataclass(frozen=True)
class Swept:
    """What V variants came to, each (V,): Sharpe annual, of daily returns, NaN if not defined.

    daily_returns: (V, D).
    digests: of the whole equity curves, SHA-256; none unless asked for.
    """

    final_value: Floats
    total_return: Floats
    sharpe: Floats
    max_drawdown: Floats
    trades: NDArray[np.int64]
    daily_returns: Floats
    digests: tuple[str, ...] = ()


def sweep(
    bars: Bars,
    variants: Sequence[tuple[Floats, Rules]],
    workers: int | None = None,
    *,
    digests: bool = False,
) -> Swept:
    """Trade each variant: target weights (T,), contiguous float64, by rules of its own.

    Variants may share their weights. `workers` threads at a time, None for what the machine has: the loop
    runs outside of Python's lock. The order of threads changes nothing in the figures.
    """
    ends, capital = day_ends(bars.time, bars.calendar), capital_of(variants)  # (D,), (V,)
    if not variants:
        nothing = np.empty(0)
        return Swept(nothing, nothing, nothing, nothing, np.empty(0, np.int64), np.empty((0, len(ends))))
    size = 1 if digests else at_once(len(bars))
    parts = [variants[first : first + size] for first in range(0, len(variants), size)]
    prices = prices_of(bars)

    def trade(part: Sequence[tuple[Floats, Rules]]) -> tuple[Outcomes, str]:
        return traded(bars, prices, part, ends, digest=digests)

    if len(parts) == 1 or workers == 1:
        found = list(map(trade, parts))
    else:
        with ThreadPoolExecutor(workers or cores()) as threads:
            found = list(threads.map(trade, parts))
    equity = np.concatenate([outcomes.equity for outcomes, _ in found])  # (V, D)
    returns = returns_of_paths(equity, capital[:, None])  # (V, D)
    return Swept(
        equity[:, -1],
        equity[:, -1] / capital - 1.0,
        sharpes_of_returns(returns, bars.calendar.days_per_year),
        np.concatenate([outcomes.deepest for outcomes, _ in found]),
        np.concatenate([outcomes.trades for outcomes, _ in found]),
        returns,
        tuple(digest for _, digest in found) if digests else (),
    )


def at_once(bars: int) -> int:
    """How many variants over so many bars make a batch."""
    return max(1, min(MOST_AT_ONCE, AT_ONCE // bars))


def traded(
    bars: Bars, prices: Prices, part: Sequence[tuple[Floats, Rules]], ends: NDArray[np.int64], *, digest: bool
) -> tuple[Outcomes, str]:
    """What some of the variants came to, and the digest of the last one's equity curve, if asked for."""
    from engine.backtest import batch_loop  # and numba, which training does without

    rules, own = [each for _, each in part], batch_loop.scratch(len(bars))
    table = np.array([tuple(terms_of(bars, each)) for each in rules], batch_loop.TERMS)  # (v,)
    outcomes = batch_loop.outcomes(len(part), len(ends))
    target = np.stack([each for each, _ in part])  # (v, T)
    given = (prices, table, tiers_of(rules), capital_of(part), target, ends, own, outcomes)
    try:
        batch_loop.compiled_trade()(*given)
    except OSError:  # the folder for machine code refused it; compiled it is all the same
        batch_loop.compiled_trade()(*given)
    except (AttributeError, ImportError):  # the machine code kept there is another version's
        one_by_one(bars, part, ends, own, outcomes)
    return outcomes, hashlib.sha256(own.equity.tobytes()).hexdigest() if digest else ""


def one_by_one(
    bars: Bars, part: Sequence[tuple[Floats, Rules]], ends: NDArray[np.int64], own: Scratch, to: Outcomes
) -> None:
    """The same without the batch's machine code."""
    for number, (target, rules) in enumerate(part):
        simulator = Simulator(bars, rules)
        simulator.trade(target)
        own.equity[:], to.equity[number] = simulator.equity, simulator.equity[ends]
        to.deepest[number], to.trades[number] = simulator.max_drawdown(), simulator.account["trades"][0]


def capital_of(variants: Sequence[tuple[Floats, Rules]]) -> Floats:
    """What each begins with, (V,)."""
    return np.array([rules.initial_capital for _, rules in variants], np.float64)


def tiers_of(rules: Sequence[Rules]) -> Floats:
    """The margin brackets of each, (V, 2, K, 2); who has less than K repeats the last, which asks no more."""
    found = [each.tiers() for each in rules]
    last = np.array([each.shape[1] - 1 for each in found])  # (V,)
    brackets = np.arange(last.max() + 1)  # (K,)
    if last.min() == last.max():
        return np.stack(found)
    return np.stack([each[:, np.minimum(brackets, end)] for each, end in zip(found, last, strict=True)])
