"""Runs that one may not read are told of, and never taken for none."""

import json
import os

import pytest

from engine.runs import lock
from engine.runs.home import Home
from engine.runs.unreadable import UNKNOWN, owner_of, unreadable
from tests.ordinary_user import ordinary_user
from tests.tui.app.conftest import ready
from tests.tui.app.recorded import NOON, home_of_all
from tests.tui.results.conftest import text_of
from tui.app import Quantdeck
from tui.cli import main
from tui.runs.watch import Watch


@pytest.fixture
def place(tmp_path):
    """A folder, whose parts are opened again in the end."""
    yield tmp_path
    for folder in (tmp_path, *tmp_path.rglob("*")):
        folder.chmod(0o755)


def close(home, count):
    """Close the first folders of runs; whose they are."""
    for run in home.all()[:count]:
        run.path.chmod(0)
    return owner_of(home.runs)


@pytest.mark.parametrize("closed", [0, 1, 2, 5])
def test_they_are_counted_by_owner(place, closed, capsys):
    home = home_of_all(place / "home")
    owner = close(home, closed)
    said = f"{closed} run{'s' * (closed > 1)} of {owner} cannot be read"
    with ordinary_user():
        assert unreadable(home) == ({owner: closed} if closed else {})
        for words in ([], ["runs", "list"]):
            assert main([*words, "--home", str(home.path)]) == 0
            text = capsys.readouterr().out
            assert (said in text) == bool(closed)
            assert "no runs yet" not in text
            assert main([*words, "--home", str(home.path), "--json"]) == 0
            assert json.loads(capsys.readouterr().out)["unreadable"] == unreadable(home)


@pytest.mark.parametrize("file", ["run.json", "events.jsonl", "lock"])
def test_one_whose_log_or_lock_is_closed_spoils_no_list(place, file, capsys):
    home = home_of_all(place / "home")
    closed, *others = home.all()
    (closed.path / file).touch()
    (closed.path / file).chmod(0)
    with ordinary_user():
        for words in ([], ["runs", "list"]):
            assert main([*words, "--home", str(home.path)]) == 0
            assert f"1 run of {owner_of(home.runs)} cannot be read" in capsys.readouterr().out
        assert home.all() == others
        for named, said in ((closed.path.name, "you may not read it"), ("none", "those that you may read")):
            assert main(["runs", "show", named, "--home", str(home.path)]) == 2
            assert said in capsys.readouterr().err


def test_a_lock_that_somebody_else_has_made_is_taken_all_the_same(place):
    path = place / ".lock-series"
    path.touch()
    path.chmod(0o444)
    with ordinary_user():
        handle = lock.take(path)
        assert lock.held(path)
        assert lock.take(path, 0) is None
        os.close(handle)
        assert not lock.held(path)


def test_where_all_are_closed_none_is_said_to_be_lacking(place, capsys):
    home = home_of_all(place / "home")
    close(home, len(home.all()))
    with ordinary_user():
        assert main(["runs", "show", "last", "--home", str(home.path)]) == 2
    said = capsys.readouterr().err
    assert "you may read none of" in said
    assert "Start one" not in said


def test_the_watch_goes_on_past_a_lock_that_is_closed_while_it_looks(place):
    home = home_of_all(place / "home")
    watch = Watch(home, lambda: None)
    watch.poll()
    run = home.all()[0]
    run.lock_path.touch()
    run.lock_path.chmod(0)
    with run.events_path.open("ab") as log:
        log.write(b"\n")  # there is something to read
    with ordinary_user():
        watch.poll(everything=False)
        for each in watch.snapshot.runs:
            watch.read_log(each.id)
        watch.poll()
        assert len(watch.snapshot.runs) == len(home.all())


@pytest.mark.parametrize(("folder", "mode"), [("", 0), ("runs", 0o311)])
def test_a_folder_that_may_not_be_listed_is_told_of(place, folder, mode, capsys):
    home = home_of_all(place / "home")
    (home.path / folder).chmod(mode)
    with ordinary_user():
        assert unreadable(home) == {owner_of(home.path): UNKNOWN}
        assert main(["--home", str(home.path)]) == 0
        text = capsys.readouterr().out
        assert f"runs of {owner_of(home.path)} cannot be read" in text
        assert "no runs yet" not in text


def test_an_empty_home_has_no_runs_yet(place, capsys):
    assert unreadable(Home(place / "none")) == {}
    assert main(["--home", str(place / "none")]) == 0
    assert "no runs yet" in capsys.readouterr().out


@pytest.mark.parametrize("first", ["train", "runs"])
async def test_the_app_tells_of_them(place, first, monkeypatch):
    monkeypatch.chdir(place)
    home = home_of_all(place / "home")
    owner = close(home, 5)
    with ordinary_user():
        deck = Quantdeck(home, first=first, now=lambda: NOON)
        async with deck.run_test(size=(80, 22)) as pilot:
            await ready(pilot)
            assert f"5 runs of {owner} cannot be read" in text_of(deck)
            assert "No run yet" not in text_of(deck)
