"""Leaks behind rare moments and in common tools are named; so is what comes from outside by any way."""

import os
import pickle
import socket
import threading
from multiprocessing import shared_memory
from pathlib import Path

import numpy as np
import pytest

from engine.data.importing.features_file import load_features
from engine.own_modules import data_within
from engine.studies.leak_audit import ends, probe, seccomp
from engine.studies.leak_audit.forks import ForkServers
from engine.studies.leak_audit.history import recorded
from engine.studies.leak_audit.isolation import LIBRARIES, Isolated
from engine.studies.leak_audit.replay import Replay
from engine.studies.leak_audit.stages import ordinary
from engine.studies.leak_audit.watch import installed_files, is_of_a_library
from tests.studies import hidden_features, own_features
from tests.studies.markets import END_MS, filled_store, linear, settings_of
from tests.studies.test_what_features_take import bars

GAPS = ((0.85, 30), (0.9, 40), (0.95, 20))
NUMBERS = np.random.default_rng(1).normal(size=600).round(4).tolist()


@pytest.fixture(scope="module")
def servers():
    """One server for all files: each replay is a fork of its own."""
    ahead = ["sklearn.cluster", "sklearn.preprocessing", "scipy.signal", "scipy.ndimage", "scipy.interpolate"]
    made = ForkServers([*LIBRARIES, *ahead], 2)
    made.start()
    return made


def isolated_of(path, servers):
    """The features of a file, in forks of servers that are there."""
    made = Isolated(path)
    made.forks, made.import_ahead = servers, lambda _: None
    return made


def written(file, table, values, warm_up=0):
    """A file of the features of a table; {name} and {name!r} in them become values."""
    sources = []
    for name, body in table.items():
        lines = own_features.spread(body)
        for key, value in values.items():
            lines = lines.replace(f"{{{key}!r}}", repr(value)).replace(f"{{{key}}}", str(value))
        sources.append(own_features.function(name, lines, warm_up))
    return own_features.write(file, *sources)


def probed(folder, path, servers, gaps=()):
    """What the probe says of the features of a file, and what they took from outside."""
    own, isolated = load_features(path), isolated_of(path, servers)
    names = [each.name for each in own]
    settings = settings_of(f"features.names={','.join(('return_1', *names))}")
    history = recorded(settings, filled_store(folder, settings, gaps), END_MS)
    found = probe.probe(Replay(ordinary(settings, own, linear, isolated), history), names)
    return {each.column for each in found.leaks}, set(found.unjudged), isolated


@pytest.fixture(autouse=True)
def fewer_cuts(monkeypatch):
    """They have tests of their own."""
    monkeypatch.setattr(probe, "CUTS", 8)
    monkeypatch.setattr(probe, "PERIOD", 0)
    monkeypatch.setattr(ends, "EACH", 1)
    monkeypatch.setattr(ends, "FEWEST_RARE", 1)


@pytest.mark.parametrize(
    ("table", "warm_up", "gaps", "after"),
    [
        (hidden_features.LEAKS, 0, (), 0),
        (hidden_features.RARE, 0, GAPS, 500),
        (hidden_features.SLOW, 450, (), 700),
    ],
)
def test_every_leak_is_named(tmp_path, servers, monkeypatch, table, warm_up, gaps, after):
    if after:  # they show right behind some of their bars alone
        monkeypatch.setattr(probe, "CUTS", 24)
        monkeypatch.setattr(ends, "FEWEST_RARE", 4)
    path = written(tmp_path / "mine.py", table, {"after": after}, warm_up)
    leaks, unjudged, isolated = probed(tmp_path, path, servers, gaps)
    assert leaks | unjudged == set(table)
    assert not isolated.outside


def test_no_honest_feature_is_accused(tmp_path, servers):
    values = {"holidays": list(range(17_900, 18_300, 10)), "coefficients": np.hanning(64).round(4).tolist()}
    path = written(tmp_path / "mine.py", hidden_features.HONEST, values)
    leaks, unjudged, isolated = probed(tmp_path, path, servers)
    assert (leaks, unjudged, isolated.unsteady, list(isolated.outside)) == (set(), set(), (), [])


@pytest.fixture(scope="module")
def around(tmp_path_factory):
    """What lies about for features to take: files, a server, shared memory."""
    folder = tmp_path_factory.mktemp("around")
    path = folder / "levels.csv"
    path.write_text("2\n3\n")
    Path(f"{path}.pickle").write_bytes(pickle.dumps(3.0))
    (folder / "levels_beside.py").write_text("LEVEL = 4.0\n")
    block = shared_memory.SharedMemory(create=True, size=8)
    block.buf[0] = 5
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))

        def answer():
            while (asked := server.recvfrom(9))[0] != b"end":
                server.sendto(b"7", asked[1])

        thread = threading.Thread(target=answer)
        thread.start()
        yield {
            "path": str(path), "folder": str(folder), "port": server.getsockname()[1], "block": block.name,
            "table": NUMBERS, "text": " ".join(map(str, NUMBERS)),
        }  # fmt: skip
        server.sendto(b"end", server.getsockname())
        thread.join()
    block.close()
    block.unlink()


@pytest.mark.parametrize("name", hidden_features.OUTSIDE)
def test_what_comes_from_outside_is_named(tmp_path, servers, around, name):
    path = written(tmp_path / "mine.py", {name: hidden_features.OUTSIDE[name]}, around)
    isolated = isolated_of(path, servers)
    isolated.compute([[bars(200)]])
    assert isolated.outside or isolated.unsteady


def test_tables_and_texts_are_data_and_documentation_is_none():
    numbers, prose = ", ".join(map(str, NUMBERS)), "How it is computed. " * 150
    for held in (f"A = [{numbers}]", f"A = '{numbers}'", f"'''{numbers}'''", f"A = dict(a=({numbers}))"):
        assert list(data_within(held.encode())), held
    assert not list(data_within(f"'''{prose}'''\ndef f():\n    '''{prose}'''\nA = [1, 2]".encode()))


def test_a_file_among_libraries_is_theirs_only_if_they_list_it():
    listed = next(iter(installed_files()))
    assert is_of_a_library(listed)
    assert not is_of_a_library(f"{Path(listed).parent}/levels.npy")
    assert is_of_a_library(np.__file__)


def test_no_socket_is_opened_from_any_language_where_the_kernel_can_refuse_it():
    child = os.fork()
    if child == 0:
        refused = seccomp.no_sockets()
        try:
            socket.socketpair()
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        except PermissionError:
            os._exit(7)
        finally:
            os._exit(1 if refused else 7)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
