"""A search at work: how far it is, its trials, the best of them and the time left, from its log alone."""

from dataclasses import replace

import pytest

from engine.runs import state_fields
from engine.runs.log_entries import TrialEnded, entry_of
from engine.runs.state import State, fold, replay
from tests.tui.app import searched
from tui.runs import status
from tui.runs.search import progress_of, trials_of
from tui.text.events import lasting


def entries(events, start=0):
    return [
        entry_of(each | {"seq": seq, "at": f"2024-05-01T12:00:{seq:02d}.000Z"}, "log")
        for seq, each in enumerate(events, start + 1)
    ]


def at_work(numbers, **known):
    log = entries([searched.trial_event(number, done) | known for done, number in enumerate(numbers, 1)])
    return replay(State(status="training", mode="search"), log)


def test_done_best_and_time_left_come_from_the_log():
    state = at_work([0, 2, 1, 3])
    found = progress_of(state)
    assert (found.done, found.of, found.best.number) == (4, searched.OF, 1)
    assert found.left_s == pytest.approx(searched.OF - 4)
    assert status.progress(state) == "trial 4/41 · 37.0 s left"
    assert status.status(state)[0] == "training"
    assert progress_of(State()) is None
    ended = replace(state, status="stopped", ended_at="2024-05-01T13:00:00.000Z")
    assert status.progress(ended) == ""


def test_the_pace_is_that_of_trials_that_this_process_has_carried_out():
    state = at_work([0, 1, 2], kept=True)
    assert progress_of(state).left_s is None
    later = replace(state, started_at="2024-05-01T12:00:30.000Z")
    own = [searched.trial_event(3, 4), searched.trial_event(4, 5)]
    again = replay(later, entries(own, start=39))
    assert progress_of(again).left_s == pytest.approx(searched.OF - 5)


def test_of_a_trial_that_is_told_twice_the_latest_counts_and_none_is_lost(tmp_path):
    state = at_work([0, 1, 2])
    again = searched.trial_event(1, 3)
    again["trial"]["epochs"] = 99
    for each in entries([again], start=9):
        state = fold(state, each)
    found = trials_of(tmp_path, state).trials
    assert [each.number for each in found] == [0, 1, 2]
    assert found[1].epochs == 99


def test_what_is_kept_of_a_state_comes_back():
    trials = [searched.trial(number) for number in range(3)]
    state = replay(at_work([0, 1, 2]), entries([searched.so_far(trials)], start=9))
    back = state_fields.from_json(state_fields.to_json(state))
    assert back == state
    assert back.search.luck == searched.LUCK


@pytest.mark.parametrize("number", [0, 1, 4, 11])
def test_a_trial_is_a_line_of_the_log_once(number):
    event = TrialEnded(trial=searched.trial(number), done=number, of=41)
    line = lasting(event)
    state = event.trial.state
    assert line.startswith(f"trial {number} of 40{': ic' if state == 'complete' else f' {state}'}")
    assert ("the settings as they are" in line) == (number == 0)
    assert lasting(replace(event, kept=True)) == ""
