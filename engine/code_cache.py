"""Compiled code that is kept from one process to the next, checked before any of it is run.

Libraries read back what they find: a flipped bit in machine code is a crash or a wrong figure. So a process
checks a folder of theirs when it begins to use it, drops what is not as it was written, and notes the rest,
with what it added itself, when it ends. What a killed process added is compiled anew.
"""

from __future__ import annotations

import atexit
import contextlib
import hashlib
import json
import os
import sys
from pathlib import Path

from engine import user_folders
from engine.disk import write_whole
from engine.errors import MakeRoomError
from engine.variables import set_variable

DIGESTS = "digests.json"
USED: dict[Path, str] = {}  # patterns of the folders that this process has checked


def cache_folder() -> Path:
    """The user's cache folder for quantdeck (XDG_CACHE_HOME or ~/.cache)."""
    return user_folders.caches() / "quantdeck"


def cache_of(variable: str, own: Path) -> Path:
    """The folder that a library is told by an environment variable: `own`, in the one that the user names.

    Never his itself, which other programs may share: what nobody has noted there would be dropped.
    """
    given = Path(os.environ.get(variable) or cache_folder().parent)
    folder = given if given.parts[-2:] == own.parts else given / own
    if folder != given:
        set_variable(variable, str(folder))
    return folder


def use(folder: Path, pattern: str) -> None:
    """Check the files of a folder, once a process, and note them when the process ends.

    `pattern` is that of the files that are read back, in the folder and below. The folder is the user's
    alone. What cannot be read or removed is left to the library, which compiles where it finds nothing.
    """
    if folder in USED:
        return
    USED[folder] = pattern
    with contextlib.suppress(OSError):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if dropped := drop_changed(folder, pattern):
            print(
                f"{folder}: {dropped} files of compiled code are dropped, as nobody vouches for them",
                file=sys.stderr,
            )


@atexit.register
def note_used() -> None:
    """Note what lies in the folders that were used, once: a run does so while it still holds its lock."""
    while USED:
        note(*USED.popitem())


def drop_changed(folder: Path, pattern: str) -> int:
    """Remove every file that is not as it was noted; return how many."""
    known = noted(folder)
    changed = [path for name, path in files(folder, pattern).items() if digest(path) != known.get(name)]
    for path in changed:
        path.unlink(missing_ok=True)
    return len(changed)


def note(folder: Path, pattern: str) -> None:
    """Note the files as they are now; where there is no room, they are dropped next time."""
    now = {name: digest(path) for name, path in files(folder, pattern).items()}
    if now != noted(folder):
        with contextlib.suppress(MakeRoomError, OSError):
            write_whole(folder / DIGESTS, json.dumps(now).encode())


def noted(folder: Path) -> dict[str, object]:
    """What was noted, SHA-256 by the file's name; nothing where that cannot be read."""
    try:
        known = json.loads((folder / DIGESTS).read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    return known if isinstance(known, dict) else {}


def files(folder: Path, pattern: str) -> dict[str, Path]:
    """The files of a folder by their names in it."""
    return {str(path.relative_to(folder)): path for path in sorted(folder.rglob(pattern)) if path.is_file()}


def source_digest(folder: str) -> str:
    """The SHA-256 of the Python files that lie in a folder, each by its name."""
    found = hashlib.sha256()
    for path in sorted(Path(folder).glob("*.py")):
        found.update(f"{path.name} {digest(path)}\n".encode())
    return found.hexdigest()


def digest(path: Path) -> str:
    """The SHA-256 of a file, empty if it has gone."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return ""
