"""The manifest of a run's artifacts: what belongs together, by SHA-256. It is written last: the commit point.

{"schema": 1, "run": "3f2a91c0", "files": {"model.keras": {"sha256": "…", "bytes": 123456}, …}}
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import stat
from typing import TYPE_CHECKING, Any

from engine.disk import write_whole
from engine.errors import Problem, RepairData

if TYPE_CHECKING:
    from collections.abc import Iterable
    from io import BufferedReader
    from pathlib import Path

NAME = "manifest.json"
SCHEMA = 1
LARGEST_BYTES = 4 * 1024**3
LARGEST_MANIFEST_BYTES = 1024**2
FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
SHA256 = re.compile(r"[0-9a-f]{64}")
REMEDY = "Restore it from a copy, or train again"


def write_manifest(folder: Path, names: Iterable[str]) -> None:
    """Commit the named files of a run's folder; the folder's name is the run's id.

    Raises RepairData for a name that is no plain file name and for a file that is missing, empty or larger
    than 4 GiB; MakeRoom when the manifest cannot be written.
    """
    files: dict[str, dict[str, Any]] = {}
    for name in sorted(set(names)):
        if not plain_name(name):
            raise RepairData(
                repr(name), "is no plain file name", "Use letters, digits, dot, dash and underscore"
            )
        with opened(folder, name) as file:
            size = os.fstat(file.fileno()).st_size
            if not 0 < size <= LARGEST_BYTES:
                raise RepairData(
                    str(folder / name), f"has {size} bytes; 1 to {LARGEST_BYTES} are allowed", REMEDY
                )
            files[name] = {"sha256": hashlib.file_digest(file, "sha256").hexdigest(), "bytes": size}
    manifest = {"schema": SCHEMA, "run": run_id(folder), "files": files}
    write_whole(folder / NAME, json.dumps(manifest, indent=2).encode())


def verify(folder: Path) -> list[Problem]:
    """What is wrong with a run's artifacts, each with its file's name as key; nothing is deserialised.

    Files that the manifest does not name are left alone. A fault of the manifest itself is a problem, too.
    """
    try:
        files = manifest_of(folder)
    except RepairData as error:
        return [Problem(NAME, "", error.reason)]
    problems = []
    for name, facts in files.items():
        try:
            with opened(folder, name) as file:
                check_size(folder, name, file, facts)
                check_hash(folder, name, hashlib.file_digest(file, "sha256").hexdigest(), facts)
        except RepairData as error:
            problems.append(Problem(name, "", error.reason))
    return problems


def read_checked(folder: Path, name: str) -> bytes:
    """The content of an artifact, its hash checked on the very bytes that are returned. Raises RepairData."""
    facts = manifest_of(folder).get(name)
    if facts is None:
        raise RepairData(str(folder / name), "is not in the run's manifest", REMEDY)
    with opened(folder, name) as file:
        check_size(folder, name, file, facts)
        content = file.read(facts["bytes"])
    check_hash(folder, name, hashlib.sha256(content).hexdigest(), facts)
    return content


def manifest_of(folder: Path) -> dict[str, dict[str, Any]]:
    """The files that a run's manifest names, with `sha256` and `bytes`. Raises RepairData."""
    path = folder / NAME
    with opened(folder, NAME) as file:
        content = file.read(LARGEST_MANIFEST_BYTES + 1)
    try:
        manifest = json.loads(content) if len(content) <= LARGEST_MANIFEST_BYTES else None
    except (ValueError, RecursionError):
        manifest = None
    if not isinstance(manifest, dict) or not isinstance(manifest.get("files"), dict):
        raise RepairData(str(path), "is not a whole manifest", REMEDY)
    if manifest.get("schema") != SCHEMA:
        reason = f"has schema {manifest.get('schema')!r}, not {SCHEMA}"
        raise RepairData(str(path), reason, "Use the version of quantdeck that wrote it")
    if manifest.get("run") != run_id(folder):
        reason = f"belongs to run {manifest.get('run')!r}, not to {run_id(folder)!r}"
        raise RepairData(str(path), reason, "Keep the artifacts of each run in its own folder")
    for name, facts in manifest["files"].items():
        if not plain_name(name) or not proper(facts):
            raise RepairData(str(path), f"its entry for {name!r} is not valid", REMEDY)
    return dict(manifest["files"])


def plain_name(name: str) -> bool:
    """Whether a name can only mean a file in the folder itself, and not the manifest."""
    return bool(FILE_NAME.fullmatch(name)) and name != NAME


def proper(facts: Any) -> bool:
    """Whether an entry has a hash and a size within the limit."""
    return (
        isinstance(facts, dict)
        and isinstance(facts.get("sha256"), str)
        and SHA256.fullmatch(facts["sha256"]) is not None
        and type(facts.get("bytes")) is int
        and 0 < facts["bytes"] <= LARGEST_BYTES
    )


def opened(folder: Path, name: str) -> BufferedReader:
    """Open a regular file of the folder, following no link and waiting for no pipe. Raises RepairData."""
    path = folder / name
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        raise RepairData(str(path), "is missing", REMEDY) from None
    except OSError as error:
        raise RepairData(str(path), f"cannot be opened: {error.strerror}", REMEDY) from None
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise RepairData(str(path), "is no regular file", REMEDY)
    return os.fdopen(handle, "rb")


def check_size(folder: Path, name: str, file: BufferedReader, facts: dict[str, Any]) -> None:
    """Compare the size with the manifest's. Raises RepairData."""
    size, wanted = os.fstat(file.fileno()).st_size, facts["bytes"]
    if size != wanted:
        fault = "is empty" if size == 0 else "is truncated" if size < wanted else "has grown"
        raise RepairData(str(folder / name), f"{fault}: {size} of {wanted} bytes", REMEDY)


def check_hash(folder: Path, name: str, sha256: str, facts: dict[str, Any]) -> None:
    """Compare the hash with the manifest's. Raises RepairData."""
    if sha256 != facts["sha256"]:
        raise RepairData(str(folder / name), "is changed: its SHA-256 is not the manifest's", REMEDY)


def run_id(folder: Path) -> str:
    """The id of the run whose folder this is."""
    return folder.resolve().name
