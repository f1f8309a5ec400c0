"""Homes are found again, and what ended unseen is told: on the command line and in the app."""

import pytest

from engine.runs import order
from engine.runs.home import Home, home_path
from tests.test_plain_file import KINDS
from tests.tui.app.conftest import ready, settled
from tests.tui.app.recorded import NOON, STATES, record
from tui.app import Quantdeck
from tui.commands.runs import stop
from tui.commands.status import status
from tui.runs.looks import elsewhere, file, looks, note_look
from tui.screens.dialogs import Ask

ENDS = [("crashed", True), ("failed", True), ("nan", True), ("done", False), ("stopped", False)]


@pytest.fixture(autouse=True)
def remembered(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("TEXTUAL_ANIMATIONS", "none")
    monkeypatch.delenv("QUANTDECK_HOME", raising=False)


@pytest.fixture
def home(tmp_path):
    home = Home(tmp_path / "project" / "artifacts")
    record(home, "0c1d0001", STATES["done"][0])
    return home


def test_a_home_is_looked_for_in_the_folders_above(home, tmp_path, monkeypatch):
    below = home.path.parent / "notes" / "deep"
    below.mkdir(parents=True)
    for folder in (home.path.parent, below.parent, below):
        monkeypatch.chdir(folder)
        assert home_path(None) == home.path
    (below / "artifacts").mkdir()
    assert home_path(None) == below / "artifacts"
    monkeypatch.chdir(tmp_path)
    assert home_path(None) == tmp_path / "artifacts"


def test_a_home_of_somebody_else_is_not_taken(home, monkeypatch):
    (home.path.parent / "deep").mkdir()
    monkeypatch.chdir(home.path.parent / "deep")
    monkeypatch.setattr("os.getuid", lambda: 4711)
    assert home_path(None) == home.path.parent / "deep" / "artifacts"


def test_where_there_is_nothing_the_homes_that_were_used_are_told(home, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    assert not elsewhere(tmp_path / "artifacts")
    status(str(home.path))
    found = status(None).text
    assert f"1 run in ~/project/artifacts; see: quantdeck --home {home.path}" in found
    assert "project" not in status(str(tmp_path / "named")).text


def test_a_run_whose_log_cannot_be_read_can_be_stopped(home):
    broken = record(home, "0c1d0003", STATES["done"][0])
    broken.events_path.unlink()
    broken.events_path.mkdir()
    assert stop(str(home.path), broken.id, at_once=False).document["state"] == "failed"


@pytest.mark.parametrize("kind", KINDS)
def test_whatever_lies_in_the_place_of_what_was_seen_is_taken_for_nothing(kind, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    file().parent.mkdir(parents=True)
    KINDS[kind](file())
    assert looks() == {}


def test_one_log_that_cannot_be_read_spoils_no_status(home):
    note_look(home.path, ["0c1d0002"])
    broken = record(home, "0c1d0002", STATES["done"][0])
    broken.events_path.write_text('{"v":1,"seq":1,"at":"2026-11-22T12:00:00Z","kind":"started"}\n')
    assert broken.id in status(str(home.path)).document["ended_badly"]


@pytest.mark.parametrize(("state", "bad"), ENDS)
def test_what_ended_badly_unseen_is_told_once(home, state, bad):
    record(home, "0c1d0002", STATES[state][0])
    assert not status(str(home.path)).document["ended_badly"]  # nobody had looked before
    note_look(home.path, ["0c1d0002"])
    answer = status(str(home.path))
    assert answer.document["ended_badly"] == ["0c1d0002"] * bad
    remedy = "show" if state == "nan" else "resume"  # what diverged diverges again
    assert (f"runs {remedy} 0c1d0002" in answer.text) == bad
    assert not status(str(home.path)).document["ended_badly"]


def test_what_was_made_since_is_told_though_the_clock_was_set_back(home):
    status(str(home.path))
    for run in ("0c1d0001", "0c1d0002"):
        order.note(home.path, run)
    record(home, "0c1d0002", STATES["failed"][0], created="00:00")
    answer = status(str(home.path))
    assert answer.document["ended_badly"] == [answer.document["last"]] == ["0c1d0002"]
    assert not status(str(home.path)).document["ended_badly"]


async def test_the_app_tells_it_and_opens_on_it(home):
    record(home, "0c1d0002", STATES["failed"][0], created="08:00")
    note_look(home.path, ["0c1d0002"])
    deck = Quantdeck(home, now=lambda: NOON)
    async with deck.run_test() as pilot:
        await ready(pilot)
        await settled(pilot)
        assert (deck.current_mode, deck.chosen) == ("train", "0c1d0002")
    assert looks()[home.path].live == ()


@pytest.mark.parametrize("key", ["y", "n"])
async def test_the_app_offers_another_home(home, tmp_path, key):
    deck = Quantdeck(Home(tmp_path / "none"), now=lambda: NOON, other=(home, "1 run in project"))
    async with deck.run_test() as pilot:
        await ready(pilot)
        assert isinstance(deck.screen, Ask)
        await pilot.press(key)
        await settled(pilot)
    assert deck.moves_to == (home if key == "y" else None)


@pytest.mark.parametrize("broken", [b"", b"\xff", b"[1]", b'{"/a": 3}', b'{"/a": {"at": 1}}', b'{"/a": "b"}'])
def test_a_broken_file_is_begun_anew(home, broken):
    file().parent.mkdir(parents=True)
    file().write_bytes(broken)
    assert looks() == {}
    note_look(home.path, [])
    assert [*looks()] == [home.path]
