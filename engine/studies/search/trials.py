"""The trials of a search, batch by batch, each kept in the run's folder when it is done."""

from __future__ import annotations

import hashlib
import json
import time
from typing import TYPE_CHECKING

import numpy as np

from engine.errors import ChangeSettingsError
from engine.results.codec import to_json
from engine.results.notes import Note, log_event
from engine.results.search import SearchTrial
from engine.statistics.returns import sharpe
from engine.studies.search import asking
from engine.studies.search.luck import luck_of
from engine.studies.search.pruning import levels_of
from engine.studies.search.record import keep, saved, saved_of_others
from engine.studies.search.trial import Task, execute
from engine.studies.workers import backend, gathered

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from engine.preparation import Job
    from engine.settings import Parameter, Search, Settings
    from engine.studies.clusters import Workers
    from engine.studies.markets import Markets
    from engine.studies.search.asking import Asked
    from engine.studies.search.pruning import Levels
    from engine.studies.search.record import Trial

    Rows = NDArray[np.int64]

MOST_RULES_KEPT = 2000  # of a search, besides the best of each trial
SUMMED_UP = 0.05  # of the time of a search at most, that goes into telling what it comes to so far
APART = ("search", "parallel", "evidence", "repair")  # groups that move no trial


class Trials:
    """The trials of a search, those done by earlier processes too."""

    def __init__(
        self, job: Job, settings: Settings, parameters: tuple[Parameter, ...], markets: Markets, begins: Rows
    ) -> None:
        """markets: of the inner data alone. begins: (K,) bars at which inner tests begin."""
        self.job, self.settings, self.parameters = job, settings, parameters
        self.markets, self.begins, self.search = markets, begins, settings.search
        self.drawn_by = trained_by(parameters)
        self.most = asking.most_trials(self.search, self.drawn_by) if self.drawn_by else 0
        self.key = key_of(settings, markets)
        self.trials: list[Trial] = []
        self.quiet_until = 0.0  # on the monotonic clock, s

    def carried_out(self) -> list[Trial]:
        """All of them, by number; the settings as they are come first."""
        begun = time.monotonic()
        if others := saved_of_others(self.job.run.path, self.key):
            self.job.emit(log_event(Note("trials of other data", {"trials": others}), "warning"))
        with backend(self.settings.parallel, self.search.batch + 1) as workers:
            self.batch([asking.Asked(0, {}, {}), *self.asked(0)], workers)
            while len(self.trials) <= self.most and not self.is_late(begun):
                self.batch(self.asked(-(-(len(self.trials) - 1) // self.search.batch)), workers)
        return self.trials

    def asked(self, batch: int) -> list[Asked]:
        """The next batch."""
        count = min(self.search.batch, self.most - max(len(self.trials) - 1, 0))
        return asking.ask(self.search, self.drawn_by, self.trials[1:], batch, count) if count > 0 else []

    def is_late(self, begun: float) -> bool:
        """Whether no further batch is to be begun."""
        return 0 < self.search.minutes * 60 < time.monotonic() - begun

    def batch(self, asked: Sequence[Asked], workers: Workers) -> None:
        """Carry out what is not done yet of a batch, and tell all of it."""
        done = {each.number: known for each in asked if (known := self.known(each))}
        levels = levels_of(self.trials[1:], self.search.objective[0]) if self.prunes else None
        missing = [(self.task(each, levels),) for each in asked if each.number not in done]
        for trial in done.values():
            self.emit_trial(trial, len(done), kept=True)
        if missing:
            for trial in gathered(workers, execute, missing, self.job.emit):
                keep(self.job.run.path, trial)
                done[trial.number] = trial
                self.emit_trial(trial, len(done))
        self.trials += [done[number] for number in sorted(done)]
        if missing:
            self.sum_up()

    def emit_trial(self, trial: Trial, of_batch: int, *, kept: bool = False) -> None:
        """A trial for the log; so many of its batch are done. kept: it was not carried out just now."""
        facts = to_json(row(trial, self.search, self.markets.calendar.days_per_year))
        done = {"done": len(self.trials) + of_batch, "of": self.most + 1, "kept": kept}
        self.job.emit({"kind": "trial", "trial": facts, **done})

    def sum_up(self) -> None:
        """Tell what the trials come to so far; not so often that it would cost much."""
        begun = time.monotonic()
        if begun < self.quiet_until or not any(each.complete for each in self.trials):
            return
        winner, year = best_of(self.trials, self.search), self.markets.calendar.days_per_year
        luck = luck_of(self.trials, winner, self.parameters, self.settings.evidence, year)
        importance = asking.importances(self.search, self.drawn_by, self.trials[1:])
        standing = {"winner": winner.number, "luck": to_json(luck), "importance": importance}
        self.job.emit({"kind": "search", **standing})
        ended = time.monotonic()
        self.quiet_until = ended + (ended - begun) / SUMMED_UP

    @property
    def prunes(self) -> bool:
        """Whether trials are ended early; with several objectives none is."""
        return self.search.prune and not asks_in_vain(self.search)

    def known(self, asked: Asked) -> Trial | None:
        """The trial, if an earlier process did it, or if the same was drawn in an earlier batch."""
        found = saved(self.job.run.path, asked.number, self.key, asked.drawn)
        if found is None and not self.has_rules:
            same = next((each for each in self.trials[1:] if each.drawn == asked.drawn), None)
            if same is not None and same.state != "pruned":
                found = same.of(asked.number, asked.attributes)
                keep(self.job.run.path, found)
        return found

    @property
    def has_rules(self) -> bool:
        """Whether rules are searched, which are other ones for every trial."""
        return len(self.drawn_by) < len(self.parameters)

    def task(self, asked: Asked, levels: Levels | None) -> Task:
        """What a worker is given."""
        return Task(
            self.key, asked.number, asked.drawn, asked.attributes, self.settings, self.parameters,
            self.markets, self.begins, levels if asked.number else None, MOST_RULES_KEPT // (self.most + 1),
        )  # fmt: skip


def key_of(settings: Settings, markets: Markets) -> str:
    """What decides every trial, as a hash: data and settings, but not how many trials there are."""
    decisive = settings.model_dump(mode="json", exclude=set(APART))
    decisive["search"] = settings.search.model_dump(mode="json", exclude={"trials", "minutes"})
    text = json.dumps([decisive, markets.fingerprint], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def best_of(trials: Sequence[Trial], chosen: Search) -> Trial:
    """The trial that is best at the first objective; of equals the first.

    Raises ChangeSettingsError where none came to its end.
    """
    complete = [each for each in trials if each.complete]
    if not complete:
        reason = next((each.reason for each in trials if each.reason), "none was carried out")
        raise ChangeSettingsError("search", f"no trial came to its end; the first: {reason}", "Correct that")
    sign = 1.0 if asking.greatest(chosen.objective[0]) else -1.0
    return max(complete, key=lambda each: (sign * each.objectives[0], -each.number))


def trained_by(parameters: Sequence[Parameter]) -> tuple[Parameter, ...]:
    """The parameters that the sampler draws; rules are tried on every trial's forecasts instead."""
    return tuple(each for each in parameters if not each.is_rule)


def asks_in_vain(chosen: Search) -> bool:
    """Whether pruning is on and cannot be: neither several objectives nor paths say what is behind."""
    return chosen.prune and (len(chosen.objective) > 1 or chosen.inner == "cpcv")


def row(trial: Trial, chosen: Search, days_per_year: float) -> SearchTrial:
    """A trial as results and the log have it."""
    nothing = float("nan")
    found = trial.objectives if trial.complete else [nothing] * len(chosen.objective)
    return SearchTrial(
        number=trial.number,
        state=trial.state,
        objectives=dict(zip(chosen.objective, found, strict=True)),
        drawn=trial.chosen,
        rules=trial.variants,
        epochs=trial.epochs,
        sharpe=sharpe(trial.returns, days_per_year),
        total_return=float(np.prod(1.0 + trial.returns) - 1.0) if trial.complete else nothing,
        reason=trial.reason,
    )
