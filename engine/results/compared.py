"""Runs beside each other: their equity, and how each differs from the first over the days that both have."""

from __future__ import annotations

from dataclasses import dataclass

from engine.results.answers import Curve
from engine.results.backtest import Interval
from engine.results.codec import Number
from engine.results.metrics import FEWEST_DAYS


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


def undefined(found: AgainstFirst) -> str:
    """Why a run and the first one cannot be told apart; empty where they can."""
    if found.ruined:
        return "one of the two was ruined"
    if found.days < FEWEST_DAYS:
        common = f"{found.days} day{'s' * (found.days != 1)} in common" if found.days else "no day in common"
        return f"{common}; it takes {FEWEST_DAYS}"
    return ""
