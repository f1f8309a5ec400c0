"""Runs beside each other: their equity, and how each differs from the first over the days that both have."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from engine.results.answers import Curve
from engine.results.codec import Number
from engine.results.figures import Interval
from engine.results.metrics import FEWEST_DAYS

if TYPE_CHECKING:
    from collections.abc import Sequence

DAY_MS = 86_400_000
OWN_START = "each from its own start"  # what is said of curves that are


@dataclass(frozen=True)
class Difference:
    """A run's figure less the first run's, and the 95 % interval of that."""

    value: Number
    interval: Interval


@dataclass(frozen=True)
class AgainstFirst:
    """A run less the first one over their `days` common days, from `start` to `end`, empty without any.

    NaN below 30 days, and after ruin.
    """

    days: int
    start: str
    end: str
    sharpe: Difference
    total_return: Difference
    max_drawdown: Difference
    ruined: bool = False


@dataclass(frozen=True)
class ComparedRun:
    """One of the runs. equity: over its initial capital; against_first: None of the first one."""

    run: str
    simulated: bool
    equity: Curve
    against_first: AgainstFirst | None


@dataclass(frozen=True)
class ComparedRuns:
    """Several runs, the first of which the others are held against."""

    runs: tuple[ComparedRun, ...]


def far_apart(curves: Sequence[Curve]) -> bool:
    """Whether most of the time from the first point of all to the last is of no curve."""
    spans = sorted((each.time_ms[0], each.time_ms[-1]) for each in curves if each.time_ms)
    if not spans:
        return False
    begins = reached = spans[0][0]
    covered = 0
    for first, last in spans:
        covered += max(0, last - max(first, reached))
        reached = max(reached, last)
    return 2 * covered < reached - begins


def from_start(curve: Curve) -> Curve:
    """The curve by the time since its first point, ms."""
    return replace(curve, time_ms=tuple(moment - curve.time_ms[0] for moment in curve.time_ms))


def since_start(elapsed_ms: float) -> str:
    """`day 90`, the time since a curve's start."""
    return f"day {elapsed_ms / DAY_MS:,.4g}"


def undefined(found: AgainstFirst) -> str:
    """Why a run and the first one cannot be told apart; empty where they can."""
    if found.ruined:
        return "one of the two was ruined"
    if found.days < FEWEST_DAYS:
        common = f"{found.days} day{'s' * (found.days != 1)} in common" if found.days else "no day in common"
        return f"{common}; it takes {FEWEST_DAYS}"
    return ""
