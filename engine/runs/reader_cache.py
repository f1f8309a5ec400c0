"""What a user's programs keep of runs that they have read, so as not to read them again.

It lies in that user's own cache folder: a home that is read-only or shared with others can be kept, too, and
nobody else can make up what is shown. What is damaged, cut short, of another version or of somebody else is
as if it were not there.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import stat
import sys
import time
from functools import cache
from pathlib import Path
from typing import Any

import engine
from engine.code_cache import cache_folder
from engine.disk import Stamp, read_with_digest, stamp, write_with_digest
from engine.errors import MakeRoomError, RepairDataError

FOLDER = "runs"
MOST_FILES = 200
SETTLED_S = 2.0  # a file that changed later than that may change again at the same time, to a coarse clock


def place(subject: Path, kind: str) -> Path:
    """Where something is kept of a home or of a run's folder."""
    name = hashlib.sha256(os.fsencode(os.path.realpath(subject))).hexdigest()[:32]
    return cache_folder() / FOLDER / f"{name}.{kind}"


def cached(path: Path) -> Any:
    """What was kept there by this user and this version, else None."""
    try:
        facts = path.lstat()
        if not stat.S_ISREG(facts.st_mode) or facts.st_uid != os.geteuid() or facts.st_mode & 0o022:
            return None
        document = json.loads(read_with_digest(path))
        return document["content"] if document["reader"] == reader() else None
    except (OSError, RepairDataError, ValueError, KeyError, TypeError, RecursionError):
        return None


def keep(path: Path, content: Any) -> None:
    """Keep what JSON can hold; where there is no room, nothing is kept. The oldest makes place."""
    document = json.dumps({"reader": reader(), "content": content}, separators=(",", ":"))
    with contextlib.suppress(MakeRoomError, OSError):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_with_digest(path, document.encode(), private=True)
        files = sorted(path.parent.iterdir(), key=lambda each: each.lstat().st_mtime_ns)
        for old in files[:-MOST_FILES]:
            old.unlink(missing_ok=True)


@cache
def reader() -> list[Any]:
    """What the reading depends on besides the files: this code, Python, and cores, which settings name."""
    root = Path(engine.__file__).parent
    code = [(str(each.relative_to(root)), str(stamp(str(each)))) for each in sorted(root.rglob("*.py"))]
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return [hashlib.sha256(json.dumps(code).encode()).hexdigest(), sys.version, cores]


def settled(found: Stamp) -> bool:
    """Whether a file of that stamp would have another one if it changed now."""
    return max(found.modified_ns, found.changed_ns) < (time.time() - SETTLED_S) * 1e9
