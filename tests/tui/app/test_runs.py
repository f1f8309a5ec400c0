"""The Runs screen and the form: what their keys do to run folders."""

import os

import pytest
from textual.events import Key

from engine.errors import ChangeSettingsError
from engine.runs import queue
from engine.runs.folder import RunFolder
from engine.runs.home import Home
from engine.runs.notes import note_of, rename, write_note
from engine.settings import load, pinned, to_toml
from tests.tui.app.conftest import ready, settled
from tests.tui.app.recorded import NOON, NOW, STATES, hold, home_of_all, record
from tui.app import Quantdeck
from tui.screens.new_run.screen import NewRun
from tui.settings.draft import Draft
from tui.widgets.lines import Lines


@pytest.fixture
def deck(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return Quantdeck(home_of_all(tmp_path / "home"), first="runs", now=lambda: NOW)


def shown(deck):
    return "\n".join(panel.text for panel in deck.screen.query(Lines))


async def opened(pilot, *keys):
    await ready(pilot)
    for key in ("4", *keys):
        await pilot.press(key)
        await settled(pilot)


async def changed(pilot, condition):
    while not condition():
        await pilot.pause(0.01)
    await settled(pilot)


async def test_delete_asks_first(deck):
    async with deck.run_test(size=(80, 24)) as pilot:
        await opened(pilot, "D", "n")
        assert len(deck.home.all()) == 5
        await opened(pilot, "D", "y")
        await changed(pilot, lambda: len(deck.snapshot.runs) == 4)
        assert "0c1d0005" not in [run.id for run in deck.home.all()]


async def test_a_run_that_waits_is_put_in_front_and_no_other(tmp_path):
    deck = Quantdeck(home_of_all(tmp_path / "home"), first="runs", now=lambda: NOON)
    waiting = [
        record(deck.home, f"0c1d000{number}", STATES["queued"][0], created=f"11:3{number}")
        for number in (6, 7, 8)
    ]
    locks = [hold(run) for run in waiting]
    for run in waiting:
        queue.join(run)
    async with deck.run_test(size=(80, 24)) as pilot:
        await opened(pilot, "f")
        assert queue.waiting(deck.home) == ["0c1d0008", "0c1d0006", "0c1d0007"]
        await opened(pilot, "down", "f")
        assert queue.waiting(deck.home) == ["0c1d0007", "0c1d0008", "0c1d0006"]
        await opened(pilot, "down", "down", "f")
        assert len(queue.waiting(deck.home)) == 3
        assert not deck.screen.check_action("first", ())
    for lock in locks:
        os.close(lock)


async def test_rename_and_note(deck):
    async with deck.run_test(size=(80, 24)) as pilot:
        await opened(pilot, "N", *["backspace"] * 7, *"anew", "enter")
        await changed(pilot, lambda: "anew" in shown(deck))
        await opened(pilot, "o", *"why", "enter")
        await changed(pilot, lambda: "why" in shown(deck))
    run = deck.home.find("0c1d0005")
    assert (run.name, note_of(run)) == ("anew", "why")


async def test_filter_sort_and_compare(deck):
    async with deck.run_test(size=(80, 24)) as pilot:
        await opened(pilot, "slash", *"early-stopped", "enter")
        assert "2 of 5 runs" in shown(deck)
        assert "0c1d0003" not in shown(deck)
        await opened(pilot, "space", "space", "c")
        assert "settings that differ" in shown(deck)
        assert "model.units" in shown(deck)
        assert "+0.31" not in shown(deck)  # returns are told in percent: −31.53


async def test_export_keeps_what_is_there(deck, tmp_path):
    (tmp_path / "runs.csv").write_text("mine")
    async with deck.run_test(size=(80, 24)) as pilot:
        await opened(pilot, "e")
    assert (tmp_path / "runs.csv").read_text() == "mine"
    assert (tmp_path / "runs-2.csv").read_text().startswith("run,name,mode,of,state")


async def test_form_begins_as_the_last_run_and_saves(deck, tmp_path):
    async with deck.run_test(size=(80, 24)) as pilot:
        await opened(pilot, "n")
        assert isinstance(deck.screen, NewRun)
        assert deck.draft.texts["training.epochs"] == "20"
        await pilot.press("ctrl+o")
        await settled(pilot)
        await pilot.press("enter")
        await settled(pilot)
    assert load(tmp_path / "quantdeck.toml").training.epochs == 20


async def test_form_refuses_to_start_what_is_wrong(deck):
    async with deck.run_test(size=(80, 24)) as pilot:
        await opened(pilot, "n")
        deck.draft.texts["training.epochs"] = "0"
        await pilot.press("down", "x", "ctrl+s")
        await settled(pilot)
        assert isinstance(deck.screen, NewRun)
        assert "✗ epochs" in shown(deck)
        assert "1 … 100,000 epochs" in shown(deck)
    assert len(deck.home.all()) == 5


@pytest.mark.parametrize("last", ["ctrl+s", "ctrl+o", "pagedown"])
async def test_keys_in_a_burst_leave_nothing_typed_behind(deck, last):
    taken = []
    async with deck.run_test(size=(80, 24)) as pilot:
        await opened(pilot, "n", "down")
        form = deck.screen
        deck.start = lambda _mode, _settings, *, name: taken.append(name)
        for key in ("ctrl+u", *"abc", last):
            deck.post_message(Key(key, key if len(key) == 1 else None))
        await settled(pilot)
        texts = form.draft.texts
        assert (taken if last == "ctrl+s" else [texts["start.name"]]) == ["abc"]


def test_a_draft_is_the_defaults_and_reads_back_any_settings(tmp_path):
    run = record(Home(tmp_path), "3f2a0001", STATES["done"][0], settings={
        "model": {"units": [8, 4]}, "features": {"names": ["rsi_14", "atr_14"]}, "data": {"funding": True},
        "signal": {"entry_threshold": 0.00012345}, "split": {"validation": 0.2},
    })  # fmt: skip
    settings = load(run.settings_path)
    made, wrong = Draft(settings).check()
    assert (made, wrong) == (settings, {})
    assert Draft().check()[0] == load(None)


def test_a_draft_tells_every_fault_by_its_key():
    draft = Draft()
    draft.texts |= {
        "model.units": "64, x",
        "data.timeframe": "7m",
        "start.name": "../up",
        "split.test": "0.8",
    }
    made, wrong = draft.check()
    assert made is None
    assert set(wrong) == {"model.units", "data.timeframe", "start.name", "split.test"}


def test_notes_and_names_are_checked(tmp_path):
    run = record(Home(tmp_path), "3f2a0001", STATES["done"][0])
    with pytest.raises(ChangeSettingsError):
        rename(run, "../elsewhere")
    with pytest.raises(ChangeSettingsError):
        write_note(run, "bell \x07")
    write_note(run, " kept ")
    assert (note_of(run), RunFolder(run.path).name) == ("kept", "lstm-btc-1h")
    write_note(run, "")
    assert note_of(run) == ""


async def test_form_asks_before_it_trains_a_model_again(deck):
    started = []
    async with deck.run_test(size=(80, 24)) as pilot:
        await opened(pilot, "n")
        deck.start = lambda _mode, settings, *, name: started.append((settings, name))
        of = next(each for each in reversed(deck.snapshot.runs) if each.state.status == "done")
        of.run.settings_path.write_text(to_toml(pinned(deck.screen.draft.check()[0])))
        await pilot.press("ctrl+s")
        await settled(pilot)
        assert of.id in shown(deck)
        assert not started
        await pilot.press("y")
        await settled(pilot)
        assert len(started) == 1


async def test_form_takes_the_settings_of_a_file_and_begins_as_the_one_that_commands_read(deck, tmp_path):
    (tmp_path / "quantdeck.toml").write_text("[training]\nepochs = 33\n")
    (tmp_path / "other.toml").write_text("[training]\nepochs = 44\n")
    async with deck.run_test(size=(80, 24)) as pilot:
        await opened(pilot, "n")
        assert deck.draft.texts["training.epochs"] == "33"
        assert "as quantdeck.toml" in shown(deck)
        await pilot.press("ctrl+t")
        await settled(pilot)
        deck.screen.query_one("#field").value = "other.toml"
        await pilot.press("enter")
        await settled(pilot)
        await settled(pilot)
        assert deck.draft.texts["training.epochs"] == "44"


async def test_form_offers_the_stored_series_and_refuses_one_that_is_not(deck):
    deck.home.data.mkdir(parents=True, exist_ok=True)
    for name in ("mine", "yours"):
        (deck.home.data / f"{name}.parquet").touch()
    async with deck.run_test(size=(80, 24)) as pilot:
        await opened(pilot)
        deck.new_run("yours")
        await settled(pilot)
        draft = deck.screen.draft
        assert draft.catalogue["data.series"].choices == ("", "mine", "yours")
        assert draft.texts["data.series"] == "yours"
        assert not draft.check()[1]
        draft.say("data.series", "another")
        made, wrong = draft.check()
        assert made is None
        assert list(wrong) == ["data.series"]
