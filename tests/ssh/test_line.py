"""The app over a real sshd: trainings outlive lines that are cut or stalled; results are there afterwards."""

import contextlib
import os
import re
import signal
from pathlib import Path

import pytest

from engine.runs.home import Home
from engine.runs.launch import alive, ask_stop, wait
from tests.ssh.conftest import PATIENCE_S, until
from tui.settings.draft import catalogue

SMALL = {
    "data.exchange": "demo", "data.start": "2025-01-01", "data.end": "2025-03-01",
    "features.names": "return_1, rsi_14", "window.lookback": "8", "model.units": "4", "model.members": "1",
    "signal.entry_threshold": "0",
}  # fmt: skip
# More than anybody waits for: such a training ends because it is stopped.
ENDLESS = SMALL | {"training.epochs": "100000", "training.patience": "100000"}
SHORT = SMALL | {"training.epochs": "2"}
SCREENFULS = 100  # that a stalled line is asked for

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


@pytest.fixture
def home(tmp_path):
    home = Home(tmp_path / "home")
    yield home
    for run in home.all():
        ask_stop(run)
        assert wait(run, PATIENCE_S)


@pytest.fixture
def log_in(server, screen, home):
    """Open the app at the other end of a line of its own."""
    command = server.command(f"QUANTDECK_HOME={home.path} exec quantdeck", terminal=True)
    return lambda **size: screen(command, **size)


def start(deck, chosen):
    """Start a run through the app's form."""
    deck.wait_for("quantdeck", "no run live")
    deck.keys("2")
    deck.wait_for("No run yet")
    deck.keys("n")
    every = list(catalogue())
    groups = list(dict.fromkeys(key.partition(".")[0] for key in every))
    at, row = "start", 0
    deck.wait_for("New run", "start.mode")
    for key in sorted(chosen, key=every.index):
        group = key.partition(".")[0]
        while at != group:
            at, row = groups[groups.index(at) + 1], 0
            deck.keys("PageDown")
            deck.wait_for(next(each for each in every if each.startswith(f"{at}.")))
        below = [each for each in every if each.startswith(f"{group}.")].index(key)
        deck.keys(*["Down"] * (below - row), "C-u")
        deck.type(chosen[key])
        row = below
    deck.wait_for("all settings are valid", chosen[key])
    deck.keys("C-s")


def epoch_seen(deck, after=0):
    """The epoch that the Train screen tells, once it is one after that."""
    text = deck.until(lambda text: int((re.search(r"epoch (\d+)", text) or ["", "0"])[1]) > after)
    return int(re.search(r"epoch (\d+)", text)[1])


def processes(home):
    """Ids of the processes that were started for this home and are still there."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if f"QUANTDECK_HOME={home.path}\0".encode() in (folder / "environ").read_bytes():
                found.append(int(folder.name))
    return found


def test_a_training_outlives_a_cut_line_and_a_stalled_one(home, log_in):
    first = log_in()
    start(first, ENDLESS)
    seen = epoch_seen(first)
    run = home.find("last")
    os.kill(first.pid(), signal.SIGKILL)

    second = log_in(columns=200, rows=50)
    second.wait_for("[2 Train]", run.id, "1 run live")
    seen = epoch_seen(second, after=seen)
    second.keys(*"1234" * (SCREENFULS // 4))
    stalled = second.pid()
    os.kill(stalled, signal.SIGSTOP)
    try:
        third = log_in()
        third.wait_for("[2 Train]", run.id, "1 run live")
        for _ in range(5):
            seen = epoch_seen(third, after=seen)
        assert alive(run)
    finally:
        os.kill(stalled, signal.SIGCONT)
    second.keys("2")
    epoch_seen(second, after=seen - 1)
    os.kill(stalled, signal.SIGKILL)

    third.keys("x")
    third.wait_for("Stop run")
    third.keys("y")
    third.wait_for("stopped", "R resume")
    third.keys("q")
    until(lambda: not processes(home), lambda: f"processes {processes(home)} are left")


def test_a_run_that_ended_unseen_is_browsed_at_the_next_log_in(home, log_in):
    first = log_in()
    start(first, SHORT)
    until(home.all, "a run")
    run = home.find("last")
    os.kill(first.pid(), signal.SIGKILL)

    second = log_in()
    second.wait_for("quantdeck", "1 Data")
    second.keys("2")
    second.wait_for("[2 Train]", run.id, "done", "epoch 2 of 2")
    second.keys("3")
    second.wait_for("[3 Backtest]", run.id, "Sharpe", "buy & hold", "max drawdown", "trades")
    second.wait_for("Σ pnl")
    second.keys("s")
    second.wait_for("↓pnl")
    second.keys("Enter")
    second.wait_for("Trade ", "quantity", "entry", "exit")
    second.keys("Escape")
    second.wait_for("[3 Backtest]", "↓pnl")
    second.keys("q")
    until(lambda: not processes(home), lambda: f"processes {processes(home)} are left")
