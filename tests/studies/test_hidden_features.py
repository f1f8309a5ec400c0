"""Leaks behind rare moments and in common tools are named; so is what comes from outside by any way."""

import os
import pickle
import socket
import threading
from multiprocessing import shared_memory
from pathlib import Path

import numpy as np
import pytest

from engine.own_modules import data_within
from engine.studies.leak_audit import ends, probe, seccomp
from engine.studies.leak_audit.watch import installed_files, is_of_a_library
from tests.studies import hidden_features
from tests.studies.judged import isolated_of, judged
from tests.studies.test_what_features_take import bars

GAPS = ((0.85, 30), (0.9, 40), (0.95, 20))
NUMBERS = np.random.default_rng(1).normal(size=600).round(4).tolist()


@pytest.mark.parametrize(
    ("table", "warm_up", "gaps", "after"),
    [
        (hidden_features.LEAKS, 0, (), 0),
        (hidden_features.RARE, 0, GAPS, 500),
        (hidden_features.SLOW, 450, (), 700),
    ],
)
def test_every_leak_is_named(tmp_path, servers, fewer_cuts, monkeypatch, table, warm_up, gaps, after):
    if after:  # they show right behind some of their bars alone
        monkeypatch.setattr(probe, "CUTS", 24)
        monkeypatch.setattr(ends, "FEWEST_RARE", 4)
        monkeypatch.setattr(ends, "SHARED", 96)
    path = hidden_features.written(tmp_path / "mine.py", table, {"after": after}, warm_up, week=24)
    found = judged(tmp_path, path, isolated_of(path, servers), gaps)
    assert found.leaks | found.unjudged == set(table)
    assert not found.outside


def test_no_honest_feature_is_accused(tmp_path, servers, fewer_cuts):
    values = {"holidays": list(range(17_900, 18_300, 10)), "coefficients": np.hanning(64).round(4).tolist()}
    path = hidden_features.written(tmp_path / "mine.py", hidden_features.HONEST, values, week=24)
    found = judged(tmp_path, path, isolated_of(path, servers))
    assert not any((found.leaks, found.unjudged, found.unsteady, found.outside))


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
    path = hidden_features.written(tmp_path / "mine.py", {name: hidden_features.OUTSIDE[name]}, around)
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


def test_no_socket_is_opened_and_no_priority_moved_where_the_kernel_can_refuse_it():
    child = os.fork()
    if child == 0:
        refused = seccomp.no_sockets()
        allowed = [each for each in (opens_a_socket, lowers_priority) if not is_refused(each)]
        os._exit(1 if refused and allowed else 7)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7


def opens_a_socket():
    socket.socketpair()
    socket.socket(socket.AF_INET, socket.SOCK_DGRAM)


def lowers_priority():
    os.setpriority(os.PRIO_PROCESS, os.getppid(), os.getpriority(os.PRIO_PROCESS, 0))


def is_refused(act):
    try:
        act()
    except PermissionError:
        return True
    return False


def test_no_call_in_a_fork_sees_how_much_another_printed(servers):
    assert [servers.call(printed_before) for _ in range(2)] == [(0, 0), (0, 0)]


def printed_before(folder):
    before = os.lseek(1, 0, os.SEEK_CUR), os.lseek(2, 0, os.SEEK_CUR)
    os.write(1, b"a level" * 100)
    return before
