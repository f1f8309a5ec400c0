"""Run folders: made whole, found by id, name, beginning or `last`, deleted without touching anything else."""

import datetime as dt
import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from engine.errors import ChangeSettingsError, RepairDataError
from engine.runs.events import clock
from engine.runs.folder import RunFolder
from engine.runs.home import Home, home_path, matching
from engine.runs.order import FILE
from engine.runs.summary import summaries
from engine.settings import Settings, load, make, pinned


@dataclass(frozen=True)
class Called:
    """What a run is called."""

    id: str
    name: str


def made(home, *modes):
    return [home.create(mode, Settings()) for mode in modes]


def renamed(run, run_id, created="2026-01-01T00:00:00.000Z"):
    """The run under an id and a time of the test's own choice."""
    about = json.loads(run.about_path.read_bytes()) | {"id": run_id, "created": created}
    run.about_path.write_text(json.dumps(about))
    return RunFolder(run.path.rename(run.path.parent / run_id))


def test_a_new_run_is_whole_and_private(home):
    settings = make({"training": {"epochs": 5}})
    run = home.create("backtest", settings, of="0a1b2c3d", name=" lstm btc ")
    assert run.path.parent == home.runs
    assert run.path.stat().st_mode & 0o777 == 0o700
    assert (run.id, run.mode, run.of, run.name) == (run.path.name, "backtest", "0a1b2c3d", "lstm btc")
    assert len(run.id) == 8
    assert int(run.id, 16) >= 0
    assert run.created.endswith("Z")
    assert len(run.created) == len("2026-11-22T18:04:05.123Z")
    assert load(run.settings_path) == pinned(settings)
    assert json.loads(run.about_path.read_bytes())["quantdeck"]
    assert sorted(path.name for path in run.path.iterdir()) == ["run.json", "settings.toml"]


@pytest.mark.parametrize("name", ["a/b", "..", "a..b", "\x1b[31mred", "two\nlines", "x" * 81, "\u202eabc"])
def test_names_that_mislead_are_refused(home, name):
    with pytest.raises(ChangeSettingsError, match="run name"):
        home.create("run", Settings(), name=name)
    assert home.all() == []


def test_an_unknown_mode_is_refused(home):
    with pytest.raises(ChangeSettingsError, match="Use one of run, train, backtest, update"):
        home.create("dream", Settings())


def test_runs_come_in_the_order_of_their_making(home):
    runs = made(home, "run", "train", "update", "backtest")
    runs = [
        renamed(runs[0], "bbbbbbbb", "2026-01-02T00:00:00.000Z"),
        renamed(runs[1], "cccccccc", "2026-01-01T00:00:00.000Z"),
        renamed(runs[2], "00000000", "2026-01-02T00:00:00.000Z"),
        renamed(runs[3], "aaaaaaaa", "2025-12-31T23:59:59.999Z"),
    ]
    assert [run.id for run in home.all()] == ["aaaaaaaa", "cccccccc", "00000000", "bbbbbbbb"]
    assert home.find("last").id == "bbbbbbbb"
    assert home.find("last", ["train"]).id == "cccccccc"


@pytest.mark.parametrize("minutes", [(0, 0, 0, 0, 0), (4, 3, 2, 1, 0), (1, 2, 99, 3, 4), (0, 1, -9, -8, 5)])
def test_what_was_made_last_is_last_whatever_the_clock_says(home, monkeypatch, minutes):
    began, left = clock(), iter(minutes)
    monkeypatch.setattr("engine.runs.home.clock", lambda: began + dt.timedelta(minutes=next(left)))
    runs = made(home, *["train"] * len(minutes))
    assert home.all() == runs
    assert [run for run, _ in summaries(home)] == runs
    assert home.find("last") == runs[-1]
    home.delete(runs[2])
    assert home.all() == [*runs[:2], *runs[3:]]


@pytest.mark.parametrize("content", [b"", b"\xff\0\n", b"12345678\n" * 9, None])
def test_where_the_order_is_not_kept_the_clock_tells(home, content):
    runs = made(home, "train", "train")
    runs = [renamed(runs[0], "ffffffff"), renamed(runs[1], "00000000", "2026-01-01T00:00:00.001Z")]
    path = home.path / FILE
    path.unlink()
    if content is None:
        os.mkfifo(path)
    else:
        path.write_bytes(content)
    assert home.all() == runs


def test_find_by_id_and_by_prefix(home):
    first, second, third = made(home, "train", "train", "backtest")
    first, second, third = renamed(first, "3f2a0000"), renamed(second, "3f2b0000"), renamed(third, "12345678")
    assert home.find("3f2a0000") == first
    assert home.find("3f2b") == second
    assert home.find("1") == third
    with pytest.raises(ChangeSettingsError, match=r"fits 2 runs.*3f2a0000 \(train\), 3f2b0000 \(train\)"):
        home.find("3f2")
    with pytest.raises(ChangeSettingsError, match=r"no such run.*3f2a0000"):
        home.find("3f2a0001")
    with pytest.raises(ChangeSettingsError, match=r"is of mode backtest, and this takes train"):
        home.find("12345678", ["train"])


@pytest.mark.parametrize("text", ["", "..", "../x", "LAST", "\x1b[2J", "3f2a00001", "*", "zzz"])
def test_what_is_no_id_is_refused_and_shown_harmlessly(home, run, text):
    with pytest.raises(ChangeSettingsError, match="no such run") as refused:
        home.find(text)
    assert "\x1b" not in str(refused.value)
    assert refused.value.exit_code == 2


@given(st.data())
@examples(max_examples=100, deadline=None)
def test_a_name_means_its_run_unless_it_may_mean_another(data):
    ids = data.draw(st.lists(st.text("ab0", min_size=8, max_size=8), min_size=1, max_size=5, unique=True))
    runs = [Called(run_id, data.draw(st.text("ab0", max_size=3))) for run_id in ids]
    text = data.draw(st.text("ab0", min_size=1, max_size=9) | st.sampled_from(ids))
    found = matching(runs, text)
    if exact := [run for run in runs if run.id == text]:
        assert found == exact
    elif better := [run for run in runs if run.name == text or run.id.startswith(text)]:
        assert found == better
    else:
        assert found == [run for run in runs if run.name.startswith(text)]


def test_a_name_that_several_have_is_refused_with_all_of_them(home, run):
    assert home.find("lstm-btc") == home.find("lstm-") == run
    first, second = (home.create("train", make({}), name=name) for name in ("twin", "twin"))
    for text in ("twin", "tw"):
        with pytest.raises(ChangeSettingsError, match="fits 2 runs") as refused:
            home.find(text)
        assert first.id in refused.value.remedy
        assert second.id in refused.value.remedy
    made(home, "backtest")
    with pytest.raises(ChangeSettingsError, match=rf"{run.id}: is of mode train, and this"):
        home.find("lstm-btc", ["backtest"])
    with pytest.raises(ChangeSettingsError, match="lstm-btc"):
        home.find("lstm-bct")


def test_without_runs_the_command_that_makes_one_is_named(home):
    for modes, command in [(("run", "train"), "run"), (("train",), "train")]:
        with pytest.raises(
            ChangeSettingsError, match=f"yet in .*Start one: quantdeck --home {home.path} {command}$"
        ):
            home.find("last", modes)
    with pytest.raises(ChangeSettingsError, match="there is no run yet"):
        home.find("3f2a")


def test_folders_that_are_no_runs_are_left_out(home, run):
    (home.runs / "12345678").mkdir()
    (home.runs / "notes").mkdir()
    (home.runs / "file").write_text("x")
    (home.runs / "87654321").symlink_to(run.path)
    shutil.copytree(run.path, home.runs / "aaaaaaaa")
    shutil.copytree(run.path, home.runs / "bbbbbbbb")
    (home.runs / "bbbbbbbb" / "run.json").write_text('{"id": "bbbb')
    assert home.all() == [run]
    with pytest.raises(RepairDataError, match="is no run"):
        home.find("12345678")
    with pytest.raises(RepairDataError, match=f"holds a copy of run {run.id}"):
        home.find("aaaaaaaa")
    with pytest.raises(RepairDataError, match="cannot be read"):
        home.find("bbbbbbbb")


@pytest.mark.parametrize(
    "content",
    ["[]", "{}", "null", "[" * 100_000, '{"id": 7}', "\xff"],
    ids=["[]", "{}", "null", "deep", "id", "bytes"],
)
def test_a_broken_about_file_is_told(run, content):
    run.about_path.write_text(content, encoding="latin-1")
    with pytest.raises(RepairDataError, match=r"run\.json"):
        assert RunFolder(run.path).id


def test_an_about_file_with_a_dangerous_id_is_refused(run):
    about = json.loads(run.about_path.read_bytes())
    run.about_path.write_text(json.dumps(about | {"id": "../../x"}))
    with pytest.raises(RepairDataError, match="no valid id"):
        assert RunFolder(run.path).id


def test_deleting_follows_no_links(home, run, tmp_path):
    treasure = tmp_path / "treasure"
    treasure.mkdir()
    (treasure / "model.keras").write_text("precious")
    (run.path / "link").symlink_to(treasure)
    (run.path / "file-link").symlink_to(treasure / "model.keras")
    (run.path / "folder").mkdir()
    (run.path / "folder" / "inner").write_text("x")
    home.delete(run)
    assert (treasure / "model.keras").read_text() == "precious"
    assert home.all() == []
    assert list(home.runs.iterdir()) == []


def test_deleting_refuses_what_is_no_run_of_this_home(home, run, tmp_path):
    other = Home(tmp_path / "other").create("run", Settings())
    link = home.runs / "12345678"
    link.symlink_to(other.path)
    outside = home.runs / ".." / ".." / "other" / "runs" / other.id
    for path in (other.path, link, outside, home.runs / "..", home.runs, home.path, Path("/")):
        with pytest.raises(ChangeSettingsError, match="no run of this home"):
            home.delete(RunFolder(path))
    assert other.about_path.exists()
    assert home.all() == [run]


def test_a_lock_that_is_a_link_is_not_followed(home, run, tmp_path):
    (tmp_path / "target").write_text("x")
    run.lock_path.symlink_to(tmp_path / "target")
    with pytest.raises(Exception, match="cannot be written"):
        home.delete(run)
    assert home.closed() == [run.path]


def test_what_an_interrupted_deletion_left_goes_with_the_next(home, run):
    left = home.runs / ".deleted-12345678-87654321"
    left.mkdir()
    (left / "model.keras").write_text("x")
    home.delete(run)
    assert not left.exists()


def test_the_home_is_what_was_given_or_the_environment_or_artifacts(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("QUANTDECK_HOME", raising=False)
    assert home_path(None) == tmp_path / "artifacts"
    monkeypatch.setenv("QUANTDECK_HOME", "elsewhere")
    assert home_path(None) == tmp_path / "elsewhere"
    assert home_path("/given") == Path("/given")
    with pytest.raises(ChangeSettingsError, match="control characters"):
        home_path("a\x1b[2J")
