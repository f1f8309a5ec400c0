"""Searches that go wrong, or have nothing to choose from: each ends with true sentences, or says why not."""

import dataclasses
import math

import numpy as np
import pytest

from engine.errors import ChangeSettingsError, SettingsError
from engine.results.search import verdict
from engine.runs.folder import RunFolder
from engine.settings import make, space_of
from engine.studies.markets import OneMarket
from engine.studies.search import search as study
from engine.studies.search import trial
from engine.studies.search.luck import luck_of
from tests.studies.engines import home_with_market
from tests.studies.test_search import in_this_process, job_of
from tui.commands import search as command
from tui.text.search import search_summary

POINT = 'search.space=["model.units = {low = 4, high = 5, step = 2}"]'
DAYS = 60


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return home_with_market(tmp_path_factory.mktemp("attacks"))


def faked(value, returns=lambda number: np.random.default_rng(number).normal(0, 0.01, DAYS)):
    """Trials that cost nothing: value: what a number's objective is, None for one that fails."""

    def execute(task):
        found = value(task.number)
        if found is None:
            return trial.Trial(task.key, task.number, "failed", task.drawn, task.attributes, reason="odd")
        own = returns(task.number)
        return trial.Trial(
            task.key, task.number, "complete", task.drawn, task.attributes, objectives=(found,), epochs=3,
            days=np.arange(20_000, 20_000 + len(own)), returns=own,
            benchmark=0.001 * (-1.0) ** np.arange(len(own)) if task.number == 0 else np.empty(0),
        )  # fmt: skip

    return execute


def searched(home, monkeypatch, value, *overrides, **known):
    """The result, and the text that tells it."""
    in_this_process(monkeypatch, faked(value, **known))
    job = job_of(home, "search.objective=ic", *overrides)
    result = study.search(job)
    return result, search_summary(RunFolder(job.run.path), result)


@pytest.mark.parametrize("sampler", ["tpe", "grid", "random", "nsga2"])
def test_a_space_of_one_point_has_one_trial_however_often_it_is_drawn(home, monkeypatch, sampler):
    value = lambda number: 0.1 * (number > 0)  # noqa: E731
    result, text = searched(
        home, monkeypatch, value, POINT, f"search.sampler={sampler}", returns=lambda number: 0.01 * math.e
        * np.random.default_rng(min(number, 1)).normal(0, 0.01, DAYS),
    )  # fmt: skip
    assert result.winner == 1
    assert {each.drawn["model.units"] for each in result.trials[1:]} == {4}
    assert result.importance == {}
    assert "importance" not in text
    assert result.luck.neighbours == 0
    assert "nearest" not in text


@pytest.mark.parametrize("objective", ["ic", "max_drawdown", "net_sharpe"])
def test_of_equals_the_first_wins_and_nothing_explains_their_spread(home, monkeypatch, objective):
    in_this_process(monkeypatch, faked(lambda _: 0.0))
    result = study.search(job_of(home, f"search.objective={objective}"))
    assert result.winner == 0
    assert result.importance == {}


def test_a_winner_that_stood_still_is_told_so_whatever_the_reason(home, monkeypatch):
    """A constant forecast has no IC and counts 0, above others that are wrong; it never trades."""
    value = lambda number: 0.0 if number == 3 else -0.1  # noqa: E731
    still = lambda number: np.zeros(DAYS) if number == 3 else np.full(DAYS, 1e-3) * (-1.0) ** np.arange(DAYS)  # noqa: E731
    result, text = searched(home, monkeypatch, value, returns=still)
    assert result.winner == 3
    assert not result.luck.beyond_chance
    assert "No verdict: the winner's account stood still on all 60" in text
    assert "Better than chance" not in text


def test_where_only_the_default_can_be_trained_it_wins_and_where_nothing_can_that_is_the_error(
    home, monkeypatch
):
    result, text = searched(home, monkeypatch, lambda number: None if number else 0.1)
    assert (result.winner, result.trials_failed) == (0, len(result.trials) - 1)
    assert "Winner: trial 0, the settings as they are" in text
    assert f"{result.trials_failed} failed" in text
    assert math.isnan(result.luck.overfitting)
    with pytest.raises(ChangeSettingsError, match="no trial came to its end; the first: odd"):
        searched(home, monkeypatch, lambda _: None)


def test_the_default_that_fails_leaves_the_rest_a_winner(home, monkeypatch):
    result, _ = searched(home, monkeypatch, lambda number: 0.1 * number or None)
    assert result.winner == len(result.trials) - 1
    assert math.isnan(result.luck.spa_default)
    assert math.isfinite(result.luck.spa)


def test_one_inner_fold_is_refused_with_its_reason():
    with pytest.raises(SettingsError, match=r"search\.folds"):
        make({}, ["search.folds=1"])


def test_a_search_that_is_out_of_time_has_its_first_batch_and_says_how_many(home, monkeypatch):
    result, text = searched(
        home, monkeypatch, lambda number: 0.1 * number, "search.minutes=1e-9", "search.trials=9"
    )
    assert len(result.trials) == 4
    assert text.splitlines()[1 - (not result.simulated)].startswith("Trials: 4 complete, 0 pruned")
    assert result.luck.trials == 4


def test_trials_of_other_data_are_carried_out_again_and_that_is_said(home, monkeypatch):
    done = in_this_process(monkeypatch, faked(lambda number: 0.1 * number))
    job = job_of(home, "search.objective=ic")
    study.search(job)
    first, events = list(done), []
    monkeypatch.setattr(OneMarket, "fingerprint", "changed")
    study.search(dataclasses.replace(job, emit=events.append))
    assert sorted(done[len(first) :]) == sorted(first)
    notes = [each for each in events if each.get("code") == "trials of other data"]
    assert notes[0]["values"] == {"trials": len(first)}
    del done[:], events[:]
    study.search(dataclasses.replace(job, emit=events.append))
    assert done == []
    assert not [each for each in events if each.get("code") == "trials of other data"]
    kept = [each for each in events if each["kind"] == "trial"]
    assert len(kept) == len(first)
    assert all(each["kept"] for each in kept)


@pytest.mark.parametrize("name", ["space", "config", "trials", "set"])
def test_a_search_goes_on_by_its_own_settings_alone(name):
    with pytest.raises(ChangeSettingsError, match=f"{name} is given"):
        command.refuse_settings({name: "other"})
    command.refuse_settings({name: None, "trials": 0, "outer": ""})


def test_trials_that_have_no_day_in_common_are_judged_as_far_as_that_goes():
    settings = make(
        {"search": {"space": ["window.lookback = {low = 1, high = 101}"]}}, ["evidence.resamples=100"]
    )
    rng = np.random.default_rng(0)
    apart = [
        trial.Trial(
            "", number, "complete", {"window.lookback": number + 1}, objectives=(0.1 * number,),
            days=np.arange(40) + 20_000 + 100 * number, returns=rng.normal(0, 0.01, 40),
            benchmark=rng.normal(0, 0.01, 40),
        )
        for number in range(3)
    ]  # fmt: skip
    found = luck_of(apart, apart[2], space_of(settings), settings.evidence, 365.0)
    assert math.isnan(found.spa)
    assert math.isnan(found.overfitting)
    assert math.isfinite(found.deflated_sharpe)
    assert len(verdict(found)) == 1
