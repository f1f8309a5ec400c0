"""A run that is seen again: the same story, nothing of the run or the home touched."""

import hashlib

import pytest

from engine.errors import ChangeSettingsError, TryAgainError
from engine.runs.events import read
from engine.runs.launch import alive, wait
from engine.runs.replay import LONGEST_PAUSE_S, Replay, paced
from engine.runs.state import state_of
from tests.tui.app.conftest import ready
from tests.tui.app.recorded import METRICS, NOON, STATES, event, hold, home_of_all, record
from tests.tui.app.test_train import shown
from tui.app import Quantdeck
from tui.commands.replay import playing, replay

ENDED = sorted(name for name, (_, lives, _) in STATES.items() if not lives)
OWN = ("v", "seq", "at", "torn", "run", "pid")  # of a line in one log
PASSING = ("batch", "source")  # of which a log keeps four a second


@pytest.fixture
def home(tmp_path):
    return home_of_all(tmp_path / "home")


def content(folder):
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}


def lasting(run):
    events = [each for each in read(run.events_path).events if each["kind"] not in PASSING]
    return [{key: value for key, value in each.items() if key not in OWN} for each in events]


def never(_seconds):
    return False


@pytest.mark.parametrize("name", ENDED)
def test_it_tells_what_the_run_told_and_leaves_it_alone(home, tmp_path, name):
    run = record(home, "0c1d0009", STATES[name][0], metrics=METRICS if name == "done" else None)
    before = content(run.path)
    again = Replay(run, tmp_path / "again", 10)
    assert alive(again.folder)
    again.play(never)
    assert not alive(again.folder)
    assert lasting(again.folder) == lasting(run)
    last, first = state_of(again.folder), state_of(run)
    assert (last.status, last.epoch, type(last.error)) == (first.status, first.epoch, type(first.error))
    assert not last.pid  # a number that may be somebody else's by now
    assert content(run.path) == before
    assert again.folder.result_path.exists() == run.result_path.exists()


def test_pauses_are_the_runs_own_over_the_speed_and_none_is_longer_than_one_waits(home, tmp_path):
    run = record(home, "0c1d0009", STATES["done"][0])
    waited = []
    Replay(run, tmp_path / "again", 5).play(lambda seconds: waited.append(seconds) or False)
    assert waited[0] == 0
    assert waited[1:] == pytest.approx([0.1] * (len(waited) - 1))  # half a second each, in the record
    stamps = [{"at": "2026-01-01T00:00:00Z"}, {"at": "2026-01-02T00:00:00Z"}, {"at": "2026-01-01T00:00:00Z"}]
    assert [pause for pause, _ in paced(stamps)] == [0, LONGEST_PAUSE_S, 0]


def test_a_stop_and_leaving_end_it(home, tmp_path):
    run = record(home, "0c1d0009", STATES["done"][0])
    for number, left in enumerate((True, False)):
        again = Replay(run, tmp_path / str(number), 1)
        if not left:
            again.folder.stop_path.touch()
        again.play(lambda _, left=left: left)
        assert not alive(again.folder)
        assert state_of(again.folder).status == "queued"


def test_a_run_that_goes_on_is_refused(home, tmp_path):
    run = record(home, "0c1d0009", STATES["training"][0])
    handle = hold(run)
    with pytest.raises(TryAgainError, match="runs follow 0c1d0009"):
        Replay(run, tmp_path / "again", 1)
    assert handle
    assert not (tmp_path / "again").exists()


def test_without_a_terminal_it_is_told_line_by_line(home, capsys):
    answer = replay(str(home.path), "0c1d0001", 1e6, json=True)
    assert answer.document["run"] == "0c1d0001"
    assert "epoch" in capsys.readouterr().err
    with pytest.raises(ChangeSettingsError, match="above 0"):
        replay(str(home.path), "0c1d0001", 0)


async def test_the_app_says_that_it_is_one_and_starts_nothing(home):
    with playing(home.find("0c1d0001"), 1e6) as again:
        assert wait(again, 250)
        deck = Quantdeck(type(home)(again.path.parent.parent), now=lambda: NOON, replayed=again)
        async with deck.run_test(size=(80, 22)) as pilot:
            await ready(pilot)
            assert "replay ended" in shown(deck)
            assert not deck.launch(again)
            assert deck.farewell() == ""
    assert not again.path.exists()


def test_nothing_is_told_of_events_that_there_are_not(home, tmp_path):
    run = record(home, "0c1d0009", [event("queued", resumed=False)])
    Replay(run, tmp_path / "again", 1).play(never)
    assert state_of(Replay(run, tmp_path / "held", 1).folder).seq == 0
