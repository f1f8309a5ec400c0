"""Artifacts: whole or refused, before anything in them is loaded, and never a way to run code."""

import pickle
import signal
import subprocess
import sys
import time
from functools import partial

import joblib
import numpy as np
import pytest

from engine.compat import joblib_file
from engine.errors import RepairDataError
from engine.models.training import backend
from engine.runs.manifest import read_checked, verify, write_manifest
from engine.samples import scaling
from engine.settings import Model, Training

FILES = ("model.keras", "scaler.joblib", "metadata.joblib")
METADATA = {
    "run": "3f2a91c0",
    "test_dates": np.array(["2021-01-01T00:00", "2021-01-01T01:00"], "datetime64[ms]"),
    "feature_names": ["return_1", "rsi_14", "hour_sin"],
    "settings": "",
    "bounds": {"test": ["2021-01-01T00:00:00Z", "2021-01-01T01:00:00Z"]},
    "trained_until_ms": 1,
    "data_from_ms": 0,
    "data_until_ms": 2,
    "fingerprint": "00",
    "own_features": "",
    "versions": {},
}


@pytest.fixture(scope="module")
def keras_room():
    backend.prepare(Training(devices=1))
    from engine.models import artifact, lstm

    return artifact, lstm


@pytest.fixture
def saved(tmp_path, keras_room):
    artifact, lstm = keras_room
    rng = np.random.default_rng(1)
    whole = artifact.Artifact(
        (lstm.build(4, 3, Model(units=(3, 2)), seed=1),),
        scaling.fit("robust", rng.normal(size=(40, 3)), rng.normal(size=40), np.full(40, 0.1), clip=4.0),
        artifact.Metadata(**METADATA),
    )
    artifact.save(tmp_path, whole)
    write_manifest(tmp_path, FILES)
    return tmp_path, whole


def load(folder, artifact, run="3f2a91c0"):
    return artifact.load(partial(read_checked, folder), run)


def test_what_is_loaded_is_what_was_saved(saved, keras_room):
    artifact, _ = keras_room
    folder, whole = saved
    loaded = load(folder, artifact)
    for one, other in zip(loaded.models[0].get_weights(), whole.models[0].get_weights(), strict=True):
        assert (one == other).all()
    values = np.random.default_rng(2).normal(size=(5, 3))
    assert (loaded.scalers.matrix(values) == whole.scalers.matrix(values)).all()
    assert loaded.metadata.feature_names == METADATA["feature_names"]
    assert (loaded.metadata.test_dates == METADATA["test_dates"]).all()
    assert joblib.load(folder / artifact.METADATA)["feature_names"] == METADATA["feature_names"]
    assert verify(folder) == []


@pytest.mark.parametrize("name", ["model.keras", "scaler.joblib", "metadata.joblib"])
@pytest.mark.parametrize("fault", ["missing", "empty", "truncated", "one bit flipped", "of another run"])
def test_a_file_that_is_not_as_it_was_saved_is_refused_by_name(saved, keras_room, name, fault):
    artifact, _ = keras_room
    folder, _ = saved
    path = folder / name
    content = bytearray(path.read_bytes())
    if fault == "missing":
        path.unlink()
    elif fault == "empty":
        path.write_bytes(b"")
    elif fault == "truncated":
        path.write_bytes(content[:-7])
    else:
        content[len(content) // 2] ^= 1 if fault == "one bit flipped" else 255
        path.write_bytes(content)
    with pytest.raises(RepairDataError, match=name):
        load(folder, artifact)
    assert any(name in str(problem) for problem in verify(folder))


def test_other_schema_fields_types_and_foreign_pickles_are_refused(keras_room):
    artifact, _ = keras_room
    with pytest.raises(RepairDataError, match="schema"):
        artifact.metadata_of({**METADATA, "schema": 99})
    with pytest.raises(RepairDataError, match="other fields"):
        artifact.metadata_of({**METADATA, "schema": artifact.SCHEMA, "more": 1})
    with pytest.raises(RepairDataError, match="holds no proper test_dates, feature_names"):
        artifact.metadata_of(
            {**METADATA, "schema": artifact.SCHEMA, "test_dates": [], "feature_names": "rsi"}
        )
    with pytest.raises(RepairDataError, match=r"metadata\.joblib"):
        joblib_file.load("metadata.joblib", pickle.dumps(print))


def test_equal_models_give_equal_files(saved, keras_room, tmp_path):
    artifact, _ = keras_room
    folder, whole = saved
    again = tmp_path / "again"
    again.mkdir()
    artifact.save(again, whole)
    for name in FILES:
        assert (again / name).read_bytes() == (folder / name).read_bytes()


def test_a_file_of_another_run_is_refused_though_the_manifest_is_written_anew(saved, keras_room, tmp_path):
    artifact, lstm = keras_room
    folder, whole = saved
    other = tmp_path / "other"
    other.mkdir()
    rng = np.random.default_rng(2)
    scalers = scaling.fit("standard", rng.normal(size=(40, 3)), rng.normal(size=40))
    metadata = artifact.Metadata(**{**METADATA, "run": "00000000"})
    artifact.save(
        other, artifact.Artifact((lstm.build(4, 3, Model(units=(3, 2)), seed=2),), scalers, metadata)
    )
    for name in FILES:
        before = (folder / name).read_bytes()
        (folder / name).write_bytes((other / name).read_bytes())
        write_manifest(folder, [name])
        with pytest.raises(RepairDataError, match=r"of run '00000000'|was written with"):
            load(folder, artifact)
        (folder / name).write_bytes(before)
        write_manifest(folder, [name])
    assert load(folder, artifact).metadata.run == whole.metadata.run


def test_a_model_for_other_features_is_refused(tmp_path, keras_room):
    artifact, lstm = keras_room
    rng = np.random.default_rng(1)
    scalers = scaling.fit("robust", rng.normal(size=(40, 3)), rng.normal(size=40))
    mixed = artifact.Artifact(
        (lstm.build(4, 5, Model(units=(3,)), seed=1),), scalers, artifact.Metadata(**METADATA)
    )
    artifact.save(tmp_path, mixed)
    write_manifest(tmp_path, FILES)
    with pytest.raises(RepairDataError, match="takes 5 features"):
        load(tmp_path, artifact)


SAVE_FOR_EVER = """
import sys
from pathlib import Path
import numpy as np
from engine.disk import write_whole
from engine.runs.manifest import write_manifest
folder = Path(sys.argv[1])
for round in range(1_000_000):
    for name in ("a.bin", "b.bin", "c.bin"):
        write_whole(folder / name, np.full(200_000, round % 251, np.uint8).tobytes())
    write_manifest(folder, ("a.bin", "b.bin", "c.bin"))
"""


def test_killed_while_saving_a_file_is_whole_or_refused(tmp_path):
    """Each file is of one round; the manifest accepts the three only when they are of its own round."""
    rng = np.random.default_rng(0)
    for _ in range(8):
        process = subprocess.Popen([sys.executable, "-c", SAVE_FOR_EVER, str(tmp_path)])
        deadline = time.monotonic() + 60
        while not (tmp_path / "manifest.json").exists() and time.monotonic() < deadline:
            pass
        try:
            process.wait(timeout=float(rng.uniform(0.01, 0.3)))
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.wait()
        for name in ("a.bin", "b.bin", "c.bin"):
            content = (tmp_path / name).read_bytes()
            assert len(content) == 200_000
            assert len(set(content)) == 1
        try:  # killed between two files the manifest refuses them, which is as good
            rounds = {read_checked(tmp_path, name)[0] for name in ("a.bin", "b.bin", "c.bin")}
        except RepairDataError:
            continue
        assert len(rounds) == 1
