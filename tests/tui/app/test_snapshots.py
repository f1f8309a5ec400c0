"""Pictures of the screens of this room in every state, at the smallest and at a large size."""

import pytest

from engine.runs.home import Home
from tests.tui.app.conftest import ready, settled
from tests.tui.app.recorded import NOON, STATES, home_of_all, record
from tui.app import Quantdeck

SIZES = [
    pytest.param((80, 22), id="80x22"),
    pytest.param((200, 50), id="200x50"),
]


def press(*keys):
    async def look(pilot):
        await ready(pilot)
        for key in keys:
            await pilot.press(key)
            await settled(pilot)

    return look


@pytest.fixture
def runs_deck(tmp_path, held, monkeypatch):
    """An app on a home with runs of many kinds, one of them live; the home's path looks always the same."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TEXTUAL_ANIMATIONS", "none")
    home = home_of_all(tmp_path / "home")
    held(record(home, "0c1d0006", STATES["training"][0], "live", created="11:30"))
    deck = Quantdeck(home, first="train", now=lambda: NOON)
    deck.home_text = "home"
    return deck


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("state", STATES)
def test_train(snap_compare, deck_in, state, size):
    assert snap_compare(deck_in(state), terminal_size=size, run_before=press("2"))


def test_the_picture_of_the_readme(snap_compare, deck_in):
    assert snap_compare(deck_in("training"), terminal_size=(80, 24), run_before=press("2"))


@pytest.mark.parametrize("keys", [("l", "plus", "plus"), ("Z",), ("z",), ("question_mark",), ("x",)], ids=str)
def test_train_keys(snap_compare, deck_in, keys):
    assert snap_compare(deck_in("training"), terminal_size=(80, 24), run_before=press("2", *keys))


def test_train_in_plain_characters(snap_compare, deck_in):
    assert snap_compare(deck_in("training", ascii=True), terminal_size=(80, 24), run_before=press("2"))


@pytest.mark.parametrize("theme", ["quantdeck-light", "ansi-dark", "no-color"])
def test_train_in_other_colours(snap_compare, deck_in, monkeypatch, theme):
    if theme == "no-color":
        monkeypatch.setenv("NO_COLOR", "1")
    else:
        monkeypatch.setenv("TEXTUAL_THEME", theme)
    assert snap_compare(deck_in("nan"), terminal_size=(80, 24), run_before=press("2"))


@pytest.mark.parametrize("size", SIZES)
def test_nothing_yet(snap_compare, tmp_path, size):
    deck = Quantdeck(Home(tmp_path / "home"), first="train", now=lambda: NOON)
    deck.home_text = "home"
    assert snap_compare(deck, terminal_size=size, run_before=press("2"))


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(
    "keys",
    [(), ("G", "D"), ("j", "N"), ("slash", *"failed", "enter"), ("x",)],
    ids=["list", "delete", "rename", "filter", "stop"],
)
def test_runs(snap_compare, runs_deck, keys, size):
    assert snap_compare(runs_deck, terminal_size=size, run_before=press("4", *keys))


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(
    "keys",
    [
        (),
        ("pagedown",),
        (*["pageup"] * 5, "x"),
        ("pagedown", "ctrl+r", "ctrl+o"),
    ],
    ids=["start", "data", "wrong", "save"],
)
def test_form(snap_compare, runs_deck, keys, size):
    assert snap_compare(runs_deck, terminal_size=size, run_before=press("4", "n", *keys))


@pytest.mark.parametrize("size", [(79, 24), (30, 10), (3, 2)], ids=str)
def test_too_small(snap_compare, deck_in, size):
    assert snap_compare(deck_in("training"), terminal_size=size, run_before=press("2"))
