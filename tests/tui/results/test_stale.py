"""No figure is shown as present that other rules made, and nothing is said of what is not known yet."""

import json
import threading

import numpy as np
import pytest

from tests.tui.results.conftest import press, quiet, text_of
from tui.screens.backtest.panels import OF_RULES
from tui.screens.backtest.trade import TradeScreen
from tui.widgets.lines import Lines

KEYS = ("right_square_bracket", "left_square_bracket", "left_curly_bracket", "right_curly_bracket", "0", "s")


class Slow:
    """An engine that answers only while it may."""

    def __init__(self, engine):
        self._engine, self.may = engine, threading.Event()

    def ask(self, request, kind):
        self.may.wait(30)
        return self._engine.ask(request, kind)

    def close(self):
        pass


@pytest.fixture
def slow(deck_on, home, engine):
    deck = deck_on(home, first="backtest")
    deck.engine = Slow(engine)
    yield deck
    deck.engine.may.set()


def judge(screen):
    """What is not dim is by the rules that are set, and the panels agree with each other."""
    opened, table = screen.result, screen.trades.table
    wanted = json.loads(json.dumps({**opened.moves.recorded, **opened.moves.overrides}))
    panels = [screen.query_one(name, Lines) for name in OF_RULES]
    assert len({panel.stale for panel in panels}) == 1
    if not panels[0].stale:
        assert opened.rules in ({}, wanted)
        assert table.stale or table.total == opened.shown.metrics["trades"]
    else:
        assert "computing …" in screen.query_one("#banner", Lines).text


async def test_whatever_keys_are_pressed_no_stale_figure_is_undimmed(slow):
    generator = np.random.default_rng(5)
    slow.engine.may.set()
    async with slow.run_test(size=(80, 24)) as pilot:
        await quiet(pilot)
        for key in generator.choice(KEYS, 7):
            (slow.engine.may.set if generator.random() < 0.5 else slow.engine.may.clear)()
            await pilot.press(str(key))
            judge(slow.screen)
            await pilot.pause(generator.random() * 0.25)
            judge(slow.screen)
        slow.engine.may.set()
        await pilot.pause(0.3)
        await quiet(pilot)
        judge(slow.screen)
        assert not slow.screen.trades.table.stale
        assert not slow.screen.result.stale


async def test_what_is_not_known_yet_is_said_to_be_loading(slow):
    async with slow.run_test(size=(80, 24)) as pilot:
        for _ in range(200):
            await pilot.pause(0.01)
            if slow.screen.result.shown:
                break
        await pilot.pause(0.05)
        assert text_of(slow).count("loading …") == 2
        assert "no trade" not in text_of(slow)
        slow.engine.may.set()
        await quiet(pilot)
        assert "loading" not in text_of(slow)
        slow.engine.may.clear()
        await pilot.press("enter")
        for _ in range(100):
            await pilot.pause(0.02)
            if isinstance(slow.screen, TradeScreen) and "loading …" in text_of(slow):
                break
        else:
            raise AssertionError(text_of(slow))
        slow.engine.may.set()  # or leaving would wait for it


async def test_a_what_if_stands_beside_its_run(deck_on, home):
    deck = deck_on(home, first="backtest")
    async with deck.run_test(size=(80, 24)) as pilot:
        await press()(pilot)
        run = deck.screen.result.recorded
        await press("left_curly_bracket")(pilot)
        row = next(row for row in text_of(deck).splitlines() if "final value" in row)
        what_if = deck.screen.result.shown.metrics["final_value"]
        own = run.metrics["final_value"]
        assert row.split()[2:5] == [f"{own:,.2f}", f"{what_if:,.2f}", f"{what_if - own:+,.2f}"]
        interval = run.intervals.strategy.sharpe
        assert f"{interval.low:.2f}…{interval.high:.2f}" in text_of(deck)


async def test_a_wrong_filter_is_told_where_it_is_typed_and_leaves_no_other_rows(deck_on, home):
    deck = deck_on(home, first="backtest")
    async with deck.run_test(size=(80, 24)) as pilot:
        await press("slash")(pilot)
        deck.screen.query_one("#field").value = "side=shirt"
        await press("enter")(pilot)
        assert "long, short" in deck.screen.query_one("#wrong", Lines).text
        await press("escape")(pilot)
        deck.screen.trades.put("side=shirt")  # one that the app takes and the engine does not
        await press()(pilot)
        assert not deck.screen.trades.table.total


async def test_the_next_trade_is_that_of_the_table(deck_on, home):
    deck = deck_on(home, first="backtest")
    async with deck.run_test(size=(80, 24)) as pilot:
        await press()(pilot)
        panel = deck.screen.trades
        panel.put("side=short")
        await press("s", "enter")(pilot)
        assert isinstance(deck.screen, TradeScreen)
        for row in (1, 2, 3):
            await press("right")(pilot)
            assert f" Trade {panel.number(row)} " in text_of(deck)
            assert panel.table.cursor == row
