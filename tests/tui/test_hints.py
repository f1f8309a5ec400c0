"""Every hint that names a command does what it says when it is pasted, in any folder."""

import json
import re
import shlex

import pytest

from engine.errors import QuantdeckError
from engine.runs.folder import Home
from engine.runs.hints import hint, home_option
from engine.runs.state import state_of
from engine.variables import OWN
from tests.tui.app.recorded import STATES, home_of_all, record
from tests.tui.conftest import STAND_IN
from tui.cli import main
from tui.commands import runs
from tui.commands.follow import Followed, farewell
from tui.commands.outcome import ending
from tui.commands.status import status

HINT = re.compile(r"quantdeck --home ('[^']*'|\S+)( [\w -]+)?")


def refusals(home):
    """What commands say that cannot do as they were asked."""
    for text in ("ffffffff", "last"):
        for at_home in (home, Home(home.path / "empty")):
            try:
                at_home.find(text, ("backtest",) if text == "last" else ())
            except QuantdeckError as error:
                yield error.remedy
    try:
        runs.resume(str(home.path), "0c1d0001", None, None, detach=True)
    except QuantdeckError as error:
        yield error.remedy


@pytest.fixture
def hints(deck, monkeypatch):
    """All hints about a home whose path a shell would take apart."""
    for name in ("QUANTDECK_HOME", OWN):
        monkeypatch.setenv(name, "")  # set by commands, and undone in the end
    home = home_of_all(deck.folder / "my home; $HOME")
    stopped = home.find("0c1d0005")
    record(home, "0c1d0006", STATES["stopped"][0], created="11:30")
    said = [
        *refusals(home), status(str(home.path / "none")).text, state_of(home.find("0c1d0004")).error.remedy,
        farewell(stopped, Followed(state_of(stopped), "ctrl+c")).remedy,
        ending(home.find("0c1d0006"), state_of(stopped)).remedy, hint(home.path, "runs stop 0c1d0005"),
    ]  # fmt: skip
    return home, {match[0].strip() for text in said for match in HINT.finditer(text)}


def test_hints_work_as_they_stand_from_the_root_folder(hints, monkeypatch, capsys):
    home, lines = hints
    monkeypatch.chdir("/")
    monkeypatch.setenv("PYTHONPATH", str(STAND_IN))
    monkeypatch.setenv("SCENARIO", "well")
    seen = set()
    for line in sorted(lines):
        words = shlex.split(line)[3:]
        code = main([*shlex.split(line)[1:], "--json"])
        document = json.loads(capsys.readouterr().out)
        seen.add(tuple(words[:-1] if words[0] == "runs" and len(words) > 2 else words))
        assert code == 0 or words[:2] == ["runs", "follow"] or words == ["backtest"], (line, document)
        if words[-1] in {run.id for run in home.all()}:
            assert document["run"] == words[-1]
        elif words == ["runs", "list"]:
            assert len(document["runs"]) == len(home.all())
    assert seen >= {("demo",), ("run",), ("runs", "list"), ("runs", "follow"), ("runs", "resume")}


def test_a_home_that_the_shell_names_is_left_out(tmp_path, monkeypatch):
    monkeypatch.setenv("QUANTDECK_HOME", str(tmp_path))
    assert hint(tmp_path, "runs list") == "quantdeck runs list"
    monkeypatch.setenv("QUANTDECK_HOME", "artifacts")
    assert home_option(tmp_path / "artifacts").startswith("--home ")
