"""The price panel at 80x24: its cursor and the table's are on the same trade, whichever is moved."""

from dataclasses import replace

import numpy as np

from engine.results.answers import PriceChart
from tests.tui.results.conftest import press, text_of

KEYS = (
    "right", "left", "down", "up", "plus", "minus", "pagedown", "pageup", "home", "end", "s", "S", "l",
)  # fmt: skip


def under(panel):
    """The trade that the panel names, and whether the cursor is within it."""
    found = panel._found
    chosen = next((each for each in found.trades if each.row == panel._row), None)
    first = 0 if chosen is None or chosen.entry is None else chosen.entry
    last = len(found.held) if chosen is None or chosen.exit is None else chosen.exit
    return chosen, first <= panel.cursor <= last


async def test_whatever_keys_are_pressed_cursor_and_table_are_on_one_trade(deck_on, home):
    deck, generator = deck_on(home, first="backtest"), np.random.default_rng(11)
    async with deck.run_test(size=(80, 24)) as pilot:
        await press("p")(pilot)
        panel, trades = deck.screen.trades.price, deck.screen.trades
        for key in generator.choice(KEYS, 6):
            before = panel.cursor
            await press(str(key), rest=0.05)(pilot)
            assert "loading" not in text_of(deck), key
            chosen, within = under(panel)
            assert not panel.stale
            assert within, key
            if key in ("up", "down"):
                assert panel._row == trades.table.cursor
            if chosen and key in ("left", "right", "up", "down") and panel.cursor != before:
                assert chosen.row == trades.table.cursor, key
                assert f"trade {chosen.trade} {chosen.side}" in text_of(deck)
                assert trades.number(trades.table.cursor) == chosen.trade


async def test_zoom_keeps_the_cursor_and_leads_back_to_all_bars(deck_on, home):
    deck = deck_on(home, first="backtest")
    async with deck.run_test(size=(80, 24)) as pilot:
        await press("p", "down", "right")(pilot)
        panel = deck.screen.trades.price
        every, moment = panel._found.bars, panel._found.candles.time_ms[panel.cursor]
        seen = [every]
        for _ in range(3):
            await press("plus")(pilot)
            seen.append(panel._found.bars)
            times = panel._found.candles.time_ms
            assert times[0] <= moment <= times[-1]
        assert seen == sorted(seen, reverse=True)
        await press(*["minus"] * (len(seen) + 1))(pilot)
        assert panel._found.bars == every == panel._found.all
        await press("question_mark")(pilot)
        assert all(what in text_of(deck) for what in ("closer", "cursor"))
        await press("escape")(pilot)
        await press("p")(pilot)
        assert not panel.display or not deck.screen.in_sight("#price")


async def test_prices_of_other_rules_are_dim_until_they_come(deck_on, home, engine):
    deck = deck_on(home, first="backtest")
    overrides = []

    class Late:
        """An engine whose prices are of no trades, which only a late answer could show."""

        def ask(self, request, kind):
            answer = engine.ask(request, kind)
            if kind is PriceChart:
                overrides.append(request["overrides"])
                return replace(answer, trades=(), held=(-1,) * len(answer.held))
            return answer

        def close(self):
            pass

    deck.engine = Late()
    async with deck.run_test(size=(80, 24)) as pilot:
        await press("p")(pilot)
        panel = deck.screen.trades.price
        await pilot.press("right_square_bracket")
        assert panel.stale
        await press()(pilot)
        await pilot.pause(0.4)
        await press()(pilot)
        assert overrides[-1] == {"signal.entry_threshold": 0.0015}
        assert not panel.stale
