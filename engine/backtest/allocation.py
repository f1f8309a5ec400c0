"""From what is wanted of each symbol to target weights of one account over all of them.

    weights = allocate(markets, {"BTC/USDT": wanted, "ETH/USDT": others}, limits)
    result = simulate_portfolio(markets, weights, rules)

What is wanted of a symbol is a weight of its own, as of one that has an account to itself: +1 long, -1 short,
0 close, NaN keep. Its part of the account scales that. No weight depends on a later bar.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

from engine.backtest import records
from engine.backtest.portfolio import Grid
from engine.market.spacing import HOUR_MS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from engine.backtest.bars import Bars, Floats
    from engine.settings.portfolio import Portfolio

GONE_MS = 24 * HOUR_MS  # without a bar for longer, a symbol keeps no room in the account


@dataclass(frozen=True)
class Limits:
    """What holds all weights together. Caps are shares of equity, 0 means none.

    every: bars between the times at which anything is opened, turned or resized. exit_after: own bars after
    which a position is closed, 0 where signals close. resized: whether the simulation resizes what is held
    (it has a rebalance band); else the same sign again changes nothing, and what is held keeps its room.
    """

    symbol_cap: float = 0.0
    gross_cap: float = 0.0
    net_cap: float = 0.0
    turnover_limit: float = 0.0
    every: int = 1
    exit_after: int = 0
    resized: bool = False

    @classmethod
    def of(cls, settings: Portfolio, *, exit_after: int = 0, resized: bool = False, every: int = 1) -> Self:
        """The limits that the settings state; every: where they leave that open."""
        return cls(
            settings.symbol_cap,
            settings.gross_cap,
            settings.net_cap,
            settings.turnover_limit,
            settings.every or every,
            exit_after,
            resized,
        )

    def terms(self, *, divided: bool) -> records.Limits:
        """As the loop takes them."""
        return records.Limits(
            self.symbol_cap or np.inf,
            self.gross_cap or np.inf,
            self.net_cap or np.inf,
            self.turnover_limit or np.inf,
            self.exit_after,
            self.resized,
            divided,
            GONE_MS,
        )


def allocate(
    markets: Mapping[str, Bars],
    wanted: Mapping[str, Floats],
    limits: Limits,
    part: Mapping[str, Floats] | None = None,
    member: Mapping[str, NDArray[np.bool_]] | None = None,
    *,
    divided: bool = True,
) -> dict[str, Floats]:
    """Target weights of the account by symbol, (T_s,) each: 0 close, NaN keep.

    wanted: (T_s,) of each symbol. part: (T_s,) what a whole weight is of the account, 1 if it is not given;
    where it is NaN nothing is opened. divided: whether by the number of symbols that may trade then or are
    held. member: (T_s,) whether the universe has the symbol then; one that leaves is closed.
    """
    grid = Grid.of(markets)
    names = tuple(markets)

    def flat(values: Mapping[str, NDArray[np.float64]] | None, otherwise: float) -> Floats:
        if values is None:
            return np.full(grid.last[-1] + 1, otherwise)
        return np.concatenate([np.asarray(values[name], np.float64) for name in names])

    inside = None if member is None else {name: each.astype(np.float64) for name, each in member.items()}
    given = (
        grid.time.astype(np.int64),
        grid.rows,
        grid.first,
        flat(wanted, np.nan),
        flat(part, 1.0),
        flat(inside, 1.0) > 0,
        times_of(grid.time, step_of(markets), limits.every),
        limits.terms(divided=divided),
    )
    found = np.empty(grid.last[-1] + 1)  # (N,) one symbol after the other
    from engine.backtest import allocation_loop  # and numba, which training does without

    sizes = allocation_loop.untraded(len(names))
    try:
        allocation_loop.compiled_divide()(*given, sizes, found)
    except (OSError, AttributeError, ImportError):  # machine code cannot be kept, or is of another version
        allocation_loop.divide(*given, sizes, found)
    return grid.by_symbol(names, found)


def step_of(markets: Mapping[str, Bars]) -> int:
    """Milliseconds of a bar."""
    return next(iter(markets.values())).calendar.step_ms


def times_of(time: NDArray[np.datetime64], step_ms: int, every: int) -> NDArray[np.bool_]:
    """The times (T,) at which something may be opened: the first of each `every` bars since 1970."""
    number = time.astype(np.int64) // (step_ms * every)  # (T,)
    return np.append([True], number[1:] != number[:-1])


def by_volatility(bars: Bars, target: float, most: float) -> Floats:
    """Part (T,) of a symbol that aims at a volatility, per year: min(most, target / forecast volatility).

    NaN where that is not known (Moskowitz, Ooi and Pedersen 2012, each then divided by N).
    """
    volatility = bars.forecast_volatility * np.sqrt(bars.calendar.bars_per_year)  # (T,)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(volatility > 0, np.minimum(most, target / volatility), np.nan)


def ranked(
    markets: Mapping[str, Bars],
    score: Mapping[str, Floats],
    top: int,
    bottom: int,
    every: int,
    member: Mapping[str, NDArray[np.bool_]] | None = None,
) -> dict[str, Floats]:
    """Weights (T_s,) of the highest scores long and the lowest short, all of one size, 1 in sum.

    Ranked at the times of `every`, among the symbols that have a bar, a score and membership then; each side
    gets its part of too few. 0 for the others, NaN at other times. Equal scores in the symbols' order.
    """
    grid, names = Grid.of(markets), tuple(markets)
    asked = {
        name: score[name] if member is None else np.where(member[name], score[name], np.nan) for name in names
    }
    values = np.concatenate([asked[name] for name in names])  # (N,)
    weight = np.full(len(values), np.nan)  # (N,)
    chosen = grid.rows[times_of(grid.time, step_of(markets), every)]  # (R, S)
    for rows in chosen:
        here = rows[rows >= 0]  # (n,)
        weight[here] = 0.0
        known = here[np.isfinite(values[here])]  # (m,)
        scored = known[np.argsort(values[known], kind="stable")]  # (m,) the lowest first
        high, low = sides(len(scored), top, bottom)
        if high + low:
            weight[scored[len(scored) - high :]] = 1.0 / (high + low)
            weight[scored[:low]] = -1.0 / (high + low)
    return grid.by_symbol(names, weight)


def sides(count: int, top: int, bottom: int) -> tuple[int, int]:
    """How many of `count` symbols are long and short: top and bottom, or their parts of too few."""
    asked = top + bottom
    return (top, bottom) if count >= asked else (count * top // asked, count * bottom // asked)
