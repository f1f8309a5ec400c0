"""A run repeated equals the original; what is not the same is named; runs come in from elsewhere verified."""

import fcntl
import json
import shutil

import numpy as np
import pandas as pd
import pytest

from engine import settings
from engine.errors import ChangeSettingsError, RepairDataError
from engine.lineage.comparison import frames_differ
from engine.outcome import parquet
from engine.results.answers import Comparison, ExaminedModel
from engine.runs.home import Home
from engine.runs.import_run import import_folder
from engine.runs.launch import launch, wait
from engine.runs.manifest import verify, write_manifest
from engine.runs.repetition import repeat
from engine.runs.requests import ask
from engine.runs.state import state_of


def carried_out(run):
    launch(run)
    assert wait(run, 200)
    assert state_of(run).status == "done", state_of(run).error
    return run


def compared(one, other):
    return ask({"do": "runs.compare", "original": str(one.path), "again": str(other.path)}, Comparison)


def test_a_repeated_run_equals_the_original_in_a_new_process(home, run):
    again = carried_out(repeat(home, run))
    assert (again.now, again.repeats) == (run.created, run.id)
    found = compared(run, again)
    assert found.equal, found
    assert found.because == ()
    assert {"model.keras", "trades.csv", "predictions.parquet", "metrics", "training"} <= set(found.compared)
    for name in ("model.keras", "scaler.joblib", "trades.csv", "equity.parquet", "predictions.parquet"):
        assert (again.path / name).read_bytes() == (run.path / name).read_bytes()


def test_a_difference_is_named_with_its_reason(home, run):
    copy = Home(home.path.with_name("other"))
    shutil.copytree(home.path, copy.path)
    other = copy.find(run.id)
    result, origin = (json.loads(path.read_bytes()) for path in (other.result_path, other.origin_path))
    result["metrics"]["sharpe"] = 9.0
    origin |= {"data": "0" * 64, "devices": 7, "machine": "abacus"}
    origin["versions"]["jax"] = "0.0.1"
    other.result_path.write_text(json.dumps(result))
    other.origin_path.write_text(json.dumps(origin))
    write_manifest(other.path, ["result.json", "origin.json"])
    found = compared(run, other)
    assert list(found.differ) == ["metrics"]
    assert found.differ["metrics"].startswith("sharpe 9.0, was ")
    reasons = " ".join(found.because)
    assert all(each in reasons for each in ("market data", "7 devices", "abacus", "jax 0.0.1"))


def test_the_same_settings_and_data_are_found(home, run):
    chosen = settings.load(run.settings_path)
    again = carried_out(home.create("train", chosen))
    notes = [note.text for note in state_of(again).notes]
    assert f"already trained: run {run.id} has this model, from the same settings and data" in notes


def test_what_is_damaged_or_unfinished_is_not_repeated(home, run):
    begun = home.create("run", settings.Settings())
    with pytest.raises(RepairDataError, match=r"manifest\.json is missing"):
        repeat(home, begun)
    update = home.create("update", settings.Settings())
    with pytest.raises(ChangeSettingsError, match="not repeated"):
        repeat(home, update)
    (run.path / "trades.csv").write_text("x")
    with pytest.raises(RepairDataError, match=r"trades\.csv"):
        repeat(home, run)


def examined(run):
    return ask({"do": "runs.examine", "path": str(run.path)}, ExaminedModel).found


def test_a_run_from_elsewhere_is_verified_copied_and_its_trust_told(run, tmp_path):
    (run.path / "stray.joblib").write_bytes(b"not of the manifest")
    home = Home(tmp_path / "mine")
    imported = import_folder(home, run.path, examined)
    assert home.find("last").id == run.id
    assert verify(imported.run.path) == []
    assert not (imported.run.path / "stray.joblib").exists()
    assert state_of(imported.run).status == "done"
    trusts = " ".join(imported.trusts)
    assert "who made it is unknown" in trusts
    assert "stock layers only (LSTM, Dropout, LSTM, Dense)" in trusts
    with pytest.raises(ChangeSettingsError, match="in this home already"):
        import_folder(home, run.path, examined)


def test_a_program_that_a_run_brings_is_told(run, tmp_path):
    run.features_path.write_text("names = ()")
    write_manifest(run.path, [run.features_path.name])
    trusts = import_folder(Home(tmp_path / "mine"), run.path, examined).trusts
    assert any("features.py" in line and "read it first" in line for line in trusts)


@pytest.mark.parametrize("damage", ["bit", "link", "mode", "manifest", "name", "bomb"])
def test_a_run_that_is_not_what_it_says_is_left_outside(run, tmp_path, damage):
    home, folder = Home(tmp_path / "mine"), run.path
    if damage == "bit":
        content = bytearray((folder / "model.keras").read_bytes())
        content[1000] ^= 1
        (folder / "model.keras").write_bytes(content)
    elif damage == "link":
        (folder / "trades.csv").unlink()
        (folder / "trades.csv").symlink_to("/etc/hostname")
    elif damage == "mode":
        run.about_path.write_text(run.about_path.read_text().replace('"run"', '"train"'))
    elif damage == "manifest":
        run.manifest_path.unlink()
    elif damage == "name":
        folder = folder.rename(folder.with_name("00000000"))
    else:
        (folder / "scaler.joblib").write_bytes(b"\x80\x04cos\nsystem\n(Vtrue\ntR.")
        write_manifest(folder, ["scaler.joblib"])
    with pytest.raises(RepairDataError):
        import_folder(home, folder, examined)
    assert home.all() == []
    assert not [path for path in home.path.rglob("*") if path.is_file()]


def test_what_a_killed_import_left_is_swept_and_one_under_way_is_not(run, tmp_path):
    home = Home(tmp_path / "mine")
    dead, living = home.path / ".incoming-dead", home.path / ".incoming-living"
    for folder in (dead, living):
        (folder / run.id).mkdir(parents=True)
        (folder / "lock").touch()
    with (living / "lock").open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        import_folder(home, run.path, examined)
    assert not dead.exists()
    assert living.exists()
    assert len(list(home.path.glob(".incoming-*"))) == 1


def test_what_only_a_later_version_keeps_is_no_difference_and_what_lacks_is_one():
    less = pd.DataFrame({"prediction": [0.1, np.nan]})
    more = less.assign(low=0.0, high=1.0)
    assert frames_differ(parquet(less), parquet(more)) == ""
    assert frames_differ(parquet(more), parquet(less)) == "has 2 rows and 1 columns, had 2 and 3"
    assert "prediction in 1 of 2 rows" in frames_differ(parquet(less), parquet(more.fillna(0.2)))
