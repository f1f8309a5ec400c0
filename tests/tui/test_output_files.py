"""Files that somebody names for output: nothing of his or of quantdeck's is written over unasked."""

import json
import os
import shutil
from pathlib import Path

import pytest

from engine.disk import refuse_output
from engine.errors import ChangeSettingsError
from engine.runs.home import Home
from tests.queries.results import backtested
from tui.cli import main

pytestmark = pytest.mark.usefixtures("one_engine")

CANDLES = "time,open,high,low,close,volume\n" + "".join(
    f"2025-01-{day:02} 00:00,{day},{day + 1},{day - 1},{day},1\n" for day in range(2, 30)
)
# Each writes to the file that it is given, of the suffix that it takes.
WRITERS = {
    "export": (("data", "export", "mine"), ".parquet"),
    "export as csv": (("data", "export", "mine"), ".csv"),
    "trades": (("trades", "last", "--csv"), ".csv"),
    "report": (("report", "last"), ".html"),
    "sweep": (("sweep", "last", "-s", "fee_bps=1,2", "--csv"), ".csv"),
    "runs": (("runs", "list", "--csv"), ".csv"),
    "epochs": (("runs", "show", "last", "--csv"), ".csv"),
    "init": (("init", "-c"), ".toml"),
}
NUMBERED = {"sweep", "runs", "epochs"}  # a file that exists is kept, and the new one numbered
PLACES = {
    "the store": "{home}/data/mine{suffix}",
    "a run": "{home}/runs/x{suffix}",
    "the home": "{home}/y{suffix}",
    "a folder that leads there": "{folder}/link/mine{suffix}",
    "a way round": "{folder}/../{name}/home/data/mine{suffix}",
    "a link to a file of it": "{folder}/alias{suffix}",
}


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    return backtested(Home(tmp_path_factory.mktemp("kept")), 700, seed=3).path.parents[1]


@pytest.fixture
def home(tmp_path, monkeypatch, kept):
    monkeypatch.chdir(tmp_path)
    home = tmp_path / "home"
    shutil.copytree(kept, home)
    monkeypatch.setenv("QUANTDECK_HOME", str(home))
    (tmp_path / "candles.csv").write_text(CANDLES)
    assert main(["data", "import", "candles.csv", "--name", "mine"]) == 0
    (tmp_path / "link").symlink_to(home / "data")
    for suffix in (".csv", ".parquet", ".html", ".toml"):
        (tmp_path / f"alias{suffix}").symlink_to(home / "data" / "mine.parquet")
    return home


def contents(folder):
    """Every file of a folder with its bytes, but for what looking at a result leaves."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {
        path: path.read_bytes() for path in files if path.suffix in {".parquet", ".csv", ".keras", ".toml"}
    }


@pytest.mark.parametrize("place", PLACES)
def test_every_way_into_the_home_is_seen(home, tmp_path, place):
    path = Path(PLACES[place].format(home=home, folder=tmp_path, name=tmp_path.name, suffix=".csv"))
    with pytest.raises(ChangeSettingsError, match="lies in the home"):
        refuse_output(path, home, replace=True)


@pytest.mark.parametrize("writer", WRITERS)
def test_nothing_is_written_into_the_home(home, tmp_path, capsys, writer):
    words, suffix = WRITERS[writer]
    before = contents(home)
    path = PLACES["a link to a file of it"].format(folder=tmp_path, suffix=suffix)
    assert main([*words, path, "--force"] if writer not in NUMBERED else [*words, path]) == 2
    assert "lies in the home" in capsys.readouterr().err
    assert contents(home) == before


@pytest.mark.parametrize("writer", sorted(WRITERS.keys() - NUMBERED))
def test_a_file_that_exists_is_replaced_when_that_is_asked_for_alone(home, tmp_path, capsys, writer):
    words, suffix = WRITERS[writer]
    path = tmp_path / f"mine{suffix}"
    path.write_text("a year of notes")
    assert main([*words, str(path)]) == 2
    assert "--force" in capsys.readouterr().err
    assert path.read_text() == "a year of notes"
    assert main([*words, str(path), "--force"]) == 0
    assert b"a year of notes" not in path.read_bytes()
    folder = tmp_path / f"folder{suffix}"
    folder.mkdir()
    assert main([*words, str(folder), "--force"]) == 2
    pipe = tmp_path / f"pipe{suffix}"
    os.mkfifo(pipe)
    assert main([*words, str(pipe), "--force"]) == 2


@pytest.mark.parametrize("writer", sorted(NUMBERED))
def test_a_table_beside_a_file_that_exists_is_numbered(home, tmp_path, capsys, writer):
    words, suffix = WRITERS[writer]
    path = tmp_path / f"mine{suffix}"
    path.write_text("a year of notes")
    capsys.readouterr()
    assert main([*words, str(path), "--json"]) == 0
    written = json.loads(capsys.readouterr().out)["path"]
    assert written == str(tmp_path / f"mine-2{suffix}")
    assert path.read_text() == "a year of notes"


def test_a_sweep_is_refused_its_file_before_the_work(home, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr("tui.commands.sweep.EngineClient", None)
    words, suffix = WRITERS["sweep"]
    assert main([*words, f"~/alias{suffix}"]) == 2
    assert "lies in the home" in capsys.readouterr().err
