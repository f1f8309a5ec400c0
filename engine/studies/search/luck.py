"""How good the best of a search's trials looks without any skill, beside the winner."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from engine.results.metrics import FEWEST_DAYS
from engine.results.search import Luck
from engine.robustness.trial_family import spread
from engine.statistics.best_of_trials import BestOfTrials
from engine.statistics.overfitting import overfitting
from engine.statistics.returns import probabilistic_sharpe, sharpe
from engine.statistics.superiority import Superiority, superiority

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.settings import Evidence, Parameter, Value
    from engine.studies.search.record import Trial

Floats = NDArray[np.float64]
NEIGHBOURS = 5


def luck_of(
    trials: Sequence[Trial],
    winner: Trial,
    parameters: Sequence[Parameter],
    evidence: Evidence,
    days_per_year: float,
) -> Luck:
    """How likely the winner is luck, from the daily returns of all trials; number 0 has the settings' own."""
    complete = [each for each in trials if each.complete]
    pruned = sum(each.state == "pruned" for each in trials)
    first = min(int(each.days[0]) for each in complete)
    table = returns_of(complete, first)  # (N, D)
    best = BestOfTrials()
    best.add(table, first, range(pruned))
    days = len(winner.days)
    expected = best.expected / math.sqrt(max(days - 1, 1)) if days >= FEWEST_DAYS else math.nan  # of a day
    common: NDArray[np.bool_] = np.asarray(np.isfinite(table).all(axis=0))  # (D,)
    family = table[:, common].T  # (D', N)
    alone = above(family, np.zeros(len(family)), evidence)
    default, hold = (above(family, other, evidence) for other in references(complete, table, first, common))
    low, median, high = spread(np.array([annual(each.returns, days_per_year) for each in complete]))
    near, loss = neighbours(complete, winner, parameters)
    return Luck(
        days=days,
        trials=len(table) + pruned,
        pruned=pruned,
        sharpe=annual(winner.returns, days_per_year),
        expected_best_sharpe=expected * math.sqrt(days_per_year),
        deflated_sharpe=probabilistic_sharpe(winner.returns, expected) if days >= FEWEST_DAYS else math.nan,
        overfitting=overfitting(family) if len(family) >= FEWEST_DAYS else math.nan,
        reality_check=alone.reality_check,
        spa=alone.spa,
        reality_check_default=default.reality_check,
        spa_default=default.spa,
        reality_check_hold=hold.reality_check,
        spa_hold=hold.spa,
        low_sharpe=low,
        median_sharpe=median,
        high_sharpe=high,
        neighbours=near,
        neighbour_loss=loss,
    )


def annual(returns: Floats, days_per_year: float) -> float:
    """The annual Sharpe ratio of daily returns (D,); NaN below 30 days."""
    return sharpe(returns, days_per_year) if len(returns) >= FEWEST_DAYS else math.nan


def returns_of(complete: Sequence[Trial], first: int) -> Floats:
    """Daily returns from the day `first` on, (N, D), NaN where there are none: each trial's, its rules'."""
    last = max(int(each.days[-1]) for each in complete)
    rows = []
    for each in complete:
        for returns in (each.returns, *each.others):
            row = np.full(last - first + 1, np.nan)  # (D,)
            row[each.days - first] = returns
            rows.append(row)
    return np.array(rows)


def references(
    complete: Sequence[Trial], table: Floats, first: int, common: NDArray[np.bool_]
) -> list[Floats | None]:
    """Returns on the common days, (D',), of the settings as they are and of buy and hold.

    None where the settings as they are could not be trained.
    """
    own = complete[0]
    if own.number:
        return [None, None]
    held = np.full(table.shape[1], np.nan)  # (D,)
    held[own.days - first] = own.benchmark
    default = table[1] if own.rules else table[0]  # the first of the others are the settings' own rules
    return [default[common], held[common]]


def above(family: Floats, other: Floats | None, evidence: Evidence) -> Superiority:
    """Whether the best of a family (D, N) is better than another (D,); nothing is known without that."""
    if other is None or not len(other):
        return Superiority(math.nan, math.nan, np.empty(0))
    returns = family - other[:, None]
    moves = returns.std(axis=0) > 0
    return superiority(returns[:, moves], np.random.default_rng(evidence.seed), evidence.resamples)


def neighbours(
    complete: Sequence[Trial], winner: Trial, parameters: Sequence[Parameter]
) -> tuple[int, float]:
    """How many trials lie nearest to the winner, and how far the mean of their objective is from its."""
    others = [
        each
        for each in complete
        if each.number and each.number != winner.number and each.drawn != winner.drawn
    ]
    if not winner.number or not others:
        return 0, math.nan
    own = [each for each in parameters if not each.is_rule]
    near = sorted(others, key=lambda each: (distance(each.drawn, winner.drawn, own), each.number))[
        :NEIGHBOURS
    ]
    return len(near), abs(winner.objectives[0] - math.fsum(each.objectives[0] for each in near) / len(near))


def distance(first: dict[str, Value], second: dict[str, Value], parameters: Sequence[Parameter]) -> float:
    """Σ of squared differences, each as a share of its range; 1 between different values of a list."""
    return math.fsum(apart(each, first.get(each.key), second.get(each.key)) ** 2 for each in parameters)


def apart(each: Parameter, first: Value | None, second: Value | None) -> float:
    """How far two values of a parameter are apart, from 0 to 1."""
    if first == second:
        return 0.0
    if not (isinstance(first, int | float) and isinstance(second, int | float)) or each.values:
        return 1.0
    scale = math.log if each.log else float
    return abs(scale(first) - scale(second)) / (scale(each.high) - scale(each.low))
