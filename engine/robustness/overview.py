"""How far the figures of a backtest can be trusted: the panels that stand beside every result.

fills        the same signals under kinder and harsher fills
intervals    95 % intervals of the figures, from the stationary bootstrap
permutation  the same trades at other times
baselines    what knows next to nothing, and whether the strategy beat it beyond chance
ledger       how often somebody looked at this span, and the Sharpe ratio deflated by that
sentences    what each of them says, in plain words
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from threadpoolctl import threadpool_limits

from engine import outcome
from engine.backtest import trading
from engine.robustness import baselines, deflation, explanations, fill_scenarios, permutation
from engine.statistics import intervals
from engine.statistics.metrics import daily_returns, metrics
from engine.statistics.returns import sharpe

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from engine.backtest.simulate import Simulation
    from engine.backtest.trading import Decisions
    from engine.robustness.deflation import Who
    from engine.settings import Settings

    Floats = NDArray[np.float64]

HEADLINE = ("total_return", "sharpe", "max_drawdown", "trades")
COVERAGE = 0.95


@dataclass(frozen=True)
class Seen:
    """What was looked at: the decisions, how they traded, and buy and hold over the same bars."""

    decisions: Decisions
    strategy: Simulation
    benchmark: Simulation
    settings: Settings

    @property
    def step_ms(self) -> int:
        """Length of a bar in milliseconds."""
        return self.strategy.step_ms


def judged(home: Path, seen: Seen, ridge: Decisions | None, who: Who) -> dict[str, Any]:
    """Every panel; the look is in the ledger before all else. Raises MakeRoomError, RepairDataError."""
    told = deflation.looked(home, seen.decisions.bars, seen.strategy, seen.settings, who)
    panels = gathered(seen, ridge)
    return panels | {
        "ledger": told,
        "sentences": panels["sentences"] | {"ledger": explanations.on_ledger(told)},
    }


def gathered(seen: Seen, ridge: Decisions | None) -> dict[str, Any]:
    """Every panel but the ledger's. ridge: what the linear baseline decides, None if there is none."""
    with threadpool_limits(1, user_api="blas"):  # several at these sizes only wait for each other
        shuffled = shuffles(seen)
        panels = {
            "fills": fill_panel(seen),
            "intervals": interval_panel(seen),
            "permutation": permutation_panel(seen, shuffled),
            "baselines": baseline_panel(seen, ridge, shuffled),
        }
    whose = explanations.LSTM if seen.decisions.weight is None else explanations.OWN_SIGNALS
    return panels | {
        "sentences": explanations.on_panels(metrics(seen.strategy)["total_return"], panels, whose)
    }


def fill_panel(seen: Seen) -> dict[str, Any]:
    """{ways: [{name, fill, slippage_bps, total_return, sharpe, max_drawdown, trades}], share}.

    share: part of the return that is gone at the next open with three times the slippage; NaN without gain.
    """
    rules = trading.rules_of(seen.settings, seen.step_ms)
    tried = fill_scenarios.ways(seen.decisions.bars, trading.weight_of(seen.decisions, seen.settings), rules)
    listed: list[dict[str, Any]] = [
        {"name": way.name, "fill": way.rules.fill, "slippage_bps": way.rules.slippage * 1e4}
        | headline(way.simulation)
        for way in tried
    ]
    gained = metrics(seen.strategy)["total_return"]
    harsh = next(way["total_return"] for way in listed if way["name"] == fill_scenarios.SLIPPED)
    return {"ways": listed, "share": fill_scenarios.share_in_fills(gained, harsh)}


def interval_panel(seen: Seen) -> dict[str, Any]:
    """{strategy, benchmark: {sharpe, total_return, max_drawdown}, forecast: {r2, directional_accuracy, ic}}.

    Each is [low, high], NaN where it is not defined.
    """
    asked, horizon = seen.settings.evidence, seen.settings.label.horizon
    made = seen.decisions
    return {
        "coverage": COVERAGE,
        "resamples": asked.resamples,
        "strategy": intervals.of_simulation(seen.strategy, asked.resamples, asked.seed),
        "benchmark": intervals.of_simulation(seen.benchmark, asked.resamples, asked.seed),
        "forecast": intervals.of_forecast(
            made.forecast, made.forward_return, horizon, asked.resamples, asked.seed
        ),
    }


def shuffles(seen: Seen) -> permutation.Shuffled:
    """The signals' trades at other times."""
    asked = seen.settings.evidence
    rules = trading.rules_of(seen.settings, seen.step_ms)
    weight = trading.weight_of(seen.decisions, seen.settings)
    return permutation.shuffle(seen.decisions.bars, weight, rules, asked.permutations, asked.seed)


def permutation_panel(seen: Seen, shuffled: permutation.Shuffled) -> dict[str, Any]:
    """{permutations, distinct, p_value, sharpe, total_return}; the last two [low, median, high] by chance."""
    observed = sharpe(daily_returns(seen.strategy))
    return {
        "permutations": len(shuffled.sharpe),
        "distinct": shuffled.distinct,
        "p_value": shuffled.p_value(observed),
        "sharpe": range_of(shuffled.sharpe),
        "total_return": range_of(shuffled.total_return),
    }


def baseline_panel(
    seen: Seen, ridge: Decisions | None, shuffled: permutation.Shuffled
) -> list[dict[str, Any]]:
    """[{name, total_return, sharpe, max_drawdown, trades, sharpe_difference, interval, beaten}] a baseline.

    sharpe_difference: the strategy's minus the baseline's, with its paired 95 % interval. beaten: whether
    that lies above 0; for random signals, whether fewer than 5 % of them do as well.
    """
    made, settings = seen.decisions, seen.settings
    rules = trading.rules_of(settings, seen.step_ms)
    others = {
        baselines.BUY_AND_HOLD: seen.benchmark,
        baselines.FLAT: baselines.always_flat(made.bars, rules),
        baselines.LAST_SIGN: baselines.last_sign(made.bars, rules, short=settings.backtest.short),
    }
    if ridge is not None:
        others[baselines.RIDGE] = trading.trade(ridge, settings, seen.step_ms)[0]
    own, asked = daily_returns(seen.strategy), settings.evidence
    rows = []
    for name, other in others.items():
        apart, bounds = intervals.sharpe_difference(own, daily_returns(other), asked.resamples, asked.seed)
        rows.append(
            {"name": name}
            | headline(other)
            | {"sharpe_difference": apart, "interval": bounds, "beaten": bounds[0] > 0}
        )
    return [*rows, random_row(seen, shuffled)] if len(shuffled.sharpe) else rows


def random_row(seen: Seen, shuffled: permutation.Shuffled) -> dict[str, Any]:
    """The median of what the same trades at random times came to."""
    observed = sharpe(daily_returns(seen.strategy))
    low, middle, high = range_of(shuffled.sharpe)
    return {
        "name": baselines.RANDOM,
        "total_return": float(np.median(shuffled.total_return)),
        "sharpe": middle,
        "max_drawdown": float(np.median(shuffled.max_drawdown)),
        "trades": len(seen.strategy.trades),
        "sharpe_difference": observed - middle,
        "interval": [observed - high, observed - low],
        "beaten": shuffled.p_value(observed) < explanations.CHANCE,
    }


def range_of(values: Floats) -> list[float]:
    """[2.5 % quantile, median, 97.5 % quantile] of the defined values; NaN if there is none."""
    defined = values[np.isfinite(values)]
    return np.quantile(defined, [0.025, 0.5, 0.975]).tolist() if len(defined) else [math.nan] * 3


def headline(simulation: Simulation) -> dict[str, float | int]:
    """The few figures of a row in a table."""
    found = outcome.whole_counts(metrics(simulation))
    return {name: found[name] for name in HEADLINE}
