"""The manifest: every kind of damage is found before anything is deserialised."""

import json
import os
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import RepairDataError
from engine.runs import signature
from engine.runs.manifest import read_checked, verify, write_manifest

CONTENT = {
    "model.keras": b"PK" + bytes(range(256)),
    "scaler.joblib": b"scaler",
    "metadata.joblib": b"metadata",
}


def filled(folder):
    folder.mkdir()
    for name, content in CONTENT.items():
        (folder / name).write_bytes(content)
    write_manifest(folder, CONTENT)
    return folder


@pytest.fixture
def folder(tmp_path):
    return filled(tmp_path / "3f2a91c0")


def faults(folder):
    return {problem.key: problem.reason for problem in verify(folder)}


def edit(folder, **changes):
    path = folder / "manifest.json"
    edited = json.loads(path.read_bytes()) | changes
    path.write_text(json.dumps(signature.signed(edited, folder)))


def test_what_is_whole_is_read(folder):
    assert verify(folder) == []
    assert {name: read_checked(folder, name) for name in CONTENT} == CONTENT
    manifest = json.loads((folder / "manifest.json").read_bytes())
    assert (manifest["schema"], manifest["run"]) == (2, "3f2a91c0")
    assert manifest["files"]["scaler.joblib"]["bytes"] == 6
    (folder / "trades.csv").write_text("not of the manifest")
    assert verify(folder) == []


def remove(path):
    path.unlink()


def truncate(path):
    path.write_bytes(path.read_bytes()[:-1])


def empty(path):
    path.write_bytes(b"")


def grow(path):
    path.write_bytes(path.read_bytes() + b"x")


def change(path):
    content = path.read_bytes()
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))


def link(path):
    path.rename(path.with_name("elsewhere"))
    path.symlink_to("elsewhere")


def pipe(path):
    path.unlink()
    os.mkfifo(path)


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (remove, "is missing"),
        (truncate, "is truncated"),
        (empty, "is empty"),
        (grow, "has grown"),
        (change, "is changed"),
        (link, "cannot be opened"),
        (pipe, "is no regular file"),
    ],
)
def test_every_damage_has_its_name(folder, damage, reason):
    damage(folder / "scaler.joblib")
    assert list(faults(folder)) == ["scaler.joblib"]
    assert faults(folder)["scaler.joblib"].startswith(reason)
    with pytest.raises(RepairDataError, match=reason) as refused:
        read_checked(folder, "scaler.joblib")
    assert refused.value.thing.endswith("scaler.joblib")
    assert read_checked(folder, "model.keras") == CONTENT["model.keras"]


@given(st.sampled_from(sorted(CONTENT)), st.data())
@settings(max_examples=100, deadline=None)
def test_one_flipped_bit_is_found(name, data):
    with TemporaryDirectory() as parent:
        folder = filled(Path(parent) / "3f2a91c0")
        content = bytearray(CONTENT[name])
        content[data.draw(st.integers(0, len(content) - 1))] ^= 1 << data.draw(st.integers(0, 7))
        (folder / name).write_bytes(content)
        assert list(faults(folder)) == [name]


def test_all_damages_are_told_at_once(folder):
    remove(folder / "model.keras")
    change(folder / "scaler.joblib")
    assert list(faults(folder)) == ["model.keras", "scaler.joblib"]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"schema": 1}, "has schema 1, not 2"),
        ({"schema": None}, "has schema None"),
        ({"run": "00000000"}, "belongs to run '00000000', not to '3f2a91c0'"),
        ({"files": []}, "is not a whole manifest"),
        ({"files": {"../secret": {"sha256": "0" * 64, "bytes": 1}}}, "entry for '../secret' is not valid"),
        ({"files": {"/etc/passwd": {"sha256": "0" * 64, "bytes": 1}}}, "is not valid"),
        ({"files": {"a": {"sha256": "0" * 63, "bytes": 1}}}, "is not valid"),
        ({"files": {"a": {"sha256": "0" * 64, "bytes": True}}}, "is not valid"),
        ({"files": {"a": {"sha256": "0" * 64, "bytes": 5 * 1024**3}}}, "is not valid"),
        ({"files": {"a": []}}, "is not valid"),
    ],
)
def test_an_edited_manifest_is_refused(folder, changes, reason):
    edit(folder, **changes)
    assert reason in faults(folder)["manifest.json"]
    with pytest.raises(RepairDataError, match="manifest"):
        read_checked(folder, "model.keras")


@pytest.mark.parametrize(
    "content", [b"", b'{"schema": 1, "run"', b"[]", b"\xff\xfe", b"[" * 100_000, b" " * 1024**2 + b"{}"],
    ids=["empty", "torn", "list", "bytes", "deep", "large"],
)  # fmt: skip
def test_a_torn_manifest_is_refused(folder, content):
    (folder / "manifest.json").write_bytes(content)
    assert faults(folder) == {"manifest.json": "is not a whole manifest"}


def test_without_a_manifest_nothing_is_read(folder):
    (folder / "manifest.json").unlink()
    assert faults(folder) == {"manifest.json": "is missing"}
    with pytest.raises(RepairDataError, match="is missing"):
        read_checked(folder, "model.keras")


def test_artifacts_of_another_run_are_refused(folder):
    other = folder.with_name("00000000")
    shutil.copytree(folder, other)
    with pytest.raises(RepairDataError, match="belongs to run '3f2a91c0'"):
        read_checked(other, "model.keras")


def test_a_file_that_the_manifest_does_not_name_is_not_read(folder):
    (folder / "own.joblib").write_bytes(b"x")
    for name in ("own.joblib", "../3f2a91c0/model.keras"):
        with pytest.raises(RepairDataError, match="not in the run's manifest"):
            read_checked(folder, name)


@pytest.mark.parametrize("name", ["../x", "/x", "a/b", "", "..", ".hidden", "manifest.json", "a\x00b"])
def test_only_plain_names_are_written(folder, name):
    with pytest.raises(RepairDataError, match="no plain file name"):
        write_manifest(folder, [name])
    assert verify(folder) == []


def test_files_that_are_missing_or_empty_are_not_committed(folder):
    (folder / "empty").touch()
    for name, reason in (("gone", "is missing"), ("empty", "has 0 bytes")):
        with pytest.raises(RepairDataError, match=reason):
            write_manifest(folder, ["model.keras", name])


def test_a_file_beyond_the_limit_is_not_committed(folder):
    with (folder / "huge").open("wb") as file:
        file.truncate(4 * 1024**3 + 1)
    with pytest.raises(RepairDataError, match="are allowed"):
        write_manifest(folder, ["huge"])
