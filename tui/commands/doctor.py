"""`quantdeck doctor`: what of this machine a run needs, how it stands, and what would fail."""

from __future__ import annotations

import os
import platform
import resource
import shutil
import tempfile
import textwrap
import time
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from engine.code_cache import cache_folder
from engine.disk import ANY_REMEDY, NEEDED_MB, REMEDIES, free_mb
from engine.errors import MakeRoomError
from engine.memory import memory_to_be_had
from engine.runs import trial_store
from engine.runs.environment import for_engine
from engine.runs.error_codec import as_error
from engine.runs.home import Home, home_path
from engine.variables import DROPPED
from tui.commands.answer import Answer
from tui.terminal.capabilities import usable
from tui.terminal.characters import lacking, started_with

if TYPE_CHECKING:
    from collections.abc import Iterator

GIB = 1 << 30
WIDTH = 79
ROOM, MEMORY, FILES = GIB, 2 * GIB, 128  # with less a run may fail
LITTLE_MB = 1.0  # for what is but small; a run's own need is NEEDED_MB
BLOCK = 4096  # a full disk takes an empty file
CACHES = ("NUMBA_CACHE_DIR", "JAX_COMPILATION_CACHE_DIR")  # of libraries, where somebody names others
EARLIEST_YEAR = 2025  # a clock before it was never set
MARKS = {"good": " ", "warn": "!", "bad": "x"}


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at. remedy: empty where nothing need be done."""

    group: str
    what: str
    value: str
    state: Literal["good", "warn", "bad"] = "good"
    remedy: str = ""


def doctor(home: str | None) -> Answer:
    """Look at everything; the answer is an error if a run would fail."""
    place = Home(home_path(home))
    found = [*installed(), *machine(), *folders(place), *surroundings()]
    lines = []
    for each in found:
        lines += [each.group] if each.group not in lines else []
        lines += lines_of(each, max(len(each.what) for each in found))
    bad = [each.what for each in found if each.state == "bad"]
    warned = sum(each.state == "warn" for each in found)
    verdict = f"{len(bad)} would make a run fail, {warned} may matter" if bad or warned else "all is well"
    error = MakeRoomError("this machine", f"lacks: {', '.join(bad)}", "Do what → says above") if bad else None
    document = {"findings": [asdict(each) for each in found], "bad": len(bad), "warnings": warned}
    return Answer(document, "\n".join([*lines, "", verdict]), error)


def lines_of(found: Finding, wide: int) -> list[str]:
    """A finding in lines of 79 columns: mark, what it is, how it stands, and below it the remedy."""
    said = textwrap.wrap(found.value, WIDTH - wide - 5, break_on_hyphens=False)
    said += textwrap.wrap(f"→ {found.remedy}", WIDTH - wide - 5) if found.remedy else []
    marks = [(MARKS[found.state], found.what), *[("", "")] * (len(said) - 1)]
    return [f" {mark:1} {what:<{wide}}  {line}" for (mark, what), line in zip(marks, said, strict=True)]


def installed() -> Iterator[Finding]:
    """Python and the packages that quantdeck asks for."""
    group = "installed"
    yield Finding(
        group, "quantdeck", f"{metadata.version('quantdeck')} on Python {platform.python_version()}"
    )
    asked = [each for each in metadata.requires("quantdeck") or [] if "extra ==" not in each]
    names = [part_before(each, " <>=!~;[(") for each in asked]
    versions, lacking = {}, []
    for name in names:
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            lacking.append(name)
    yield Finding(group, "packages", ", ".join(f"{name} {version}" for name, version in versions.items()))
    if lacking:
        yield Finding(group, "missing packages", ", ".join(lacking), "bad", "Install quantdeck anew")
    plugins = [each.name for each in metadata.entry_points(group="jax_plugins")]
    gpu = "NVIDIA driver" if shutil.which("nvidia-smi") else ""
    if gpu and not plugins:
        remedy = "Install quantdeck[cuda] to train on it"
        yield Finding(group, "GPU", "there is an NVIDIA driver, JAX has no plug-in for it", "warn", remedy)
    else:
        yield Finding(group, "GPU", f"{gpu}, {plugins[0]}" if gpu else "none: training runs on the processor")


def part_before(text: str, marks: str) -> str:
    """The text up to the first of the marks."""
    return text[: min((text.index(mark) for mark in marks if mark in text), default=len(text))]


def machine() -> Iterator[Finding]:
    """Processors, memory, limits and the clock."""
    group = "machine"
    yield Finding(group, "processors", str(len(os.sched_getaffinity(0))))
    free, whole = memory_to_be_had(), os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    few = free < MEMORY
    yield Finding(
        group, "memory", f"{free / GIB:.1f} of {whole / GIB:.1f} GiB free", "warn" if few else "good",
        "A run takes about 1 GiB; end what else runs" if few else "",
    )  # fmt: skip
    files = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    few = files < FILES
    yield Finding(
        group, "open files", f"{files:,} at a time", "warn" if few else "good",
        f"Raise it: ulimit -n {FILES * 8}" if few else "",
    )  # fmt: skip
    now = time.gmtime()
    early = now.tm_year < EARLIEST_YEAR
    yield Finding(
        group, "clock", time.strftime("%Y-%m-%d %H:%M:%S UTC", now), "bad" if early else "good",
        "Set the clock: candles are taken to be closed by it" if early else "",
    )  # fmt: skip


def folders(home: Home) -> Iterator[Finding]:
    """Where files lie: may they be written, is there room?"""
    ledger = trial_store.place(home.path).path
    yield folder("home", home.path, NEEDED_MB)
    yield folder("trial ledger", ledger.parent, LITTLE_MB)
    yield temporary_files()
    named = [Path(given) for name in CACHES if (given := os.environ.get(name))]
    for place in dict.fromkeys((cache_folder(), *named)):
        yield folder("caches", place)


def folder(what: str, path: Path, least_mb: float = 0.0) -> Finding:
    """A folder, or the nearest above it that there is; a run fails with less room than `least_mb`, if any."""
    there = next(each for each in (path, *path.absolute().parents) if each.exists())
    try:
        with tempfile.TemporaryFile(dir=there) as file:
            file.write(bytes(BLOCK))
            file.flush()
            free = free_mb(there)
    except OSError as error:
        remedy = REMEDIES.get(error.errno, ANY_REMEDY)
        remedy += ", or name another with --home" if what == "home" else ""
        value = f"{path}: {error.strerror or error}"
        return Finding("folders", what, value, "bad" if least_mb else "warn", remedy)
    short = free * 1e6 < ROOM
    return Finding(
        "folders", what, f"{path}, {free * 1e6 / GIB:.1f} GiB free",
        "bad" if free < least_mb else "warn" if short else "good",
        "Make room: a year of minutes takes 20 MB, a run 5 MB" if short else "",
    )  # fmt: skip


def temporary_files() -> Finding:
    """Where Python and libraries write files for a moment."""
    try:
        return folder("temporary files", Path(tempfile.gettempdir()), LITTLE_MB)
    except FileNotFoundError as error:
        told = as_error(error)
        return Finding("folders", told.thing, told.reason, "bad", told.remedy)


def locale() -> str:
    """The variable that tells the locale, and what it says; not what Python has set in its stead."""
    given = started_with() or os.environ
    name = next((each for each in ("LC_ALL", "LC_CTYPE", "LANG") if given.get(each)), "")
    return f"{name} is {given[name]}" if name else "no locale is set"


def surroundings() -> Iterator[Finding]:
    """The terminal, the locale, and variables that are left out of a run."""
    group = "surroundings"
    lacks = usable()
    size = shutil.get_terminal_size()
    value = lacks or f"{os.environ.get('TERM')}, {size.columns}×{size.lines}"
    yield Finding(
        group, "terminal", value, "warn" if lacks else "good",
        "The commands work; the app needs a terminal" if lacks else "",
    )  # fmt: skip
    why = lacking()
    yield Finding(
        group, "characters", f"plain ones, since {why}" if why else f"all; {locale()}",
        "warn" if why else "good",
        "Set LANG to a UTF-8 locale, or start with --no-ascii where the terminal shows more" if why else "",
    )  # fmt: skip
    through = [name for name in ("SSH_CONNECTION", "TMUX", "STY") if os.environ.get(name)]
    yield Finding(group, "line", ", ".join(through) or "local")
    if dropped := for_engine()[DROPPED]:
        yield Finding(
            group, "variables", f"left out of a run: {dropped}", "warn", "None: it goes on as if unset"
        )
