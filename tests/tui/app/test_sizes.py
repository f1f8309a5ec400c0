"""Terminals of every size: what is hidden takes no key but leave, what is shown lies on the screen."""

import itertools

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.tui.app.conftest import ready, settled
from tests.tui.app.recorded import NOON, STATES, home_of_all, record
from tui.app import LEAVE, Quantdeck
from tui.screens.base import BaseScreen
from tui.terminal.sizes import HEIGHT, WIDTH

KEYS = [
    "1",
    "2",
    "3",
    "4",
    "5",
    "x",
    "y",
    "n",
    "z",
    "f",
    "s",
    "S",
    "j",
    "k",
    "R",
    "d",
    "D",
    "N",
    "r",
    "o",
    "e",
    "l",
    "space",
    "Z",
    "plus",
    "slash",
    "enter",
    "escape",
    "tab",
    "left",
    "up",
    "pagedown",
]
SIZES = st.tuples(st.integers(60, 220), st.integers(16, 60))
HIDDEN = st.one_of(
    st.tuples(st.integers(1, WIDTH - 1), st.integers(1, 60)),
    st.tuples(st.integers(1, 220), st.integers(1, HEIGHT - 1)),
)
few = settings(
    max_examples=4,
    phases=[Phase.generate],
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.fixture
def deck_of_all(tmp_path, held, monkeypatch):
    """Makes apps on a home of many runs, one of them live."""
    monkeypatch.setenv("TEXTUAL_ANIMATIONS", "none")
    monkeypatch.chdir(tmp_path)
    numbers = itertools.count()

    def make():
        home = home_of_all(tmp_path / f"home-{next(numbers)}")
        held(record(home, "0c1d0006", STATES["training"][0], "live", created="11:30"))
        return Quantdeck(home, first="train", now=lambda: NOON)

    return make


def outlook(deck):
    """What a key might change: the screens that are on, how they look, and what runs were asked."""
    asked = sorted(str(path) for path in deck.home.path.rglob("*") if path.name in ("stop", "note.txt"))
    screen = deck.screen
    return (
        [*map(type, deck.screen_stack)],
        deck.current_mode,
        sorted(screen.classes),
        len(deck.home.all()),
        asked,
    )


@few
@given(st.lists(st.sampled_from(KEYS), min_size=8, max_size=20), SIZES, HIDDEN)
async def test_a_screen_that_is_hidden_takes_no_key_but_leave(deck_of_all, keys, shown, hidden):
    deck = deck_of_all()
    async with deck.run_test(size=shown) as pilot:
        await ready(pilot)
        await pilot.press(*keys[:3])
        await settled(pilot)
        await pilot.resize_terminal(*hidden)
        await settled(pilot)
        before = outlook(deck)
        await pilot.press(*keys[3:])
        await settled(pilot)
        assert outlook(deck) == before
        assert deck.screen.query_one("#needed").text.replace("\n", "").startswith(deck.snapshot.live[-1].id)
        await pilot.press(LEAVE[len(keys) % len(LEAVE)])
        await pilot.pause()
    assert deck.leaving


@few
@given(st.lists(st.tuples(SIZES, st.sampled_from(KEYS)), min_size=10, max_size=16))
async def test_all_that_is_shown_lies_on_the_screen_and_keys_act_on_what_is(deck_of_all, steps):
    deck = deck_of_all()
    async with deck.run_test(size=steps[0][0]) as pilot:
        await ready(pilot)
        for size, key in steps:
            await pilot.resize_terminal(*size)
            await settled(pilot)
            await pilot.press(key)
            await settled(pilot)
            screen = deck.screen
            assert not screen.has_class("too-small")
            for widget in screen.children:
                if widget.display and widget.size.area:
                    assert screen.region.contains_region(widget.region), (size, widget)
            focused = screen.focused
            if isinstance(screen, BaseScreen) and focused is not None and not screen.has_class("empty"):
                assert all(node.display for node in focused.ancestors_with_self if node is not deck), (
                    key,
                    focused,
                )
