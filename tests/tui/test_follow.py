"""Following a live run: bars in a terminal, lines elsewhere, ctrl+c, SIGTERM."""

import json
import os
import pty
import re
import signal
import termios

import pytest

from engine.runs.launch import alive, wait
from engine.runs.state import state_of
from tests.tui.conftest import read_until

EPOCH = "epoch 1/"


class Terminal:
    """A pseudo-terminal of 24 lines of 100 columns."""

    def __init__(self):
        self.master, self.slave = pty.openpty()
        termios.tcsetwinsize(self.slave, (24, 100))
        self.content = b""

    def _piece(self):
        try:
            piece = os.read(self.master, 65536)
        except OSError:  # every writer has closed it
            return b""
        self.content += piece
        return piece

    def read_until(self, text):
        while text.encode() not in self.content:
            assert self._piece(), self.content

    def read_all(self):
        while self._piece():
            pass

    def plain(self):
        return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", self.content.decode())


def start_in(terminal, deck, *arguments, **options):
    process = deck.start(*arguments, stderr=terminal.slave, **options)
    os.close(terminal.slave)
    return process


def test_bars_are_drawn_on_a_terminal_and_never_on_stdout(deck):
    terminal = Terminal()
    process = start_in(terminal, deck, "run", scenario="endless")
    terminal.read_until("epoch 1/30")
    terminal.read_until("loss 0.5000")
    deck("runs", "stop", "last")
    terminal.read_all()
    out, _ = process.communicate(timeout=250)
    assert process.returncode == 130
    assert out == ""
    shown = terminal.plain()
    assert "━" in shown
    assert "SIMULATED" in shown
    assert "patience 0/6" in shown
    assert b"\x1b[?25l" in terminal.content
    assert terminal.content.rindex(b"\x1b[?25h") > terminal.content.rindex(b"\x1b[?25l")


def test_summary_stays_on_stdout_beside_a_terminal(deck):
    terminal = Terminal()
    process = start_in(terminal, deck, "run", "--json", "-s", "training.epochs=2")
    terminal.read_all()
    out, _ = process.communicate(timeout=250)
    assert json.loads(out)["state"] == "done"
    assert "\x1b" not in out


@pytest.mark.parametrize("env", [{"TERM": "dumb"}, {"NO_COLOR": "1"}])
def test_terminals_that_know_little(deck, env):
    terminal = Terminal()
    process = start_in(terminal, deck, "run", "-s", "training.epochs=2", env=env)
    terminal.read_all()
    process.communicate(timeout=250)
    assert process.returncode == 0
    colours = re.findall(rb"\x1b\[[0-9;]*m", terminal.content)
    assert not [code for code in colours if re.search(rb"\b(3[0-8]|9[0-7])\b", code)]
    if env == {"TERM": "dumb"}:
        assert b"\x1b" not in terminal.content
        assert "epoch 2/2" in terminal.plain()


def test_interrupt_asks_the_run_to_stop_and_waits(deck):
    process = deck.start("run", scenario="endless")
    read_until(process.stderr, EPOCH)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=250)
    (run,) = deck.home.all()
    assert process.returncode == 130
    assert "stopping at the next safe point" in err
    assert f"runs resume {run.id}" in err
    assert not out
    assert state_of(run).status == "stopped"


def test_interrupted_document(deck):
    process = deck.start("run", "--json", scenario="endless")
    read_until(process.stderr, EPOCH)
    process.send_signal(signal.SIGINT)
    document = json.loads(process.communicate(timeout=250)[0])
    assert document["state"] == "stopped"
    assert document["error"]["exit_code"] == 130


def test_second_interrupt_leaves_at_once(deck):
    process = deck.start("run", "-s", "training.epochs=1", scenario="deaf")
    read_until(process.stderr, EPOCH)
    process.send_signal(signal.SIGINT)
    read_until(process.stderr, "ctrl+c again")
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=250)
    (run,) = deck.home.all()
    assert process.returncode == 130
    assert "goes on stopping by itself" in err
    assert alive(run)
    (run.path / "let-go").touch()
    assert wait(run, 250)
    assert state_of(run).status == "stopped"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_the_follower_leaves_and_the_run_goes_on(deck, number):
    process = deck.start("run", scenario="endless")
    read_until(process.stderr, EPOCH)
    process.send_signal(number)
    _, err = process.communicate(timeout=250)
    (run,) = deck.home.all()
    assert process.returncode == 130
    assert f"left by {number.name}; the run goes on" in err
    assert f"runs follow {run.id}" in err
    assert alive(run)


def test_the_terminal_goes_away_and_the_run_goes_on(deck):
    terminal = Terminal()
    process = start_in(terminal, deck, "run", "-s", "training.epochs=1", scenario="deaf")
    terminal.read_until("epoch 1/1")
    os.close(terminal.master)
    (run,) = deck.home.all()
    (run.path / "let-go").touch()
    out, _ = process.communicate(timeout=250)
    assert process.returncode == 0
    assert out.startswith("Final Portfolio Value")


def test_two_interrupts_at_once_still_ask_for_the_stop(deck):
    process = deck.start("run", scenario="endless")
    read_until(process.stderr, EPOCH)
    process.send_signal(signal.SIGSTOP)
    process.send_signal(signal.SIGINT)
    process.send_signal(signal.SIGCONT)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=250)
    (run,) = deck.home.all()
    assert process.returncode == 130
    assert wait(run, 250)
    assert state_of(run).status == "stopped"


def test_watchers_only_watch(deck):
    deck("run", "--detach", scenario="endless")
    process = deck.start("runs", "follow", "last")
    read_until(process.stderr, EPOCH)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=250)
    (run,) = deck.home.all()
    assert process.returncode == 130
    assert "left by ctrl+c; the run goes on" in err
    assert alive(run)
