"""Search settings by trials that end before the test begins; train and trade the winner once on the test.

Trials are drawn in batches and told in the order of their numbers, so neither the number of workers nor a
kill changes any. Each is kept in the run's folder when it is done. The winner becomes a run of its own.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np

from engine import preparation
from engine.disk import write_whole
from engine.market.times import iso
from engine.results.notes import Note
from engine.results.search import SearchResult, front, verdict
from engine.runs.folder import RunFolder
from engine.runs.manifest import write_manifest
from engine.runs.state import state_of
from engine.settings import Search, space_of, with_values
from engine.studies import markets
from engine.studies.folds import cuts
from engine.studies.search import asking
from engine.studies.search.luck import luck_of
from engine.studies.search.record import file_of
from engine.studies.search.trials import Trials, asks_in_vain, best_of, row, trained_by
from engine.studies.seeds import follow, refuse, same_data
from engine.studies.workers import one_device
from engine.universe.first_use import compile_loop

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.preparation import Job
    from engine.settings import Settings
    from engine.studies.markets import Markets

    Rows = NDArray[np.int64]

WINNER, JOURNAL = "winner.json", "optuna-journal.log"


def search(job: Job) -> SearchResult:
    """Carry out the trials, judge them, train and trade the winner, sum up."""
    settings, chosen = job.settings, job.settings.search
    parameters = space_of(settings)
    asking.refuse_unsuited(chosen, trained_by(parameters))
    data = markets.prepare(job, settings.walk_forward.first_test)
    settings = data.settings
    with preparation.stage(job.emit, "windows"):
        samples = data.samples()
        test_ms = int(samples.target_ms[markets.split(samples, settings).test].min())
        inner = data.markets.before(test_ms)
        before = np.unique(samples.target_bar[samples.target_ms < test_ms])  # (B,)
        begins = before[first_of_each(len(before), settings)]  # (K,)
    with preparation.stage(job.emit, "trials"):
        if settings.data.symbols:
            compile_loop(job.emit)  # once, and not in every worker
        trials = Trials(job, settings, parameters, inner, begins).carried_out()
        winner = best_of(trials, chosen)
    with preparation.stage(job.emit, "luck"):
        luck = luck_of(trials, winner, parameters, settings.evidence, inner.calendar.days_per_year)
    with preparation.stage(job.emit, "winner"):
        best = with_values(job.settings, winner.chosen, parameters)
        run = follow_up(job, beginning_at(test_ms, best, data.markets))
    asking.write_journal(job.run.path / JOURNAL, job.run.id, chosen, trained_by(parameters), trials[1:])
    write_manifest(job.run.path, [WINNER, JOURNAL, *(file_of(each.number) for each in trials)])
    rows = tuple(row(each, chosen, inner.calendar.days_per_year) for each in trials)
    states = [each.state for each in trials]
    return SearchResult(
        run=job.run.id,
        simulated=data.markets.simulated,
        sampler=chosen.sampler,
        objective=chosen.objective,
        trials_complete=states.count("complete"),
        trials_pruned=states.count("pruned"),
        trials_failed=states.count("failed"),
        winner=winner.number,
        winner_run=run.id,
        tested_from=str(iso(test_ms)),
        winner_settings=winner.chosen,
        luck=luck,
        importance=asking.importances(chosen, trained_by(parameters), trials[1:]),
        front=front(rows),
        trials=rows,
        notes=(*verdict(luck), *unpruned(chosen), *data.notes),
    )


def first_of_each(count: int, settings: Settings) -> Rows:
    """The places of the first bar, of so many before the test, of each inner test."""
    chosen = settings.search
    if chosen.inner == "cpcv":
        return np.arange(settings.cpcv.groups) * (count // settings.cpcv.groups)
    return cuts(count, settings.walk_forward.first_test, chosen.folds)[:-1]


def unpruned(chosen: Search) -> list[Note]:
    """That nothing was pruned though it was asked for, if so."""
    if chosen.inner == "cpcv" and chosen.prune:
        return [Note("nothing pruned on paths")]
    return [Note("nothing pruned", {"objectives": len(chosen.objective)})] if asks_in_vain(chosen) else []


def beginning_at(test_ms: int, settings: Settings, known: Markets, trained: float | None = None) -> Settings:
    """The settings with that share of bars as test which begins when the search's test does.

    Another lookback or other features make other samples, of which the same share is not the same span.
    trained: the share of bars that features must teach something in; without it a run's own.
    """
    for _ in range(2):  # which features are left out hangs on the share
        share = trained or 1 - settings.split.validation - settings.split.test
        target_ms = np.unique(known.samples(settings, known.features(settings, share)).target_ms)  # (B,)
        place = int(np.searchsorted(target_ms, test_ms))
        test = round(1 - (place + 0.5) / len(target_ms), 9)
        split = settings.split.model_copy(update={"test": test})
        settings = settings.model_copy(update={"split": split})
    return settings


def follow_up(job: Job, settings: Settings) -> RunFolder:
    """The run that trains and trades the winner, carried out; made now unless an earlier process did."""
    path = job.run.path / WINNER
    if not path.exists():
        own = one_device(settings).model_copy(update={"data": same_data(job), "search": Search()})
        run = job.home.create("run", own, name=f"winner of {job.run.id}")
        write_whole(path, json.dumps({"run": run.id}).encode())
    run = RunFolder(job.home.runs / json.loads(path.read_bytes())["run"])
    if state_of(run).status != "done":
        refuse(follow(str(run.path), 0, job.emit)[1])
    return run
