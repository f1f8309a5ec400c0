"""The table of screens: one entry, and a screen has its key, its tab, its help and its palette entry."""

import pytest

from tests.tui.results.conftest import quiet, text_of
from tui.screens import SCREENS, ScreenEntry
from tui.screens.base import BaseScreen
from tui.screens.help import actions
from tui.terminal.keys import VIEW, key
from tui.widgets.lines import Lines


class ToyScreen(BaseScreen):
    MODE = "toy"
    BINDINGS = [key("a", "reload", "look again", "runs list"), key("v", "reload", "other view", VIEW)]  # noqa: RUF012

    def body(self):
        yield Lines(id="toy")

    def runs_changed(self, snapshot):
        self.query_one("#toy", Lines).show([[(f"{len(snapshot.runs)} runs, as toys", "")]])


@pytest.fixture
def toy(monkeypatch):
    monkeypatch.setitem(SCREENS, "toy", ScreenEntry("toy", "6", "Toy", f"{__name__}:ToyScreen"))


async def test_a_screen_is_one_entry(deck_on, home, toy):
    deck = deck_on(home)
    async with deck.run_test(size=(100, 30)) as pilot:
        await pilot.press("6")
        await quiet(pilot)
        assert isinstance(deck.screen, ToyScreen)
        assert "[6 Toy]" in text_of(deck)
        assert " runs, as toys" in text_of(deck)
        offered = {label: what for label, _, what in actions(deck.screen)}
        assert "Go to Toy" in offered
        assert offered["Look again"] == "key a; quantdeck runs list"
        assert offered["Other view"] == "key v"
        await pilot.press("question_mark")
        await quiet(pilot)
        assert "1 2 3 4 5 6" in text_of(deck)
        assert "Data, Train, Backtest, Runs, Search, Toy" in text_of(deck)
        assert "runs list" in text_of(deck)
        await pilot.press("escape", "1")
        await quiet(pilot)
        assert "[1 Data]" in text_of(deck)
