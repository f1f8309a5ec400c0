"""Where caches and states of the user lie, whoever that is."""

import pwd
from pathlib import Path

import pytest

from engine import user_folders
from engine.code_cache import cache_folder
from engine.runs import trial_store
from tui.cli import main
from tui.runs import looks

VARIABLES = ("HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME", "QUANTDECK_LEDGER")


@pytest.fixture(autouse=True)
def unset(monkeypatch):
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def nobody(monkeypatch):
    """The user is in no list, as in containers that are started with a number."""

    def unknown(_):
        raise KeyError

    monkeypatch.setattr(pwd, "getpwuid", unknown)


def test_without_home_the_list_of_users_knows(monkeypatch):
    listed = Path(pwd.getpwuid(0).pw_dir)
    monkeypatch.setattr("os.getuid", lambda: 0)
    assert user_folders.own_folder() == listed
    assert user_folders.caches() == listed / ".cache"


@pytest.mark.parametrize("words", [[], ["runs", "list"], ["ledger"], ["doctor"]])
def test_a_user_whom_nobody_knows_can_work(nobody, words, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    main([*words, "--home", str(tmp_path / "home")])
    assert "own fault" not in capsys.readouterr().err
    assert cache_folder().is_relative_to(user_folders.NOWHERE)
    assert looks.short(tmp_path) == str(tmp_path)


def test_where_nothing_of_the_user_can_be_written_the_ledger_lies_in_the_home(nobody, tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setattr(user_folders, "NOWHERE", tmp_path / "file" / "nonexistent")
    assert trial_store.place(tmp_path / "home") == trial_store.Place(
        tmp_path / "home/trials.sqlite", alone=True
    )


@pytest.mark.parametrize("home", ["", ".", "a/b"])
def test_a_path_that_depends_on_where_one_stands_is_none(home, monkeypatch):
    monkeypatch.setenv("HOME", home)
    monkeypatch.setenv("XDG_CACHE_HOME", "caches")
    assert user_folders.caches().is_absolute()
