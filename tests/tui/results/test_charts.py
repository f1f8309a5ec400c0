"""Compare and the browser of a series on a screen: what their keys lead to, at the smallest sizes too."""

import json

import pytest

from engine.runs.home import Home
from engine.runs.notes import write_note
from tests.tui.app.recorded import STATES, record
from tests.tui.results.conftest import RUN, press, text_of
from tui.screens.data.browse import Browse
from tui.screens.runs.compare import Compare
from tui.widgets.lines import Lines, width_of


def whole(deck):
    """Nothing on the screen is wider than its block, and no figure is cut."""
    for block in deck.screen.query(Lines):
        if block.display and block.size.width and block.id not in ("needed", "keys"):
            assert max(map(width_of, block._lines), default=0) <= block.size.width, block.text
    return text_of(deck)


@pytest.mark.parametrize(
    ("size", "plain_characters"), [((60, 16), True), ((80, 24), False), ((120, 36), True)], ids=str
)
async def test_any_number_of_runs_is_compared_with_the_first(
    deck_on, several, size, plain_characters, tmp_path
):
    deck = deck_on(several, first="runs", ascii=plain_characters)
    async with deck.run_test(size=size) as pilot:
        await press("4", "space", "space", "space", "space", "c")(pilot)
        screen = deck.screen
        assert isinstance(screen, Compare)
        ids = [each.run.id for each in screen._runs]
        assert len(ids) == 4
        assert f"1 {ids[0]}" in whole(deck)
        seen = whole(deck)
        if "more →" in seen:
            await press("right")(pilot)
            assert f"4 {ids[3]}" in whole(deck)
            assert "← " in text_of(deck)
        text = screen.query_one("#comparison", Lines).text
        assert f"less 1 {ids[0]}, over common days" in text
        assert "Sharpe Δ" in text
        await press("z")(pilot)
        assert not screen.query_one("#table").display
        assert all(mark in whole(deck) for mark in "1234")
        await press("z", "v")(pilot)
        assert f"1 {ids[1]}" in whole(deck)
        await press("e", "enter")(pilot)
        await pilot.pause(0.1)
        await press()(pilot)
        assert (tmp_path / "quantdeck-compare.svg").read_text().startswith("<svg")


@pytest.mark.parametrize("size", [(60, 16), (80, 24), (120, 36)], ids=str)
async def test_a_series_is_browsed_from_gap_to_gap(deck_on, home, size, tmp_path):
    deck = deck_on(home)
    async with deck.run_test(size=size) as pilot:
        await press("1", "enter")(pilot)
        assert isinstance(deck.screen, Browse)
        panel = deck.screen.panel
        assert "all 3,000 bars" in whole(deck)
        for key, gap in (("g", 700), ("g", 2000), ("G", 700)):
            await press("plus", "plus", key)(pilot)
            found = panel.found
            assert found.gap == gap
            assert panel.begins[panel.cursor] <= gap < panel.begins[panel.cursor + 1]
            assert "bars missing" in whole(deck)
        await press("G")(pilot)
        assert panel.found.gap == 700  # there is none before it
        await press("c")(pilot)
        whole(deck)
        await press(*["minus"] * 12)(pilot)
        assert panel.found.bars == panel.found.all
        await press("plus", "end")(pilot)
        assert panel.found.first + panel.found.bars == panel.found.all
        assert "2026-11-2" in whole(deck)
        await press("e", "enter")(pilot)
        await pilot.pause(0.1)
        await press()(pilot)
        assert list(tmp_path.glob("binance_*.svg"))
        await press("escape")(pilot)
        assert not isinstance(deck.screen, Browse)


async def test_what_the_engine_cannot_tell_is_told_above_the_figures(deck_on, several):
    (several.runs / "0c1d0001" / "equity.parquet").write_bytes(b"torn")
    deck = deck_on(several, first="runs")
    async with deck.run_test(size=(80, 24)) as pilot:
        await press("4", "space", "space", "space", "space", "c")(pilot)
        text = whole(deck)
        assert "equity.parquet" in "".join(text.split())
        assert "total return" in text


@pytest.mark.parametrize(
    ("keys", "name"), [(("z",), "equity"), (("p",), "price"), (("f",) * 4, "rolling")], ids=str
)
async def test_the_chart_on_backtest_is_offered_as_a_file(deck_on, home, tmp_path, keys, name):
    deck = deck_on(home, first="backtest")
    async with deck.run_test(size=(80, 24)) as pilot:
        await press(*keys, "e", "enter")(pilot)
        await pilot.pause(0.1)
        await press()(pilot)
        title = {"equity": "Equity and drawdown", "price": "Prices and trades", "rolling": "Rolling figures"}[
            name
        ]
        assert title in (tmp_path / f"quantdeck-{RUN}.svg").read_text()


async def test_losses_on_train_are_written_as_chart_or_table(deck_on, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    home = Home(tmp_path / "home")
    record(home, "3f2a0001", STATES["stopped"][0])
    deck = deck_on(home, first="train")
    async with deck.run_test(size=(80, 24)) as pilot:
        await press("2", "e", "enter")(pilot)
        await pilot.pause(0.1)
        await press("e", *["backspace"] * 6, *".csv", "enter")(pilot)
    assert "validation loss" in (tmp_path / "3f2a0001-loss.svg").read_text()
    assert (tmp_path / "3f2a0001-loss.csv").read_text().startswith("at,epoch,")


async def test_runs_are_listed_each_under_its_own_and_by_tags(deck_on, several):
    write_note(several.find("0c1d0002"), "a #keeper of its #kind")
    child = several.find("0c1d0001")
    child.about_path.write_text(json.dumps(child.about | {"of": RUN}))
    deck = deck_on(several, first="runs")
    async with deck.run_test(size=(80, 24)) as pilot:
        await press("4", "T")(pilot)
        listing = deck.screen._list
        ids = [each.run.id for each in listing.shown]
        assert ids.index(child.id) == ids.index(RUN) + 1
        assert [depth for each, depth in zip(ids, listing.depths, strict=True) if depth] == [1]
        assert "└ " in text_of(deck)
        await press("slash", *"tag", "equals_sign", *"keeper", "enter")(pilot)
        assert [each.run.id for each in listing.shown] == ["0c1d0002"]


async def test_a_result_that_cannot_be_read_is_said_beside_the_others(deck_on, several):
    (several.runs / "0c1d0001" / "result.json").write_text("{")
    deck = deck_on(several, first="runs")
    async with deck.run_test(size=(80, 24)) as pilot:
        await press("4", "space", "space", "space", "c")(pilot)
        text = deck.screen.query_one("#comparison", Lines).text
        assert "0c1d0001" in text.partition("Sharpe")[0]
        assert "result.json" in text
        whole(deck)
