"""Text that is typed or pasted where no field takes it changes nothing, and stops nothing."""

from textual import events
from textual.widgets import Input

from tests.tui.app.conftest import ready, settled
from tui.screens import SCREENS
from tui.screens.dialogs import Ask


async def put(pilot, *inputs):
    """All of these arrive at once."""
    for each in inputs:
        pilot.app.post_message(each)
    await pilot.pause(0.05)
    await settled(pilot)


def typed(text):
    return [events.Key({"/": "slash"}.get(character, character), character) for character in text]


async def test_what_is_pasted_where_no_field_is_changes_no_screen(deck_in, monkeypatch):
    deck, done = deck_in("training"), []
    async with deck.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        for entry in SCREENS.values():
            await pilot.press(entry.key)
            await pilot.pause(0.3)
            with monkeypatch.context() as patched:
                patched.setattr(type(deck), "run_action", lambda _, action, *__: done.append(action))
                await put(pilot, *map(events.Paste, ("xy", "dy\nq", "/1\x1b[A", "ny")))
            assert not done
            assert deck.current_mode == entry.name
            assert len(deck.screen_stack) == 1


async def test_what_is_pasted_behind_a_key_goes_to_the_field_that_it_opens(deck_in):
    deck = deck_in("done")
    async with deck.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        await pilot.press("4")
        await pilot.pause(0.3)
        await put(pilot, *typed("/"), events.Paste("sharpe>1"))
        assert isinstance(deck.focused, Input)
        assert deck.focused.value == "sharpe>1"


async def test_text_that_was_typed_before_a_question_stood_does_not_answer_it(deck_in):
    deck = deck_in("training")
    stopped = []
    deck.stop_run = lambda run, **_: stopped.append(run.id)
    async with deck.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        await put(pilot, *typed("xylophoney"))
        assert isinstance(deck.screen, Ask)
        assert not stopped
        await pilot.press("y")
        await settled(pilot)
        assert stopped == ["3f2a0001"]
