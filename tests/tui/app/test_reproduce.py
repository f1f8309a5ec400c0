"""Key p: what `quantdeck reproduce` does, for every mode that can be repeated, with its verdict on Train."""

import json

import pytest

from engine.results.codec import from_json
from engine.runs import manifest
from engine.runs.home import Home
from engine.runs.modes import MODES
from engine.settings import load
from tests.tui.app.conftest import ready, settled
from tests.tui.app.recorded import NOON, STATES, record, tell_all
from tests.tui.results.conftest import text_of
from tui.app import Quantdeck

DEVICES = 3
EQUAL = {"equal": True, "compared": ["model.keras", "metrics"], "differ": {}, "because": []}
OTHER = {
    "equal": False,
    "compared": ["metrics"],
    "differ": {"metrics": "sharpe 1.1, was 1.2"},
    "because": ["The file of own features has changed."],
}


class Engine:
    """Answers one comparison, and remembers what it was asked."""

    def __init__(self, answer):
        self.answer, self.asked = answer, []

    def ask(self, request, kind):
        self.asked.append(request)
        return from_json(kind, self.answer if request["do"] == "runs.compare" else {}, "the answer")

    def close(self):
        pass


def finished(home, mode):
    """A run that came to its end, its files in a manifest."""
    run = record(home, "0c1d0001", STATES["done"][0], mode=mode)
    run.result_path.write_text("{}")
    run.origin_path.write_text(json.dumps({"devices": DEVICES}))
    names = [path.name for path in (run.settings_path, run.result_path, run.origin_path)]
    manifest.write_manifest(run.path, names)
    return run


@pytest.fixture
def launched(monkeypatch):
    """Runs that would have been started."""
    found = []
    monkeypatch.setattr("engine.runs.launch.launch", found.append)
    return found


async def press_p(pilot):
    await ready(pilot)
    await pilot.press("P")
    await settled(pilot)
    await pilot.press("y")
    await pilot.app.workers.wait_for_complete()
    await settled(pilot)


async def shown(pilot, text):
    """Wait until the screen says it."""
    for _ in range(100):
        pilot.app.watcher.look()
        await pilot.pause(0.03)
        if text in text_of(pilot.app):
            return
    raise AssertionError(text_of(pilot.app))


@pytest.mark.parametrize("answer", [EQUAL, OTHER], ids=["equal", "other"])
@pytest.mark.parametrize("mode", [name for name, mode in MODES.items() if mode.reproducible])
async def test_p_repeats_and_tells_the_verdict_even_after_the_app_was_left(tmp_path, launched, mode, answer):
    home = Home(tmp_path)
    original = finished(home, mode)
    engine = Engine(answer)
    deck = Quantdeck(home, first="runs", now=lambda: NOON, engine=engine)
    async with deck.run_test(size=(110, 34)) as pilot:
        await press_p(pilot)
        (again,) = launched
        assert (again.mode, again.repeats, again.now) == (mode, original.id, original.now)
        assert load(again.settings_path).training.devices == DEVICES
        assert deck.current_mode == "train"
        await shown(pilot, f"repeats run {original.id}")
    assert not any(each["do"] == "runs.compare" for each in engine.asked)

    tell_all(again, STATES["done"][0])
    engine = Engine(answer)
    deck = Quantdeck(home, first="train", now=lambda: NOON, engine=engine)
    deck.chosen = again.id
    async with deck.run_test(size=(110, 34)) as pilot:
        await ready(pilot)
        if answer["equal"]:
            await shown(pilot, f"equals run {original.id}, bit for bit: 2 files and figures")
        else:
            await shown(pilot, f"differs from run {original.id}: metrics")
            assert "sharpe 1.1, was 1.2" in text_of(deck)
            assert "own features has changed" in text_of(deck)
    asked = [each for each in engine.asked if each["do"] == "runs.compare"]
    assert asked == [{"do": "runs.compare", "original": str(original.path), "again": str(again.path)}]


@pytest.mark.parametrize("mode", [name for name, mode in MODES.items() if not mode.reproducible])
async def test_p_refuses_what_cannot_be_repeated(tmp_path, launched, mode):
    home = Home(tmp_path)
    finished(home, mode)
    deck = Quantdeck(home, first="runs", now=lambda: NOON, engine=Engine(EQUAL))
    async with deck.run_test(size=(110, 34)) as pilot:
        await press_p(pilot)
        assert f"a run of mode {mode} is not repeated" in text_of(deck)
    assert not launched
    assert len(home.all()) == 1


async def test_p_refuses_files_that_are_not_as_they_were_saved(tmp_path, launched):
    home = Home(tmp_path)
    finished(home, "train").result_path.write_text("{ }")
    deck = Quantdeck(home, first="runs", now=lambda: NOON, engine=Engine(EQUAL))
    async with deck.run_test(size=(110, 34)) as pilot:
        await press_p(pilot)
        assert "result.json" in text_of(deck)
    assert not launched


async def test_a_repetition_without_its_original_says_so(tmp_path):
    home = Home(tmp_path)
    run = record(home, "0c1d0002", STATES["done"][0])
    run.about_path.write_text(json.dumps(json.loads(run.about_path.read_text()) | {"repeats": "0c1d0001"}))
    deck = Quantdeck(home, first="train", now=lambda: NOON, engine=Engine(EQUAL))
    async with deck.run_test(size=(110, 34)) as pilot:
        await ready(pilot)
        await shown(pilot, "repeats run 0c1d0001, which is not in this home")
