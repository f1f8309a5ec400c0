"""What goes down the line to a terminal of 80×24 that answers, and to one that does not."""

import re
import select
import sys
import time

import pytest

from engine.runs.events import EventLog
from tests.tui.app.recorded import STATES, home_of_all, record
from tests.tui.app.terminals import Pty, environment, until
from tui.compat import QUESTION

COLOURS = re.compile(rb"\x1b\[(?:\d+;)*(?:3\d|4\d|9\d|10\d)[;m]")
STILL_S = 0.4  # nothing more comes once nothing has come for so long


@pytest.fixture
def live(tmp_path, held):
    """A run that trains, among others in a home."""
    run = record(home_of_all(tmp_path / "home"), "0c1d0006", STATES["training"][0], "lïve…")
    held(run)
    return run


@pytest.fixture
def deck(tmp_path, live):
    deck = Pty(tmp_path, environment(live.path.parents[1], scenario="", COLORTERM="truecolor"))
    yield deck
    deck.close()


def sent(deck, *, answers=True, still_s=STILL_S):
    """The bytes that come until the line is still; each question is answered at once, or never."""
    before = len(deck.output)
    last = time.monotonic()
    while time.monotonic() < last + still_s:
        select.select([deck.master], [], [], 0.02)
        size = len(deck.output)
        if len(deck.read()) > size:
            last = time.monotonic()
        if answers:
            deck.answer(QUESTION)
    return len(deck.output) - before


def answer_to(deck, keys):
    """The bytes that come after these keys."""
    size = len(deck.output)
    deck.press(keys)
    until(lambda: len(deck.read()) > size, f"an answer to {keys!r}")
    sent(deck)
    return len(deck.output) - size


def first_screen(deck):
    """The bytes until the first screen is whole."""
    until(lambda: QUESTION.encode() in deck.read(), "the first picture")
    sent(deck, still_s=1.0)
    return len(deck.output)


def test_what_one_does_and_what_a_training_tells_cost_little_and_a_still_screen_nothing(deck, live):
    assert first_screen(deck) <= 9000
    epochs = [each for each in STATES["training"][0] if each["kind"] == "epoch"]
    for number in (14, 15):
        size = len(deck.output)
        with EventLog(live.events_path) as log:
            log.emit(epochs[-1] | {"epoch": number, "loss": 0.46 - number / 1000})
        until(lambda size=size: len(deck.read()) > size, "the epoch")
        sent(deck)
        assert len(deck.output) - size <= 2000 + 1500 * (number == 14)  # a silence ends with the first
    answer_to(deck, "4")
    for key in "jjkk":
        assert answer_to(deck, key) <= 700
    for opening, closing in (("?", "\x1b"), ("N", "\x1b"), ("x", "n")):
        assert answer_to(deck, opening) <= 5000
        assert answer_to(deck, closing) <= 6000
    assert sent(deck, still_s=1.0) == 0


def test_a_terminal_that_does_not_answer_yet_is_sent_one_picture(deck):
    first_screen(deck)
    asked = deck.output.count(QUESTION.encode())
    deck.press("1234" * 10)
    sent(deck, answers=False, still_s=1.0)
    assert deck.output.count(QUESTION.encode()) == asked + 1


VISITED = (
    ("", "[2 Train]"), ("4", "[4 Runs]"), ("3", "[3 Backtest]"), ("1", "[1 Data]"), ("?", "Keys of"),
    ("q2", "[2 Train]"), ("x", "Stop run"), ("nn", "New run"),
)  # fmt: skip


def test_no_screen_sends_more_than_plain_characters_nor_any_colour(tmp_path, live):
    surroundings = environment(live.path.parents[1], scenario="", COLORTERM="truecolor", NO_COLOR="1")
    deck = Pty(tmp_path, surroundings, command=[sys.executable, "-P", "-m", "tui.cli", "--ascii"])
    try:
        for keys, shown in VISITED:
            deck.press(keys)
            until(lambda: sent(deck, still_s=0.1) is not None and shown in deck.text(), shown)  # noqa: B023
    finally:
        deck.close()
    assert max(deck.output) <= 126
    assert not COLOURS.search(deck.output)


def test_without_the_mouse_no_report_of_it_is_asked_for(tmp_path, live):
    surroundings = environment(live.path.parents[1], scenario="")
    deck = Pty(tmp_path, surroundings, command=[sys.executable, "-P", "-m", "tui.cli", "--no-mouse"])
    try:
        first_screen(deck)
    finally:
        deck.close()
    assert not re.search(rb"\x1b\[\?1(000|002|003|006|015)h", deck.output)
