"""The result of a search: its trials, its winner, and how likely the winner is luck; facts.

Figures of trials are of their out-of-fold returns, which lie before the test. Shares are fractions.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from engine.results.codec import Number
from engine.results.metrics import FEWEST_DAYS
from engine.results.notes import Note, Value

if TYPE_CHECKING:
    from collections.abc import Iterable

BEYOND_CHANCE = 0.95  # of a deflated Sharpe ratio
LEAST = frozenset({"max_drawdown"})  # objectives that are best when they are least; all others when greatest
Drawn: TypeAlias = str | int | float | bool | list[Any]


@dataclass(frozen=True)
class SearchTrial:
    """One trial; number 0 is the settings as they are.

    state: complete, pruned or failed, and then `reason` says why. objectives: by name, the means over the
    inner folds. drawn: by setting, what was drawn for it, the best rules among that. rules: how many were
    tried. sharpe: annual, of its out-of-fold daily returns.
    """

    number: int
    state: str
    objectives: dict[str, Number]
    drawn: dict[str, Drawn]
    rules: int
    epochs: int
    sharpe: Number
    total_return: Number
    reason: str = ""

    @property
    def complete(self) -> bool:
        """Whether it has its objectives."""
        return self.state == "complete"


def best_first(trials: Iterable[SearchTrial], objective: str) -> list[SearchTrial]:
    """The complete trials, the best at an objective first; of equals the earlier."""
    sign = 1.0 if objective in LEAST else -1.0
    complete = [each for each in trials if each.complete]
    return sorted(complete, key=lambda each: (sign * each.objectives[objective], each.number))


def front(trials: Iterable[SearchTrial]) -> tuple[int, ...]:
    """Numbers of the complete trials that none equals at every objective and beats at one (Pareto front).

    None where there is but one objective.
    """
    upward = {
        each.number: tuple(-value if name in LEAST else value for name, value in each.objectives.items())
        for each in trials
        if each.complete and len(each.objectives) > 1
    }
    found: dict[int, tuple[float, ...]] = {}
    for number in sorted(upward, key=lambda number: upward[number], reverse=True):  # who beats it comes first
        own = upward[number]
        if not any(beats(other, own) for other in found.values()):
            found[number] = own
    return tuple(sorted(found))


def beats(first: tuple[float, ...], second: tuple[float, ...]) -> bool:
    """Whether the first is at least as good everywhere, and better somewhere."""
    return first != second and all(ours >= theirs for ours, theirs in zip(first, second, strict=True))


@dataclass(frozen=True)
class Luck:
    """How good the best of so many looks without any skill, beside the winner.

    sharpe, deflated_sharpe: of the winner's out-of-fold returns, over `days`; expected_best_sharpe: of
    worthless trials, moving together as these do, pruned ones as if alone. trials: that this counts.
    overfitting: PBO. reality_check, spa: p-values of the best trial above 0; …_default above the settings as
    they are, …_hold above buy and hold. low_sharpe … high_sharpe: the middle 95 % of the trials'.
    neighbours: complete trials nearest to the winner in the space; neighbour_loss: what the first objective
    loses there, in its own unit.
    """

    days: int
    trials: int
    pruned: int
    sharpe: Number
    expected_best_sharpe: Number
    deflated_sharpe: Number
    overfitting: Number
    reality_check: Number
    spa: Number
    reality_check_default: Number
    spa_default: Number
    reality_check_hold: Number
    spa_hold: Number
    low_sharpe: Number
    median_sharpe: Number
    high_sharpe: Number
    neighbours: int
    neighbour_loss: Number

    @property
    def beyond_chance(self) -> bool:
        """Whether so high a Sharpe ratio is no luck, at 95 %."""
        return self.deflated_sharpe >= BEYOND_CHANCE


@dataclass(frozen=True)
class SearchResult:
    """Trials of settings, and the run that trained and traded the winner on the test.

    winner: its number. winner_run: that run's id. tested_from: where the test begins, which no trial saw.
    front: numbers of the trials that no other is better than at everything, where there are several
    objectives. importance: share of the first objective's variance that each parameter explains (fANOVA), of
    parameters that all trials have.
    """

    run: str
    simulated: bool
    sampler: str
    objective: tuple[str, ...]
    trials_complete: int
    trials_pruned: int
    trials_failed: int
    winner: int
    winner_run: str
    tested_from: str
    winner_settings: dict[str, Drawn]
    luck: Luck
    importance: dict[str, Number]
    front: tuple[int, ...]
    trials: tuple[SearchTrial, ...]
    notes: tuple[Note, ...] = ()

    @property
    def answered_by(self) -> tuple[str, ...]:
        """The run whose leak audit answers for these figures."""
        return (self.winner_run,)


def verdict(luck: Luck, unclaimed: str = "") -> list[Note]:
    """What is to be said of the winner: one verdict, and what stands beside it.

    unclaimed: why no skill is claimed, which then stands in the place of praise.
    """
    facts: dict[str, Value] = {
        "sharpe": luck.sharpe, "best": luck.expected_best_sharpe, "trials": luck.trials, "days": luck.days,
    }  # fmt: skip
    if luck.days >= FEWEST_DAYS and not math.isfinite(luck.sharpe):
        found = [Note("winner never traded", {"days": luck.days})]
    elif not math.isfinite(luck.deflated_sharpe):
        found = [Note("search without verdict", {"days": luck.days, "fewest": FEWEST_DAYS})]
    elif unclaimed and luck.beyond_chance:
        found = [Note("nothing claimed", {"why": unclaimed})]
    else:
        code = "winner beyond chance" if luck.beyond_chance else "winner may be luck"
        found = [Note(code, facts | {"probability": luck.deflated_sharpe})]
    if math.isfinite(luck.overfitting):
        found.append(Note("overfitting of a search", {"share": luck.overfitting}))
    return found
