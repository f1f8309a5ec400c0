"""Runs that share a home wait for their turn: real processes, one at a time, whoever ends how."""

import contextlib
import os
import signal
import threading
from itertools import pairwise
from types import SimpleNamespace

import pytest

from engine.errors import TryAgainError
from engine.runs import lock, queue
from engine.runs.folder import RunFolder
from engine.runs.launch import ask_stop, kill, launch, wait
from engine.runs.state import state_of
from engine.settings import Settings, make
from tests.runs.engines import doing, events_of, logged, until


def status(run):
    return state_of(run).status


def make_runs(home, count, settings=None, mode="train"):
    return [home.create(mode, settings or Settings()) for _ in range(count)]


@pytest.fixture
def three(home):
    """A run at work and two that wait, launched in the opposite order of their creation."""
    runs = make_runs(home, 3)[::-1]
    for number, run in enumerate(runs):
        launch(run, doing("endless"))
        until(logged(run, "waiting" if number else "epoch"))
    return runs


def test_twenty_runs_launched_together_work_one_after_the_other(home):
    runs = make_runs(home, 20)
    threads = [threading.Thread(target=launch, args=(run, doing("quick"))) for run in runs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    spans = []
    for run in runs:
        assert wait(run, 250)
        (began,), (ended,) = events_of(run, "started"), events_of(run, "done")
        spans.append((began["at"], ended["at"]))
    spans.sort()
    assert all(ended <= began for (_, ended), (began, _) in pairwise(spans))
    assert not list((home.path / queue.FOLDER).iterdir())


def test_a_clock_that_is_set_back_lets_nobody_push_in(home, monkeypatch):
    runs, left = make_runs(home, 3), iter((3, 2, 1))
    monkeypatch.setattr(queue, "time", SimpleNamespace(time_ns=lambda: next(left)))
    with contextlib.ExitStack() as held:
        for run in runs:
            held.callback(os.close, lock.take(run.lock_path))
            queue.join(run)
        assert queue.waiting(home) == [run.id for run in runs]


def test_a_killed_run_frees_its_place_and_one_that_waits_can_be_stopped_killed_and_resumed(three, home):
    first, second, third = three
    assert [status(run) for run in three[1:]] == ["queued", "queued"]
    assert [state_of(run).before for run in three] == [0, 1, 2]
    assert queue.waiting(home) == [second.id, third.id]
    assert ask_stop(second)
    assert wait(second, 250)
    assert (status(second), events_of(second, "started")) == ("stopped", [])
    until(lambda: state_of(third).before == 1)
    launch(second, doing("endless"))
    until(logged(second, "waiting", 2))
    assert queue.waiting(home) == [third.id, second.id]
    kill(second, state_of(second).pid)
    assert wait(second, 250)
    kill(first, state_of(first).pid)
    until(logged(third, "epoch"))
    assert queue.waiting(home) == []
    assert ask_stop(third)
    assert wait(third, 250)


def test_a_run_is_put_in_front_of_those_that_wait_but_of_none_that_works(three, home):
    first, second, third = three
    queue.put_first(third)
    assert queue.waiting(home) == [third.id, second.id]
    until(lambda: (state_of(second).before, state_of(third).before) == (2, 1))
    with pytest.raises(TryAgainError, match="does not wait"):
        queue.put_first(first)
    ask_stop(first)
    until(logged(third, "epoch"))
    assert status(second) == "queued"


def test_the_queue_survives_whoever_launched(home):
    runs = make_runs(home, 2)
    for run, work in zip(runs, ("endless", "quick"), strict=True):
        if not (child := os.fork()):
            with contextlib.suppress(BaseException):
                launch(run, doing(work))
            os._exit(0)
        os.waitpid(child, 0)
        until(logged(run, "waiting" if work == "quick" else "epoch"))
    os.kill(state_of(runs[0]).pid, signal.SIGKILL)
    assert wait(runs[1], 250)
    assert status(runs[1]) == "done"


def test_as_many_work_as_the_setting_says_and_light_modes_and_parts_of_a_run_do_not_queue(home, three):
    light = home.create("update", make({"data": {"symbol": "BTC/USDT"}}))
    launch(light, doing("quick"))
    part = home.create("run", Settings())
    launch(part, doing("quick"), queued=False)
    assert wait(light, 250)
    assert wait(part, 250)
    for run in three:
        ask_stop(run)
    for run in three:
        assert wait(run, 250)
    runs = make_runs(home, 3, make({"runs": {"at_once": 2}}))
    for run in runs:
        launch(run, doing("endless"))
    for run in runs[:2]:
        until(logged(run, "epoch"))
    until(logged(runs[2], "waiting"))
    assert queue.waiting(home) == [runs[2].id]


@pytest.mark.parametrize(
    ("mode", "cores", "table", "expected"),
    [
        ("train", 8, {"training": {"devices": 8}}, 1),
        ("train", 8, {"training": {"devices": 3}}, 2),
        ("train", 2, {"training": {"devices": 4}}, 1),
        ("train", 8, {"training": {"devices": 8}, "runs": {"at_once": 5}}, 5),
        ("walkforward", 8, {"training": {"devices": 1}}, 1),
    ],
)
def test_as_many_work_as_have_cores_for_their_devices(home, monkeypatch, mode, cores, table, expected):
    monkeypatch.setattr("engine.settings.cores", lambda: cores)
    assert queue.at_once(home.create(mode, make(table))) == expected


def test_a_queue_that_cannot_be_written_holds_nobody_up(home):
    run = home.create("train", Settings())
    (home.path / queue.FOLDER).write_text("in the way")
    queue.join(run)
    assert queue.begin(run) == 0
    queue.leave(run)


def test_names_that_are_no_tickets_and_runs_that_are_none_count_for_nothing(home):
    run = home.create("train", Settings())
    folder = home.path / queue.FOLDER
    folder.mkdir()
    for name in ("x", f"{1:020d}-abcdef01-1", f"{1:020d}-{run.id}-1"):
        (folder / name).touch()
    assert queue.living(folder) == []
    assert [path.name for path in folder.iterdir()] == ["x"]
    assert queue.begin(RunFolder(run.path)) == 0
