"""Real engine processes: every way in which a run can end, and what is told of it."""

import itertools
import json
import os
import signal
import sys

import pytest

from engine.errors import InternalError, MakeRoomError, RepairDataError, SettingsError, TryAgainError
from engine.runs.events import read
from engine.runs.launch import alive, ask_stop, kill, launch, wait
from engine.runs.state import state_of
from engine.settings import Settings
from tests.runs.engines import deaf, doing, events_of, finish, logged, start, until


def test_done(run):
    assert finish(start("quick", run)) == (0, "")
    kinds = [event["kind"] for event in read(run.events_path).events]
    assert [kind for kind in kinds if kind != "heartbeat"] == ["started", "stage", "stage", "done"]
    (started,) = events_of(run, "started")
    assert (started["run"], started["mode"], started["resumed"]) == (run.id, "train", False)
    assert {"python", "quantdeck", "keras", "jax"} <= set(started["versions"])
    assert json.loads(run.result_path.read_bytes()) == {"metrics": {"sharpe": None, "trades": 3}}
    state = state_of(run)
    assert (state.status, state.stages, state.error) == ("done", {"collect": 0.5}, None)
    assert not alive(run)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("work", ["endless", "patient", "saving", "group", "swallowing"])
def test_a_signal_stops_at_the_next_safe_point(run, work, number):
    engine = start(work, run)
    until(logged(run, "note" if work in {"patient", "group"} else "epoch"))
    engine.send_signal(number)
    assert finish(engine) == (130, "")
    state = state_of(run)
    assert state.status == "stopped"
    assert number.name in state.error.reason
    assert run.id in state.error.remedy
    assert events_of(run, "stopped")[0]["by"] == number.name
    assert len(events_of(run, "stopping")) == 1
    texts = [note.text for note in state.notes]
    assert texts == {"saving": ["checkpoint saved"], "swallowing": ["swallowed"]}.get(work, texts)


def test_a_hang_up_ends_nothing(run):
    engine = start("endless", run)
    until(logged(run, "epoch"))
    engine.send_signal(signal.SIGHUP)
    seen = len(events_of(run, "epoch"))
    until(logged(run, "epoch", seen + 5))
    engine.terminate()
    assert finish(engine)[0] == 130


def test_the_stop_file_stops(run):
    launch(run, doing("endless"))
    until(logged(run, "epoch"))
    assert ask_stop(run)
    assert wait(run, 250)
    assert state_of(run).status == "stopped"
    assert events_of(run, "stopped")[0]["by"] == "request"
    assert not ask_stop(run)


def test_a_stop_is_seen_even_while_the_work_is_silent(run):
    engine = start("silent", run)
    until(logged(run, "note"))
    engine.send_signal(signal.SIGTERM)
    until(logged(run, "stopping"))
    assert state_of(run).status == "stopping"
    engine.kill()
    assert finish(engine)[0] == -signal.SIGKILL
    assert state_of(run).status == "crashed"


def test_a_signal_before_the_engine_is_ready_counts_when_it_is(run):
    os.kill(launch(run, doing("endless")), signal.SIGTERM)
    assert wait(run, 250)
    assert state_of(run).status == "stopped"
    assert events_of(run, "stopped")[0]["by"] == "SIGTERM"


@pytest.mark.parametrize("moment", ["at once", "started", "note", "epoch", "heartbeat"])
def test_killed_at_any_moment_is_crashed_and_resumes(run, moment):
    work = "silent" if moment == "note" else "endless"
    pid = launch(run, doing(work))
    if moment != "at once":
        until(logged(run, moment, 3 if moment == "epoch" else 1))
    os.kill(pid, signal.SIGKILL)
    assert wait(run, 250)
    state = state_of(run)
    assert state.status == "crashed"
    assert type(state.error) is InternalError
    assert "died without a word" in state.error.reason
    assert f"runs resume {run.id}" in state.error.remedy
    had_started = len(events_of(run, "started"))
    launch(run, doing("quick"))
    assert wait(run, 250)
    state = state_of(run)
    assert (state.status, state.resumed, state.error) == ("done", had_started == 1, None)
    events = read(run.events_path).events
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))


def test_a_stopped_run_resumes_although_the_stop_file_is_left(run):
    launch(run, doing("endless"))
    until(logged(run, "epoch"))
    ask_stop(run)
    assert wait(run, 250)
    assert run.stop_path.exists()
    launch(run, doing("quick"))
    assert state_of(run).status != "stopped"
    assert wait(run, 250)
    assert state_of(run).status == "done"
    assert not run.stop_path.exists()


def test_one_folder_carries_one_process(home, run):
    launch(run, doing("endless"))
    assert alive(run)
    until(logged(run, "epoch"))
    with pytest.raises(TryAgainError, match="running already"):
        launch(run, doing("quick"))
    code, said = finish(start("quick", run))
    assert code == 1
    assert "running already" in said
    with pytest.raises(TryAgainError, match="still running"):
        home.delete(run)
    assert len(events_of(run, "started")) == 1
    assert not wait(run, 0.2)
    ask_stop(run)
    assert wait(run, 250)
    home.delete(run)
    assert home.all() == []


@pytest.mark.parametrize(
    ("work", "code", "kind", "thing", "reason"),
    [
        ("wrong_settings", 2, "SettingsError", "settings.toml", "1 setting is wrong"),
        ("wrong_run", 2, "ChangeSettingsError", "model", "has other features"),
        ("broken", 1, "InternalError", "quantdeck", "its own fault: ValueError: no such column"),
        ("memory", 1, "MakeRoomError", "memory", "the machine has none left to give"),
        ("no_room_for_result", 1, "MakeRoomError", "result.json", "cannot be written: File too large"),
    ],
)
def test_failed(run, work, code, kind, thing, reason):
    assert finish(start(work, run)) == (code, "")
    state = state_of(run)
    assert state.status == "failed"
    error = state.error
    assert (type(error).__name__, error.reason, error.exit_code) == (kind, reason, code)
    assert state.error.thing.endswith(thing)
    log = run.log_path.read_text()
    assert "Traceback" in log
    assert "hunter2" not in log + run.events_path.read_text()
    assert not list(run.path.glob(".part-*"))
    if isinstance(error, SettingsError):
        assert error.problems[0].key == "training.epochs"


@pytest.mark.parametrize(
    ("work", "words"), [("suicide", "about to fit"), ("segfault", "Fatal Python error: Segmentation fault")]
)
def test_crashed_tells_the_last_words(run, work, words):
    launch(run, doing(work))
    assert wait(run, 250)
    state = state_of(run)
    assert state.status == "crashed"
    assert words in state.error.reason
    assert state.ended


def test_last_words_are_those_of_the_latest_process(run):
    launch(run, doing("segfault"))
    assert wait(run, 250)
    os.kill(launch(run, doing("silent")), signal.SIGKILL)
    assert wait(run, 250)
    assert "Fatal" not in state_of(run).error.reason


def test_a_full_disk_ends_the_run_cleanly_and_says_so(run):
    assert finish(start("little_room", run)) == (1, "")
    state = state_of(run)
    assert state.status == "crashed"
    assert "events.jsonl: cannot be written: File too large" in state.error.reason
    assert run.events_path.stat().st_size == 6000
    launch(run, doing("quick"))
    assert wait(run, 250)
    state = state_of(run)
    assert (state.status, state.resumed) == ("done", True)
    assert state.torn <= 1


def test_a_process_that_never_becomes_an_engine_is_crashed(run):
    launch(run, [sys.executable, "-c", "raise SystemExit('no such engine')"])
    assert wait(run, 250)
    state = state_of(run)
    assert state.status == "crashed"
    assert "no such engine" in state.error.reason


def test_an_engine_that_cannot_be_started_is_failed(run):
    with pytest.raises(MakeRoomError, match="cannot be started: No such file"):
        launch(run, ["/no/such/program"])
    assert state_of(run).status == "failed"
    assert not alive(run)


def test_what_is_no_run_is_refused(home, run, tmp_path):
    run.about_path.unlink()
    with pytest.raises(RepairDataError, match="is no run"):
        assert run.id
    code, said = finish(start("quick", run))
    assert code == 1
    assert "is no run" in said


@pytest.mark.parametrize("path", ["events_path", "log_path", "lock_path"])
def test_a_folder_that_cannot_be_written_ends_it_before_it_begins(run, path):
    getattr(run, path).mkdir()
    code, said = finish(start("quick", run))
    assert code == 1
    assert f"{getattr(run, path).name}" in said
    assert "Is a directory" in said
    with pytest.raises(MakeRoomError, match="Is a directory"):
        launch(run, doing("quick"))
    assert not alive(run)


def test_the_heart_beats(run):
    engine = start("silent", run)
    until(logged(run, "heartbeat", 2))
    state = state_of(run)
    assert state.memory_mb > 1
    assert state.cpu is not None
    engine.kill()
    finish(engine)


def test_left_over_temporaries_are_swept(run):
    part = run.path / ".part-12345678-model.keras"
    part.write_bytes(b"half")
    finish(start("quick", run))
    assert not part.exists()


def test_an_environment_that_names_another_lock_is_not_believed(run, tmp_path):
    with (tmp_path / "other").open("w") as other:
        os.set_inheritable(other.fileno(), True)
        environment = {**os.environ, "QUANTDECK_LOCK": str(other.fileno())}
        engine = start("silent", run, env=environment, pass_fds=[other.fileno()])
        until(logged(run, "note"))
        assert alive(run)
        engine.kill()
        finish(engine)


def test_work_that_heeds_no_stop_is_ended_without_it(home):
    ways = list(itertools.product(["deaf", "deaf_in_compiled_code"], ["request", "SIGTERM", "SIGINT"]))
    runs = [home.create("train", Settings()) for _ in ways]
    for run, (work, how) in zip(runs, ways, strict=True):  # side by side: each has ten seconds to heed it
        engine = launch(run, doing(work), queued=False)
        until(deaf(run))
        if how == "request":
            assert ask_stop(run)
        else:
            os.kill(engine, signal.Signals[how])
    for run, (work, how) in zip(runs, ways, strict=True):
        assert wait(run, 250)
        assert state_of(run).status == "stopped"
        assert [event["by"] for event in events_of(run, "stopped")] == [how]
        log = run.log_path.read_text()
        assert "came to no safe point" in log
        assert f"in {work}" in log  # where it was


@pytest.mark.parametrize("work", ["deaf", "deaf_with_the_interpreter_held"])
def test_a_run_can_be_killed_and_what_is_no_engine_is_not(run, work):
    engine = launch(run, doing(work))
    until(deaf(run))
    with pytest.raises(TryAgainError):
        kill(run, os.getpid())
    kill(run, engine)
    assert wait(run, 250)
    assert state_of(run).status == "crashed"
    with pytest.raises(TryAgainError):
        kill(run, engine)
