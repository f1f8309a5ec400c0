"""Seccomp: from here on this process opens no socket, no memory that others share, and moves no priority.

Landlock knows of files and TCP alone. The numbers are those of the kernel's user interface,
include/uapi/linux/{seccomp,filter,audit}.h and the tables of system calls.
"""

from __future__ import annotations

import ctypes
import errno
import platform
import sys

NO_NEW_PRIVILEGES, SET_SECCOMP, FILTER = 38, 22, 2  # of prctl
LOAD, EQUAL, RETURN = 0x20, 0x15, 0x06  # instructions of the filter
NUMBER, ARCHITECTURE = 0, 4  # where they stand in what a filter is shown
ALLOW, REFUSE = 0x7FFF0000, 0x00050000
# socket (not socketpair, whose ends both lie here), shared memory, messages and semaphores by a key,
# messages by a name, another process's memory, and io_uring, which does all of it by another door; then how
# processes are scheduled (setpriority, ioprio_set, sched_setscheduler, -param, -attr), as the server's own
# priority would tell the next fork what this one has seen.
CALLS = {
    "x86_64": (0xC000003E, (41, 29, 68, 64, 240, 101, 310, 425, 141, 251, 144, 142, 314)),
    "aarch64": (0xC00000B7, (198, 194, 186, 190, 180, 117, 270, 425, 140, 30, 119, 118, 274)),
}


class Instruction(ctypes.Structure):
    """One of a filter: what to do, how far to go on if it holds or not, and a number."""

    _fields_ = (
        ("code", ctypes.c_uint16), ("then", ctypes.c_uint8), ("otherwise", ctypes.c_uint8),
        ("number", ctypes.c_uint32),
    )  # fmt: skip


class Program(ctypes.Structure):
    """A filter: how many instructions, and where they lie."""

    _fields_ = (("length", ctypes.c_uint16), ("first", ctypes.POINTER(Instruction)))


def no_sockets() -> bool:
    """Refuse sockets, shared memory by a key and other priorities; whether that could be done.

    What is refused raises PermissionError in whoever asks, libraries in C included. It holds for this
    process and those that it starts, for good.
    """
    if sys.platform != "linux" or platform.machine() not in CALLS:
        return False
    architecture, calls = CALLS[platform.machine()]
    count = len(calls)
    lines = [
        (LOAD, 0, 0, ARCHITECTURE),
        (EQUAL, 0, count + 1, architecture),  # another's calls have other numbers: they are let through
        (LOAD, 0, 0, NUMBER),
        *((EQUAL, count - place, 0, call) for place, call in enumerate(calls)),
        (RETURN, 0, 0, ALLOW),
        (RETURN, 0, 0, REFUSE | errno.EACCES),
    ]
    made = (Instruction * len(lines))(*(Instruction(*line) for line in lines))
    program = Program(len(lines), ctypes.cast(made, ctypes.POINTER(Instruction)))
    library = ctypes.CDLL(None)
    library.prctl(NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    return bool(library.prctl(SET_SECCOMP, FILTER, ctypes.byref(program), 0, 0) == 0)
