"""What code of the user's own takes from outside while it is executed: files, network, programs, C."""

from __future__ import annotations

import ctypes
import functools
import importlib.util
import inspect
import os
import posix
import socket
import sys
import sysconfig
import threading
from genericpath import exists, isdir
from importlib.metadata import distributions
from os.path import normpath, realpath  # kept: whoever is watched may put others there
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.compat.interpreter import ALL_FRAMES, ONE_FRAME, name_of
from engine.own_modules import PLACES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

# What the system tells of itself; not all of /proc, where other processes' arguments and variables stand.
DEVICES = (
    "/dev/null", "/dev/zero", "/dev/random", "/dev/urandom", "/proc/cpuinfo", "/proc/meminfo", "/proc/stat",
    "/proc/version", "/proc/sys", "/proc/filesystems", "/proc/mounts", "/proc/self/cgroup",
    "/proc/self/status", "/proc/self/stat", "/proc/self/statm", "/proc/self/maps", "/proc/self/mountinfo",
    "/proc/self/mounts", "/proc/self/task", "/sys",
)  # fmt: skip
SYSTEM = (
    "/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/share/zoneinfo", "/etc/localtime", "/etc/timezone",
    "/etc/passwd", "/etc/group", "/etc/nsswitch.conf", "/etc/hosts", "/etc/host.conf", "/etc/hostname",
    "/etc/resolv.conf", "/etc/gai.conf", "/etc/services", "/etc/protocols", "/etc/ld.so.cache",
    "/etc/ld.so.conf", "/etc/ld.so.conf.d", "/etc/locale.alias", "/etc/os-release", "/etc/lsb-release",
    "/etc/mime.types", "/etc/ssl", "/etc/fonts", "/etc/OpenCL",
)  # fmt: skip
# Raised for what Python does without an event: look at a file, ask how full a disk is, make a named pipe.
LOOKS, SPACE, MAKES = "quantdeck.stat", "quantdeck.statvfs", "quantdeck.mknod"
UNTOLD = {
    "stat": LOOKS, "lstat": LOOKS, "access": LOOKS, "readlink": LOOKS, "statvfs": SPACE, "mkfifo": MAKES,
    "mknod": MAKES,
}  # fmt: skip
NETWORK, STARTS, LISTS = "asks the network:", "starts", "lists"
# Audit events of Python that carry something in from outside, named by one of their arguments.
CALLS = {
    "sqlite3.connect": ("opens", 0), "ctypes.dlopen": ("loads", 0), "ctypes.dlsym": ("calls in C", 1),
    "socket.connect": (NETWORK, 1), "socket.bind": (NETWORK, 1), "socket.sendto": (NETWORK, 1),
    "socket.sendmsg": (NETWORK, 1), "socket.getaddrinfo": (NETWORK, 0),
    "socket.gethostbyname": (NETWORK, 0), "socket.gethostbyaddr": (NETWORK, 0),
    "socket.getnameinfo": (NETWORK, 0), "subprocess.Popen": (STARTS, 0), "os.system": (STARTS, 0),
    "os.exec": (STARTS, 0), "os.posix_spawn": (STARTS, 0), "os.spawn": (STARTS, 0),
    "os.listdir": (LISTS, 0), "os.scandir": (LISTS, 0), "os.getxattr": ("looks at", 0),
    "os.listxattr": ("looks at", 0), LOOKS: ("looks at", 0), SPACE: ("looks at", 0), MAKES: ("changes", 0),
    "os.mkdir": ("changes", 0), "os.rmdir": ("changes", 0), "os.remove": ("changes", 0),
    "os.rename": ("changes", 1), "os.link": ("changes", 1), "os.symlink": ("changes", 1),
    "os.utime": ("changes", 0), "os.setxattr": ("changes", 0), "os.truncate": ("changes", 0),
    "os.chmod": ("changes", 0), "os.chown": ("changes", 0), "os.removexattr": ("changes", 0),
}  # fmt: skip
CHANGES = {event for event, (words, _) in CALLS.items() if words == "changes"}
LEFT = {"os.getxattr", "os.listxattr", SPACE}  # what another replay may have left even on its own file
WRITING = os.O_WRONLY | os.O_RDWR
# Those that need no argument to say what they do.
ALONE = {
    "os.fork": "starts a process of its own", "os.forkpty": "starts a process of its own",
    "os.kill": "sends signals to processes",
    "resource.prlimit": "changes the limits of processes",
    "gc.get_objects": "searches the memory of its process",
    "gc.get_referrers": "searches the memory of its process",
    "gc.get_referents": "searches the memory of its process",
    ALL_FRAMES: "searches the memory of its process",
    "sys.settrace": "follows what its process executes",
    "sys.setprofile": "follows what its process executes",
}  # fmt: skip
# What leads to the variables of whoever calls, where all bars lie; libraries ask for it, too.
FRAMES = {"tb_frame", "gi_frame", "cr_frame", "ag_frame"}
BY_ADDRESS = {
    "ctypes.string_at", "ctypes.wstring_at", "ctypes.cdata", "ctypes.PyObj_FromPtr",
}  # fmt: skip
READS_MEMORY = "reads memory by its address"
SEARCHES = "searches the variables of whoever calls it"
# Functions of the C library that bring in what no event of Python's tells of, whoever's library has them.
IN_C = {
    "open", "open64", "openat", "fopen", "fopen64", "read", "pread", "mmap", "shm_open", "socket", "connect",
    "system", "popen", "execve", "fork", "getenv", "syscall", "recv", "recvfrom", "sendto", "bind", "shmat",
    "shmget", "stat", "readdir", "opendir", "environ",
}  # fmt: skip
# Libraries in C that ask the network, and those that read files, without an event of Python's.
ASKING = ("uvloop", "pycurl", "grpc", "zmq", "psycopg2", "cffi", "pyarrow.fs", "pyarrow.flight", "duckdb")
IN_SECRET = (
    "pyarrow.parquet", "pyarrow.feather", "pyarrow.dataset", "h5py", "tables", "netCDF4", "polars", *ASKING,
)  # fmt: skip
# Functions of other libraries that read a file in C.
READERS = {"read_parquet", "read_feather", "read_orc", "read_hdf", "HDFStore"}
# Functions of the C library that threads are counted and memory is moved with.
HARMLESS = {
    "dl_iterate_phdr", "malloc", "calloc", "free", "memcpy", "memmove", "memset", "strlen",
    "gnu_get_libc_version",
}  # fmt: skip
# Not the folder of that name in a virtual environment, where nothing of Python's lies.
STANDARD = tuple(
    realpath(sysconfig.get_path(name, vars={"platbase": sys.base_exec_prefix})) + os.sep
    for name in ("stdlib", "platstdlib")
)
CODE = (".py", ".pyc", ".pyi", ".so", ".pth")


class Watch:
    """An audit hook that notes what comes in from outside; see PEP 578."""

    def __init__(self, files: Iterable[str], *folders: str) -> None:
        """The files are the code's own, and so are the folders."""
        self.on, self.seen = True, dict[str, None]()
        self.busy = set[int]()  # threads that are in here: what is asked here raises events as well
        self.files = set(map(realpath, files))
        self.compiled = {
            realpath(importlib.util.cache_from_source(file, optimization=level))
            for file in self.files
            for level in ("", 1, 2)
        }
        self.libraries = within(PLACES)
        self.own = within((*DEVICES, *folders))
        self.allowed = (*within(SYSTEM), *self.own)

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Note it, once."""
        thread = threading.get_ident()
        if not self.on or thread in self.busy:
            return
        self.busy.add(thread)
        try:
            self.note(event, arguments)
        finally:
            self.busy.discard(thread)

    def note(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Note what an event says."""
        if event in ALONE:
            self.seen[ALONE[event]] = None
        elif event == "open" and arguments:
            self.opened(arguments[0])
            self.written(arguments)
        elif event == "import" and arguments[1]:  # an extension in C: no file of it is opened by Python
            self.opened(arguments[1])
        elif event == "socket.__new__" and arguments[1] != socket.AF_UNIX:  # pairs stay in the process
            self.seen[f"{NETWORK} a socket"] = None
        elif words := looks_around(event, arguments):
            if self.asked_by_itself():
                self.seen[words] = None
        elif event in CALLS and arguments:
            words, place = CALLS[event]
            what = arguments[place]
            if what and self.matters(event, what, arguments):
                self.seen[f"{words} {named(what)}"] = None

    def asked_by_itself(self) -> bool:
        """Whether the code itself raised the event, or had `inspect` or `ctypes` raise it."""
        frame = inspect.currentframe()
        for _ in range(3):  # this, `note` and `__call__`; then whoever raised it
            frame = frame and frame.f_back
        while frame and frame.f_code.co_filename in (inspect.__file__, ctypes.__file__):
            frame = frame.f_back
        return frame is not None and realpath(frame.f_code.co_filename) in self.files

    def matters(self, event: str, what: Any, arguments: tuple[Any, ...]) -> bool:
        """Whether a call brings in something that another replay may find changed."""
        if event in {"ctypes.dlopen", "os.listdir", "os.scandir"}:
            # Python lists the places that it imports from
            return not isinstance(what, int) and what not in sys.path and not self.is_allowed(what)
        if event in CHANGES or event in LEFT:
            return not self.is_its_own(what)
        if event == LOOKS:  # a path is resolved folder by folder
            seen = not isinstance(what, int) and exists(what) and not isdir(what)
            return seen and not self.is_allowed(what)
        if event == "ctypes.dlsym":
            return what in IN_C or is_of_the_system(arguments[0], str(what))
        if event == "sqlite3.connect":
            elsewhere = named(what).startswith("file:") or not self.is_its_own(what)
            return elsewhere and what not in {":memory:", b":memory:"}
        return True

    def opened(self, path: Any) -> None:
        """Note a file that is not part of Python, the system or the features themselves."""
        if isinstance(path, int) or not exists(path) or self.is_allowed(path):
            return
        self.seen[f"opens {named(path)}"] = None

    def written(self, arguments: tuple[Any, ...]) -> None:
        """Note a file that is opened to be written and stays for a next replay, its own file among them."""
        path, _, flags = (*arguments, None, None)[:3]
        if (
            not isinstance(path, int)
            and isinstance(flags, int)
            and flags & WRITING
            and not self.is_its_own(path)
        ):
            self.seen[f"writes {named(path)}"] = None

    def is_its_own(self, path: Any) -> bool:
        """Whether a file is gone with the replay, or is compiled code."""
        real = realpath(os.fsdecode(path)) if not isinstance(path, int) else ""
        return not real or (real + os.sep).startswith(self.own) or "__pycache__" in Path(real).parts

    def is_allowed(self, path: Any) -> bool:
        """Whether what a file says is the same in every replay."""
        real = realpath(os.fsdecode(path))
        if real in self.files or real in self.compiled or (real + os.sep).startswith(self.allowed):
            return True
        return (real + os.sep).startswith(self.libraries) and is_of_a_library(real)


def readers_in(words: Iterable[str]) -> list[str]:
    """Those of a file's words by which it may read in C what no event tells of, the network included."""
    libraries = {*IN_SECRET, "pyarrow"}
    return sorted(
        word
        for word in words
        if word in READERS or word in libraries or any(word.startswith(f"{each}.") for each in libraries)
    )


def looks_around(event: str, arguments: tuple[Any, ...]) -> str:
    """What code does that raises the event by itself: look at what is being executed, or at memory."""
    if event in BY_ADDRESS:
        return READS_MEMORY
    frame = event == ONE_FRAME or (event == "object.__getattr__" and arguments[1] in FRAMES)
    return SEARCHES if frame else ""


def within(folders: Iterable[str]) -> tuple[str, ...]:
    """Beginnings of all paths that lie in the folders."""
    return tuple(realpath(folder) + os.sep for folder in folders)


def is_of_a_library(real: str) -> bool:
    """Whether a file where libraries lie came with one, rather than being left there by somebody."""
    path = Path(real)
    if path.suffix in CODE or ".so." in path.name or isdir(real):
        return True
    third = {"site-packages", "dist-packages"} & set(path.parts)
    return real.startswith(STANDARD) if not third else real in installed_files()


@functools.cache
def installed_files() -> frozenset[str]:
    """The files of data that the installed libraries list as theirs."""
    found = set()
    for distribution in distributions():
        root = realpath(str(distribution.locate_file("")))
        found |= {normpath(f"{root}/{each}") for each in distribution.files or () if each.suffix not in CODE}
    return frozenset(found)


def is_of_the_system(library: Any, function: str) -> bool:
    """Whether a function is looked up in the C library or the whole process, and is none of Python's own."""
    name = name_of(library)
    of_python = function.lstrip("_").startswith("Py")
    return (not name or Path(name).name.startswith("libc.")) and not of_python and function not in HARMLESS


def report_looks() -> None:
    """Have `os`, and what it is made of, raise an event where it tells or makes more than it opens."""
    for name, event in UNTOLD.items():
        told = reporting(getattr(os, name), event)
        setattr(os, name, told)
        setattr(posix, name, told)


def reporting(function: Callable[..., Any], event: str) -> Callable[..., Any]:
    """The function, which says at what it looks."""

    @functools.wraps(function)
    def looking(path: Any, *arguments: Any, **options: Any) -> Any:
        sys.audit(event, path)
        return function(path, *arguments, **options)

    return looking


def named(what: Any) -> str:
    """What was opened or asked, for a reader: a path in full, a program with its arguments."""
    if isinstance(what, bytes | os.PathLike):
        return os.fsdecode(what)
    return " ".join(map(str, what)) if isinstance(what, list | tuple) else str(what)
