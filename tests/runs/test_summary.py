"""What lists tell of runs is the same whether it was kept or is read anew, whatever happens to the files."""

import os
import shutil
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.runs import lock, reader_cache, summary
from engine.runs.home import Home
from tests.tui.app.recorded import home_of_all

CASES = settings(max_examples=30)
DONE, FAILED, CRASHED = RUNS = ("0c1d0001", "0c1d0003", "0c1d0004")
AGAIN = b'{"v":1,"seq":99,"at":"2026-11-23T00:00:00Z","kind":"queued"}\n'


def flipped(content, at, bit):
    place = min(int(at * len(content)), len(content) - 1)
    return content[:place] + bytes([content[place] ^ 1 << bit]) + content[place + 1 :]


DAMAGES = {
    "cut": lambda content, at, _: content[: int(at * len(content))],
    "flipped": flipped,
    "appended": lambda content, *_: (
        content + b'{"v":1,"seq":99,"at":"2026-11-23T00:00:00Z","kind":"queued"}\n'
    ),
    "emptied": lambda *_: b"",
    "noise": lambda content, *_: bytes(255 - each for each in content),
    "untouched": lambda content, *_: content,
}


@pytest.fixture(scope="module")
def pristine(tmp_path_factory):
    home = home_of_all(tmp_path_factory.mktemp("pristine") / "home")
    for run in home.all():
        if run.id not in RUNS:
            home.delete(run)
    return home.path


@pytest.fixture(scope="module")
def keeping(tmp_path_factory):
    """Everything is kept at once, in a cache of its own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        patch.setattr(summary, "ENOUGH", 1)
        patch.setattr(reader_cache, "SETTLED_S", -1.0)
        yield patch


def fresh(pristine, name="tried"):
    """The home as it was, its summaries kept; its index."""
    home = Home(pristine.with_name(name))
    shutil.rmtree(home.path, ignore_errors=True)
    shutil.copytree(pristine, home.path)
    summary.summaries(home)
    time.sleep(0.01)  # a change comes at another time than the reading, to the coarsest clock
    return home, reader_cache.place(home.path, "index")


def listed(home):
    return [(run.path, run.about, repr(each)) for run, each in summary.summaries(home)]


def told_anew(home):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reader_cache, "cached", lambda _: None)
        patch.setattr(reader_cache, "keep", lambda *_: None)
        return listed(home)


@pytest.mark.parametrize("name", [*summary.FILES, "lock"])
@settings(max_examples=5)
@given(st.sampled_from(["cut", "flipped", "emptied", "noise", "deleted", "linked", "of another"]), st.data())
def test_a_change_of_any_file_of_a_run_is_seen(pristine, keeping, name, damage, data):
    home, _ = fresh(pristine)
    held = [lock.take(home.runs / run / "lock") for run in RUNS if name == "lock"]
    for path in [] if held else home.runs.glob(f"*/{name}"):
        content, other = path.read_bytes(), pristine / "runs" / CRASHED / name
        path.unlink()
        if damage == "linked":
            path.symlink_to(pristine / "runs" / path.parent.name / name)
        elif damage == "of another":
            path.write_bytes(other.read_bytes() if other.exists() else b"{}")
        elif damage in DAMAGES and content:
            at, bit = data.draw(st.floats(0, 1)), data.draw(st.integers(0, 7))
            path.write_bytes(DAMAGES[damage](content, at, bit))
    try:
        assert listed(home) == told_anew(home)
        assert listed(home) == told_anew(home)  # by what the first of them kept
    finally:
        for handle in held:
            os.close(handle)


@CASES
@given(st.sampled_from(list(DAMAGES)), st.floats(0, 1), st.integers(0, 7))
def test_a_damaged_index_is_as_if_it_were_not_there(kept_home, damage, at, bit):
    home, index, whole, expected = kept_home
    index.write_bytes(DAMAGES[damage](whole, at, bit))
    assert listed(home) == expected


@pytest.fixture(scope="module")
def kept_home(pristine, keeping):
    """A home whose summaries are kept: with its index, what that holds, and what the home tells without."""
    home, index = fresh(pristine, "kept")
    return home, index, index.read_bytes(), told_anew(home)


def test_what_is_kept_is_not_read_again_and_the_home_is_never_written(pristine, keeping, monkeypatch):
    home, _ = fresh(pristine)
    before = sorted(home.path.rglob("*"))
    expected, read = told_anew(home), []
    genuine = summary.summary_of
    monkeypatch.setattr(summary, "summary_of", lambda run: (read.append(run.id), genuine(run))[1])
    assert listed(home) == expected
    assert read == [CRASHED]  # it crashed: what is told of it hangs on more than its files
    assert sorted(home.path.rglob("*")) == before


@pytest.mark.parametrize("foreign", ["owner", "mode", "code"])
def test_an_index_of_somebody_else_or_of_other_code_is_not_believed(pristine, keeping, monkeypatch, foreign):
    home, index = fresh(pristine)
    content = reader_cache.cached(index)
    for entry in content["runs"].values():
        entry[2]["symbol"] = "LIE/USDT"
    reader_cache.keep(index, content)
    assert "LIE/USDT" in str(listed(home))
    if foreign == "owner":
        owner = index.stat().st_uid
        monkeypatch.setattr(reader_cache.os, "geteuid", lambda: owner + 1)
    elif foreign == "mode":
        index.chmod(0o666)
    else:
        monkeypatch.setattr(reader_cache, "reader", lambda: ["of another version"])
    assert listed(home) == told_anew(home)


def test_what_changed_a_moment_ago_is_not_kept(pristine, keeping, monkeypatch):
    monkeypatch.setattr(reader_cache, "SETTLED_S", 3600.0)
    _, index = fresh(pristine)
    assert "runs" not in (reader_cache.cached(index) or {})
