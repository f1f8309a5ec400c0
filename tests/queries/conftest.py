"""One run folder with a backtest for the whole room; tests that damage it take a copy."""

import shutil

import pytest

from engine.runs.folder import RunFolder
from engine.runs.home import Home
from tests.queries.results import backtested


@pytest.fixture(scope="session")
def kept(tmp_path_factory):
    return backtested(Home(tmp_path_factory.mktemp("home")), 1500, seed=1)


@pytest.fixture
def copied(kept, tmp_path):
    path = tmp_path / "runs" / kept.id
    shutil.copytree(kept.path, path)
    return RunFolder(path)
