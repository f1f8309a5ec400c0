"""What is said in passing covers nothing, a run's end is told on every screen, and help shows all keys."""

import pytest
from textual.widgets._toast import Toast

from engine.runs.home import Home
from tests.tui.app.conftest import ready, settled
from tests.tui.app.recorded import ERROR, NOON, STATES, event, record, tell_all
from tui.app import Quantdeck
from tui.compat import PacedApp
from tui.screens import SCREENS
from tui.screens.help import Help
from tui.screens.new_run.screen import NewRun
from tui.terminal.keys import same_as
from tui.widgets.lines import Lines

WAYS = {"data": "1", "backtest": "3", "runs": "4", "form": "n", "help": "question_mark", "frozen": "Z"}


def announced(deck):
    return [note.message for note in deck._notifications]


async def until(pilot, condition):
    for _ in range(400):
        await pilot.pause(0.01)
        if condition():
            return
    raise AssertionError("it never came")


@pytest.mark.parametrize("way", WAYS)
async def test_a_run_that_fails_is_told_wherever_one_is(deck_in, way):
    deck = deck_in("training")
    async with deck.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        await pilot.press(WAYS[way])
        await settled(pilot)
        tell_all(deck.snapshot.runs[0].run, [event("failed", error=ERROR)])
        await until(pilot, lambda: not deck.snapshot.live)
        assert any("has 3 rows, 62 are needed" in each for each in announced(deck))


async def test_where_its_run_is_in_sight_an_end_is_not_told_twice(deck_in):
    deck = deck_in("training")
    async with deck.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        tell_all(deck.snapshot.runs[0].run, [event("failed", error=ERROR)])
        await until(pilot, lambda: not deck.snapshot.live)
        assert not announced(deck)


async def test_a_run_that_came_and_went_between_two_looks_is_told_and_an_old_one_is_not(deck_in, tmp_path):
    deck = deck_in("done", first="data")
    async with deck.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        record(Home(tmp_path / "home"), "3f2a0002", STATES["failed"][0], created="11:00")
        record(Home(tmp_path / "home"), "3f2a0003", STATES["failed"][0], created="13:00")
        deck.watcher.look()
        await until(pilot, lambda: len(deck.snapshot.runs) == 3)
        await settled(pilot)
        assert [each.split()[1] for each in announced(deck)] == ["3f2a0003"]


@pytest.mark.parametrize("state", ["stopped", "done"])
@pytest.mark.parametrize(("wish", "rung"), [("", []), ("bell", ["bell"]), ("osc9", ["osc9"])])
async def test_a_bell_rings_only_where_it_is_wished_for(deck_in, monkeypatch, state, wish, rung):
    heard = []
    monkeypatch.setattr(PacedApp, "ring", lambda _, __, how: heard.append(how) if how else None)
    monkeypatch.setenv("QUANTDECK_BELL", wish)
    deck = deck_in("training")
    async with deck.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        tell_all(deck.snapshot.runs[0].run, [event(state)])
        await until(pilot, lambda: not deck.snapshot.live)
    assert heard == rung


async def test_a_line_that_is_said_in_passing_covers_nothing_but_the_keys(deck_in):
    deck = deck_in("training")
    async with deck.run_test(size=(80, 24), notifications=True) as pilot:
        await ready(pilot)
        deck.notify("imported BTCUSDT_1h: 33,413 of 36,062 rows, 8 gaps; n starts a run on it")
        await settled(pilot)
        assert [(each.region.y, each.region.height) for each in deck.screen.query(Toast)] == [(23, 1)]


@pytest.mark.parametrize("size", [(80, 24), (60, 16)], ids=str)
@pytest.mark.parametrize("name", [*SCREENS, "form"])
async def test_help_shows_every_key_that_does_something_and_says_what_is_hidden(deck_in, size, name):
    deck = deck_in("done")
    async with deck.run_test(size=size) as pilot:
        await ready(pilot)
        await pilot.press(*(["n"] if name == "form" else [SCREENS[name].key]))
        await pilot.pause(0.2)
        screen = deck.screen
        await pilot.press("f1" if isinstance(screen, NewRun) else "question_mark")
        await settled(pilot)
        assert isinstance(deck.screen, Help)
        scroll, text, more = (deck.screen.query_one(each) for each in ("#list", "#text", "#more"))
        assert deck.screen.region.contains_region(more.region)
        for each in screen.active_bindings.values():
            assert each.enabled or each.binding.description not in text.text
        lines = len(text.text.splitlines())
        for _ in range(60):
            shown = round(scroll.scroll_y) + scroll.size.height
            assert more.text.startswith(f"↓ {lines - shown} more") == (shown < lines), (
                shown,
                lines,
                more.text,
            )
            if shown >= lines:
                break
            await pilot.press("down")
            await settled(pilot)
        assert shown == lines


def test_a_key_that_changes_something_means_one_thing():
    """What only turns a view may differ from screen to screen."""
    meanings = {}
    for entry in SCREENS.values():
        for binding in type(entry.make()).BINDINGS:
            if same_as(binding):
                for key in binding.key.split(","):
                    meanings.setdefault(key, set()).add(binding.description)
    for key in ("r", "R", "d", "D", "p", "P", "x", "N", "u", "o", "c", "space"):
        assert len(meanings.get(key, {key})) == 1, (key, meanings[key])


@pytest.mark.parametrize("why", ["", "TERM is linux, which has no clipboard"])
async def test_where_the_terminal_takes_no_copy_a_file_is_offered(deck_in, monkeypatch, tmp_path, why):
    monkeypatch.setattr("tui.terminal.clipboard.refusal", lambda: why)
    deck = deck_in("done")
    async with deck.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        await pilot.press("y")
        await settled(pilot)
        assert (deck.screen is not deck.screen_stack[0]) == bool(why)
        if why:
            assert why in deck.screen.query_one("#text", Lines).text.replace("\n", " ")
            await pilot.press("enter")
            await settled(pilot)
            assert (tmp_path / "quantdeck-copy.txt").read_text() == "3f2a0001\n"
        else:
            assert announced(deck) == ["copied: 3f2a0001"]


async def test_an_empty_home_offers_three_ways_on_data_and_on_train(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    deck = Quantdeck(Home(tmp_path / "home"), first="train", now=lambda: NOON)
    started = []
    monkeypatch.setattr(deck, "start_demo", lambda: started.append(deck.current_mode))
    async with deck.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        for mode in ("2", "1"):
            await pilot.press(mode)
            await until(pilot, lambda: "d demo" in deck.screen.query_one("#keys", Lines).text)
            keys = deck.screen.query_one("#keys", Lines).text
            assert all(each in keys for each in ("d demo", "i import", "a "))
            await pilot.press("d")
            await settled(pilot)
        assert started == ["train", "data"]
        await pilot.press("2", "i")
        await until(pilot, lambda: type(deck.screen).__name__ == "ImportFile")


async def test_after_a_training_the_backtest_is_offered(deck_in):
    deck = deck_in("done")
    async with deck.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        assert "3 backtest" in deck.screen.query_one("#keys", Lines).text
        await pilot.press("3")
        await settled(pilot)
        assert deck.current_mode == "backtest"
        assert deck.chosen == "3f2a0001"
