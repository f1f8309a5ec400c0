"""Runs in real engine processes on the small simulated market, which is stored already."""

import json
import sys

from engine.runs.home import Home
from engine.runs.launch import launch, wait
from engine.runs.state import Follower, state_of
from tests.studies.markets import filled_store, settings_of

TINY = (
    "model.units=[4]", "model.members=1", "training.epochs=2", "training.batch_size=128",
    "training.devices=1",
    "data.end=2019-04-08T12:00", "signal.entry_threshold=0", "label.horizon=1",
)  # fmt: skip


def home_with_market(path):
    home = Home(path)
    filled_store(home.data, settings_of())
    return home


def followed(run, until=None):
    """Start the run and follow it to its end, or until a log entry that `until` accepts."""
    launch(run)
    follower = Follower(run)
    while not follower.state.ended:
        wait(run, 0.1)
        entries = follower.poll()
        if until and any(map(until, entries)):
            return run
    assert wait(run, 600)
    return run


def killed(run, event, further=0):
    """Start the run; its engine kills itself once such an event has come, and `further` more have."""
    launch(run, (sys.executable, "-m", "tests.studies.killed_engine", json.dumps(event), str(further)))
    assert wait(run, 600)
    assert state_of(run).status == "crashed"
    return run


def result_of(run):
    assert state_of(run).status == "done", state_of(run).error
    return json.loads(run.result_path.read_bytes())
