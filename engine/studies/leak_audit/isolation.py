"""Own features in a process of their own, which remembers nothing and reads no file of the user's.

Each replay is a fork of a server that has imported installed libraries and nothing of the user's: so the file
and the modules beside it are executed anew, in an empty working folder, and what they learned from one
history cannot reach another. What they open all the same, and what they ask of network and system, is seen
and named.
"""

from __future__ import annotations

import os
import posix
import re
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

from engine.data.importing.features_file import load_features
from engine.errors import MakeRoomError, QuantdeckError
from engine.features.own import by_segment
from engine.own_modules import PLACES, data_within, imported, is_installed, is_library, own_modules
from engine.results.audit import AGAIN, Finding
from engine.studies.leak_audit import landlock, seccomp
from engine.studies.leak_audit.forks import ForkDiedError, ForkServers
from engine.studies.leak_audit.rounding import same
from engine.studies.leak_audit.watch import (
    ASKING,
    DEVICES,
    IN_SECRET,
    SYSTEM,
    Watch,
    report_looks,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from engine.features.inputs import Bars

Columns: TypeAlias = dict[str, NDArray[np.float64]]  # feature → (T,)

LIBRARIES = (__name__, "pandas", "talib")
# They start threads when they are imported, which a fork does not take along.
NEVER_AHEAD = {"jax", "jaxlib", "keras", "tensorflow", "torch"}
# Variables of the environment that stay; any other could carry a level in.
VARIABLES = ("LANG", "TZ")
VARIABLES_OF = ("LC_", "PYTHON", "OMP_", "OPENBLAS_", "MKL_", "NUMBA_", "KERAS_", "JAX_", "XLA_", "TF_")
A_WORD = re.compile(r"[\w./,:+=-]{0,32}")  # as they say; a table does not fit


@dataclass(frozen=True)
class Replayed:
    """What own features gave of some markets, one after the other in one process.

    columns: those that could be computed, (T,) each, for each market; errors: of the others, by feature, ""
    where the file itself cannot be executed; outside: what they did that no replay can hold still, in words
    (`opens levels.csv`); loaded: modules of libraries that they imported.
    """

    columns: tuple[Columns, ...]
    errors: dict[str, QuantdeckError]
    outside: tuple[str, ...] = ()
    loaded: tuple[str, ...] = ()


class Isolated:
    """The own features of one file, computed in processes of their own.

    outside: what they were seen to take from elsewhere, so far, in words. failed: why a feature had no values
    in a made-up history, the last reason. unsteady: features that are others when the same history is
    computed again, a finding each.
    """

    def __init__(
        self,
        file: Path,
        kept: bytes | None = None,
        processes: int = 2,
        modules: Mapping[str, str] | None = None,
    ) -> None:
        """Nothing is started yet. kept: what the file held when the model was trained.

        modules: SHA-256 of the own modules that it imported then, by path; None: those that are there now.
        """
        self.file, self.processes = file, processes
        self.kept = file.read_bytes() if kept is None else kept
        self.outside: dict[str, None] = {}
        self.failed: dict[str, QuantdeckError] = {}
        self.unsteady: tuple[Finding, ...] = ()
        now = own_modules(self.kept)
        for path, sha256 in now.items() if modules is not None else ():
            if modules is not None and modules.get(path) != sha256:
                why = "was edited since it was trained with" if path in modules else "was not kept"
                self.outside[f"imports {path}, which {why}"] = None
        self.modules = tuple(now)
        for path, source in {str(file): self.kept, **{each: Path(each).read_bytes() for each in now}}.items():
            self.outside |= dict.fromkeys(f"{path} {what}" for what in data_within(source))
        for name in sorted(imported(self.kept)):
            if f"{name}.".startswith("engine.studies."):
                self.outside[f"imports {name}, where its own audit lies"] = None
        self.ahead = [*LIBRARIES, *filter(is_ahead, sorted(imported(self.kept)))]
        self.forks = ForkServers(self.ahead, processes)
        self.begun = False
        self.locked = True  # files are kept from them, until one shows that it cannot do without

    def compute(self, groups: Sequence[Sequence[Bars]]) -> list[tuple[Columns, ...]]:
        """The features of each market, the markets of a group one after the other in one process.

        The first call is of the history itself and raises RepairDataError for a feature that fails; later
        ones leave it out. Raises MakeRoomError if a process is killed.
        """
        self.forks.start()
        if not self.begun:
            self.begun = True
            return [self.first(group) for group in groups]
        with ThreadPoolExecutor(self.processes) as threads:
            found = list(threads.map(self.replayed, groups))
        self.note(found)
        for each in found:
            self.failed |= each.errors
        return [each.columns for each in found]

    def first(self, group: Sequence[Bars]) -> tuple[Columns, ...]:
        """Of the history itself, with nothing to read and with all: what then differs comes from outside.

        Or from a clock or a draw without a seed: that differs when all is there both times, too.
        """
        with ThreadPoolExecutor(self.processes) as threads:
            confined, free = threads.map(lambda locked: self.replayed(group, locked=locked), (True, False))
        self.note([confined, free])
        for error in free.errors.values():
            raise error
        other = set(unlike(confined, free))
        if other:
            again = self.replayed(group, locked=False)
            moved = unlike(free, again)
            self.unsteady = tuple(
                Finding("features", name, row_ms, row_ms, AGAIN, before, after)
                for name, (place, row, before, after) in moved.items()
                for row_ms in (int(group[place].time[row]),)
            )
            other -= set(moved)
        if other:
            self.locked = False  # what they read is said, and the audit goes on with it
            loaded = {*imported(self.kept), *free.loaded}
            through = [name for name in IN_SECRET if name in loaded]
            secret = [f"reads files or asks the network through {name}" for name in through] or [
                f"{name} is another where it may read no file and ask no network" for name in sorted(other)
            ]
            if through or not self.outside:
                self.outside |= dict.fromkeys(secret)
        self.import_ahead(free.loaded)
        return confined.columns if self.locked else free.columns

    def import_ahead(self, loaded: Sequence[str]) -> None:
        """Have the servers import what the features did, within functions too, so that no replay has to."""
        more = [name for name in loaded if is_ahead(name) and name not in self.ahead]
        if more:
            self.ahead += more
            self.forks = ForkServers(self.ahead, self.processes)

    def note(self, found: Sequence[Replayed]) -> None:
        """Keep what they took from elsewhere."""
        for each in found:
            self.outside |= dict.fromkeys(each.outside)

    def replayed(self, group: Sequence[Bars], *, locked: bool | None = None) -> Replayed:
        """The features of some markets, in a new process."""
        plain = [replace(bars, columns=dict(bars.columns)) for bars in group]  # without what they keep
        locked = self.locked if locked is None else locked
        try:
            found: Replayed = self.forks.call(replay, str(self.file), self.kept, self.modules, plain, locked)
        except ForkDiedError as error:
            reason = f"its process ended with {error.exit_code}, most often for want of memory"
            raise MakeRoomError(str(self.file), reason, "Audit it where there is more") from None
        return found


def unlike(before: Replayed, after: Replayed) -> dict[str, tuple[int, int, float, float]]:
    """Features of which one has no values, or others: the first such market's place, its row, and both."""
    found: dict[str, tuple[int, int, float, float]] = {}
    pairs = zip(before.columns or ({},), after.columns or ({},), strict=True)
    for place, (was, became) in enumerate(pairs):
        for name in {*was, *became} - set(found):
            if name not in was or name not in became:
                found[name] = (place, 0, np.nan, np.nan)
            elif not (alike := same(was[name], became[name])).all():
                row = int(np.argmin(alike))
                found[name] = (place, row, float(was[name][row]), float(became[name][row]))
    return found


def replay(
    file: str, kept: bytes, modules: Sequence[str], group: Sequence[Bars], locked: bool, folder: str
) -> Replayed:
    """Compute the features of the file in this process, which serves nothing else."""
    enter_sandbox(folder)
    confined = locked and landlock.read_only_under((*PLACES, *DEVICES, *SYSTEM, file, folder, *modules))
    alone = locked and seccomp.no_sockets()
    report_looks()
    watch, before = Watch((file, *modules), folder), set(sys.modules)
    sys.addaudithook(watch)
    columns: list[Columns] = []
    errors: dict[str, QuantdeckError] = {}
    try:
        own = load_features(Path(file), kept)
        for bars in group:
            columns.append({})
            for feature in own:
                try:
                    columns[-1][feature.name] = by_segment(feature, bars, finite=False)
                except QuantdeckError as error:
                    errors[feature.name] = error
    except QuantdeckError as error:
        errors[""] = error
        columns = [{} for _ in group]
    watch.on = False
    loaded = tuple(name for name in list(sys.modules) if name not in before and came_installed(name))
    imports = {*imported(kept), *loaded}
    unseen = IN_SECRET if not landlock.is_there() else ASKING if locked and not alone else ()
    read = [f"may read files or ask the network through {name}" for name in unseen if name in imports]
    causes = [error.__cause__ for error in errors.values()]
    refused = [f"wants a file or the network: {each}" for each in causes if isinstance(each, PermissionError)]
    outside = (*watch.seen, *read, *(refused if confined and not watch.seen else ()))
    return Replayed(tuple(columns), errors, outside, loaded)


def enter_sandbox(folder: str) -> None:
    """Work in an empty folder, and take it for every place where files are kept for a next time."""
    os.chdir(folder)
    for name, value in list(os.environ.items()):
        if not (name in VARIABLES or name.startswith(VARIABLES_OF)) or not A_WORD.fullmatch(value):
            del os.environ[name]
    posix.environ.clear()  # what the process was started with
    sys.argv[1:] = []
    tempfile.tempdir = folder
    for name in ("TMPDIR", "HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME", "NUMBA_CACHE_DIR"):
        os.environ[name] = folder
    if "numba" in sys.modules:  # which has read that variable
        sys.modules["numba"].config.CACHE_DIR = folder
    os.environ["LOKY_MAX_CPU_COUNT"] = "1"  # else joblib starts a program to count the cores


def is_ahead(name: str) -> bool:
    """Whether a module may be imported before anything of the user's is executed."""
    return name.partition(".")[0] not in NEVER_AHEAD and is_library(name)


def came_installed(name: str) -> bool:
    """Whether an imported module was read from where libraries lie."""
    return is_installed(getattr(sys.modules[name], "__file__", None) or os.sep)
