"""The result of a combinatorial purged cross-validation: the paths, and how their figures spread; facts."""

from __future__ import annotations

from dataclasses import dataclass

from engine.results.codec import Number
from engine.results.notes import Note


@dataclass(frozen=True)
class CpcvPath:
    """One path through all groups, traded as a whole. Shares are fractions, the Sharpe ratio is annual."""

    path: int
    sharpe: Number
    total_return: Number
    max_drawdown: Number
    trades: int
    ic: Number


@dataclass(frozen=True)
class CpcvResult:
    """All paths, from start to end, which lies before the test.

    sharpe_low … sharpe_high: the middle 90 % of the paths'. share_below_zero: of the paths' Sharpe ratios.
    """

    run: str
    simulated: bool
    groups: int
    tested: int
    splits: int
    start: str
    end: str
    sharpe_low: Number
    sharpe_median: Number
    sharpe_high: Number
    share_below_zero: Number
    paths: tuple[CpcvPath, ...]
    notes: tuple[Note, ...] = ()
