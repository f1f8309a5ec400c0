"""The app's watch: runs of which summaries are kept are told without their logs, and wholly when asked."""

from dataclasses import replace

import pytest

from engine.runs import reader_cache, summary
from engine.runs.home import Home
from engine.runs.state import Follower
from tests.tui.app.recorded import home_of_all
from tui.runs.watch import Watch
from tui.screens.runs.listing import RunsList

AGAIN = b'{"v":1,"seq":99,"at":"2026-11-23T00:00:00Z","kind":"queued"}\n'


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A home of which summaries are kept."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(summary, "ENOUGH", 1)
    monkeypatch.setattr(reader_cache, "SETTLED_S", -1.0)
    return home_of_all(tmp_path / "home")


def watched(home, *, times=1):
    watch = Watch(Home(home.path), lambda: None)
    for _ in range(times):
        watch.poll()
    return watch


def rows(watch):
    """What the Runs screen shows."""
    listed = RunsList()
    listed.take(watch.snapshot)
    return [(each.row(), each.text) for each in listed.shown]


def test_summaries_spare_the_logs_and_say_the_same(home, monkeypatch):
    before = watched(home)
    before.keep_summaries()
    read = []
    monkeypatch.setattr(Follower, "poll", lambda self, _: read.append(self.run.id))
    after = watched(home)
    summarised = [each.id for each in after.snapshot.runs if each.summary]
    assert summarised
    assert not set(read) & set(summarised)
    assert {*read, *summarised} == set(after.snapshot.by_id)
    monkeypatch.undo()


def test_lists_are_the_same_and_a_run_that_is_looked_at_is_known_wholly(home):
    before = watched(home)
    before.keep_summaries()
    after = watched(home)
    assert rows(after) == rows(before)
    for each in after.snapshot.runs:
        if each.summary:
            after.read_log(each.id)
    after.poll()
    assert after.snapshot.runs == before.snapshot.runs


def test_a_run_that_was_resumed_since_is_read(home):
    before = watched(home)
    before.keep_summaries()
    after = watched(home)
    run = next(each.run for each in after.snapshot.runs if each.summary)
    with run.events_path.open("ab") as log:
        log.write(AGAIN)
    after.poll()
    known = after.snapshot.by_id[run.id]
    assert (known.summary, known.state.status) == (None, "crashed")
    again = watched(home).snapshot.by_id[run.id]
    assert again == replace(known, run=again.run)
