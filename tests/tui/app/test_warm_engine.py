"""The app's engine process: one that dies is replaced, and asked once more."""

import os
import signal
import sys

import pytest

from engine.errors import InternalError, TryAgainError
from engine.runs import requests
from engine.runs.requests import EngineClient
from tui.background import warm_engine
from tui.background.warm_engine import Engine

ANSWERS = """
import os, signal, sys, time
from engine.runs.requests import answer
def hit(request, emit):
    if request["in_a_row"] and os.path.exists(request["trap"]):
        os.remove(request["trap"])
        os.kill(os.getpid(), signal.SIGKILL)
    return {"lived": True}
def mute(request, emit):
    time.sleep(60)
sys.exit(answer({"hit": hit, "mute": mute}))
"""


@pytest.fixture
def engine(monkeypatch):
    command = (sys.executable, "-c", ANSWERS)
    monkeypatch.setattr(requests, "EngineClient", lambda: EngineClient(command))
    engine = Engine()
    yield engine
    engine.close()


@pytest.mark.parametrize("moment", ["before", "in mid-answer"])
def test_a_question_is_answered_though_the_process_dies(engine, tmp_path, moment):
    trap = tmp_path / "trap"
    question = {"do": "hit", "in_a_row": True, "trap": str(trap)}
    assert engine.ask(question, dict) == {"lived": True}
    if moment == "before":
        os.kill(engine._asker._process.pid, signal.SIGKILL)
    else:
        trap.touch()
    assert engine.ask(question, dict) == {"lived": True}
    assert not trap.exists()


def test_a_question_that_does_not_come_back_is_told_and_the_engine_starts_anew(engine, monkeypatch):
    monkeypatch.setitem(warm_engine.WITHIN_S, "mute", 0.5)
    with pytest.raises(TryAgainError, match="no answer"):
        engine.ask({"do": "mute"}, dict)
    assert engine.ask({"do": "hit", "in_a_row": False}, dict) == {"lived": True}


def test_what_kills_every_process_is_told_after_the_second(engine, monkeypatch):
    started = []

    def short_lived():
        started.append(EngineClient((sys.executable, "-c", "import sys; sys.stdin.readline()")))
        return started[-1]

    monkeypatch.setattr(requests, "EngineClient", short_lived)
    with pytest.raises(InternalError, match="died without an answer"):
        engine.ask({"do": "hit"}, dict)
    assert len(started) == 2


def test_a_fault_that_is_answered_is_not_asked_again(engine):
    assert engine.ask({"do": "hit", "in_a_row": False}, dict) == {"lived": True}
    first = engine._asker
    with pytest.raises(InternalError):
        engine.ask({"do": "hit"}, dict)
    assert not first.died
