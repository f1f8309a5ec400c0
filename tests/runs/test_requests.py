"""Questions to a real engine process."""

import io
import json
import math
import os
import signal
import subprocess
import sys
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import (
    ChangeSettingsError,
    InternalError,
    MakeRoomError,
    RepairDataError,
    SettingsError,
    TryAgainError,
)
from engine.results.codec import Number
from engine.runs.requests import EngineClient, answer, ask
from tests.runs.engines import until

CODE = """
import os, subprocess, sys, time
from engine.errors import Problem, RepairDataError, SettingsError
from engine.runs.requests import answer

def double(request, tell):
    print("a library prints"); os.write(1, b"even so\\n"); sys.stdin.read()
    for step in range(request.get("steps", 0)):
        tell({"kind": "source", "state": "page", "page": step, "rate": float("nan")})
    tell({"kind": "alive"})
    return {"double": 2 * request["number"], "pid": os.getpid(), "nothing": float("inf")}

def settings(request, tell):
    raise SettingsError("here", [Problem("training.epochs", "0", "must be at least 1")])

def repair(request, tell):
    raise RepairDataError("a.csv", "is \\x1b[31mred", "Mend it")

def bug(request, tell):
    raise KeyError("oops")

def die(request, tell):
    print("the last thing that I say", file=sys.stderr, flush=True)
    os._exit(7)

def endless(request, tell):
    while True:
        tell({"kind": "note", "pid": os.getpid()})

def mute(request, tell):
    subprocess.Popen(["sleep", "60"], close_fds=False)
    tell({"kind": "note", "pid": os.getpid()})
    time.sleep(60)

def echo(request, tell):
    for _ in range(request["times"]):
        tell({"kind": "note", "text": request["text"]})
    return {"text": request["text"]}

sys.exit(answer({"echo": echo, "mute": mute, "double": double, "settings": settings, "repair": repair,
                 "bug": bug, "die": die, "endless": endless}))
"""
COMMAND = [sys.executable, "-P", "-c", CODE]


@dataclass(frozen=True)
class Doubled:
    double: int
    pid: int
    nothing: Number


@dataclass(frozen=True)
class Echo:
    text: str


@dataclass(frozen=True)
class Other:
    triple: int


def gone(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def test_an_answer_and_its_progress():
    events = []
    answer = ask({"do": "double", "number": 21, "steps": 3}, Doubled, events.append, COMMAND)
    assert answer.double == 42
    assert math.isnan(answer.nothing)
    assert [(event["page"], event["rate"]) for event in events] == [(0, None), (1, None), (2, None)]
    assert gone(answer.pid)


def test_a_warm_process_answers_again_and_ends_with_the_context():
    with EngineClient(COMMAND) as client:
        first, second = (client.ask({"do": "double", "number": number}, Doubled) for number in (1, 2))
        assert first.pid == second.pid
        assert second.double == 4
        for request, kind, match in [
            ({"do": "settings"}, SettingsError, "training.epochs = 0: must be at least 1"),
            ({"do": "repair"}, RepairDataError, r"a\.csv: is \\x1b\[31mred\. Mend it"),
            ({"do": "bug"}, InternalError, "its own fault: KeyError"),
            ({"do": "dream"}, ChangeSettingsError, "cannot be answered.*Ask for bug, die, double, echo"),
            ({}, ChangeSettingsError, "cannot be answered"),
        ]:
            with pytest.raises(kind, match=match) as raised:
                client.ask(request, Doubled)
            assert type(raised.value) is kind
        assert client.ask({"do": "double", "number": 5}, Doubled).pid == first.pid
    assert gone(first.pid)


def test_an_abandoned_answer_does_not_reach_the_next_question():
    class EnoughError(Exception):
        pass

    def emit(event):
        raise EnoughError

    with EngineClient(COMMAND) as client:
        with pytest.raises(EnoughError):
            client.ask({"do": "double", "number": 1, "steps": 5}, Doubled, emit)
        assert client.ask({"do": "double", "number": 2}, Doubled).double == 4


def test_leaving_in_the_middle_ends_the_process():
    pids = []

    def emit(event):
        pids.append(event["pid"])
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ask({"do": "endless"}, Doubled, emit, COMMAND)
    assert gone(pids[0])


def test_a_death_without_an_answer_is_told_with_its_last_words():
    with pytest.raises(
        InternalError, match=r"died without an answer \(exit code 7\): the last thing that I say"
    ):
        ask({"do": "die"}, Doubled, command=COMMAND)
    with pytest.raises(InternalError, match=r"exit code 1\).*ImportError"):
        ask({"do": "x"}, Doubled, command=[sys.executable, "-c", "raise ImportError('no engine')"])


def test_a_question_that_does_not_come_back_is_given_up_with_what_it_has_started():
    events = []
    with EngineClient(COMMAND) as client:
        assert client.ask({"do": "double", "number": 1}, Doubled, within_s=30).double == 2
        with pytest.raises(TryAgainError, match="no answer within 1 s and was ended"):
            client.ask({"do": "mute"}, Doubled, events.append, within_s=1)
        assert client.gave_up
        until(lambda: gone(events[0]["pid"]))


def test_pieces_of_lines_are_put_together():
    text = "x" * (3 << 20)
    with EngineClient(COMMAND) as client:
        for _ in range(2):
            answer = client.ask({"do": "echo", "text": text, "times": 2}, Echo, within_s=30)
            assert answer.text == text


def test_a_killed_process_is_told_as_such():
    def emit(event):
        os.kill(event["pid"], signal.SIGKILL)

    with pytest.raises(InternalError, match=r"died without an answer \(signal 9\)"):
        ask({"do": "endless"}, Doubled, emit, COMMAND)


def test_an_answer_of_another_kind_is_refused_and_the_next_one_read():
    with EngineClient(COMMAND) as client:
        with pytest.raises(RepairDataError, match="engine's answer: is no proper Other: triple: is missing"):
            client.ask({"do": "double", "number": 1}, Other)
        assert client.ask({"do": "double", "number": 2}, Doubled).double == 4


def test_an_answer_that_is_no_json_is_told():
    with pytest.raises(InternalError, match="cannot be read"):
        ask({"do": "x"}, Doubled, command=[sys.executable, "-c", "print('hello')"])


def test_a_process_that_cannot_be_started_is_told():
    with pytest.raises(MakeRoomError, match="cannot be started"):
        ask({"do": "x"}, Doubled, command=["/no/such/program"])


def test_the_process_ends_when_whoever_asked_is_killed(tmp_path):
    code = f"""
import os, sys
from engine.runs.requests import EngineClient
with EngineClient({COMMAND!r}) as client:
    def tell(event):
        print(event["pid"], flush=True)
        os.kill(os.getpid(), 9)
    client.ask({{"do": "endless"}}, dict, tell)
"""
    died = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert died.returncode == -9
    until(lambda: gone(int(died.stdout)))


PLAIN = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
TREES = st.recursive(
    PLAIN, lambda part: st.lists(part, max_size=3) | st.dictionaries(st.text(max_size=3), part), max_leaves=5
)
REQUESTS = st.fixed_dictionaries({}, optional={"request": TREES, "do": TREES | st.just("echo"), "x": TREES})
LINES = (
    st.binary(max_size=30)
    | (TREES | REQUESTS).map(lambda each: json.dumps(each).encode())
    | st.sampled_from([b'{"request":1e999,"do":"echo"}', b'{"request":1,"do":"echo","x":1e999}', b"[" * 9999])
)


@given(st.lists(LINES.map(lambda line: line.replace(b"\n", b"")), max_size=4))
def test_whatever_is_asked_is_answered_or_refused_and_never_a_fault(lines):
    requests = io.BytesIO(b"".join(line + b"\n" for line in [*lines, b'{"request":7,"do":"echo"}']))
    answers = io.BytesIO()
    answers.close = answers.flush
    assert answer({"echo": lambda request, _: request}, requests, answers) == 0
    events = [json.loads(line) for line in answers.getvalue().splitlines()]
    assert len(events) == len(lines) + 1
    assert events[-1] == {"kind": "answer", "result": {"do": "echo"}, "request": 7}
    assert {each["error"]["class"] for each in events if each["kind"] == "error"} <= {"ChangeSettingsError"}
