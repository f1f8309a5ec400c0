"""What is computed when somebody looks is asked once, and never shown as that of other rules."""

from engine.results.return_analysis import ReturnAnalysis
from engine.results.return_tables import return_tables
from tests.tui.results.conftest import press, text_of


async def test_rolling_figures_and_returns_are_those_of_the_rules_that_are_set(deck_on, home, engine):
    deck, asked = deck_on(home, first="backtest"), []

    class Counting:
        """An engine that keeps what it was asked of returns."""

        def ask(self, request, kind):
            if kind is ReturnAnalysis:
                asked.append(request)
            return engine.ask(request, kind)

        def close(self):
            pass

    deck.engine = Counting()
    async with deck.run_test(size=(80, 22)) as pilot:
        await press(*"ffff")(pilot)
        assert "rolling Sharpe above drawdown, 30 days" in text_of(deck)
        await press("f")(pilot)
        assert len(asked) == 1
        shown = deck.screen.query_one("#spread")
        assert not shown.stale
        await pilot.press("right_curly_bracket")
        assert shown.stale
        await press()(pilot)
        await pilot.pause(0.5)
        await press()(pilot)
        assert not shown.stale
        assert asked[-1]["overrides"] == {"backtest.fee_bps": 12.0}
        found = engine.ask(asked[-1], ReturnAnalysis)
        for table in return_tables(found):
            for row in table.rows:
                assert all(cell in shown.text for cell in row), row
        await press("f")(pilot)
        assert not deck.screen.zoomed
