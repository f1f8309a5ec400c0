"""What goes down the line to a terminal of 80×24 that answers, and to one that does not."""

import json
import re
import select
import sys
import time
from dataclasses import replace

import pytest
from textual.keys import key_to_character

from engine import outcome
from engine.results.codec import plain
from engine.results.portfolio import (
    PORTFOLIO_BASELINES,
    CrossSectionalIC,
    ExposureHistory,
    PortfolioBaseline,
    PortfolioParts,
    SymbolParts,
)
from engine.runs.events import EventLog
from engine.runs.home import Home
from engine.runs.manifest import write_manifest
from engine.runs.results import backtest_of
from tests.queries.results import backtested
from tests.tui.app import searched
from tests.tui.app.recorded import STATES, home_of_all, record
from tests.tui.app.terminals import Pty, environment, until
from tests.tui.results.stored import fill
from tui.compat import QUESTION
from tui.screens import SCREENS

COLOURS = re.compile(rb"\x1b\[(?:\d+;)*(?:3\d|4\d|9\d|10\d)[;m]")
FIRST_DAY, LAST_DAY = "2025-01-01T00:00:00Z", "2025-03-01T00:00:00Z"
STILL_S = 0.7  # nothing more comes once nothing has come for so long
BYTES = {
    "enter": "\r", "escape": "\x1b", "tab": "\t", "space": " ", "pageup": "\x1b[5~", "pagedown": "\x1b[6~",
    "up": "\x1b[A", "down": "\x1b[B", "left": "\x1b[D", "right": "\x1b[C", "home": "\x1b[H", "end": "\x1b[F",
    "f5": "\x1b[15~", "slash": "/", "plus": "+", "minus": "-",
}  # fmt: skip


@pytest.fixture
def live(tmp_path_factory, held):
    """A run that trains, among others in a home whose path is no longer than people's are."""
    run = record(home_of_all(tmp_path_factory.mktemp("home")), "0c1d0006", STATES["training"][0], "lïve…")
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


def answer_to(deck, keys, still_s=STILL_S):
    """The bytes that come after these keys."""
    size = len(deck.output)
    deck.press(keys)
    until(lambda: len(deck.read()) > size, f"an answer to {keys!r}")
    sent(deck, still_s=still_s)
    return len(deck.output) - size


def first_screen(deck):
    """The bytes until the first screen is whole: that of the run which goes on."""
    until(lambda: sent(deck, still_s=0.1) is not None and "[2 Train]" in deck.text(), "the first screen")
    sent(deck, still_s=1.0)
    return len(deck.output)


def test_what_one_does_and_what_a_training_tells_cost_little_and_a_still_screen_nothing(deck, live):
    assert first_screen(deck) <= 8000
    epochs = [each for each in STATES["training"][0] if each["kind"] == "epoch"]
    for number in (14, 15):
        size = len(deck.output)
        with EventLog(live.events_path) as log:
            log.emit(epochs[-1] | {"epoch": number, "loss": 0.46 - number / 1000})
        until(lambda size=size: len(deck.read()) > size, "the epoch")
        sent(deck)
        assert len(deck.output) - size <= 2000 + 1500 * (number == 14)  # a silence ends with the first
    for key in "1325":
        assert answer_to(deck, key) <= 5000  # 56,000 bit/s carry that in 0.7 s
    deck.press("4")
    until(lambda: sent(deck, still_s=1.0) is not None and "[4 Runs]" in deck.text(), "the list of runs")
    for key in "jjjjjkkkkk":  # over runs of every kind, with other keys and other remedies
        assert answer_to(deck, key, still_s=0.3) <= 700
    for opening, closing in (("?", "\x1b"), ("N", "\x1b"), ("x", "n")):
        assert answer_to(deck, opening) <= 5000
        assert answer_to(deck, closing) <= 6000
    answer_to(deck, "/")
    assert answer_to(deck, "pasted" * 800) <= 3000  # by a terminal that does not say that it is pasted
    assert answer_to(deck, "\x1b") <= 6000
    assert sent(deck, still_s=1.0) == 0


def of_several_symbols(run, count=6):
    """The run's result as that of an account over so many symbols."""
    symbols = tuple(
        SymbolParts(
            f"S{number}/USDT",
            FIRST_DAY,
            LAST_DAY,
            bars=100,
            trades=7,
            win_rate=0.4,
            pnl=12.5,
            return_contribution=0.01,
            risk_contribution=0.17,
            exposure=0.5,
            forecasts=50,
            ic=0.1,
            ic_p_value=0.2,
        )
        for number in range(count)
    )
    together = tuple(tuple(1.0 if row == column else 0.4 for column in range(count)) for row in range(count))
    history = ExposureHistory((FIRST_DAY, LAST_DAY) * 50, (0.5,) * 100, (-0.25, 0.25) * 50)
    rules = tuple(PortfolioBaseline(name, 0.1, 0.2, 0.1, 3) for name in PORTFOLIO_BASELINES)
    across = CrossSectionalIC(0.1, 0.2, 0.3, 5, 100, float(count))
    parts = PortfolioParts("equal", symbols, together, 0.1, 0.2, 0.3, 0.4, history, across, rules)
    run.result_path.write_text(json.dumps(plain(replace(backtest_of(run), portfolio=parts))))
    write_manifest(run.path, outcome.FILES)


def test_coverage_and_an_account_of_several_symbols_cost_little(tmp_path):
    home = Home(tmp_path / "home")
    fill(home)
    of_several_symbols(backtested(home, 300))
    deck = Pty(tmp_path, environment(home.path, scenario="", COLORTERM="truecolor"))
    try:
        until(lambda: sent(deck, still_s=0.1) is not None and "1 Data" in deck.text(), "the first screen")
        sent(deck, still_s=1.0)
        until(lambda: sent(deck, still_s=0.1) is not None and "kraken" in deck.text(), "the stored series")
        assert answer_to(deck, "m") <= 5000
        assert "coverage" in deck.text().lower()
        assert answer_to(deck, "\x1b") <= 5000
        deck.press("3")
        sent(deck, still_s=1.0)
        for _ in range(6):  # through the further panels to that of the account
            assert answer_to(deck, "f", still_s=0.4) <= 5000
            if "S5/USDT" in deck.text():
                break
        assert "S5/USDT" in deck.text()
        assert answer_to(deck, "\x1b") <= 5000
    finally:
        deck.close()


def test_a_terminal_that_does_not_answer_yet_is_sent_one_picture(deck):
    first_screen(deck)
    asked = deck.output.count(QUESTION.encode())
    deck.press("1234" * 10)
    until(lambda: deck.read().count(QUESTION.encode()) > asked, "a picture")
    sent(deck, answers=False, still_s=1.0)
    assert deck.output.count(QUESTION.encode()) == asked + 1


# Of the screens' keys those are left out that leave, or start a process.
LEFT_OUT = ("runs resume", "data update", "demo", "backtest RUN")


def typed(key):
    """What a terminal sends for a key."""
    control = chr(ord(key[-1]) - 96) if key.startswith("ctrl+") else ""
    return BYTES.get(key) or control or key_to_character(key)


def keys_of(entry):
    """The keys of a screen that is registered, each once."""
    for binding in type(entry.make()).BINDINGS:
        if not binding.tooltip.removeprefix("quantdeck ").startswith(LEFT_OUT):
            yield typed(binding.key.partition(",")[0])


@pytest.mark.parametrize("name", SCREENS)
def test_no_screen_sends_more_than_plain_characters_nor_any_colour(tmp_path, live, name):
    """On every screen of the register each key is pressed, and what it has opened closed again."""
    home = Home(live.path.parents[1])
    fill(home)
    searched.through_time(home)
    surroundings = environment(home.path, scenario="", COLORTERM="truecolor", NO_COLOR="1")
    deck = Pty(tmp_path, surroundings, command=[sys.executable, "-P", "-m", "tui.cli", "--ascii"])
    entry, other = SCREENS[name], next(each for each in SCREENS.values() if each.name != name)
    try:
        first_screen(deck)
        deck.press(other.key)
        deck.shows(f"[{other.key} {other.label}]")
        for key in ("", "?", *keys_of(entry)):
            deck.press(entry.key)
            sent(deck, still_s=0.1)
            deck.press(key)
            sent(deck, still_s=0.1)
            deck.press("\x1b")
            sent(deck, still_s=0.15)  # longer than a lone escape is waited for
        deck.press(entry.key)
        until(lambda: sent(deck, still_s=0.1) is not None and f"[{entry.key} {entry.label}]" in deck.text())
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
