"""Apps on homes with results and stored series; one real engine answers all of them."""

import datetime as dt
import shutil

import pytest

from engine.runs.home import Home
from engine.runs.requests import EngineClient
from tests.queries.results import backtested
from tests.tui.results.stored import fill
from tui.app import Quantdeck

NOW = dt.datetime(2026, 11, 22, 12, 0, tzinfo=dt.UTC)
RUN = "3f2a91c0"


class Shared:
    """The engine as an app has it, but not ended by it."""

    def __init__(self, client):
        self.ask = client.ask

    def close(self):
        pass


@pytest.fixture(scope="session")
def engine():
    with EngineClient() as client:
        yield Shared(client)


@pytest.fixture(scope="session")
def full(tmp_path_factory):
    """A home with one result and four series; taken by copy."""
    home = Home(tmp_path_factory.mktemp("full"))
    backtested(home, 2400, seed=3, overrides=["signal.entry_threshold=0.0012"], run_id=RUN)
    fill(home)
    return home


@pytest.fixture
def home(full, tmp_path, monkeypatch):
    monkeypatch.setenv("TEXTUAL_ANIMATIONS", "none")
    monkeypatch.chdir(tmp_path)
    shutil.copytree(full.path, tmp_path / "home")
    return Home(tmp_path / "home")


@pytest.fixture(scope="session")
def four(tmp_path_factory, full):
    """A home with four results; taken by copy."""
    home = Home(tmp_path_factory.mktemp("four"))
    shutil.copytree(full.path, home.path, dirs_exist_ok=True)
    for seed in range(3):
        backtested(home, 800, seed=seed, run_id=f"0c1d000{seed}")
    return home


@pytest.fixture
def several(four, tmp_path, monkeypatch):
    monkeypatch.setenv("TEXTUAL_ANIMATIONS", "none")
    monkeypatch.chdir(tmp_path)
    shutil.copytree(four.path, tmp_path / "home")
    return Home(tmp_path / "home")


@pytest.fixture
def deck_on(engine):
    def make(home, **options):
        deck = Quantdeck(home, now=lambda: NOW, **options)
        deck.engine = engine
        deck.home_text = "home"
        return deck

    return make


async def quiet(pilot):
    """Wait until the runs are read, every question is answered and the screen is laid out."""
    for _ in range(2000):
        await pilot.pause(0.01)
        questions = getattr(pilot.app.screen, "questions", None)
        if pilot.app.snapshot.ready and not (questions and questions.busy):
            break
    for _ in range(6):
        await pilot.pause()


def press(*keys, rest=0.8):
    """Press keys, waiting after each for what comes of it; a what-if waits for the keys to rest."""

    async def look(pilot):
        await quiet(pilot)
        for key in keys:
            await pilot.press(key)
            if key in WAITED:
                await pilot.pause(rest)
            await quiet(pilot)

    return look


WAITED = {
    "right_square_bracket",
    "left_square_bracket",
    "left_curly_bracket",
    "right_curly_bracket",
    "down",
    "0",
}


def text_of(deck):
    """What is on the screen, as lines."""
    strips = deck.screen._compositor.render_strips()
    return "\n".join("".join(segment.text for segment in strip).rstrip() for strip in strips)
