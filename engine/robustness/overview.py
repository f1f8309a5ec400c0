"""How far the figures of a backtest can be trusted: what stands beside every result.

fills        the same signals under kinder and harsher fills
intervals    95 % intervals of the figures, from the stationary bootstrap
permutation  the same trades at other times
baselines    what knows next to nothing, and whether the strategy beat it beyond chance
trials       how often somebody looked at this span, and the Sharpe ratio deflated by that
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypedDict

import numpy as np
from threadpoolctl import threadpool_limits

from engine.backtest import signals, trading
from engine.backtest.simulate import simulate
from engine.results.backtest import (
    AccountIntervals,
    Baseline,
    FillScenario,
    FillScenarios,
    ForecastIntervals,
    Interval,
    Intervals,
    PermutationTest,
    Spread,
)
from engine.results.explanations import CHANCE, FLAT, RANDOM, SLIPPED
from engine.robustness import baselines, deflation, fill_scenarios, permutation
from engine.statistics import intervals, returns
from engine.statistics.metrics import daily_returns, metrics, total_return
from engine.statistics.superiority import holm

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from engine.backtest.rules import Rules
    from engine.backtest.simulate import Simulation
    from engine.backtest.trading import Decisions
    from engine.market.calendar import Calendar
    from engine.results.backtest import BacktestResult
    from engine.robustness.deflation import Who
    from engine.settings import Settings

    Floats = NDArray[np.float64]

COVERAGE = 0.95


class Figures(TypedDict):
    """The figures of a Headline, by their names."""

    total_return: float
    sharpe: float
    max_drawdown: float
    trades: int


@dataclass(frozen=True)
class Seen:
    """What was looked at: the decisions, how they traded, and buy and hold over the same bars."""

    decisions: Decisions
    strategy: Simulation
    benchmark: Simulation
    settings: Settings

    @property
    def calendar(self) -> Calendar:
        """Of the market."""
        return self.strategy.calendar


def judged(
    home: Path, result: BacktestResult, seen: Seen, ridge: Decisions | None, who: Who
) -> BacktestResult:
    """The result with all that says how far to trust it; the look is in the ledger before all else.

    ridge: what the linear baseline decides, None if there is none. Raises MakeRoomError, RepairDataError.
    """
    trials = deflation.looked(home, seen.decisions.bars, seen.strategy, seen.settings, who)
    with threadpool_limits(1, user_api="blas"):  # several at these sizes only wait for each other
        shuffled = shuffles(seen)
        return replace(
            result,
            fills=fills(seen),
            intervals=bootstrapped(seen),
            permutation=permuted(shuffled),
            baselines=tuple(beside(seen, ridge, shuffled)),
            trials=trials,
        )


def fills(seen: Seen) -> FillScenarios:
    """The same signals under kinder and harsher fills."""
    rules = trading.rules_of(seen.settings, seen.calendar)
    tried = fill_scenarios.ways(seen.decisions.bars, trading.weight_of(seen.decisions, seen.settings), rules)
    rows = [
        FillScenario(**headline(way.simulation), name=way.name, fill=way.rules.fill,
                     slippage_bps=way.rules.slippage * 1e4)
        for way in tried
    ]  # fmt: skip
    harsh = next(row.total_return for row in rows if row.name == SLIPPED)
    return FillScenarios(tuple(rows), fill_scenarios.share_in_fills(total_return(seen.strategy), harsh))


def bootstrapped(seen: Seen) -> Intervals:
    """Intervals of strategy, buy and hold, and forecasts."""
    asked, made = seen.settings.evidence, seen.decisions
    count, seed = asked.resamples, asked.seed
    strategy, benchmark = (
        {name: Interval(*bounds) for name, bounds in intervals.of_simulation(each, count, seed).items()}
        for each in (seen.strategy, seen.benchmark)
    )
    forecast = intervals.of_forecast(
        made.forecast, made.forward_return, seen.settings.label.horizon, count, seed
    )
    return Intervals(
        COVERAGE,
        count,
        AccountIntervals(**strategy),
        AccountIntervals(**benchmark),
        ForecastIntervals(**{name: Interval(*bounds) for name, bounds in forecast.items()}),
    )


def shuffles(seen: Seen) -> permutation.Shuffled:
    """The signals' trades at other times."""
    asked = seen.settings.evidence
    rules = trading.rules_of(seen.settings, seen.calendar)
    weight = trading.weight_of(seen.decisions, seen.settings)
    if rules.exit_after:
        weight = signals.held_for(weight, rules.exit_after)
    return permutation.shuffle(seen.decisions.bars, weight, rules, asked.permutations, asked.seed)


def permuted(shuffled: permutation.Shuffled) -> PermutationTest:
    """What the same trades at other times came to."""
    return PermutationTest(
        permutations=len(shuffled.sharpe),
        distinct=shuffled.distinct,
        p_value=shuffled.p_value,
        sharpe=spread(shuffled.sharpe),
        total_return=spread(shuffled.total_return),
    )


def beside(seen: Seen, ridge: Decisions | None, shuffled: permutation.Shuffled) -> list[Baseline]:
    """Every baseline beside the strategy, each with the paired interval of the difference.

    Rules that trade are held against the strategy before costs: to pay less than they do is no skill.
    """
    made, settings = seen.decisions, seen.settings
    rules = trading.rules_of(settings, seen.calendar)
    free = rules.without_costs()

    def last_sign(by: Rules) -> Simulation:
        return baselines.last_sign(made.bars, by, short=settings.backtest.short)

    def traded(decisions: Decisions, by: Rules) -> Simulation:
        return simulate(decisions.bars, trading.weight_of(decisions, settings), by)

    rows = [
        compared(seen, baselines.BUY_AND_HOLD, seen.benchmark, seen.strategy, seen.benchmark),
        compared(seen, FLAT, flat := baselines.always_flat(made.bars, rules), seen.strategy, flat),
        compared(seen, baselines.LAST_SIGN, last_sign(rules), own := traded(made, free), last_sign(free)),
    ]
    if ridge is not None:
        rows.append(compared(seen, baselines.RIDGE, traded(ridge, rules), own, traded(ridge, free)))
    return claimed([*rows, at_random(seen, shuffled)] if len(shuffled.sharpe) else rows, seen)


def compared(seen: Seen, name: str, shown: Simulation, own: Simulation, other: Simulation) -> Baseline:
    """The baseline that is shown, and how far the strategy's own Sharpe ratio lies above the other's."""
    asked, year = seen.settings.evidence, seen.calendar.days_per_year
    apart, found = intervals.sharpe_above(
        daily_returns(own), daily_returns(other), asked.resamples, asked.seed, year
    )
    return Baseline(
        **headline(shown),
        name=name,
        sharpe_difference=apart,
        interval=Interval(*found.interval),
        p_value=found.p_value,
    )


def at_random(seen: Seen, shuffled: permutation.Shuffled) -> Baseline:
    """The median of what the same trades at random times came to."""
    observed = plain_sharpe(seen)
    low, median, high = spread(shuffled.sharpe)
    return Baseline(
        total_return=float(np.median(shuffled.total_return)),
        sharpe=median,
        max_drawdown=float(np.median(shuffled.max_drawdown)),
        trades=len(seen.strategy.trades),
        name=RANDOM,
        sharpe_difference=observed - median,
        interval=Interval(observed - high, observed - low),
        p_value=shuffled.p_value,
    )


def claimed(rows: list[Baseline], seen: Seen) -> list[Baseline]:
    """The baselines with what may be claimed: all claims hold together at 5 %, and none is of a loser."""
    adjusted = holm([row.p_value for row in rows])
    wins = len(seen.strategy.trades) > 0 and plain_sharpe(seen) > 0
    return [
        replace(row, beaten=wins and p_value < CHANCE) for row, p_value in zip(rows, adjusted, strict=True)
    ]


def plain_sharpe(seen: Seen) -> float:
    """The strategy's annual Sharpe ratio, also of a span that is too short to show it."""
    return returns.sharpe(daily_returns(seen.strategy), seen.calendar.days_per_year)


def spread(values: Floats) -> Spread:
    """Of the defined values; NaN if there is none."""
    defined = values[np.isfinite(values)]
    bounds = np.quantile(defined, [0.025, 0.5, 0.975]).tolist() if len(defined) else [math.nan] * 3
    return Spread(*bounds)


def headline(simulation: Simulation) -> Figures:
    """The few figures of a row in a table."""
    found = metrics(simulation)
    return {
        "total_return": found["total_return"],
        "sharpe": found["sharpe"],
        "max_drawdown": found["max_drawdown"],
        "trades": int(found["trades"]),
    }
