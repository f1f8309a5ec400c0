"""The fold over events and the judgement of what lives."""

import datetime as dt
import subprocess
import sys
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import InternalError, RepairDataError
from engine.runs import lock
from engine.runs.events import EventLog, stamp
from engine.runs.log_entries import entry_of
from engine.runs.state import Follower, State, fold, replay, state_of
from tui.runs.status import status

NOW = dt.datetime(2026, 11, 22, 18, 0, tzinfo=dt.UTC)


def event(kind, seq=1, **rest):
    """An entry as it is read from a line of the log."""
    fields = {"v": 1, "seq": seq, "at": stamp(NOW + dt.timedelta(seconds=seq)), "kind": kind, **rest}
    return entry_of(fields, "the log")


def story(*kinds):
    return [event(kind, seq, **rest) for seq, (kind, rest) in enumerate(kinds, 1)]


def stage(name, state, **rest):
    return "stage", {"stage": name, "state": state, **rest}


def epoch(number, **rest):
    return "epoch", {"epoch": number, "epochs": 9, "loss": 1 / number, **rest}


STARTED = (
    "started",
    {"run": "3f2a91c0", "mode": "train", "of": "", "pid": 7, "resumed": False, "versions": {"jax": "1"}},
)
WHOLE = story(
    ("queued", {"resumed": False}),
    STARTED,
    ("simulated", {"text": "SIMULATED market, of version 0.1"}),
    stage("collect", "begin"),
    ("source", {"series": "spot", "state": "begin", "rows": 0}),
    ("source", {"series": "spot", "state": "page", "rows": 1000, "page": 1, "pages": 3, "left_s": 2.0}),
    ("source", {"series": "spot", "state": "end", "rows": 3000}),
    stage("collect", "end", seconds=2.1),
    stage("features", "begin"),
    stage("features", "end", seconds=0.4),
    ("model", {"parameters": 1000, "features": 24}),
    stage("fit", "begin"),
    (
        "batch",
        {
            "epoch": 1,
            "epochs": 9,
            "batch": 10,
            "batches": 40,
            "loss": 0.5,
            "sequences_per_s": 8e3,
            "left_s": 60,
        },
    ),
    epoch(1, val_loss=0.9, learning_rate=1e-3, best=0.9, best_epoch=1, wait=0, patience=6),
    ("heartbeat", {"cpu": 197.0, "memory_mb": 612.0}),
    ("learning_rate", {"epoch": 1, "before": 1e-3, "after": 5e-4}),
    ("note", {"level": "info", "text": "learning rate falls"}),
    ("something_new", {"stage": 7, "epoch": "x"}),
    epoch(2, val_loss=0.95, best=0.9, best_epoch=1, wait=1, patience=6),
    ("early_stopped", {"epoch": 2, "best_epoch": 1}),
    stage("fit", "end", seconds=60.0),
    stage("save", "begin"),
    ("artifacts", {"files": ["model.keras"]}),
    stage("save", "end", seconds=0.1),
    stage("simulate", "begin"),
    stage("simulate", "end", seconds=0.2),
    ("result", {"result": {"sharpe": None}, "benchmark": {}, "trades_path": "trades.csv"}),
    ("done", {}),
)


OLD = (  # as logs of version 0.1 have them, or logs that somebody shortened
    ("epoch", {"epoch": 3}),
    ("batch", {"epoch": 3}),
    ("source", {"series": "spot"}),
    ("stage", {"stage": "fit", "state": "begin"}),
    ("note", {"text": "as a sentence"}),
    ("note", {"level": "warning"}),
    ("note", {"code": "of a later version", "values": {"bars": 3}}),
    ("note", {"code": "fold trained", "values": {}}),
    *((kind, {}) for kind in (
        "queued", "model", "simulated", "early_stopped", "learning_rate", "heartbeat", "artifacts", "result",
        "stopping", "done", "stopped", "failed",
    )),
)  # fmt: skip


@given(st.lists(st.sampled_from(OLD)))
def test_what_an_event_lacks_is_not_known(kinds):
    state = replay(State(), story(STARTED, *kinds))
    assert state.seq == len(kinds) + 1
    assert all(isinstance(note.text, str) for note in state.notes)
    assert {note.text for note in state.notes} <= {
        "as a sentence", "", "of a later version (bars = 3)", "fold trained",
    }  # fmt: skip


def test_the_state_after_a_heartbeat_shares_the_history():
    before = replay(State(), WHOLE[:15])
    after = fold(before, event("heartbeat", 99, cpu=1.0, memory_mb=2.0))
    assert after.history is before.history
    assert after.sources is before.sources


def test_the_states_of_a_run_in_words():
    state, words = State(), []
    for each in WHOLE:
        state = fold(state, each)
        words += [state.status] if not words or words[-1] != state.status else []
    assert words == [
        "queued",
        "starting",
        "collecting",
        "preparing",
        "training",
        "saving",
        "backtesting",
        "done",
    ]


def test_a_whole_run():
    state = replay(State(), WHOLE)
    assert (state.run, state.mode, state.pid, state.versions) == ("3f2a91c0", "train", 7, {"jax": "1"})
    assert state.stages == {"collect": 2.1, "features": 0.4, "fit": 60.0, "save": 0.1, "simulate": 0.2}
    assert state.stage == ""
    assert state.sources["spot"].rows == 3000
    assert state.sources["spot"].pages == 3
    assert state.simulated is True
    assert (state.model.parameters, state.model.features, state.model.train) == (1000, 24, None)
    assert (state.epoch, state.epochs, state.best_epoch, state.wait, state.patience) == (2, 9, 1, 1, 6)
    assert (state.batch, state.batches, state.sequences_per_s) == (40, 40, 8e3)
    assert (state.loss, state.val_loss, state.learning_rate) == (0.5, 0.95, 5e-4)
    assert [each.epoch for each in state.history] == [1, 2]
    assert state.history[0].best == 0.9
    assert state.early_stopped
    assert (state.cpu, state.memory_mb) == (197.0, 612.0)
    assert [note.text for note in state.notes] == ["learning rate falls"]
    assert (state.status, state.ended, state.ended_at) == ("done", True, WHOLE[-1].at)
    assert state.seq == len(WHOLE)


@given(st.lists(st.integers(0, len(WHOLE)), max_size=5))
def test_folding_in_any_portions_is_the_same_and_changes_no_earlier_state(cuts):
    bounds = [0, *sorted(cuts), len(WHOLE)]
    state, earlier = State(), []
    for begin, end in pairwise(bounds):
        state = replay(state, WHOLE[begin:end])
        earlier.append((state, repr(state)))
    assert state == replay(State(), WHOLE)
    assert all(repr(kept) == shown for kept, shown in earlier)


def test_a_resumed_run_forgets_how_it_ended_and_counts_each_epoch_once():
    before = story(
        STARTED, stage("fit", "begin"), epoch(1), epoch(2), epoch(3), ("failed", {"error": {"thing": "x"}})
    )
    state = replay(State(), before)
    assert (state.status, state.error) == ("failed", InternalError("x", ""))
    state = fold(state, event("queued", 7, resumed=True))
    assert (state.status, state.error, state.ended, state.resumed) == ("queued", None, False, True)
    state = replay(
        state, [event("started", 8, **STARTED[1] | {"resumed": True}), event("epoch", 9, epoch=2, loss=0.1)]
    )
    assert [(each.epoch, each.loss) for each in state.history] == [(1, 1.0), (2, 0.1)]
    assert (state.status, state.started_at) == ("starting", event("x", 8).at)


def test_only_the_last_notes_are_kept():
    state = replay(
        State(), story(*(("note", {"level": "info", "text": str(number)}) for number in range(450)))
    )
    assert [note.text for note in state.notes] == [str(number) for number in range(250, 450)]


def test_stopping_stays_said_until_the_end():
    state = replay(State(), story(STARTED, stage("fit", "begin"), ("stopping", {}), stage("save", "begin")))
    assert state.status == "stopping"
    assert fold(state, event("stopped", 9)).status == "stopped"


@pytest.mark.parametrize(
    "bad", [("epoch", {}), ("stage", {"stage": []}), ("source", {"state": "end"}), epoch(1, torn=None)]
)
def test_an_event_that_lacks_its_fields_is_told(bad):
    with pytest.raises(RepairDataError, match="event 2"):
        replay(State(), story(STARTED, bad))


def test_without_events_a_run_is_queued(run):
    assert state_of(run) == State()


def test_a_living_run_that_says_nothing_for_long_is_stale(run):
    handle = lock.take(run.lock_path)
    with EventLog(run.events_path, now=lambda: NOW) as log:
        log.emit({"kind": STARTED[0], **STARTED[1]})
    follower = Follower(run)
    assert len(follower.poll(NOW + dt.timedelta(seconds=30))) == 1
    assert follower.state.status == "starting"
    assert follower.poll(NOW + dt.timedelta(seconds=31)) == []
    assert follower.state.status == "stale"
    run.stop_path.touch()
    follower.poll(NOW)
    assert follower.state.status == "stopping"
    lock.os.close(handle)
    follower.poll(NOW)
    assert follower.state.status == "crashed"


def test_a_torn_last_line_of_a_dead_run_is_counted(run):
    with EventLog(run.events_path) as log:
        log.emit({"kind": STARTED[0], **STARTED[1]})
    with run.events_path.open("ab") as file:
        file.write(b'{"v":1,"seq":2,"at"')
    assert (state_of(run).status, state_of(run).torn) == ("crashed", 1)
    with EventLog(run.events_path) as log:
        log.emit({"kind": "done"})
    assert (state_of(run).status, state_of(run).torn) == ("done", 1)


def test_reading_states_loads_nothing_heavy():
    heavy = {"numpy", "pandas", "keras", "jax", "sklearn", "ccxt", "pydantic", "asyncio"}
    rooms = (
        "engine.runs.state, engine.runs.requests, engine.runs.folder, engine.runs.home, engine.runs.process"
    )
    code = f"import sys, {rooms}; print({heavy!r} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


def test_a_stage_that_runs_twice_tells_the_time_of_both():
    begin, once = (
        stage("features", "begin"),
        [stage("features", "begin"), stage("features", "end", seconds=2.0)],
    )
    assert replay(State(), story(*once)).stages == {"features": 2.0}
    assert replay(State(), story(*once, begin)).stages == {"features": None}
    assert replay(State(), story(*once, begin, stage("features", "end", seconds=0.5))).stages == {
        "features": 2.5
    }


def test_work_that_tells_nothing_is_silent_for_as_long_as_its_heart_beats():
    begin = event("stage", 0, stage="features", state="begin")
    beats = [event("heartbeat", second, cpu=1.0, memory_mb=1.0) for second in (30, 63)]
    state = replay(State(), [begin, *beats])
    assert state.silent_s == 63.0
    assert status(replace(state, status="preparing"))[0].startswith("silent ")
    again = replay(state, [event("stage", 64, stage="features", state="end", seconds=64.0)])
    assert again.silent_s == 0.0
