"""The Train screen's keys, and that a replayed run shows what a live one did."""

import math
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from engine.runs.events import EventLog
from engine.runs.fold import State, replay
from engine.runs.folder import RunFolder
from engine.runs.home import Home
from engine.runs.log_entries import Epoch, entry_of
from engine.runs.state import state_of
from tests.tui.app.conftest import ready, settled
from tests.tui.app.recorded import (
    NOON,
    NOW,
    STATES,
    batch,
    epochs,
    event,
    hold,
    prepared,
    record,
    tell_all,
)  # fmt: skip
from tui.app import Quantdeck
from tui.runs import status as run_status
from tui.runs.watch import Watched
from tui.screens.train.drawing import by_symbol
from tui.screens.train.screen import TrainScreen, failure
from tui.terminal.sizes import HEIGHT, WIDTH
from tui.widgets.lines import Lines, plain
from tui.widgets.loss_chart import LossChart, Losses, drawing

WORDS = {
    "queued": "queued", "starting": "starting (importing)", "collecting": "collecting",
    "compiling": "starting (compiling)", "training": "training", "stopping": "stopping",
    "stale": "heartbeat stale since 11:59", "early": "early-stopped", "stopped": "stopped",
    "failed": "failed",
    "nan": "failed: NaN loss", "crashed": "crashed", "done": "done, early-stopped",
}  # fmt: skip


def shown(deck):
    return "\n".join(panel.text for panel in deck.screen.query(Lines))


@pytest.mark.parametrize("state", STATES)
def test_each_state_has_its_words(tmp_path, held, state):
    events, alive, now = STATES[state]
    run = record(Home(tmp_path), "3f2a0001", events)
    if alive:
        held(run)
    assert run_status.status(state_of(run, now))[0] == WORDS[state]


async def test_which_member_of_an_ensemble_is_trained_and_how_long_all_will_take(tmp_path, held):
    first = [*epochs(3, best=1), event("early_stopped", epoch=3, best_epoch=1)]
    parts = [event("model", parameters=36545, member=number, members=5) for number in (1, 2)]
    home = Home(tmp_path / "home")
    held(record(home, "3f2a0001", [*prepared(), parts[0], *first, parts[1], batch(4)]))
    deck = Quantdeck(home, first="train", now=lambda: NOON)
    async with deck.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        await pilot.press("2")
        await settled(pilot)
        title = deck.screen.query_one("#title", Lines).text
        assert " ".join(title.split()).endswith("SIMULATED training · model 2 of 5 · 3 m 4 s left")
        assert "model 2 of 5: 36,545 parameters" in deck.screen.query_one("#log", Lines).text


async def test_a_replay_shows_what_the_live_run_showed(tmp_path, held):
    home, events = Home(tmp_path / "home"), STATES["training"][0]
    run = record(home, "3f2a0001", events[:14])
    held(run)
    live = Quantdeck(home, first="train", now=lambda: NOON)
    async with live.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        await pilot.press("2")
        for end in range(15, len(events) + 1):
            tell_all(run, events[end - 1 : end])
        while live.snapshot.runs[0].state.epoch < 14 or live.snapshot.runs[0].state.cpu is None:
            await pilot.pause(0.01)
        await settled(pilot)
        while live.screen.query_one(LossChart)._later is not None:  # it draws at most once a second
            await pilot.pause(0.01)
        during = panels(live)
    replayed = Quantdeck(home, first="train", now=lambda: NOON)
    async with replayed.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        await pilot.press("2")
        await settled(pilot)
        assert panels(replayed) == during


def panels(deck):
    return {
        panel.id: panel.text for panel in deck.screen.query("#title, #stages, #progress, #chart, #epochs")
    }


async def test_freeze_holds_the_display_and_lets_it_go_on(deck_in):
    deck = deck_in("training")
    async with deck.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        await pilot.press("2", "Z")
        await settled(pilot)
        assert "FROZEN" in shown(deck)
        tell_all(deck.snapshot.runs[0].run, epochs(15, best=11)[13:])
        while deck.snapshot.runs[0].state.epoch < 15:
            await pilot.pause(0.01)
        await settled(pilot)
        assert "epoch 14/20" in shown(deck)
        await pilot.press("Z")
        await settled(pilot)
        assert "epoch 15/20" in shown(deck)


async def test_stop_asks_before_it_stops(deck_in):
    deck = deck_in("training")
    async with deck.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        await pilot.press("2", "x")
        await settled(pilot)
        run = deck.snapshot.runs[0].run
        await pilot.press("n")
        assert not run.stop_path.exists()
        await pilot.press("x", "y")
        await settled(pilot)
        assert run.stop_path.exists()


async def test_a_live_run_is_what_one_comes_to(deck_in):
    deck = deck_in("training", first="data")
    async with deck.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        assert isinstance(deck.screen, TrainScreen)


async def test_the_run_at_work_is_watched_before_one_that_waits_and_stays_when_it_has_ended(tmp_path, held):
    home = Home(tmp_path / "home")
    record(home, "0c1d0009", STATES["done"][0], created="23:00")
    works, waits = (
        record(home, name, STATES[state][0], created=at)
        for name, state, at in (("0c1d0001", "training", "11:00"), ("0c1d0002", "queued", "12:00"))
    )
    handle = hold(works)
    held(waits)
    deck = Quantdeck(home, first="train", now=lambda: NOON)
    async with deck.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        assert deck.screen.showing == works.id
        with EventLog(works.events_path) as log:
            log.emit(event("stopped", by="request"))
        os.close(handle)
        while deck.snapshot.by_id[works.id].live:
            await pilot.pause(0.05)
        await settled(pilot)
        assert deck.screen.showing == works.id
        assert "stopped" in deck.screen.query_one("#title").text


async def test_leaving_says_what_goes_on(deck_in):
    deck = deck_in("training")
    async with deck.run_test() as pilot:
        await ready(pilot)
        await pilot.press("q")
    assert deck.farewell().startswith("1 run goes on: 3f2a0001 (training)")


async def test_escape_sequences_in_names_are_shown_not_sent(tmp_path):
    evil = "\x1b[2J\x1b]0;owned\x07"
    note = event("note", level="warning", text=f"note {evil}")
    events = [
        *STATES["training"][0],
        note,
        event("failed", error={"class": "InternalError", "thing": evil, "reason": evil}),
    ]
    record(Home(tmp_path), "3f2a0001", events)
    deck = Quantdeck(Home(tmp_path), first="train", now=lambda: NOW)
    async with deck.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        await pilot.press("2")
        await settled(pilot)
        assert "\\x1b[2J" in shown(deck)
        assert "\x1b" not in shown(deck)


@pytest.mark.parametrize(
    "size", [(1, 1), (3, 10), (79, 24), (80, 21), (80, 22), (80, 23), (500, 200)], ids=str
)
async def test_any_size_and_back(deck_in, size):
    deck = deck_in("training")
    async with deck.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        await pilot.press("2")
        await pilot.resize_terminal(*size)
        await settled(pilot)
        assert deck.screen.has_class("too-small") == (size[0] < WIDTH or size[1] < HEIGHT)
        await pilot.resize_terminal(80, 24)
        await settled(pilot)
        assert "3f2a0001" in shown(deck)


@pytest.mark.parametrize("view", [{}, {"log": True}, {"smoothing": 4}, {"ascii": True}], ids=str)
@pytest.mark.parametrize("losses", [
    [], [(1, None, None)], [(1, 0.5, None)], [(1, 0.0, -1.0), (2, 0.1, 0.2)],
    [(1, 1e-9, 1e9), (2, 1e-12, 1e12)],
    [(number, 1.0, 1.0) for number in range(1, 5)],
    [(number, 1 / number, 2 / number) for number in range(1, 3000)],
], ids=lambda losses: f"{len(losses)} epochs")  # fmt: skip
def test_a_chart_fits_whatever_it_shows(losses, view):
    for width, height in ((40, 5), (80, 10), (300, 60)):
        lines = drawing(Losses(tuple(losses), 1, **view), width, height)
        assert len(lines) <= height
        assert all(sum(len(text) for text, _ in line) <= width for line in lines)


def test_plain_characters_are_plain(deck_in):
    lines = drawing(Losses(((1, 0.5, 0.6), (2, 0.4, 0.5)), 2, ascii=True), 80, 10)
    assert all(text.isascii() for line in lines for text, _ in line)


NAMES = st.text("ABCDEFGHIJ/", min_size=1, max_size=12)


@settings(max_examples=50, deadline=None)
@given(st.dictionaries(NAMES, st.floats(0, 9) | st.just(math.nan), max_size=30), st.integers(60, 200))
def test_the_worst_symbols_are_told_as_far_as_there_is_room(losses, width):
    lines = by_symbol(replay(State(), [Epoch(epoch=1, val_loss_by=losses)]), width)
    if not losses:
        assert not lines
        return
    (line,) = lines
    text = plain(line)
    assert cell_len(text) <= width
    words = text.removeprefix(" val loss by symbol").split("  ")[1:]
    shown = [word.split()[0] for word in words if not word.startswith("and ")]
    worst = sorted(losses, key=lambda name: math.inf if math.isnan(losses[name]) else -losses[name])
    assert shown == worst[: len(shown)]
    left = len(losses) - len(shown)
    assert (f"and {left} more" in text) == (left > 0)


@given(st.integers(60, 220), st.text(min_size=1, max_size=300))
@settings(max_examples=40, deadline=None)
def test_alarm_and_error_are_wrapped_and_a_note_that_is_cut_is_marked(width, note):
    events = STATES["nan"][0]
    stamped = [each | {"at": NOON.isoformat(), "seq": seq} for seq, each in enumerate(events, 1)]
    state = replay(State(), [entry_of(each, "a log") for each in stamped])
    lines = [*map(plain, failure(Watched(RunFolder(Path("none")), state, note=note), width - 2, str))]
    assert max(map(cell_len, lines)) <= width
    said = " ".join(" ".join(lines).split())
    assert run_status.alarm(state) in said or " ".join(run_status.alarm(state).split()) in said
    assert note.rstrip() in lines[-1] or lines[-1].endswith("…")


@pytest.mark.parametrize("theme", ["quantdeck-dark", "quantdeck-light"])
async def test_every_role_can_be_read_in_16_colours(deck_in, theme):
    from rich.color import ColorSystem

    from tui.widgets.lines import LOOKS

    deck = deck_in("training")
    async with deck.run_test() as pilot:
        deck.theme = theme
        await settled(pilot)
        title = deck.screen.query_one("#title", Lines)
        for name in LOOKS:
            style = title.rich_style + title.role(name)
            for system in (ColorSystem.STANDARD, ColorSystem.EIGHT_BIT):
                assert style.color.downgrade(system).number != style.bgcolor.downgrade(system).number, name


def test_held_runs_are_alive(tmp_path):
    """What these tests take for a live engine is one to the run room."""
    import os

    from engine.runs.launch import alive

    run = record(Home(tmp_path), "3f2a0001", STATES["training"][0])
    assert not alive(run)
    handle = hold(run)
    assert alive(run)
    os.close(handle)
