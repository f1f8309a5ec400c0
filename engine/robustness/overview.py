"""How far the figures of a backtest can be trusted: what stands beside every result.

fills        the same signals under kinder and harsher fills
stress       the same signals late, at higher costs, with more capital; where the money was made
intervals    95 % intervals of the figures, from the stationary bootstrap
calibration  whether returns come as high as they are forecast, and when
band         whether the bands around forecasts hold as many returns as they are to
permutation  the same trades at other times
baselines    what knows next to nothing, and whether the strategy beat it beyond chance
trials       how often somebody looked at this span, and the Sharpe ratio deflated by that
family       whether the best of these trials is better than luck makes of so many
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypedDict

import numpy as np
from threadpoolctl import threadpool_limits

from engine.backtest import signals, trading
from engine.backtest.simulate import simulate
from engine.results.explanations import CHANCE, FLAT, RANDOM, SLIPPED
from engine.results.figures import Interval
from engine.results.metrics import FEWEST_DAYS
from engine.results.robustness import (
    AccountIntervals,
    Baseline,
    FillScenario,
    FillScenarios,
    ForecastIntervals,
    Intervals,
    PermutationTest,
)
from engine.results.stress import StressTests
from engine.robustness import baselines, deflation, fill_scenarios, permutation
from engine.robustness.band_coverage import band_coverage
from engine.robustness.break_even import break_even
from engine.robustness.capacity import capacity
from engine.robustness.delay_decay import delay_decay
from engine.robustness.forecast_calibration import forecast_calibration
from engine.robustness.regimes import regimes
from engine.robustness.track_record import track_record
from engine.robustness.trial_family import spread
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
    from engine.robustness.deflation import TrialOrigin
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
class Backtest:
    """What was looked at: the decisions, how they traded, and buy and hold over the same bars."""

    decisions: Decisions
    strategy: Simulation
    benchmark: Simulation
    settings: Settings

    @property
    def calendar(self) -> Calendar:
        """Of the market."""
        return self.strategy.calendar


def assess_and_record(
    home: Path, result: BacktestResult, backtest: Backtest, ridge: Decisions | None, origin: TrialOrigin
) -> BacktestResult:
    """The result with all that says how far to trust it; the look is in the ledger before all else.

    ridge: what the linear baseline decides, None if there is none. Raises MakeRoomError, RepairDataError.
    """
    recorded = deflation.record(home, backtest.decisions.bars, backtest.strategy, backtest.settings, origin)
    with threadpool_limits(1, user_api="blas"):  # several at these sizes only wait for each other
        shuffled = shuffles(backtest)
        return replace(
            result,
            fills=fills(backtest),
            stress=stressed(backtest),
            intervals=bootstrapped(backtest),
            calibration=forecast_calibration(backtest.decisions, backtest.settings.label.horizon),
            band=band_coverage(backtest.decisions, backtest.settings),
            permutation=permuted(shuffled, shown=is_long(backtest)),
            baselines=tuple(compare_baselines(backtest, ridge, shuffled)),
            trials=recorded.counts,
            family=recorded.family,
            notes=(*result.notes, *recorded.notes),
        )


def fills(backtest: Backtest) -> FillScenarios:
    """The same signals under kinder and harsher fills."""
    rules = trading.rules_of(backtest.settings, backtest.calendar)
    scenarios = fill_scenarios.scenarios(
        backtest.decisions.bars, trading.weight_of(backtest.decisions, backtest.settings), rules
    )
    rows = [
        FillScenario(**headline(each.simulation), name=each.name, fill=each.rules.fill,
                     slippage_bps=each.rules.slippage * 1e4)
        for each in scenarios
    ]  # fmt: skip
    harsh = next(row.total_return for row in rows if row.name == SLIPPED)
    return FillScenarios(tuple(rows), fill_scenarios.share_in_fills(total_return(backtest.strategy), harsh))


def stressed(backtest: Backtest) -> StressTests:
    """What becomes of the signals if they are late, costs or capital grow, or times change."""
    bars, strategy = backtest.decisions.bars, backtest.strategy
    rules = trading.rules_of(backtest.settings, backtest.calendar)
    weight = trading.weight_of(backtest.decisions, backtest.settings)
    return StressTests(
        delays=delay_decay(bars, weight, rules),
        break_even=break_even(bars, weight, rules, strategy),
        capacity=capacity(bars, weight, rules),
        regimes=regimes(bars, strategy),
        track_record=track_record(daily_returns(strategy)),
    )


def bootstrapped(backtest: Backtest) -> Intervals:
    """Intervals of strategy, buy and hold, and forecasts."""
    asked, made = backtest.settings.evidence, backtest.decisions
    count, seed = asked.resamples, asked.seed
    strategy, benchmark = (
        {name: Interval(*bounds) for name, bounds in intervals.of_simulation(each, count, seed).items()}
        for each in (backtest.strategy, backtest.benchmark)
    )
    forecast = intervals.of_forecast(
        made.forecast, made.forward_return, backtest.settings.label.horizon, count, seed
    )
    return Intervals(
        COVERAGE,
        count,
        AccountIntervals(**strategy),
        AccountIntervals(**benchmark),
        ForecastIntervals(**{name: Interval(*bounds) for name, bounds in forecast.items()}),
    )


def shuffles(backtest: Backtest) -> permutation.Shuffled:
    """The signals' trades at other times."""
    asked = backtest.settings.evidence
    rules = trading.rules_of(backtest.settings, backtest.calendar)
    weight = trading.weight_of(backtest.decisions, backtest.settings)
    if rules.exit_after:
        weight = signals.hold_for_horizon(weight, rules.exit_after)
    return permutation.shuffle(backtest.decisions.bars, weight, rules, asked.permutations, asked.seed)


def permuted(shuffled: permutation.Shuffled, *, shown: bool) -> PermutationTest:
    """What the same trades at other times came to; their Sharpe ratios only where they are `shown`."""
    return PermutationTest(
        permutations=len(shuffled.sharpe),
        distinct=shuffled.distinct,
        p_value=shuffled.p_value,
        sharpe=spread(shuffled.sharpe if shown else np.full_like(shuffled.sharpe, np.nan)),
        total_return=spread(shuffled.total_return),
    )


def compare_baselines(
    backtest: Backtest, ridge: Decisions | None, shuffled: permutation.Shuffled
) -> list[Baseline]:
    """Every baseline beside the strategy, each with the paired interval of the difference.

    Rules that trade are held against the strategy before costs: to pay less than they do is no skill.
    """
    made, settings = backtest.decisions, backtest.settings
    rules = trading.rules_of(settings, backtest.calendar)
    free = rules.without_costs()

    def last_sign(by: Rules) -> Simulation:
        return baselines.last_sign(made.bars, by, short=settings.backtest.short)

    def traded(decisions: Decisions, by: Rules) -> Simulation:
        return simulate(decisions.bars, trading.weight_of(decisions, settings), by)

    rows = [
        compared(backtest, baselines.BUY_AND_HOLD, backtest.benchmark, backtest.strategy, backtest.benchmark),
        compared(backtest, FLAT, flat := baselines.always_flat(made.bars, rules), backtest.strategy, flat),
        compared(backtest, baselines.LAST_SIGN, last_sign(rules), own := traded(made, free), last_sign(free)),
    ]
    if ridge is not None:
        rows.append(compared(backtest, baselines.RIDGE, traded(ridge, rules), own, traded(ridge, free)))
    rows = adjust_for_multiplicity(
        [*rows, at_random(backtest, shuffled)] if len(shuffled.sharpe) else rows, backtest
    )
    if not len(backtest.strategy.trades):
        return [without_difference(row) for row in rows]
    return rows if is_long(backtest) else [without_annual(row) for row in rows]


def is_long(backtest: Backtest) -> bool:
    """Whether the span has the days that annual figures take."""
    return len(daily_returns(backtest.strategy)) >= FEWEST_DAYS


def without_annual(row: Baseline) -> Baseline:
    """A baseline of a span too short for annual figures: nothing is shown of them, and nothing claimed."""
    unknown = Interval(math.nan, math.nan)
    return replace(row, sharpe=math.nan, sharpe_difference=math.nan, interval=unknown, beaten=False)


def without_difference(row: Baseline) -> Baseline:
    """A baseline beside a strategy that trades nothing, which has no Sharpe ratio to lie above it."""
    unknown = Interval(math.nan, math.nan)
    return replace(row, sharpe_difference=math.nan, interval=unknown, p_value=math.nan, beaten=False)


def compared(
    backtest: Backtest, name: str, shown: Simulation, own: Simulation, other: Simulation
) -> Baseline:
    """The baseline that is shown, and how far the strategy's own Sharpe ratio lies above the other's."""
    asked, year = backtest.settings.evidence, backtest.calendar.days_per_year
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


def at_random(backtest: Backtest, shuffled: permutation.Shuffled) -> Baseline:
    """The median of what the same trades at random times came to."""
    observed = plain_sharpe(backtest)
    low, median, high = spread(shuffled.sharpe)
    return Baseline(
        total_return=float(np.median(shuffled.total_return)),
        sharpe=median,
        max_drawdown=float(np.median(shuffled.max_drawdown)),
        trades=len(backtest.strategy.trades),
        name=RANDOM,
        sharpe_difference=observed - median,
        interval=Interval(observed - high, observed - low),
        p_value=shuffled.p_value,
    )


def adjust_for_multiplicity(rows: list[Baseline], backtest: Backtest) -> list[Baseline]:
    """The baselines with what may be claimed: all claims hold together at 5 %, none of a loser."""
    adjusted = holm([row.p_value for row in rows])
    wins = len(backtest.strategy.trades) > 0 and plain_sharpe(backtest) > 0
    return [
        replace(row, beaten=wins and p_value < CHANCE and not row.interval.low <= 0)
        for row, p_value in zip(rows, adjusted, strict=True)
    ]


def plain_sharpe(backtest: Backtest) -> float:
    """The strategy's annual Sharpe ratio, also of a span that is too short to show it."""
    return returns.sharpe(daily_returns(backtest.strategy), backtest.calendar.days_per_year)


def headline(simulation: Simulation) -> Figures:
    """The few figures of a row in a table."""
    found = metrics(simulation)
    return {
        "total_return": found["total_return"],
        "sharpe": found["sharpe"],
        "max_drawdown": found["max_drawdown"],
        "trades": int(found["trades"]),
    }
