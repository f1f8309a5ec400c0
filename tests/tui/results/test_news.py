"""What happens elsewhere is told where one looks."""

import os
import shutil

import pytest

from engine.runs.home import Home
from tests.tui.app.recorded import COLLECTING, ERROR, STATES, event, hold, record, tell_all
from tests.tui.results.conftest import quiet, text_of


async def test_data_shows_what_a_run_has_stored_once_it_ends_and_its_end_is_told(deck_on, full, tmp_path):
    home = Home(tmp_path / "new")
    events = STATES["done"][0]
    run = record(home, "3f2a0001", events[:-1])
    handle = hold(run)
    deck = deck_on(home)
    async with deck.run_test(size=(80, 24)) as pilot:
        await quiet(pilot)
        await pilot.press("1")
        await quiet(pilot)
        assert "Nothing stored yet" in text_of(deck)
        shutil.copytree(full.data, home.data, dirs_exist_ok=True)
        tell_all(run, events[-1:])
        while not deck.snapshot.runs[0].state.ended:
            await pilot.pause(0.02)
        await quiet(pilot)
        assert "BTC/USDT" in text_of(deck)
        assert any(run.id in note.message for note in deck._notifications)
    os.close(handle)


@pytest.mark.parametrize(
    ("kind", "offered"),
    [("TryAgainError", True), ("RepairDataError", True), ("MakeRoomError", True),
     ("ChangeSettingsError", False), ("SettingsError", False), ("DivergedError", False)],
)  # fmt: skip
async def test_resuming_is_offered_where_it_can_help(deck_on, tmp_path, kind, offered):
    home = Home(tmp_path / "home")
    error = {**ERROR, "class": kind}
    run = record(home, "3f2a0001", [*COLLECTING, event("failed", error=error)])
    deck = deck_on(home)
    deck.chosen = run.id
    async with deck.run_test(size=(80, 24)) as pilot:
        for screen in ("2", "4"):
            await pilot.press(screen)
            await quiet(pilot)
            assert ("R resume" in text_of(deck)) == offered
