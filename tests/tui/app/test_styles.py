"""A screen's style sheet is its own: it is read when the screen is first shown, and styles no other."""

from engine.runs.home import Home
from tests.tui.app.conftest import ready, settled
from tui.app import Quantdeck
from tui.screens import SCREENS

CLASSES = ("wide", "narrow", "tall", "short", "low", "empty", "zoom", "zoomed", "collecting")


def looks(screen):
    """How each widget is styled, with each class that a screen can have."""
    found = []
    for name in CLASSES:
        screen.add_class(name)
        screen.app.update_styles(screen)
        found += [(name, str(node.id), node.styles.css) for node in screen.walk_children()]
        screen.remove_class(name)
    return found


async def test_no_screen_is_styled_otherwise_once_others_were_seen(tmp_path):
    alone, after_others = {}, {}
    for first in SCREENS:
        deck = Quantdeck(Home(tmp_path), first=first)
        async with deck.run_test(size=(80, 24)) as pilot:
            await ready(pilot)
            alone[first] = looks(deck.screen)
            if first == "data":
                for name in (*SCREENS, *SCREENS):
                    await deck.action_mode(name)
                    await settled(pilot)
                    after_others[name] = looks(deck.screen)
    assert alone == after_others
