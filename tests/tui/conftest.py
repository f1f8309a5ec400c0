"""The command line as a user meets it: the real entry point in a process of its own."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from engine.runs.home import Home
from engine.runs.launch import ask_stop, wait
from engine.runs.requests import EngineClient

QUANTDECK = (sys.executable, "-P", "-m", "tui.cli")
OWN = EngineClient.__enter__, EngineClient.__exit__
STAND_IN = Path(__file__).parent / "stand_in"


def interruptible():
    """A shell in the background has its children ignore ctrl+c, nohup a hang-up; a user's does not."""
    for number in (signal.SIGHUP, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL)


class Deck:
    """quantdeck with a home of its own, in a folder of its own, on the stand-in for the engine."""

    def __init__(self, folder):
        self.folder, self.home = folder, Home(folder / "home")
        kept = {
            name: value for name, value in os.environ.items() if name not in ("QUANTDECK_DEBUG", "NO_COLOR")
        }
        self.env = kept | {
            "PYTHONPATH": str(STAND_IN), "PYTHONWARNINGS": "error", "QUANTDECK_HOME": str(self.home.path),
            "COLUMNS": "100", "TERM": "xterm-256color",
        }  # fmt: skip

    def start(self, *arguments, scenario="well", **options):
        options = {
            "stdin": subprocess.DEVNULL,
            "stdout": subprocess.PIPE,
            "stderr": subprocess.PIPE,
        } | options
        env = self.env | {"SCENARIO": scenario} | options.pop("env", {})
        return subprocess.Popen(
            [*QUANTDECK, *arguments],
            cwd=self.folder,
            env=env,
            text=True,
            preexec_fn=interruptible,  # noqa: PLW1509  there are no threads here
            **options,
        )

    def __call__(self, *arguments, code=0, **options):
        """Carry out a command line; return (stdout, stderr) once the exit code is as expected."""
        process = self.start(*arguments, **options)
        out, err = process.communicate(timeout=250)
        assert process.returncode == code, (process.returncode, out, err)
        assert "Traceback" not in err
        return out, err

    def json(self, *arguments, code=0, **options):
        """The one document that `--json` prints."""
        out, _ = self(*arguments, "--json", code=code, **options)
        return json.loads(out)


@pytest.fixture
def deck(tmp_path):
    deck = Deck(tmp_path)
    yield deck
    for run in deck.home.all():  # what a test left running
        if ask_stop(run):
            (run.path / "let-go").touch()
            assert wait(run, 250)


@pytest.fixture
def real(tmp_path):
    """The same on the real engine."""
    deck = Deck(tmp_path)
    del deck.env["PYTHONPATH"], deck.env["PYTHONWARNINGS"]  # libraries of the engine warn
    deck.home.path.mkdir()
    yield deck
    for run in deck.home.all():
        if ask_stop(run):
            assert wait(run, 250)


def read_until(stream, text):
    """The lines of a stream up to one that holds the text."""
    lines = []
    for line in stream:
        lines.append(line)
        if text in line:
            return "".join(lines)
    raise AssertionError(f"{text!r} never came; before the end: {''.join(lines)}")


@pytest.fixture(scope="module")
def one_engine():
    """One warm engine answers the commands of all tests of a module, which else start one each."""
    with EngineClient() as kept, pytest.MonkeyPatch.context() as patch:
        patch.setattr(EngineClient, "__enter__", lambda _: kept)
        patch.setattr(EngineClient, "__exit__", lambda *_: None)
        yield
        patch.undo()  # before the engine is left


@pytest.fixture
def an_engine_each(one_engine, monkeypatch):
    """As without `one_engine`: a command is answered by an engine that remembers nothing."""
    monkeypatch.setattr(EngineClient, "__enter__", OWN[0])
    monkeypatch.setattr(EngineClient, "__exit__", OWN[1])
