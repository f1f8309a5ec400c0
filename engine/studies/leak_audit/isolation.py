"""Own features in a process of their own, which remembers nothing and reads no file of the user's.

Each replay is a fork of a server that has imported the libraries and never the user's file: so the file is
executed anew, in an empty working folder, and what it learned from one history cannot reach another. What it
opens all the same, and what it asks of network and system, is seen and named.
"""

from __future__ import annotations

import ast
import importlib.util
import os
import sys
import sysconfig
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from engine.data.importing.features_file import load_features
from engine.errors import MakeRoomError, QuantdeckError
from engine.features.own import by_segment
from engine.studies.leak_audit import landlock
from engine.studies.leak_audit.forks import ForkDiedError, ForkServers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.features.inputs import Bars

Columns: TypeAlias = dict[str, NDArray[np.float64]]  # feature → (T,)

LIBRARIES = (__name__, "pandas", "talib")
# They start threads when they are imported, which a fork does not take along.
NEVER_AHEAD = {"jax", "jaxlib", "keras", "tensorflow", "torch"}
DEVICES = ("/dev/null", "/dev/zero", "/dev/random", "/dev/urandom", "/proc", "/sys")
SYSTEM = ("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/share/zoneinfo", "/etc")
# Audit events of Python that carry something in from outside, named by their first argument.
CALLS = {
    "sqlite3.connect": "opens", "ctypes.dlopen": "loads", "socket.connect": "asks the network:",
    "socket.getaddrinfo": "asks the network:", "socket.gethostbyname": "asks the network:",
    "socket.sendto": "asks the network:", "subprocess.Popen": "starts", "os.system": "starts",
    "os.exec": "starts", "os.posix_spawn": "starts", "os.spawn": "starts", "os.listdir": "lists",
    "os.scandir": "lists", "ctypes.dlsym": "calls in C",
}  # fmt: skip
# Functions of the C library that bring in what no event of Python's tells of.
IN_C = {
    "open", "open64", "openat", "fopen", "fopen64", "read", "pread", "mmap", "shm_open", "socket", "connect",
    "system", "popen", "execve", "fork", "getenv",
}  # fmt: skip
# Variables of the environment that stay; any other could carry a level in.
VARIABLES = ("PATH", "LANG", "TZ", "LD_LIBRARY_PATH")
VARIABLES_OF = ("LC_", "PYTHON", "OMP_", "OPENBLAS_", "MKL_", "NUMBA_", "KERAS_", "JAX_", "XLA_", "TF_")
# Libraries in C that open files without an event of Python's.
READERS = (
    "pyarrow.parquet",
    "pyarrow.feather",
    "pyarrow.dataset",
    "h5py",
    "tables",
    "netCDF4",
    "duckdb",
    "polars",
)


@dataclass(frozen=True)
class Replayed:
    """What own features gave of some markets, one after the other in one process.

    columns: those that could be computed, (T,) each, for each market; errors: of the others, by feature;
    outside: what they did that no replay can hold still, in words (`opens levels.csv`).
    """

    columns: tuple[Columns, ...]
    errors: dict[str, QuantdeckError]
    outside: tuple[str, ...] = ()


class Isolated:
    """The own features of one file, computed in processes of their own.

    outside: what they were seen to take from elsewhere, so far, in words.
    """

    def __init__(self, file: Path, kept: bytes | None = None, processes: int = 2) -> None:
        """Nothing is started yet. kept: what the file held when the model was trained."""
        self.file, self.processes = file, processes
        self.kept = file.read_bytes() if kept is None else kept
        self.outside: dict[str, None] = {}
        self.forks = ForkServers((*LIBRARIES, *imported(self.kept)), processes)
        self.locked = True  # files are kept from them, until one shows that it cannot do without

    def compute(self, groups: Sequence[Sequence[Bars]]) -> list[tuple[Columns, ...]]:
        """The features of each market, the markets of a group one after the other in one process.

        Raises RepairDataError for a feature that fails, MakeRoomError if a process is killed.
        """
        self.forks.start()
        with ThreadPoolExecutor(self.processes) as threads:
            found = list(threads.map(self.replayed, groups))
        for each in found:
            self.outside |= dict.fromkeys(each.outside)
        if self.locked and any(each.errors and each.outside for each in found):
            self.locked = False  # what they read is said, and the audit goes on with it
            return self.compute(groups)
        for each in found:
            for error in each.errors.values():
                raise error
        return [each.columns for each in found]

    def replayed(self, group: Sequence[Bars]) -> Replayed:
        """The features of some markets, in a new process."""
        plain = [replace(bars, columns=dict(bars.columns)) for bars in group]  # without what they keep
        try:
            found: Replayed = self.forks.call(replay, str(self.file), self.kept, plain, self.locked)
        except ForkDiedError as error:
            reason = f"its process ended with {error.exit_code}, most often for want of memory"
            raise MakeRoomError(str(self.file), reason, "Audit it where there is more") from None
        return found


def replay(file: str, kept: bytes, group: Sequence[Bars], locked: bool, folder: str) -> Replayed:
    """Compute the features of the file in this process, which serves nothing else."""
    settle(folder)
    confined = locked and landlock.read_only_under((*libraries(), *DEVICES, *SYSTEM, file, folder))
    watch, before = Watch(file, folder), set(sys.modules)
    sys.addaudithook(watch)
    columns: list[Columns] = []
    errors: dict[str, QuantdeckError] = {}
    try:
        own = load_features(Path(file), kept)
        for bars in group:
            columns.append({})
            for feature in own:
                try:
                    columns[-1][feature.name] = by_segment(feature, bars)
                except QuantdeckError as error:
                    errors[feature.name] = error
    except QuantdeckError as error:
        errors[""] = error
    watch.on = False
    loaded = {*imported(kept), *(set(sys.modules) - before)}
    read = [f"may read files through {name}" for name in READERS if name in loaded and not confined]
    causes = [error.__cause__ for error in errors.values()]
    refused = [f"wants a file: {each}" for each in causes if isinstance(each, PermissionError)]
    outside = (*watch.seen, *read, *(refused if not watch.seen else ()))
    return Replayed(tuple(columns), errors, outside)


def settle(folder: str) -> None:
    """Work in an empty folder, and take it for every place where files are kept for a next time."""
    os.chdir(folder)
    for name in set(os.environ) - set(VARIABLES):
        if not name.startswith(VARIABLES_OF):
            del os.environ[name]
    tempfile.tempdir = folder
    for name in ("TMPDIR", "HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME", "NUMBA_CACHE_DIR"):
        os.environ[name] = folder


class Watch:
    """An audit hook that notes what comes in from outside; see PEP 578."""

    def __init__(self, file: str, folder: str) -> None:
        """The features' own file and the empty folder are theirs."""
        self.on, self.seen = True, dict[str, None]()
        self.own = (os.path.realpath(file), os.path.realpath(folder) + os.sep)
        self.allowed = tuple(os.path.realpath(place) + os.sep for place in (*libraries(), *SYSTEM, *DEVICES))

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Note it, once."""
        if not self.on or not arguments:
            return
        if event == "open":
            self.opened(arguments[0])
        elif event in CALLS:
            what = arguments[1] if event in {"socket.connect", "ctypes.dlsym"} else arguments[0]
            if what and self.matters(event, what):
                self.seen[f"{CALLS[event]} {named(what)}"] = None

    def matters(self, event: str, what: Any) -> bool:
        """Whether a call brings in something that another replay may find changed."""
        if event in {"ctypes.dlopen", "os.listdir", "os.scandir"}:
            # Python lists the places that it imports from
            return not isinstance(what, int) and what not in sys.path and not self.is_allowed(what)
        if event == "ctypes.dlsym":
            return what in IN_C
        return not (event == "sqlite3.connect" and what in {":memory:", b":memory:"})

    def opened(self, path: Any) -> None:
        """Note a file that is not part of Python, the system or the features themselves."""
        if isinstance(path, int) or not Path(os.fsdecode(path)).exists() or self.is_allowed(path):
            return
        self.seen[f"opens {named(path)}"] = None

    def is_allowed(self, path: Any) -> bool:
        """Whether what a file says is the same in every replay."""
        real = os.path.realpath(os.fsdecode(path))
        inside = (real + os.sep).startswith((self.own[1], *self.allowed))
        return real == self.own[0] or inside or "__pycache__" in real


def named(what: Any) -> str:
    """What was opened or asked, for a reader: a path in full, a program with its arguments."""
    if isinstance(what, bytes | os.PathLike):
        return os.fsdecode(what)
    return " ".join(map(str, what)) if isinstance(what, list | tuple) else str(what)


def libraries() -> tuple[str, ...]:
    """Where Python, its libraries and this project's code lie."""
    paths = sysconfig.get_paths()
    kept = [paths["stdlib"], paths["platstdlib"], sys.base_prefix, sys.prefix, str(Path(__file__).parents[2])]
    kept += [place for place in sys.path if place.endswith(("site-packages", "dist-packages", ".zip"))]
    return tuple(dict.fromkeys(map(os.path.realpath, kept)))


def imported(source: bytes) -> list[str]:
    """The installed libraries that a file of Python imports, to be imported once for all replays."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return []  # said when it is executed
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {each.name for each in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module)
    return sorted(name for name in names if name.partition(".")[0] not in NEVER_AHEAD and is_library(name))


def is_library(name: str) -> bool:
    """Whether a module is installed or Python's own, and no file of the user's."""
    try:
        found = importlib.util.find_spec(name.partition(".")[0])
    except (ImportError, ValueError):
        return False
    return found is not None and name.partition(".")[0] != "engine"
