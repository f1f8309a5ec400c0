"""The permutation test of signals: the same trades at other times, again and again.

A shuffle cuts the target weights into stretches of being long, short and flat and lays them out in another
order, which keeps the number of trades of either side and every holding time. All such orders are equally
likely, the real one included, so the share of shuffles whose timing is as good as that of the real order is a
p-value (Fisher 1935; for trading rules Aronson 2006). They also go through the simulator with its costs,
fills and stops: what they come to is the baseline of chance.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from engine.backtest.simulate import Simulator
from engine.statistics.account import day_ends
from engine.statistics.returns import Floats, sharpes_of_paths

if TYPE_CHECKING:
    from engine.backtest.bars import Bars
    from engine.backtest.rules import Rules

Rows = NDArray[np.int64]

ROUNDING = 1e-9  # share by which equal sums may differ


@dataclass(frozen=True)
class Stretches:
    """A series of target weights (T,) cut where the wanted side changes; m stretches.

    side: (m,) int, +1 long, -1 short, 0 flat. start, stop: (m,) rows.
    """

    side: NDArray[np.int64]
    start: Rows
    stop: Rows

    @classmethod
    def of(cls, weight: Floats) -> Stretches:
        """NaN keeps the side before it; before the first weight it is flat."""
        known = np.maximum.accumulate(np.where(np.isnan(weight), -1, np.arange(len(weight))))  # (T,)
        side = np.where(known < 0, 0.0, np.sign(weight[known])).astype(np.int64)  # (T,)
        start = np.flatnonzero(np.diff(side, prepend=side[0] + 9))
        return cls(side[start], start, np.append(start[1:], len(side)))

    def rows(self, order: Rows) -> Rows:
        """Row numbers (T,) that lay the stretches out in another order (m,)."""
        length = (self.stop - self.start)[order]
        before = np.cumsum(length) - length
        return np.repeat(self.start[order] - before, length) + np.arange(int(length.sum()))


class Shuffler:
    """Draws orders of stretches, all equally likely in which no two of one side meet."""

    def __init__(self, stretches: Stretches) -> None:
        self.long, self.short, self.flat = (
            np.flatnonzero(stretches.side == side) for side in (1, -1, 0)
        )  # numbers of the stretches of each side
        held, flats = len(self.long) + len(self.short), len(self.flat)
        self.options: list[tuple[int, int, int]] = []  # groups of longs, of shorts, and which side begins
        likely: list[float] = []  # logarithm of how many orders each option has
        for groups in range(1, held + 1):
            meeting = held - groups  # two of one side in a row: a flat stretch has to part them
            ways = log_choose(held + 1 - meeting, flats - meeting)  # where the other flat ones may lie
            for first in (1, -1):
                more, less = (groups + 1) // 2, groups // 2
                longs, shorts = (more, less) if first > 0 else (less, more)
                found = ways + log_parts(len(self.long), longs) + log_parts(len(self.short), shorts)
                if found > -math.inf:
                    self.options.append((longs, shorts, first))
                    likely.append(found)
        share = np.exp(np.array(likely) - max(likely, default=0.0))
        self.share = share / share.sum()

    def order(self, generator: np.random.Generator) -> Rows:
        """One order of all stretches, (m,)."""
        if not self.options:  # never in the market
            return generator.permutation(self.flat)
        longs, shorts, first = self.options[int(generator.choice(len(self.options), p=self.share))]
        size = np.empty(longs + shorts, np.int64)  # (groups,) of one side each, taking turns
        size[(first < 0) :: 2] = parts(len(self.long), longs, generator)
        size[(first > 0) :: 2] = parts(len(self.short), shorts, generator)
        is_long = np.repeat(np.arange(len(size)) % 2 == (first < 0), size)  # (held,)
        held = np.empty(len(is_long), np.int64)
        held[is_long] = generator.permutation(self.long)
        held[~is_long] = generator.permutation(self.short)
        meets = np.append(
            np.diff(is_long, prepend=~is_long[0]) == 0, False
        )  # (held + 1,) one of its own side
        flat = generator.permutation(self.flat)
        kept = generator.choice(np.flatnonzero(~meets), len(flat) - int(meets.sum()), replace=False)
        places = np.concatenate([np.flatnonzero(meets), kept])  # (flats,) before which stretch each lies
        order: Rows = np.insert(held, places, flat)
        return order


def parts(total: int, count: int, generator: np.random.Generator) -> Rows:
    """A whole number as a sum of so many of 1 or more, (count,), every way equally likely."""
    if count == 0:
        return np.empty(0, np.int64)
    cuts = np.sort(generator.choice(total - 1, count - 1, replace=False)) + 1
    return np.diff(cuts, prepend=0, append=total)


def log_parts(values: int, count: int) -> float:
    """Logarithm of the number of ways to cut so many values into so many parts of one or more."""
    if values == 0 or count == 0:
        return 0.0 if values == count else -math.inf
    return log_choose(values - 1, count - 1)


def log_choose(total: int, chosen: int) -> float:
    """Logarithm of the binomial coefficient, -∞ where it is 0."""
    if not 0 <= chosen <= total:
        return -math.inf
    return math.lgamma(total + 1) - math.lgamma(chosen + 1) - math.lgamma(total - chosen + 1)


@dataclass(frozen=True)
class Shuffled:
    """What P shuffles came to, each (P,), and how many different orders were drawn (distinct).

    sharpe: annual, of daily returns, NaN if not defined. max_drawdown: on bar equity. timing: see `timings`;
    observed: that of the real order, NaN if nothing was held.
    """

    sharpe: Floats
    total_return: Floats
    max_drawdown: Floats
    timing: Floats
    observed: float
    distinct: int

    @property
    def p_value(self) -> float:
        """Probability of a timing as good as the observed one by chance: (1 + as good) / (1 + P)."""
        if len(self.timing) == 0 or math.isnan(self.observed):
            return math.nan
        as_good = self.timing >= self.observed - ROUNDING * abs(self.observed)
        return (1 + int(as_good.sum())) / (1 + len(self.timing))


def unit_returns(bars: Bars) -> Floats:
    """What a weight of 1 earns in each bar, (T,): open to open, before costs, per forecast volatility.

    A rule that trades only in wild or only in calm times is then no better than the same trades at all times:
    their returns are alike, and so are their costs. Bars of unknown volatility count as of the median one.
    """
    after = np.append(bars.open[1:], bars.close[-1])
    known = bars.forecast_volatility > 0
    middle = np.median(bars.forecast_volatility[known]) if known.any() else 1.0
    earned: Floats = (after / bars.open - 1.0) / np.where(known, bars.forecast_volatility, middle)
    return earned


def in_force(weight: Floats) -> Floats:
    """Target weights (T,) with the last one kept where there is none; 0 before the first."""
    known = np.maximum.accumulate(np.where(np.isnan(weight), -1, np.arange(len(weight))))
    found: Floats = np.where(known < 0, 0.0, weight[known])
    return found


def shuffle(bars: Bars, weight: Floats, rules: Rules, permutations: int, seed: int) -> Shuffled:
    """Trade that many shuffles of the target weights (T,) over the bars by the rules."""
    weight = np.where(
        np.isnan(weight) & (np.arange(len(weight)) == 0), 0.0, weight
    )  # flat until told otherwise
    stretches = Stretches.of(weight)
    shuffler, generator = Shuffler(stretches), np.random.default_rng(seed)
    simulator = Simulator(bars, rules)
    ends = day_ends(bars.time, bars.calendar)  # (D,)
    equity = np.empty((permutations, len(ends)))
    deepest, timing = np.empty((2, permutations))
    held, earned = in_force(weight), unit_returns(bars)  # (T,) each
    seen = set()
    for number in range(permutations):
        order = shuffler.order(generator)
        seen.add(order.tobytes())
        rows = stretches.rows(order)
        timing[number] = held[rows] @ earned
        simulator.trade(weight[rows])
        equity[number] = simulator.equity[ends]
        deepest[number] = simulator.max_drawdown()
    sharpe = sharpes_of_paths(equity, rules.initial_capital, bars.calendar.days_per_year)
    observed = float(held @ earned) if held.any() else math.nan
    gained = equity[:, -1] / rules.initial_capital - 1.0
    return Shuffled(sharpe, gained, deepest, timing, observed, len(seen))
