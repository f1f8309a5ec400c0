"""Logs of which something is kept are told as if nothing were, whatever has become of them since."""

import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import RepairDataError
from engine.runs import events, fold_cache, reader_cache, state
from engine.runs.home import Home
from engine.runs.state import Follower, state_of
from tests.tui.app.recorded import home_of_all

CASES = settings(max_examples=40)
RUN = "0c1d0001"


@pytest.fixture(scope="module")
def content(tmp_path_factory):
    """A log with every kind of entry."""
    home = home_of_all(tmp_path_factory.mktemp("recorded") / "home")
    return home.find(RUN).events_path.read_bytes()


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    home = home_of_all(tmp_path_factory.mktemp("tried") / "home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        patch.setattr(fold_cache, "LONG_BYTES", 400)
        yield Home(home.path).find(RUN)


def state_and_lines(run):
    """State and lines, or what is wrong with the log."""
    follower = Follower(run)
    try:
        follower.poll()
    except RepairDataError as error:
        return error
    return follower.state, follower.lines


def without_what_is_kept(run):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reader_cache, "cached", lambda _: None)
        return state_and_lines(run)


@CASES
@given(cuts=st.lists(st.floats(0, 1), min_size=1, max_size=4), settled=st.booleans())
def test_a_log_that_grows_is_told_the_same_by_whoever_opens_it(content, run, cuts, settled):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reader_cache, "SETTLED_S", -1.0 if settled else 3600.0)
        run.events_path.write_bytes(b"")
        done = 0
        for cut in [*sorted(cuts), 1.0]:
            with run.events_path.open("ab") as log:
                log.write(content[done : int(cut * len(content))])
            done = int(cut * len(content))
            assert state_and_lines(run) == without_what_is_kept(run)


@CASES
@given(at=st.floats(0, 1), bit=st.integers(0, 7), keep_time=st.booleans())
def test_a_log_that_was_damaged_is_read_anew(content, run, at, bit, keep_time):
    run.events_path.write_bytes(content)
    state_and_lines(run)
    facts = run.events_path.stat()
    place = min(int(at * len(content)), len(content) - 1)
    run.events_path.write_bytes(content[:place] + bytes([content[place] ^ 1 << bit]) + content[place + 1 :])
    if keep_time:
        os.utime(run.events_path, ns=(facts.st_atime_ns, facts.st_mtime_ns))
    assert state_and_lines(run) == without_what_is_kept(run)


def test_what_is_kept_spares_the_reading_and_the_whole_log_can_be_had(content, run, monkeypatch):
    run.events_path.write_bytes(content)
    first = state_and_lines(run)
    offsets = []
    monkeypatch.setattr(
        state, "read", lambda path, at, **how: (offsets.append(at), events.read(path, at, **how))[1]
    )
    assert state_and_lines(run) == first
    assert state_of(run) == first[0]
    assert offsets == [len(content)] * 2
    whole = Follower(run, whole=True)
    assert len(whole.poll()) == content.count(b"\n")
    assert whole.state == first[0]


def test_a_damaged_cache_counts_for_nothing(content, run):
    run.events_path.write_bytes(content)
    first = state_and_lines(run)
    path = reader_cache.place(run.path, "fold")
    kept = path.read_bytes()
    assert path.stat().st_mode & 0o777 == 0o600
    for damaged in (b"", kept[:-1], kept[: len(kept) // 2], bytes([kept[0] ^ 1]) + kept[1:]):
        path.write_bytes(damaged)
        assert state_and_lines(run) == first
