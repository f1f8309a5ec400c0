"""The line at the top: what it says of the runs is known, and every screen can be read in it."""

from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.runs.watch import Snapshot
from tui.screens import SCREENS
from tui.screens.header import Header, lives
from tui.widgets.lines import plain

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def snapshot(statuses, *, ready=True):
    """A home whose runs are in these states."""
    ended = ("done", "stopped", "failed", "crashed")
    runs = [
        SimpleNamespace(state=SimpleNamespace(status=status), live=status not in ended, id=str(number))
        for number, status in enumerate(statuses)
    ]
    return Snapshot(tuple(runs), ready)


@given(st.lists(st.sampled_from(["queued", "training", "starting", "done", "crashed"]), max_size=9))
def test_runs_that_wait_are_not_told_as_at_work(statuses):
    said = lives(snapshot(statuses), replay=False)
    queued = statuses.count("queued")
    working = sum(each in ("training", "starting") for each in statuses)
    assert (f"{queued} queued" in said) == bool(queued)
    assert (f"{working} live" in said or f"{working} run" in said) == bool(working)
    assert (said == "no run live") == (not queued + working)


def test_nothing_is_said_of_runs_that_are_not_read_yet():
    assert lives(snapshot([], ready=False), replay=False) == ""


@pytest.mark.parametrize("width", range(60, 140))
@pytest.mark.parametrize("statuses", [[], ["training"], ["training"] * 120 + ["queued"] * 120])
def test_each_screen_stands_in_the_line_and_nothing_is_cut(monkeypatch, width, statuses):
    monkeypatch.setattr(Header, "size", SimpleNamespace(width=width))
    lines = []
    monkeypatch.setattr(Header, "show", lambda _, shown: lines.extend(shown))
    Header().set_facts("backtest", snapshot(statuses), NOW)
    text = plain(lines[0])
    assert len(text) <= width
    assert "…" not in text
    assert all(entry.key in text.split("no run")[0] for entry in SCREENS.values())
    assert "[3 Backtest]" in text
    assert "5 Search no run" not in text
