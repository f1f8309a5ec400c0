"""One finished run, carried out by a process of its own, and copies of it to damage."""

import shutil
from pathlib import Path

import pytest

from engine.runs.folder import RunFolder
from engine.runs.home import Home
from soak.bits import finished
from soak.settings import SMALL


@pytest.fixture(scope="session")
def whole(tmp_path_factory):
    return finished(tmp_path_factory.mktemp("whole") / "home", SMALL)


@pytest.fixture
def home(whole, tmp_path):
    """A home of one's own with a copy of the finished run and of the data in it."""
    shutil.copytree(whole.path.parents[1], tmp_path / "home")
    return Home(Path(tmp_path / "home"))


@pytest.fixture
def run(home, whole):
    return RunFolder(home.runs / whole.id)
