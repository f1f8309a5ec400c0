"""Many variants over the same bars, on every core: the bars are there once, an account once for each core."""

from __future__ import annotations

import hashlib
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from engine.backtest.simulate import Simulator
from engine.statistics.account import day_ends
from engine.statistics.returns import returns_of_paths, sharpes_of_paths

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from engine.backtest.bars import Bars, Floats
    from engine.backtest.rules import Rules


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
    ends, own = day_ends(bars.time, bars.calendar), threading.local()  # (D,)
    equity = np.empty((len(variants), len(ends)))  # (V, D)
    deepest, trades = np.empty(len(variants)), np.empty(len(variants), np.int64)
    hashes = [""] * len(variants)

    def trade(number: int) -> None:
        target, rules = variants[number]
        if not hasattr(own, "simulator"):
            own.simulator = Simulator(bars, rules)
        simulator = own.simulator
        simulator.under(bars, rules)
        simulator.trade(target)
        equity[number] = simulator.equity[ends]
        deepest[number], trades[number] = simulator.max_drawdown(), simulator.account["trades"][0]
        if digests:
            hashes[number] = hashlib.sha256(simulator.equity.tobytes()).hexdigest()

    with ThreadPoolExecutor(workers) as threads:
        list(threads.map(trade, range(len(variants))))
    capital = np.array([rules.initial_capital for _, rules in variants], np.float64)  # (V,)
    gained = equity[:, -1] / capital - 1.0
    ratios, kept = (
        sharpes_of_paths(equity, capital[:, None], bars.calendar.days_per_year),
        tuple(hashes) if digests else (),
    )
    return Swept(
        equity[:, -1], gained, ratios, deepest, trades, returns_of_paths(equity, capital[:, None]), kept
    )
