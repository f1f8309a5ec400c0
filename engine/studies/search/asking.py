"""What is drawn next: Optuna asked in batches, its study made anew of the trials that are told.

A batch is drawn by a seed of its own from trials of earlier batches alone, so it is the same whoever asks,
and however often.
"""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np
import optuna
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend

from engine.disk import writing
from engine.errors import ChangeSettingsError
from engine.results.search import LEAST
from engine.settings.writing import toml_value

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from optuna.samplers import BaseSampler

    from engine.settings import Parameter, Search, Value
    from engine.studies.search.record import Trial

optuna.logging.set_verbosity(optuna.logging.WARNING)  # what it says of each trial goes to nobody
MOST_POINTS = 1_000_000  # of a grid, which Optuna holds whole
STATES = {
    "complete": optuna.trial.TrialState.COMPLETE,
    "pruned": optuna.trial.TrialState.PRUNED,
    "failed": optuna.trial.TrialState.FAIL,
}


@dataclass(frozen=True)
class Asked:
    """A trial that is to be carried out; its number, what was drawn, what the sampler keeps of it."""

    number: int
    drawn: dict[str, Value]
    attributes: dict[str, Any]


def greatest(objective: str) -> bool:
    """Whether more of it is better."""
    return objective not in LEAST


def refuse_unsuited(search: Search, parameters: Sequence[Parameter]) -> None:
    """Raise ChangeSettingsError for a sampler that cannot draw from such a space."""
    name, remedy = f"search.sampler = {search.sampler}", "Choose tpe, random or nsga2"
    conditional = [each.key for each in parameters if each.when]
    if search.sampler in {"grid", "cmaes"} and conditional:
        raise ChangeSettingsError(
            name, f"knows no conditions, and {conditional[0]} is there only at times",
            f"{remedy}, or leave its when out",
        )  # fmt: skip
    if search.sampler == "grid" and (endless := [each.key for each in parameters if not each.count]):
        raise ChangeSettingsError(
            name,
            f"tries every value, and {endless[0]} has no end of them",
            "Give it a step, or a list of values",
        )
    if search.sampler == "grid" and math.prod(each.count for each in parameters) > MOST_POINTS:
        raise ChangeSettingsError(
            name, f"has more than {MOST_POINTS:,} points",
            "Widen the steps, or choose random",
        )  # fmt: skip
    if search.sampler != "cmaes":
        return
    if listed := [each.key for each in parameters if each.values]:
        raise ChangeSettingsError(name, f"draws numbers alone, and {listed[0]} is a list", remedy)
    if len(parameters) < 2:
        raise ChangeSettingsError(name, "needs two or more settings that it draws", remedy)
    if len(search.objective) > 1:
        raise ChangeSettingsError(name, "knows one objective alone", remedy)
    if find_spec("cmaes") is None:
        raise ChangeSettingsError(
            name, "needs the package cmaes, which is not installed", "pip install cmaes"
        )


def most_trials(search: Search, parameters: Sequence[Parameter]) -> int:
    """How many trials there are to draw: those asked for, of a grid no more than it has."""
    if search.sampler != "grid":
        return search.trials
    return min(search.trials, math.prod(each.count for each in parameters))


def ask(
    search: Search, parameters: Sequence[Parameter], finished: Sequence[Trial], batch: int, count: int
) -> list[Asked]:
    """The next `count` trials, numbered after those told, which are numbered from 1 on and in order."""
    study = study_of(search, parameters, finished, sampler_of(search, parameters, batch))
    found = []
    for _ in range(count):
        asked = study.ask()
        drawn: dict[str, Value] = {}
        for each in parameters:
            if each.exists(drawn):
                drawn[each.key] = draw(asked, each)
        found.append((asked.number, drawn))
    return [Asked(number + 1, drawn, dict(study.trials[number].system_attrs)) for number, drawn in found]


def sampler_of(search: Search, parameters: Sequence[Parameter], batch: int) -> BaseSampler:
    """The sampler of a batch, with a seed of its own."""
    seed = int(np.random.SeedSequence([search.seed, batch]).generate_state(1)[0])
    samplers = optuna.samplers
    match search.sampler:
        case "random":
            return samplers.RandomSampler(seed)
        case "grid":
            values = {each.key: [label(value) for value in each.every_value()] for each in parameters}
            return samplers.GridSampler(values, search.seed)  # by which it numbers the grid
        case "cmaes":
            return samplers.CmaEsSampler(seed=seed, n_startup_trials=search.batch)
        case "nsga2":
            return samplers.NSGAIISampler(seed=seed, population_size=max(2, search.batch))
        case _:
            return samplers.TPESampler(seed=seed, n_startup_trials=search.batch, constant_liar=True)


def study_of(
    search: Search,
    parameters: Sequence[Parameter],
    finished: Sequence[Trial],
    sampler: BaseSampler | None = None,
    **kept: Any,
) -> optuna.Study:
    """A study that knows the trials that were told; kept: its name and storage, where it is to last."""
    up, down = optuna.study.StudyDirection.MAXIMIZE, optuna.study.StudyDirection.MINIMIZE
    directions = [up if greatest(name) else down for name in search.objective]
    study = optuna.create_study(directions=directions, sampler=sampler, **kept)
    for each in finished:
        study.add_trial(frozen(each, parameters))
    return study


def write_journal(
    path: Path, name: str, search: Search, parameters: Sequence[Parameter], finished: Sequence[Trial]
) -> None:
    """Write the study as Optuna's own journal, for optuna-dashboard; numbers are one less than here.

    Raises MakeRoomError.
    """
    with writing(path) as part, warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        storage = JournalStorage(JournalFileBackend(str(part)))
        study_of(search, parameters, finished, storage=storage, study_name=name)


def frozen(trial: Trial, parameters: Sequence[Parameter]) -> optuna.trial.FrozenTrial:
    """A trial as Optuna knows it."""
    there = [each for each in parameters if each.key in trial.drawn]
    return optuna.trial.create_trial(
        state=STATES[trial.state],
        values=list(trial.objectives) if trial.complete else None,
        params={each.key: label(trial.drawn[each.key]) for each in there},
        distributions={each.key: distribution(each) for each in there},
        intermediate_values=dict(enumerate(trial.steps, 1)) if trial.steps else None,
        system_attrs=trial.attributes,
    )


def label(value: Value) -> str | int | float | bool:
    """A value as Optuna takes it; a list as TOML writes it."""
    return toml_value(value) if isinstance(value, list) else value


def distribution(each: Parameter) -> optuna.distributions.BaseDistribution:
    """What a parameter is drawn from."""
    kinds = optuna.distributions
    if each.values:
        return kinds.CategoricalDistribution([label(value) for value in each.values])
    if each.whole:
        return kinds.IntDistribution(int(each.low), int(each.high), log=each.log, step=int(each.step) or 1)
    return kinds.FloatDistribution(each.low, each.high, log=each.log, step=each.step or None)


def draw(asked: optuna.Trial, each: Parameter) -> Value:
    """A value of a parameter."""
    if each.values:
        labels: list[Any] = [label(value) for value in each.values]
        return each.values[labels.index(asked.suggest_categorical(each.key, labels))]
    if each.whole:
        return asked.suggest_int(
            each.key, int(each.low), int(each.high), log=each.log, step=int(each.step) or 1
        )
    return asked.suggest_float(each.key, each.low, each.high, log=each.log, step=each.step or None)


def importances(
    search: Search, parameters: Sequence[Parameter], finished: Sequence[Trial]
) -> dict[str, float]:
    """The share of the first objective's variance that each parameter explains (fANOVA, Hutter et al. 2014).

    Of parameters that every complete trial has; none below two different values of the objective.
    """
    complete = [each for each in finished if each.complete]
    if len({each.objectives[0] for each in complete}) < 2:
        return {}
    study = study_of(search, parameters, complete)
    evaluator = optuna.importance.FanovaImportanceEvaluator(seed=search.seed)
    found = optuna.importance.get_param_importances(
        study, evaluator=evaluator, target=lambda trial: float(trial.values[0])
    )
    return {name: float(share) for name, share in found.items()}


def front(search: Search, parameters: Sequence[Parameter], finished: Sequence[Trial]) -> tuple[int, ...]:
    """Numbers of the trials that none is better than at every objective; none where there is but one."""
    if len(search.objective) < 2:
        return ()
    best = study_of(search, parameters, finished).best_trials
    return tuple(sorted(finished[each.number].number for each in best))
