"""What goes down the line to a terminal of 80×24 that answers, and to one that does not."""

import os
import re
import select
import sys
import time

import pytest

from tests.tui.app.recorded import STATES, home_of_all, record
from tests.tui.app.terminals import Pty, environment, until
from tui.compat import QUESTION

COLOURS = re.compile(rb"\x1b\[(?:\d+;)*(?:3\d|4\d|9\d|10\d)[;m]")
STILL_S = 1.0  # nothing more comes once nothing has come for so long


@pytest.fixture
def deck(tmp_path, held):
    home = home_of_all(tmp_path / "home")
    held(record(home, "0c1d0006", STATES["training"][0], "live"))
    deck = Pty(tmp_path, environment(home.path, scenario="", COLORTERM="truecolor"))
    yield deck
    deck.close()


def sent(deck, *, answers=True, still_s=STILL_S):
    """The bytes that come until the line is still; each question is answered at once, or never."""
    before, answered = len(deck.output), deck.output.count(QUESTION.encode())
    last = time.monotonic()
    while time.monotonic() < last + still_s:
        select.select([deck.master], [], [], 0.02)
        size = len(deck.output)
        if len(deck.read()) > size:
            last = time.monotonic()
        asked = deck.output.count(QUESTION.encode())
        if answers and asked > answered:
            os.write(deck.master, b"\x1b[24;80R" * (asked - answered))
        answered = asked
    return len(deck.output) - before


def test_dialogs_cost_little_and_a_still_screen_nothing(deck):
    until(lambda: QUESTION.encode() in deck.read(), "the first picture")
    os.write(deck.master, b"\x1b[24;80R")
    sent(deck)
    deck.press("4")
    sent(deck)
    for opening, closing in (("?", "\x1b"), ("r", "\x1b"), ("x", "n")):
        deck.press(opening)
        assert 0 < sent(deck) <= 5000
        deck.press(closing)
        assert 0 < sent(deck) <= 6000
    assert sent(deck) == 0


def test_a_terminal_that_does_not_answer_yet_is_sent_one_picture(deck):
    until(lambda: QUESTION.encode() in deck.read(), "the first picture")
    os.write(deck.master, b"\x1b[24;80R")
    sent(deck)
    asked = deck.output.count(QUESTION.encode())
    deck.press("1234" * 10)
    sent(deck, answers=False)
    assert deck.output.count(QUESTION.encode()) == asked + 1


VISITED = (
    ("", "[2 Train]"), ("4", "[4 Runs]"), ("3", "[3 Backtest]"), ("1", "[1 Data]"), ("?", "Keys of"),
    ("\x1b", ""), ("n", "New run"), ("\x1b", ""), ("2", "[2 Train]"), ("x", "Stop run"),
)  # fmt: skip


def test_no_screen_sends_more_than_plain_characters_nor_any_colour(tmp_path, held):
    home = home_of_all(tmp_path / "home")
    held(record(home, "0c1d0006", STATES["training"][0], "lïve…"))
    surroundings = environment(home.path, scenario="", COLORTERM="truecolor", NO_COLOR="1")
    deck = Pty(tmp_path, surroundings, command=[sys.executable, "-P", "-m", "tui.cli", "--ascii"])
    try:
        for keys, shown in VISITED:
            deck.press(keys)
            until(lambda: sent(deck, still_s=0.1) is not None and shown in deck.text(), shown)  # noqa: B023
    finally:
        deck.close()
    assert max(deck.output) <= 126
    assert not COLOURS.search(deck.output)
