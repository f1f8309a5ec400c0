"""One file of a manifest: what is said of it, and whether it is so."""

from __future__ import annotations

import hashlib
import os
import re
import stat
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any, NamedTuple

from engine.errors import RepairDataError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from io import BufferedReader
    from pathlib import Path

MANIFEST = "manifest.json"
LARGEST_BYTES = 4 * 1024**3
LARGEST_OF = {".keras": 1024**3, ".joblib": 256 * 1024**2, ".json": 64 * 1024**2, ".toml": 1024**2}
# What deserialises a kind of file. Another minor version may read other attributes into it.
NEEDS = {".keras": ("keras",), ".joblib": ("joblib", "scikit-learn")}
FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
SHA256 = re.compile(r"[0-9a-f]{64}")
REMEDY = "Restore it from a copy, or train again"


class Entry(NamedTuple):
    """What a manifest says of a file; needs: versions of the libraries that deserialise it."""

    sha256: str
    size: int  # bytes
    needs: Mapping[str, str]

    def to_json(self) -> dict[str, Any]:
        """As manifest.json holds it: without needs that there are not, for the manifest's hash stays."""
        return {"sha256": self.sha256, "bytes": self.size} | ({"needs": self.needs} if self.needs else {})


def entry_of(folder: Path, name: str) -> Entry:
    """What a file is as it lies there. Raises RepairDataError."""
    if not plain_name(name):
        raise RepairDataError(
            repr(name), "is no plain file name", "Use letters, digits, dot, dash and underscore"
        )
    with opened(folder, name) as file:
        size = os.fstat(file.fileno()).st_size
        if not 0 < size <= largest(name):
            raise RepairDataError(
                str(folder / name), f"has {size} bytes; 1 to {largest(name)} are allowed", REMEDY
            )
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    return Entry(sha256, size, {library: installed(library) for library in needed(name)})


def plain_name(name: str) -> bool:
    """Whether a name can only mean a file in the folder itself, and not the manifest."""
    return bool(FILE_NAME.fullmatch(name)) and name != MANIFEST


def largest(name: str) -> int:
    """How many bytes a file of this kind may have."""
    return LARGEST_OF.get(suffix(name), LARGEST_BYTES)


def needed(name: str) -> tuple[str, ...]:
    """The libraries that deserialise a file of this kind."""
    return NEEDS.get(suffix(name), ())


def suffix(name: str) -> str:
    """`.keras` of `model.keras`."""
    return name[name.rfind(".") :] if "." in name else ""


def installed(library: str) -> str:
    """The version of a library, or `none`."""
    try:
        return version(library)
    except PackageNotFoundError:
        return "none"


def check_needs(folder: Path, name: str, entry: Entry) -> None:
    """Compare major and minor versions of what reads a file with what wrote it. Raises RepairDataError."""
    for library in needed(name):
        wrote, reads = entry.needs[library], installed(library)
        if wrote.split(".")[:2] != reads.split(".")[:2]:
            raise RepairDataError(
                str(folder / name), f"was written by {library} {wrote}, {library} {reads} is installed",
                f"Install {library} {wrote}, or train again",
            )  # fmt: skip


def read_entry(name: str, facts: Any) -> Entry | None:
    """An entry of a manifest if it has a hash, a proper size, and the versions that its kind needs."""
    needs = facts.get("needs", {}) if isinstance(facts, dict) else None
    proper = (
        isinstance(needs, dict)
        and tuple(needs) == needed(name)
        and all(isinstance(value, str) for value in needs.values())
        and isinstance(facts.get("sha256"), str)
        and SHA256.fullmatch(facts["sha256"]) is not None
        and type(facts.get("bytes")) is int
        and 0 < facts["bytes"] <= largest(name)
    )
    return Entry(facts["sha256"], facts["bytes"], needs or {}) if proper else None


def opened(folder: Path, name: str) -> BufferedReader:
    """Open a regular file of the folder, following no link and waiting for no pipe.

    Raises RepairDataError.
    """
    path = folder / name
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        raise RepairDataError(str(path), "is missing", REMEDY) from None
    except OSError as error:
        remedy = "Allow reading it" if isinstance(error, PermissionError) else REMEDY
        raise RepairDataError(str(path), f"cannot be opened: {error.strerror}", remedy) from None
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise RepairDataError(str(path), "is no regular file", REMEDY)
    return os.fdopen(handle, "rb")


def check_size(folder: Path, name: str, file: BufferedReader, entry: Entry) -> None:
    """Compare the size with the manifest's. Raises RepairDataError."""
    size, wanted = os.fstat(file.fileno()).st_size, entry.size
    if size != wanted:
        fault = "is empty" if size == 0 else "is truncated" if size < wanted else "has grown"
        raise RepairDataError(str(folder / name), f"{fault}: {size} of {wanted} bytes", REMEDY)


def check_hash(folder: Path, name: str, sha256: str, entry: Entry) -> None:
    """Compare the hash with the manifest's. Raises RepairDataError."""
    if sha256 != entry.sha256:
        raise RepairDataError(str(folder / name), "is changed: its SHA-256 is not the manifest's", REMEDY)
