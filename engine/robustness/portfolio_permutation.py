"""Permutation tests of an account over several symbols: is it the symbol that is chosen, and is it the day?

By symbol, the target weights of each day are dealt out to the symbols that have bars then: as much is held
long and short at the same times, of others. By days, all symbols' weights move together to other days:
symbols and hours stay as they are, and whatever symbols have in common on a day. A timing as good as the real
one is rare by chance only where the strategy knows which symbol, or when (Fisher 1935; Aronson 2006).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

from engine.backtest import signals
from engine.backtest.portfolio import Grid
from engine.backtest.universe_trading import rules_of_universe, weights_in
from engine.results.portfolio import BY_DAYS, BY_SYMBOL, PortfolioPermutation
from engine.robustness.permutation import ROUNDING, in_force, unit_returns
from engine.statistics.account import DAY_MS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from engine.backtest.bars import Floats
    from engine.backtest.trading import Decisions
    from engine.backtest.universe_trading import Members
    from engine.settings import Settings


@dataclass(frozen=True, eq=False)
class Days:
    """What is held and what it earns of S symbols on D days of K bars, as far as a day has them.

    weight: (D, K, S) shares of equity, 0 without a bar. earned: (D, K, S) return of a whole weight from the
    bar's open to the next, per forecast volatility, less the symbol's mean; 0 without a bar. there: (D, K, S)
    whether there is one.
    """

    weight: Floats
    earned: Floats
    there: NDArray[np.bool_]

    @classmethod
    def of(
        cls, decisions: Mapping[str, Decisions], settings: Settings, member: Members | None = None
    ) -> Self:
        """Of the decisions as the settings divide and hold them."""
        markets = {name: made.bars for name, made in decisions.items()}
        rules, grid = rules_of_universe(markets, settings), Grid.of(markets)
        wanted = weights_in(decisions, settings, member)
        held = [
            signals.hold_for_horizon(each, rules.exit_after) if rules.exit_after else in_force(each)
            for each in wanted.values()
        ]
        units = [unit_returns(bars) for bars in markets.values()]
        time = grid.time.astype(np.int64)
        day, first = np.unique(time // DAY_MS, return_inverse=True)  # (D,), (T,)
        bar = np.arange(len(time)) - np.searchsorted(first, first)  # (T,) its number within the day
        shape = (len(day), int(bar.max()) + 1, len(markets))

        def laid(values: Floats) -> Floats:
            found = np.full(shape, np.nan)
            found[first, bar] = values
            return found

        earned = laid(grid.table([unit - unit.mean() for unit in units]))
        there = np.isfinite(earned)
        weight = np.where(there, np.nan_to_num(laid(grid.table(held))), 0.0)
        return cls(weight, np.where(there, earned, 0.0), there)

    def by_days(self, permutations: int, generator: np.random.Generator) -> PortfolioPermutation:
        """The weights of whole days on other days."""
        count = len(self.weight)
        weight, earned, there = (
            each.reshape(count, -1) for each in (self.weight, self.earned, self.there.astype(np.float64))
        )  # (D, K · S) each
        gained = weight @ earned.T  # (D, D) of the weights of one day on another
        exposed = np.square(weight) @ there.T
        here = np.arange(count)
        orders = [generator.permutation(count) for _ in range(permutations)]
        found = [timing(gained[order, here].sum(), exposed[order, here].sum()) for order in orders]
        observed = timing(np.trace(gained), np.trace(exposed))
        return tested(BY_DAYS, observed, found, len({order.tobytes() for order in orders}))

    def by_symbol(self, permutations: int, generator: np.random.Generator) -> PortfolioPermutation:
        """The weights of each day at other symbols of that day."""
        gained = np.einsum("dks,dkr->dsr", self.weight, self.earned)  # (D, S, S) of one's weights at another
        exposed = np.einsum("dks,dkr->dsr", np.square(self.weight), self.there.astype(np.float64))
        present: NDArray[np.bool_] = np.any(self.there, axis=1)  # (D, S)
        days, symbols = present.shape
        day, symbol = np.arange(days)[:, None], np.arange(symbols)  # (D, 1), (S,)
        last = np.argsort(~present, axis=1, kind="stable")  # (D, S) those that are there, in their order
        found, seen = list[float](), set[int]()
        for _ in range(permutations):
            drawn = np.argsort(np.where(present, generator.random((days, symbols)), 2.0 + symbol), axis=1)
            order = np.empty_like(drawn)  # (D, S) whose weights each symbol has; the absent keep theirs
            order[day, last] = drawn
            seen.add(hash(order.tobytes()))
            found.append(timing(gained[day, order, symbol].sum(), exposed[day, order, symbol].sum()))
        observed = timing(np.trace(gained, axis1=1, axis2=2).sum(), np.trace(exposed, axis1=1, axis2=2).sum())
        return tested(BY_SYMBOL, observed, found, len(seen))


def timing(gained: float, exposed: float) -> float:
    """What was earned, by the size of what was held, as moved weights may fall on bars that lack."""
    return float(gained / math.sqrt(exposed)) if exposed > 0 else 0.0


def tested(name: str, observed: float, found: list[float], distinct: int) -> PortfolioPermutation:
    """The share of orders whose timing is as good as the observed one, the real order among them."""
    if not observed or not found:
        return PortfolioPermutation(name, len(found), distinct, math.nan)
    as_good = int((np.array(found) >= observed - ROUNDING * abs(observed)).sum())
    return PortfolioPermutation(name, len(found), distinct, (1 + as_good) / (1 + len(found)))


def permutation_tests(
    decisions: Mapping[str, Decisions], settings: Settings, member: Members | None = None
) -> tuple[PortfolioPermutation, ...]:
    """Both tests, with the settings' number of orders and seed; none where they ask for none."""
    asked = settings.evidence
    if not asked.permutations:
        return ()
    days = Days.of(decisions, settings, member)
    tests = [days.by_days(asked.permutations, np.random.default_rng(asked.seed))]
    if len(decisions) > 1:
        tests.insert(0, days.by_symbol(asked.permutations, np.random.default_rng(asked.seed)))
    return tuple(tests)
