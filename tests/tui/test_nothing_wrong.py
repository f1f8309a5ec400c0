"""Neither error nor remedy is spoken of where nothing is wrong; and a refusal leaves nothing behind."""

import os
from dataclasses import replace

import pytest

from engine import disk, errors
from engine.errors import MakeRoomError, QuantdeckError, SettingsError
from engine.runs.home import Home
from engine.runs.launch import launch
from engine.runs.state import state_of
from engine.settings import make
from tests.tui.app.recorded import STATES, hold, record
from tui.commands.answer import error_text
from tui.runs.watch import Watched
from tui.screens.backtest import selection
from tui.screens.runs import drawing as runs_drawing
from tui.screens.search import drawing as search_drawing
from tui.screens.train import screen as train_screen

KINDS = [
    each for each in vars(errors).values() if isinstance(each, type) and issubclass(each, QuantdeckError)
]
NO_FAULT = {"StopRequestedError", "AlreadyRunningError"}


@pytest.mark.parametrize("kind", [each for each in KINDS if each is not SettingsError])
def test_only_faults_are_called_errors(kind):
    said = error_text(kind("run 1", "went on", "Watch it"))
    wrong = kind.__name__ not in NO_FAULT
    assert ("error:" in said, "remedy:" in said) == (wrong, wrong)
    assert "run 1: went on" in said
    assert "Watch it" in said


@pytest.mark.parametrize("kind", [each for each in KINDS if each is not SettingsError])
def test_only_faults_are_coloured_as_such(tmp_path, kind):
    run = record(Home(tmp_path), "0c1d0001", STATES["stopped"][0])
    error = kind("run 0c1d0001", "was ended", "R resumes it")
    shown = Watched(run, replace(state_of(run), error=error))
    drawn = {
        "train": train_screen.failure(shown, 78, str),
        "runs": runs_drawing.failure(shown.state, run.id, 78),
        "backtest": selection.without(shown),
        "search": search_drawing.without(shown, tmp_path, 78, ready=True),
    }
    for name, lines in drawn.items():
        roles = {role for line in lines for text, role in line if "was ended" in text}
        assert roles == {"bad" if error.is_fault else "warn"}, name


def test_a_run_that_goes_on_already_is_no_fault(tmp_path):
    run = record(Home(tmp_path), "0c1d0001", STATES["training"][0])
    handle = hold(run)
    with pytest.raises(QuantdeckError) as refused:
        launch(run)
    assert not refused.value.is_fault
    os.close(handle)


def test_want_of_room_leaves_no_run_behind(tmp_path, monkeypatch):
    monkeypatch.setattr(disk, "free_mb", lambda _: 10.0)
    home = Home(tmp_path / "home")
    with pytest.raises(MakeRoomError, match="10 MB left"):
        home.create("train", make({}))
    assert not home.path.exists()
