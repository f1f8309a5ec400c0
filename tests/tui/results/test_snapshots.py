"""Pictures of Data, Backtest and one trade in every state, at the smallest and at a large size."""

import pytest

from engine.runs.home import Home
from tests.tui.app.recorded import STATES, record
from tests.tui.results.conftest import press

SIZES = [
    pytest.param((80, 22), id="80x22"),
    pytest.param((200, 50), id="200x50"),
]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(
    "keys",
    [(), ("down",), ("z",), ("a",), ("m",), ("enter",), ("enter", "g", "plus", "plus", "c")],
    ids=["list", "second", "detail", "add", "coverage", "browse", "gap"],
)
def test_data(snap_compare, deck_on, home, keys, size):
    assert snap_compare(deck_on(home), terminal_size=size, run_before=press("1", *keys))


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("plain_characters", [False, True], ids=["all", "ascii"])
def test_compare(snap_compare, deck_on, several, size, plain_characters):
    deck = deck_on(several, first="runs", ascii=plain_characters)
    keys = ("4", *["space"] * 4, "c")
    assert snap_compare(deck, terminal_size=size, run_before=press(*keys))


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("screen", ["1", "3"])
def test_nothing_yet(snap_compare, deck_on, tmp_path, screen, size):
    assert snap_compare(deck_on(Home(tmp_path / "none")), terminal_size=size, run_before=press(screen))


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(
    "keys",
    [
        (), ("right_square_bracket", "left_curly_bracket"), ("z",), ("z", "z"), ("z", "z", "z", "s"), ("f",),
        ("f", "end"), ("f", "f"),
        ("slash", "p", "n", "l", "less_than_sign", "0", "enter"), ("slash", "p", "l", "n", "enter"),
        ("enter",),
    ],
    ids=["result", "what-if", "chart", "figures", "trades", "fills", "fills-end", "stress", "filter",
         "wrong-filter", "trade"],
)  # fmt: skip
def test_backtest(snap_compare, deck_on, home, keys, size):
    assert snap_compare(deck_on(home), terminal_size=size, run_before=press("3", *keys))


@pytest.mark.parametrize("panel", ["rolling", "returns"])
def test_what_is_computed_when_somebody_looks(snap_compare, deck_on, home, panel):
    keys = "ffff" if panel == "rolling" else "fffff"
    assert snap_compare(deck_on(home), terminal_size=(80, 22), run_before=press("3", *keys))


def test_the_picture_of_the_docs(snap_compare, deck_on, home):
    assert snap_compare(deck_on(home), terminal_size=(80, 24), run_before=press("3"))


@pytest.mark.parametrize("keys", [(), ("enter",)], ids=["result", "trade"])
def test_backtest_in_plain_characters(snap_compare, deck_on, home, keys):
    deck = deck_on(home, ascii=True)
    assert snap_compare(deck, terminal_size=(80, 24), run_before=press("3", *keys))


@pytest.mark.parametrize("theme", ["quantdeck-light", "textual-ansi", "no-color"])
@pytest.mark.parametrize("screen", ["1", "3"])
def test_other_colours(snap_compare, deck_on, home, monkeypatch, screen, theme):
    if theme == "no-color":
        monkeypatch.setenv("NO_COLOR", "1")
    else:
        monkeypatch.setenv("TEXTUAL_THEME", theme)
    assert snap_compare(deck_on(home), terminal_size=(80, 24), run_before=press(screen))


@pytest.mark.parametrize("state", ["failed", "done"])
def test_a_run_without_a_backtest(snap_compare, deck_on, tmp_path, state):
    home = Home(tmp_path / "home")
    record(home, "3f2a0001", STATES[state][0], mode="train")
    deck = deck_on(home)
    deck.chosen = "3f2a0001"
    assert snap_compare(deck, terminal_size=(80, 24), run_before=press("3"))
