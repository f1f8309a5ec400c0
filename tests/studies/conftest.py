"""What tests of own features share: processes that have imported the libraries, and a short market."""

import pytest

from engine.studies.leak_audit import ends, probe, single_bars
from engine.studies.leak_audit.forks import ForkServers
from engine.studies.leak_audit.isolation import LIBRARIES

AHEAD = ["sklearn.cluster", "sklearn.preprocessing", "scipy.signal", "scipy.ndimage", "scipy.interpolate"]


@pytest.fixture(scope="session")
def servers():
    """One server for all files: each replay is a fork of its own, and computes in one thread."""
    made = ForkServers([*LIBRARIES, *AHEAD], 1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OMP_NUM_THREADS", "1")
        made.start()
    return made


@pytest.fixture
def fewer_cuts(monkeypatch):
    """A day for a week, and fewer of each kind of cut, on a history that is as much shorter.

    `soak.leaks` has them all, and that an audit's cuts meet every hour of four weeks has tests of its own.
    """
    for name, value in {"CUTS": 8, "PERIOD": 24, "WARM": 100, "EVERYWHERE": 40}.items():
        monkeypatch.setattr(probe, name, value)
    for name, value in {"EACH": 1, "FEWEST_RARE": 1, "SHARED": 24, "RARE": 8, "PHASES": 24}.items():
        monkeypatch.setattr(ends, name, value)
    monkeypatch.setattr(single_bars, "EVERY", 5)
