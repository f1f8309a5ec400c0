"""Runs in a home that one may not read: they are told of, so that nobody takes them for none."""

from __future__ import annotations

import os
import pwd
from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from engine.runs.home import Home

LISTED = os.R_OK | os.X_OK
UNKNOWN = 0  # runs of somebody whose folder of runs may not be listed


def unreadable(home: Home) -> dict[str, int]:
    """Of each owner how many runs may not be read; UNKNOWN where that may not even be counted."""
    for folder, needed in ((home.path, os.X_OK), (home.runs, LISTED)):
        if os.access(folder, os.F_OK, effective_ids=True) and not allowed(folder, needed):
            return {owner_of(folder): UNKNOWN}
    return dict(Counter(map(owner_of, home.closed())))


def allowed(folder: Path, needed: int) -> bool:
    """Whether this process may do that with a folder."""
    return os.access(folder, needed, effective_ids=True)


def owner_of(path: Path) -> str:
    """Whose it is: a name, or a number where there is none."""
    try:
        owner = path.stat().st_uid
    except OSError:
        return "somebody"
    try:
        return pwd.getpwuid(owner).pw_name
    except KeyError:
        return f"user {owner}"
