"""Apps on recorded homes, at fixed times."""

import os

import pytest

from engine.runs.home import Home
from tests.tui.app.recorded import STATES, hold, record
from tui.app import Quantdeck


@pytest.fixture
def held():
    """Runs whose engine is taken to be alive; all are let go in the end."""
    handles = []
    yield lambda run: handles.append(hold(run))
    for handle in handles:
        os.close(handle)


@pytest.fixture
def deck_in(tmp_path, held, monkeypatch):
    """An app that shows one run in a given state."""
    monkeypatch.setenv("TEXTUAL_ANIMATIONS", "none")
    monkeypatch.chdir(tmp_path)

    def make(state, **options):
        events, alive, now = STATES[state]
        run = record(Home(tmp_path / "home"), "3f2a0001", events)
        if alive:
            held(run)
        deck = Quantdeck(Home(tmp_path / "home"), now=lambda: now, **{"first": "train"} | options)
        deck.home_text = "home"  # the same in every picture
        return deck

    return make


async def ready(pilot):
    """Wait until every run has been read and shown."""
    for _ in range(400):
        if pilot.app.snapshot.ready:
            break
        await pilot.pause(0.01)
    await settled(pilot)


async def settled(pilot):
    """Wait until a screen is laid out and its key line told."""
    for _ in range(4):
        await pilot.pause()
