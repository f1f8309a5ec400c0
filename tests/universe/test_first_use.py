"""The loop of several symbols: that it is being compiled is told, and a stop meanwhile is heard."""

import threading

import pytest

from engine.errors import StopRequestedError
from engine.universe import first_use


def test_compiling_is_told_only_while_it_lasts(monkeypatch):
    seen, done = [], threading.Event()

    def emit(event):
        seen.append(event.get("code", event["kind"]))
        if len(seen) == 3:
            done.set()

    monkeypatch.setattr(first_use, "QUIET_S", 0.01)
    monkeypatch.setattr(first_use, "POLL_S", 0.01)
    monkeypatch.setattr(first_use, "trade_two_bars", done.wait)
    first_use.compile_loop(emit)
    assert seen[:3] == ["loop compiles", "alive", "alive"]
    monkeypatch.setattr(first_use, "QUIET_S", 60.0)
    monkeypatch.setattr(first_use, "trade_two_bars", lambda: None)
    seen.clear()
    first_use.compile_loop(emit)
    assert seen == []


def test_a_stop_is_heard_while_it_is_compiled(monkeypatch):
    def stopped(event):
        if event["kind"] == "alive":
            raise StopRequestedError("run", "asked for")

    held = threading.Event()
    monkeypatch.setattr(first_use, "QUIET_S", 0.01)
    monkeypatch.setattr(first_use, "trade_two_bars", held.wait)
    with pytest.raises(StopRequestedError):
        first_use.compile_loop(stopped)
    held.set()
