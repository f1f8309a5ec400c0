"""The form of a new run: what is typed is found, marked and costed."""

import pytest

from tests.tui.app.conftest import ready, settled
from tests.tui.app.recorded import STATES, record
from tui.screens.new_run.screen import NewRun
from tui.screens.pick import Pick
from tui.widgets.field import Field
from tui.widgets.lines import Lines

SERIES = ("BTCUSDT_1h", "ETHUSDT_15m", "ETHUSDT_1h")


def texts(deck):
    return "\n".join(block.text for block in deck.screen.query(Lines) if block.display)


async def press(pilot, *keys):
    for key in keys:
        await pilot.press(key)
        await settled(pilot)
    await pilot.pause(0.1)


@pytest.fixture
def form(deck_in):
    """Opens the form on a home with three stored series and a run that is done."""

    async def opened(pilot):
        folder = pilot.app.home.data
        folder.mkdir(parents=True)
        for name in SERIES:
            (folder / f"{name}.parquet").write_bytes(b"")
        await ready(pilot)
        await press(pilot, "n")
        assert isinstance(pilot.app.screen, NewRun)

    return deck_in("done"), opened


def mark(deck, key):
    (field,) = (each for each in deck.screen.query(Field) if each.about.key == key)
    return field._label.text[1], field._remark.text


async def test_a_setting_is_found_by_its_name_or_meaning_and_marked_as_it_differs(form):
    deck, opened = form
    async with deck.run_test(size=(80, 24)) as pilot:
        await opened(pilot)
        await press(pilot, "ctrl+f", *"first rate", "enter")
        assert deck.screen._field.about.key == "training.learning_rate"
        assert mark(deck, "training.epochs")[0] == "•"  # 20, as the last run, where the default is another
        assert mark(deck, "training.learning_rate")[0] == " "
        await press(pilot, "end", "5")
        assert mark(deck, "training.learning_rate")[0] == "≠"
        await press(pilot, "x")
        assert mark(deck, "training.learning_rate")[0] == "✗"
        await press(pilot, "ctrl+f", *"zzz", "enter", "escape")
        assert deck.screen._field.about.key == "training.learning_rate"


async def test_a_stored_series_is_picked_from_a_list_by_its_letters(form):
    deck, opened = form
    async with deck.run_test(size=(80, 24)) as pilot:
        await opened(pilot)
        await press(pilot, "ctrl+f", *"data.series", "enter", "slash")
        assert isinstance(deck.screen, Pick)
        assert [value for value, _ in deck.screen.found] == ["", *SERIES]
        await press(pilot, *"eth 1h")
        assert [value for value, _ in deck.screen.found] == ["ETHUSDT_1h"]
        await press(pilot, "enter")
        assert deck.draft.texts["data.series"] == "ETHUSDT_1h"
        assert "all settings are valid" in texts(deck)


async def test_what_a_setting_costs_is_told_by_the_last_training(form):
    deck, opened = form
    async with deck.run_test(size=(80, 24)) as pilot:
        await opened(pilot)
        assert "about 2.9 s an epoch" in texts(deck)  # as long as that run's
        await press(pilot, "ctrl+f", *"window.lookback", "enter", "end", "0")
        assert "about 29.0 s an epoch" in texts(deck)  # 80 bars for 8
        await press(pilot, "x")
        assert "an epoch" not in texts(deck)


async def test_without_a_training_nothing_is_said_of_the_cost(deck_in):
    deck = deck_in("queued")
    async with deck.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        await press(pilot, "n")
        assert "an epoch" not in texts(deck)


@pytest.mark.parametrize("size", [(80, 22), (200, 50)], ids=str)
async def test_no_line_of_form_or_list_is_cut_and_a_wide_one_tells_what_each_setting_means(deck_in, size):
    deck = deck_in("done")
    record(deck.home, "3f2a0002", STATES["queued"][0], "x" * 40)
    async with deck.run_test(size=size) as pilot:
        await ready(pilot)
        await press(pilot, "n")
        for _ in range(20):
            await press(pilot, "pagedown")
            fields = list(deck.screen.query(Field))
            for each in ("#title", "#rule2"):
                block = deck.screen.query_one(each, Lines)
                assert max(map(len, block.text.splitlines())) <= size[0]
            if size[0] >= 160:
                for field in fields:
                    start = deck.draft.meaning(field.about.key)[:40]
                    assert start in field._remark.text
        await press(pilot, "ctrl+f")
        lines = [
            each for block in deck.screen.query(Lines) for each in block.text.splitlines() if block.display
        ]
        assert max(map(len, lines)) <= 66
