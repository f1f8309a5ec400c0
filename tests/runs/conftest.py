"""A home with one new run in it, and the end of every process that a test left running."""

import contextlib
import os
import signal

import pytest

from engine.runs.home import Home
from engine.runs.launch import wait
from engine.runs.state import state_of
from engine.settings import Settings


@pytest.fixture
def home(tmp_path):
    home = Home(tmp_path / "home")
    yield home
    for run in home.all():
        with contextlib.suppress(Exception):
            if not wait(run, 0) and (pid := state_of(run).pid):
                os.kill(pid, signal.SIGKILL)


@pytest.fixture
def run(home):
    return home.create("train", Settings(), name="lstm-btc")
