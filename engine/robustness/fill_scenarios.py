"""Fill honesty: the same signals under kinder and harsher fills, and how much of the return is gone then."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from engine.backtest.rules import BASIS_POINT
from engine.backtest.simulate import Simulation, simulate
from engine.results.explanations import NEXT_OPEN, ONE_LATE, SAME_CLOSE, SLIPPED, TWO_LATE, WORST
from engine.robustness.delay_decay import delayed

if TYPE_CHECKING:
    from engine.backtest.bars import Bars
    from engine.backtest.rules import Rules
    from engine.statistics.returns import Floats

HARSHER = 3.0
LEAST_SLIPPAGE = 2.0 * BASIS_POINT  # what is made three times as much where none is set


@dataclass(frozen=True)
class Scenario:
    """One kind of fill: its name, the rules for it, and what the signals came to."""

    name: str
    rules: Rules
    simulation: Simulation


def scenarios(bars: Bars, weight: Floats, rules: Rules) -> list[Scenario]:
    """The target weights (T,) traded under each fill, the kindest first; all else by the rules."""
    variants = {
        SAME_CLOSE: replace(rules, fill="same-close"),
        NEXT_OPEN: replace(rules, fill="next-open"),
        SLIPPED: slipped(replace(rules, fill="next-open")),
        ONE_LATE: replace(rules, fill="next-open"),
        TWO_LATE: replace(rules, fill="next-open"),
        WORST: replace(rules, fill="worst-of-bar"),
    }
    late = {ONE_LATE: 1, TWO_LATE: 2}
    return [
        Scenario(name, variant, simulate(bars, delayed(weight, late.get(name, 0)), variant))
        for name, variant in variants.items()
    ]


def slipped(rules: Rules) -> Rules:
    """The rules with three times the slippage, what scales with the market included."""
    return replace(
        rules,
        slippage=min(HARSHER * (rules.slippage or LEAST_SLIPPAGE), 0.5),
        slippage_volatility=HARSHER * rules.slippage_volatility,
        slippage_impact=HARSHER * rules.slippage_impact,
    )


def share_in_fills(total_return: float, harsh_return: float) -> float:
    """Share of a gain that is gone under harsher fills, 0 to 1; NaN where there is no gain."""
    if not total_return > 0:
        return math.nan
    return min(max((total_return - harsh_return) / total_return, 0.0), 1.0)
