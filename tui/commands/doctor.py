"""`quantdeck doctor`: what of this machine a run needs, how it stands, and what would fail."""

from __future__ import annotations

import contextlib
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
from engine.errors import MakeRoomError
from engine.runs import trial_store
from engine.runs.environment import for_engine
from engine.runs.home import Home, home_path
from engine.variables import DROPPED
from tui.commands.answer import Answer
from tui.terminal.capabilities import usable
from tui.terminal.characters import lacking

if TYPE_CHECKING:
    from collections.abc import Iterator

GIB = 1 << 30
WIDTH = 79
ROOM, MEMORY, FILES = GIB, 2 * GIB, 128  # with less a run may fail
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
    free, whole = memory()
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


def memory() -> tuple[int, int]:
    """Bytes of memory that are free and that there are."""
    page = os.sysconf("SC_PAGE_SIZE")
    free, whole = page * os.sysconf("SC_AVPHYS_PAGES"), page * os.sysconf("SC_PHYS_PAGES")
    with contextlib.suppress(OSError), Path("/proc/meminfo").open() as lines:
        for line in lines:
            if line.startswith("MemAvailable:"):  # in kB, caches that the kernel would give back among it
                free = 1024 * int(line.split()[1])
    return free, whole


def folders(home: Home) -> Iterator[Finding]:
    """Where files lie: may they be written, is there room?"""
    ledger = trial_store.place(home.path).path
    for what, path in (("home", home.path), ("trial ledger", ledger.parent), ("caches", cache_folder())):
        yield folder(what, path, needed=what != "caches")


def folder(what: str, path: Path, *, needed: bool) -> Finding:
    """A folder, or the nearest above it that there is."""
    there = next(each for each in (path, *path.absolute().parents) if each.exists())
    worse: Literal["warn", "bad"] = "bad" if needed else "warn"
    try:
        with tempfile.TemporaryFile(dir=there):
            free = shutil.disk_usage(there).free
    except OSError as error:
        remedy = "Name another with --home" if what == "home" else "Make it one that you may write"
        value = f"{path}: {error.strerror or error}"
        return Finding("folders", what, value, worse, remedy)
    short = free < ROOM
    return Finding(
        "folders", what, f"{path}, {free / GIB:.1f} GiB free", "warn" if short else "good",
        "Make room: a year of minutes takes 20 MB, a run 5 MB" if short else "",
    )  # fmt: skip


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
        group, "characters", f"plain ones, since {why}" if why else "all",
        "warn" if why else "good",
        "Set LANG to a UTF-8 locale, or start with --no-ascii where the terminal shows more" if why else "",
    )  # fmt: skip
    through = [name for name in ("SSH_CONNECTION", "TMUX", "STY") if os.environ.get(name)]
    yield Finding(group, "line", ", ".join(through) or "local")
    if dropped := for_engine()[DROPPED]:
        yield Finding(
            group, "variables", f"left out of a run: {dropped}", "warn", "None: it goes on as if unset"
        )
