"""How far a search is and what its trials came to: from its log, and once it is done from its result."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

from engine.results.search import best_first, front

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from engine.results.search import Luck, SearchResult, SearchTrial
    from engine.runs.folder import RunFolder
    from engine.runs.log_entries import TrialEnded
    from engine.runs.state import State

MODES = ("search",)  # kinds of run with trials


@dataclass(frozen=True)
class SearchProgress:
    """Trials that are done, of how many; the best of them, and s that the rest takes at the pace so far.

    best is None before one is complete.
    """

    done: int
    of: int
    left_s: float | None
    objective: str
    best: SearchTrial | None


@dataclass(frozen=True)
class Trials:
    """What is known of a search's trials, by number; luck and importance as of the latest batch."""

    trials: tuple[SearchTrial, ...]
    winner: int | None = None
    luck: Luck | None = None
    importance: Mapping[str, float] | None = None
    result: SearchResult | None = None

    @property
    def objectives(self) -> tuple[str, ...]:
        """What trials are judged by, the first of which decides."""
        return tuple(self.trials[0].objectives) if self.trials else ()

    @property
    def best(self) -> SearchTrial | None:
        """The best trial, None before one is complete."""
        return next(iter(best_first(self.trials, self.objectives[0])), None) if self.trials else None

    @cached_property
    def front(self) -> tuple[int, ...]:
        """Numbers of the trials on the Pareto front; none where one objective decides."""
        return front(self.trials)


def progress_of(state: State) -> SearchProgress | None:
    """How far a search is; None where no trial is done, and for other runs."""
    if not state.trials:
        return None
    latest = max(state.trials, key=lambda each: each.seq)
    objective = next(iter(latest.trial.objectives))
    best = next(iter(best_first((each.trial for each in state.trials), objective)), None)
    return SearchProgress(latest.done, latest.of, left(state, latest.of - latest.done), objective, best)


def left(state: State, trials: int) -> float | None:
    """Seconds that so many more trials take at the pace of those that this process has carried out."""
    own = [each for each in state.trials if not each.kept and each.at >= state.started_at]
    if len(own) < 2:
        return None
    first, last = (datetime.fromisoformat(each.at) for each in (own[0], own[-1]))
    return (last - first).total_seconds() / (len(own) - 1) * trials


def trials_of(run: RunFolder, state: State) -> Trials:
    """The trials of a search. Raises RepairDataError for a result that cannot be read."""
    if state.status == "done" and run.mode in MODES:
        return of_result(run, state.ended_at)
    return of_log(state.trials, state)


def of_log(ended: Sequence[TrialEnded], state: State) -> Trials:
    """The same from the log."""
    trials = tuple(sorted((each.trial for each in ended), key=lambda each: each.number))
    if state.search is None:
        return Trials(trials)
    return Trials(trials, state.search.winner, state.search.luck, state.search.importance)


@lru_cache(maxsize=4)
def of_result(run: RunFolder, _ended_at: str) -> Trials:
    """The same from the result, read once for each time that the run has ended."""
    from engine.runs.results import result_of  # which a first screen without one does without

    found: SearchResult = result_of(run)
    return Trials(found.trials, found.winner, found.luck, found.importance, found)
