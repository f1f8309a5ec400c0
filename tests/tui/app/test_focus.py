"""Keys go where they went before, whatever was in front of a screen meanwhile."""

import pytest

from tests.tui.app.conftest import ready, settled
from tui.app import LEAVE
from tui.screens.dialogs import Ask
from tui.screens.new_run.screen import NewRun


@pytest.mark.parametrize("keys", [("1",), ("2", "n", "down", "down"), ("4",)], ids=["data", "form", "runs"])
async def test_a_terminal_that_was_too_small_gives_the_focus_back(deck_in, keys):
    deck = deck_in("done")
    async with deck.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        for key in keys:
            await pilot.press(key)
            await pilot.pause(0.3)
        before = deck.focused
        for size in ((40, 10), (30, 8), (80, 24)):
            await pilot.resize_terminal(*size)
            await settled(pilot)
        await pilot.pause(0.2)
        assert deck.focused is before


async def test_a_run_that_is_opened_stands_before_the_form_whose_draft_is_kept(deck_in):
    deck = deck_in("done")
    async with deck.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        await pilot.press("2", "n")
        await pilot.pause(0.5)
        assert isinstance(deck.screen, NewRun)
        draft = deck.draft
        deck.open_run(deck.snapshot.runs[0].id)
        await settled(pilot)
        assert deck.screen.MODE == "train"
        assert not isinstance(deck.screen, NewRun)
        await pilot.press("n")
        await pilot.pause(0.5)
        assert deck.draft is draft


@pytest.mark.parametrize("keys", [(), ("n",), ("question_mark",), ("slash",)], ids=str)
async def test_the_shell_is_a_key_away_on_every_screen(deck_in, keys):
    deck, asked = deck_in("training"), []
    deck.action_suspend_process = lambda: asked.append(deck.screen)
    async with deck.run_test() as pilot:
        await ready(pilot)
        await pilot.press(*keys, "ctrl+z")
        await settled(pilot)
    assert len(asked) == 1


@pytest.mark.parametrize("leave", LEAVE)
async def test_what_was_typed_for_a_new_run_is_not_lost_unasked(deck_in, leave):
    deck = deck_in("done")
    async with deck.run_test() as pilot:
        await ready(pilot)
        await pilot.press("n")
        await settled(pilot)
        await pilot.press("down", "7")
        await settled(pilot)
        if leave == "q":  # a letter in the form
            await pilot.press("escape")
        await pilot.press(leave)
        await settled(pilot)
        assert isinstance(deck.screen, Ask)
        await pilot.press("n")
        await settled(pilot)
        assert not deck.leaving
        assert any("7" in text for text in deck.draft.texts.values())
        await pilot.press(leave, leave)
        await settled(pilot)
        assert deck.leaving == (leave != "q")  # q says no to a question
