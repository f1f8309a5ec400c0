"""Any keys at any size: what is not on the screen does not change, and nothing overflows."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from textual.widgets import Input

from engine.results.coverage import coverage_of
from engine.results.number_format import percent
from engine.results.series import StoredSeries
from tests.tui.app import searched
from tests.tui.results.conftest import quiet
from tui.screens import SCREENS
from tui.screens.base import BaseScreen
from tui.screens.data.coverage import CoverageMap
from tui.terminal.sizes import HEIGHT, WIDTH
from tui.text.coverage import most_periods
from tui.widgets.lines import Lines, width_of
from tui.widgets.virtual_table import VirtualTable

# What keys choose and widgets keep, whether it shows or not.
CHOSEN = (
    "cursor", "top", "sorted_by", "log_axis", "sort", "reverse", "filter", "value", "scroll_offset",
    "_zoom", "zoomed", "_log", "_smoothing", "_back", "_frozen", "_filter",
)  # fmt: skip
SIZES = st.tuples(st.integers(WIDTH, 220), st.integers(HEIGHT, 60))
OWN = ("y", "n", "escape", "enter")  # of dialogs
AWAY = ("ctrl+z", "ctrl+c", "ctrl+q", "q")  # nothing is left to look at
STARTS = ("data update", "runs resume", "demo", "backtest RUN", "reproduce", "simulate")  # a process


def all_keys():
    """Every key of every screen that is registered, and of tables and dialogs, but for those that start."""
    return keys_of(*(type(entry.make()) for entry in SCREENS.values()))


def keys_of(*screens):
    """The keys of these screens, of tables and dialogs, and those that lead to other screens."""
    found = {*OWN, *(entry.key for entry in SCREENS.values())}
    for owner in (*screens, BaseScreen, VirtualTable):
        for binding in owner.BINDINGS:
            if not binding.tooltip.removeprefix("quantdeck ").startswith(STARTS):
                found |= {*binding.key.split(",")}
    return sorted(found - {*AWAY})


def picture(deck):
    """All cells of the screen, with their looks."""
    return [[*strip] for strip in deck.screen._compositor.render_strips()]


def kept(deck):
    """What was chosen, of everything on the screens that are on, shown or hidden."""
    found = []
    for screen in deck.screen_stack:
        for each in (screen, *screen.walk_children()):
            values = {name: vars(each).get(name, getattr(each, name, None)) for name in CHOSEN}
            found.append((type(each), each.id, sorted(screen.classes), values))
    return found


def overflowing(deck):
    """Blocks that do not lie on the screen, and lines that are wider than their block.

    On a narrow terminal a line may be cut if it says so.
    """
    screen = deck.screen
    for block in screen.query(Lines):
        shown = all(node.display for node in block.ancestors_with_self if node is not deck)
        if not (shown and block.size.area):
            continue
        width = block.size.width
        for y, line in enumerate(block._lines[: block.size.height]):
            marked = block.render_line(y).text.endswith("…")
            if (
                block.id != "needed"
                and width_of(line) > width
                and not (marked and screen.has_class("narrow"))
            ):
                yield block, width_of(line)
    for widget in screen.children:
        if widget.display and widget.size.area and not screen.region.contains_region(widget.region):
            yield widget, widget.region


async def holds(pilot, condition):
    """Whether it holds once all is drawn."""
    for _ in range(100):
        if condition():
            return True
        await pilot.pause(0.02)
    return condition()


async def calm(pilot):
    """Wait until what a key brought about is drawn; an answer that takes longer is waited for by no one."""
    for _ in range(30):
        questions = getattr(pilot.app.screen, "questions", None)
        if not (questions and questions.busy):
            break
        await pilot.pause(0.01)
    for _ in range(4):
        await pilot.pause()


few = settings(
    max_examples=2,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


async def pressed(pilot, drawn):
    """Press a key; fails if it changes what does not show, or if something overflows then."""
    deck = pilot.app
    # What is typed into a field is not looked for.
    key = "escape" if isinstance(deck.focused, Input) and len(drawn) > 1 else drawn
    before, chosen = picture(deck), kept(deck)
    await pilot.press(key)
    await calm(pilot)
    where = (key, deck.size, deck.screen)
    assert await holds(pilot, lambda: picture(deck) != before or kept(deck) == chosen), where
    assert await holds(pilot, lambda: not [*overflowing(deck)]), (where, [*overflowing(deck)])


@pytest.mark.parametrize("first", SCREENS)
@few
@given(st.data())
async def test_a_key_changes_what_is_seen_or_nothing(deck_on, home, first, data):
    if first == "search" and not (home.path / "runs" / "5ea10009").exists():
        searched.through_time(home)
    deck = deck_on(home, first=first)
    async with deck.run_test(size=data.draw(SIZES)) as pilot:
        await quiet(pilot)
        for _ in range(6):
            await pilot.resize_terminal(*data.draw(SIZES))
            await calm(pilot)
            for key in data.draw(st.lists(st.sampled_from(all_keys()), min_size=1, max_size=3)):
                await pressed(pilot, key)


@pytest.mark.parametrize("first", SCREENS)
async def test_so_does_each_key_of_each_screen_at_the_smallest_size(deck_on, home, first):
    deck = deck_on(home, first=first)
    async with deck.run_test(size=(WIDTH, HEIGHT)) as pilot:
        await quiet(pilot)
        own = type(deck.screen)
        for key in keys_of(own):
            await pressed(pilot, key)
            for _ in range(3):
                if type(deck.screen) is not own:
                    await pilot.press(
                        "escape" if deck.screen is not deck.screen_stack[0] else SCREENS[first].key
                    )
                    await calm(pilot)


def any_series(generator):
    """A stored market of any age, with a gap or without."""
    begins, days = datetime(1900, 1, 1, tzinfo=UTC), np.sort(generator.integers(0, 45_000, 4))
    days = (days + np.arange(4))[: int(generator.choice([2, 4]))]
    times = [(begins + timedelta(days=int(day))).isoformat() for day in days]
    symbol = "".join(generator.choice([*"ABC/"], int(generator.integers(1, 40))))
    known = tuple(zip(times[::2], times[1::2], strict=True))
    simulated = bool(generator.random() < 0.3)
    return StoredSeries(symbol, "candles", "kraken", symbol, "1d", simulated=simulated, known=known)


@pytest.mark.parametrize("seed", range(2))
async def test_the_coverage_of_any_markets_is_whole_at_any_size(deck_on, home, seed):
    generator = np.random.default_rng(seed)
    deck = deck_on(home, first="data")
    async with deck.run_test(size=(WIDTH, HEIGHT)) as pilot:
        await quiet(pilot)
        for _ in range(4):
            series = [any_series(generator) for _ in range(int(generator.integers(1, 30)))]
            await deck.push_screen(CoverageMap(series))
            for size in ((WIDTH, HEIGHT), (80, 24), (int(generator.integers(80, 220)), 40)):
                await pilot.resize_terminal(*size)
                await calm(pilot)
                assert not [*overflowing(deck)], size
                shown = deck.screen.query_one("#map", Lines).text.splitlines()
                found = coverage_of(series, most_periods(size[0] - 2))
                for line, each in zip(shown, found.series, strict=True):
                    assert line.endswith(f" {percent(each.whole)} %")
            deck.pop_screen()
