"""Files written whole: a reader sees the old file or the new one, never a part."""

from __future__ import annotations

import contextlib
import os
import secrets
from typing import TYPE_CHECKING

from engine.errors import MakeRoom

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TEMPORARY = ".part-"


@contextlib.contextmanager
def writing(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; on leaving, fsync it and put it in place of `path`.

    On any error the temporary file is removed and `path` is untouched. OSError becomes MakeRoom.
    The temporary keeps the suffix, since some writers choose their format by it.
    """
    part = path.with_name(f"{TEMPORARY}{secrets.token_hex(4)}-{path.name}")
    try:
        with refusals(path):
            yield part
            sync(part)
            part.replace(path)
            sync(path.parent)
    finally:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)


def write_whole(path: Path, content: bytes) -> None:
    """Write `content` to `path` whole and durably. Raises MakeRoom."""
    with writing(path) as part:
        part.write_bytes(content)


@contextlib.contextmanager
def refusals(path: Path) -> Iterator[None]:
    """Turn the operating system's refusal to write `path` into MakeRoom."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise MakeRoom(
            str(path), f"cannot be written: {reason}", "Free space or allow writing there"
        ) from error


def sync(path: Path) -> None:
    """Flush a file or a folder to the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sweep(folder: Path) -> int:
    """Remove temporaries that a killed writer left in `folder`; return how many."""
    left = [path for path in folder.glob(f"{TEMPORARY}*") if path.is_file() and not path.is_symlink()]
    for path in left:
        path.unlink(missing_ok=True)
    return len(left)
