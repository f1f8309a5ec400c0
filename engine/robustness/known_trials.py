"""The trials that the ledger has of a span: their daily returns, and the best to expect of them."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Self

import numpy as np
from threadpoolctl import ThreadpoolController

from engine.runs.trial_store import DailyReturns
from engine.statistics.best_of_trials import BestOfTrials

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from engine.runs.trial_store import Store

    Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Family:
    """The different trials at one span.

    trials: digests of those whose returns are known. returns: (N, D) of the days from `first_day` on, NaN on
    days that a trial has not. unknown: trials that were recorded without returns, by an earlier version.
    """

    trials: tuple[str, ...]
    returns: Floats
    first_day: int
    unknown: int

    @classmethod
    def of(cls, store: Store, trials: Sequence[str]) -> Self:
        """Of different trials, by digest."""
        found = store.returns(trials)
        known = [unpacked(each) for each in found.values()]
        first = min((int(days[0]) for days, _ in known), default=0)
        last = max((int(days[-1]) for days, _ in known), default=-1)
        table = np.full((len(known), last - first + 1), np.nan)
        for row, (days, returns) in enumerate(known):
            table[row, days - first] = returns
        return cls(tuple(found), table, first, len(trials) - len(found))


class KnownTrials:
    """The best to expect of the trials at a span, of which a warm process draws only those that are new."""

    def __init__(self) -> None:
        """Nothing is known yet."""
        self._forget()

    def _forget(self) -> None:
        self._trials: set[str] = set()
        self._unknown = 0
        self._best = BestOfTrials()

    def expected_best(self, store: Store, trials: Sequence[str]) -> float:
        """In standard errors of a Sharpe ratio per day, of the different trials at one span, by digest."""
        if not self._trials.issubset(trials):  # the ledger is another
            self._forget()
        fresh = [trial for trial in trials if trial not in self._trials]
        if fresh:
            family = Family.of(store, fresh)
            unknown = range(self._unknown, self._unknown + family.unknown)
            with blas().limit(limits=1, user_api="blas"):  # several at these sizes only wait for each other
                self._best.add(family.returns, family.first_day, unknown)
            self._unknown += family.unknown
            self._trials.update(fresh)
        return self._best.expected


@lru_cache(maxsize=8)
def known_trials(_ledger: Path, _market: int, _from_ms: int, _to_ms: int) -> KnownTrials:
    """Those at a span of a market in a ledger."""
    return KnownTrials()


@cache
def blas() -> ThreadpoolController:
    """The threads of numpy's linear algebra; to look for them takes longer than one more trial."""
    return ThreadpoolController()


def packed(days: NDArray[np.int64], returns: Floats) -> DailyReturns:
    """Days since 1970 and the returns of these days, (D,) each, as the ledger keeps them."""
    arrays = (days.astype(np.int32).tobytes(), returns.astype(np.float64).tobytes())
    return DailyReturns(*map(zlib.compress, arrays))


def unpacked(found: DailyReturns) -> tuple[NDArray[np.int32], Floats]:
    """Days since 1970 and the returns of these days, (D,) each, as `packed` packed them."""
    days, returns = (zlib.decompress(each) for each in (found.days, found.returns))
    return np.frombuffer(days, np.int32), np.frombuffer(returns, np.float64)
