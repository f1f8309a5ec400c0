"""`quantdeck doctor` on machines that lack something."""

import errno
import time
from importlib import metadata

import pytest

from engine.disk import NEEDED_MB
from engine.errors import MakeRoomError
from tests.ordinary_user import ordinary_user
from tui.commands import doctor


def nowhere():
    """What tempfile says that may write into none of its folders."""
    raise FileNotFoundError(errno.ENOENT, "No usable temporary directory found in ['/tmp']")


def state_of(home, what):
    answer = doctor.doctor(str(home))
    return next(each["state"] for each in answer.document["findings"] if each["what"] == what), answer


def test_a_machine_that_has_everything(deck):
    document = deck.json("doctor")
    assert document["bad"] == 0
    assert {each["group"] for each in document["findings"]} == {
        "installed",
        "machine",
        "folders",
        "surroundings",
    }
    assert all(each["remedy"] for each in document["findings"] if each["state"] != "good")


@pytest.mark.parametrize(
    ("where", "name", "value", "what", "state"),
    [
        (time, "gmtime", lambda: time.struct_time((1970, 1, 1, 0, 0, 0, 3, 1, 0)), "clock", "bad"),
        (doctor, "memory_to_be_had", lambda: 1 << 29, "memory", "warn"),
        (doctor.resource, "getrlimit", lambda _: (64, 64), "open files", "warn"),
        (doctor, "free_mb", lambda _: NEEDED_MB, "home", "warn"),
        (doctor, "free_mb", lambda _: NEEDED_MB - 1, "home", "bad"),
        (doctor, "free_mb", lambda _: 0.0, "trial ledger", "bad"),
        (doctor.tempfile, "gettempdir", nowhere, "temporary files", "bad"),
        (doctor, "lacking", lambda: "LANG is C", "characters", "warn"),
    ],
)  # fmt: skip
def test_what_is_lacking_is_told_with_its_remedy(monkeypatch, tmp_path, where, name, value, what, state):
    monkeypatch.setattr(where, name, value)
    found, answer = state_of(tmp_path, what)
    assert found == state
    assert (answer.exit_code != 0) == (state == "bad")


def test_a_package_that_is_missing(monkeypatch, tmp_path):
    def version(name):
        if name == "pandas":
            raise metadata.PackageNotFoundError(name)
        return "1.0"

    monkeypatch.setattr(doctor.metadata, "version", version)
    state, answer = state_of(tmp_path, "missing packages")
    assert state == "bad"
    assert isinstance(answer.error, MakeRoomError)


@pytest.mark.parametrize("there", ["a file", "read-only"])
def test_a_home_that_cannot_be_written(tmp_path, there):
    home = tmp_path / "home"
    if there == "a file":
        home.write_text("no folder")
    else:
        home.mkdir(0o500)
    with ordinary_user():
        state, answer = state_of(home, "home")
    assert state == "bad"
    assert "home" in str(answer.error)


@pytest.mark.parametrize("what", ["home", "trial ledger"])
def test_a_full_disk_wants_room_and_no_other_rights(monkeypatch, tmp_path, what):
    def full(**_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(doctor.tempfile, "TemporaryFile", full)
    state, answer = state_of(tmp_path, what)
    (found,) = (each for each in answer.document["findings"] if each["what"] == what)
    assert state == "bad"
    assert found["remedy"].startswith("Free space")


def test_variables_that_are_left_out(monkeypatch, tmp_path):
    monkeypatch.setenv("JAX_ENABLE_X64", "1")
    assert state_of(tmp_path, "variables")[0] == "warn"


def test_each_folder_of_compiled_code_is_looked_at(deck):
    named = deck.folder / "elsewhere"
    found = deck.json("doctor", env={"NUMBA_CACHE_DIR": str(named), "LC_ALL": "C.UTF-8"})["findings"]
    assert any(str(named) in each["value"] for each in found if each["what"] == "caches")
    assert any("LC_ALL is C.UTF-8" in each["value"] for each in found if each["what"] == "characters")
