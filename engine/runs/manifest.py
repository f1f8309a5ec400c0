"""The manifest of a run's artifacts: what belongs together, by SHA-256. It is written last: the commit point.

{"schema": 2, "run": "3f2a91c0", "about": {what run.json says, but for the name}, "check": "…",
 "signature": "…", "files": {"model.keras": {"sha256": "…", "bytes": 12345, "needs": {"keras": "3.15.1"}}, …}}
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from engine.disk import read_with_digest, write_whole
from engine.errors import Problem, QuantdeckError, RepairDataError
from engine.runs import signature
from engine.runs.manifest_entries import (
    MANIFEST,
    REMEDY,
    check_hash,
    check_needs,
    check_size,
    entry_of,
    opened,
    plain_name,
    read_entry,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from engine.runs.manifest_entries import Entry

SCHEMA = 2
ABOUT = "run.json"
LARGEST_MANIFEST_BYTES = 1024**2


def write_manifest(folder: Path, names: Iterable[str]) -> None:
    """Commit the named files of a run's folder; the folder's name is the run's id.

    What a valid manifest names already stays in it, with the hash that it had. Raises RepairDataError for a
    name
    that is no plain file name and for a file that is missing, empty or too large; MakeRoomError when the
    manifest
    cannot be written.
    """
    added = {name: entry_of(folder, name) for name in sorted(set(names))}
    try:
        before = manifest_of(folder)
    except RepairDataError:
        before = {}
    store(folder, before | added)


def store(folder: Path, files: Mapping[str, Entry]) -> None:
    """Write the manifest of these files, whole.

    Raises MakeRoomError, and RepairDataError for an unsafe key.
    """
    manifest = {
        "schema": SCHEMA,
        "run": run_id(folder),
        "about": about_of(folder),
        "files": {name: entry.to_json() for name, entry in sorted(files.items())},
    }
    write_whole(folder / MANIFEST, json.dumps(signature.signed(manifest, folder), indent=2).encode())


def verify(folder: Path) -> list[Problem]:
    """What is wrong with a run's artifacts, each with its file's name as key; nothing is deserialised.

    Files that the manifest does not name are left alone, but for a checkpoint, which bears its own hash. A
    fault of the manifest itself is a problem, too; so is a file that the installed libraries cannot read.
    """
    problems = []
    for path in sorted(folder.glob("checkpoint*.npz")):
        try:
            read_with_digest(path)
        except RepairDataError as error:
            problems.append(Problem(path.name, "", error.reason))
    try:
        files = manifest_of(folder)
    except RepairDataError as error:
        return [Problem(MANIFEST, "", error.reason), *problems]
    if about_of(folder) != parsed(folder).get("about"):
        problems.append(Problem(ABOUT, "", "is changed: it is not what the manifest says of the run"))
    for name, entry in files.items():
        try:
            with opened(folder, name) as file:
                check_size(folder, name, file, entry)
                check_hash(folder, name, hashlib.file_digest(file, "sha256").hexdigest(), entry)
            check_needs(folder, name, entry)
        except QuantdeckError as error:
            problems.append(Problem(name, "", error.reason))
    return problems


def read_checked(folder: Path, name: str) -> bytes:
    """The content of an artifact, its hash checked on the very bytes that are returned.

    Raises RepairDataError.
    """
    entry = manifest_of(folder).get(name)
    if entry is None:
        raise RepairDataError(str(folder / name), "is not in the run's manifest", REMEDY)
    check_needs(folder, name, entry)
    return read_named(folder, name, entry)


def read_named(folder: Path, name: str, entry: Entry) -> bytes:
    """The content of a file if it is as a manifest's entry says. Raises RepairDataError."""
    with opened(folder, name) as file:
        check_size(folder, name, file, entry)
        content = file.read(entry.size)
    check_hash(folder, name, hashlib.sha256(content).hexdigest(), entry)
    return content


def manifest_of(folder: Path) -> dict[str, Entry]:
    """The files that a run's manifest names. Raises RepairDataError."""
    manifest = parsed(folder)
    signature.refuse_broken(manifest, folder, folder / MANIFEST)
    return entries(manifest, folder)


def entries(manifest: dict[str, Any], folder: Path) -> dict[str, Entry]:
    """The files that a manifest names. Raises RepairDataError for an entry that is not valid."""
    found = {}
    for name, facts in manifest["files"].items():
        entry = read_entry(name, facts) if plain_name(name) else None
        if entry is None:
            raise RepairDataError(str(folder / MANIFEST), f"its entry for {name!r} is not valid", REMEDY)
        found[name] = entry
    return found


def parsed(folder: Path) -> dict[str, Any]:
    """The manifest, in form; whether it is unchanged and signed is not looked at. Raises RepairDataError."""
    path = folder / MANIFEST
    with opened(folder, MANIFEST) as file:
        content = file.read(LARGEST_MANIFEST_BYTES + 1)
    try:
        manifest = json.loads(content) if len(content) <= LARGEST_MANIFEST_BYTES else None
    except (ValueError, RecursionError):
        manifest = None
    if not isinstance(manifest, dict) or not isinstance(manifest.get("files"), dict):
        raise RepairDataError(str(path), "is not a whole manifest", REMEDY)
    if manifest.get("schema") != SCHEMA:
        reason = f"has schema {manifest.get('schema')!r}, not {SCHEMA}"
        raise RepairDataError(str(path), reason, "Use the version of quantdeck that wrote it")
    if manifest.get("run") != run_id(folder):
        reason = f"belongs to run {manifest.get('run')!r}, not to {run_id(folder)!r}"
        raise RepairDataError(str(path), reason, "Keep the artifacts of each run in its own folder")
    entries(manifest, folder)
    return manifest


def about_of(folder: Path) -> dict[str, Any]:
    """What run.json says of the run, but for the name, which its user may change; empty if it is broken."""
    try:
        with opened(folder, ABOUT) as file:
            about = json.loads(file.read(LARGEST_MANIFEST_BYTES))
    except (RepairDataError, ValueError, RecursionError):
        return {}
    known = isinstance(about, dict) and isinstance(about.get("name"), str)
    return {key: value for key, value in about.items() if key != "name"} if known else {}


def sign_anew(folder: Path) -> None:
    """Sign a manifest with the home's key on the user's word, once every file is as it says.

    Raises RepairDataError when a file is not.
    """
    files = entries(parsed(folder), folder)
    for name, entry in files.items():
        found = entry_of(folder, name)
        if (found.sha256, found.size) != (entry.sha256, entry.size):
            raise RepairDataError(str(folder / name), "is not as the manifest says", REMEDY)
    store(folder, files)


def run_id(folder: Path) -> str:
    """The id of the run whose folder this is."""
    return folder.resolve().name
