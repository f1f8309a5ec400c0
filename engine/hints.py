"""Commands in sentences, written so that they do what is said wherever they are pasted.

Whoever names a command takes it from here: tests/tui/test_hints.py finds the calls, and runs each.
"""

from __future__ import annotations

import os
import shlex
from pathlib import Path

from engine.variables import own

HOME = "QUANTDECK_HOME"


def hint(home: Path | None, words: str = "") -> str:
    """`quantdeck WORDS` for a home; its path is left out where the user's shell names it already.

    None is for commands that need no home.
    """
    option = "" if home is None else home_option(home)
    return " ".join(part for part in ("quantdeck", option, words) if part)


def run_hint(run: Path, words: str) -> str:
    """The same about the run in that folder, whose id stands for `RUN` in the words."""
    return hint(run.absolute().parent.parent, words.replace("RUN", run.name))


def file_hint(home: Path | None, words: str, *files: Path) -> str:
    """The same with files, which stand for each `FILE` in the words, in their order."""
    first, *others = words.split("FILE")
    paths = (shlex.quote(str(file.absolute())) for file in files)
    return hint(home, first + "".join(path + rest for path, rest in zip(paths, others, strict=True)))


def home_option(home: Path) -> str:
    """`--home PATH`, absolute and quoted for a shell; empty where a variable of the shell names it."""
    named = "" if HOME in own(os.environ) else os.environ.get(HOME, "")
    if Path(named).is_absolute() and Path(named) == home.absolute():
        return ""
    return f"--home {shlex.quote(str(home.absolute()))}"
