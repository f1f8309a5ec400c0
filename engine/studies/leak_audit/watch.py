"""What code of the user's own takes from outside while it is executed: files, network, programs, C."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.own_modules import PLACES

if TYPE_CHECKING:
    from collections.abc import Iterable

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
# Libraries in C that read files or ask the network without an event of Python's.
IN_SECRET = (
    "pyarrow.parquet", "pyarrow.feather", "pyarrow.dataset", "pyarrow.fs", "h5py", "tables", "netCDF4",
    "duckdb", "polars", "uvloop", "pycurl", "grpc", "zmq", "psycopg2", "cffi",
)  # fmt: skip


class Watch:
    """An audit hook that notes what comes in from outside; see PEP 578."""

    def __init__(self, files: Iterable[str], *folders: str) -> None:
        """The files are the code's own, and so are the folders."""
        self.on, self.seen = True, dict[str, None]()
        self.files = set(map(os.path.realpath, files))
        self.allowed = tuple(
            os.path.realpath(place) + os.sep for place in (*PLACES, *SYSTEM, *DEVICES, *folders)
        )

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Note it, once."""
        if not self.on or not arguments:
            return
        if event == "open":
            self.opened(arguments[0])
        elif event == "import" and arguments[1]:  # an extension in C: no file of it is opened by Python
            self.opened(arguments[1])
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
        return real in self.files or (real + os.sep).startswith(self.allowed) or self.is_compiled(real)

    def is_compiled(self, real: str) -> bool:
        """Whether it is what Python keeps of one of the code's own files."""
        path = Path(real)
        source = path.parent.parent / f"{path.name.partition('.')[0]}.py"
        return path.parent.name == "__pycache__" and ".pyc" in path.name and str(source) in self.files


def named(what: Any) -> str:
    """What was opened or asked, for a reader: a path in full, a program with its arguments."""
    if isinstance(what, bytes | os.PathLike):
        return os.fsdecode(what)
    return " ".join(map(str, what)) if isinstance(what, list | tuple) else str(what)
