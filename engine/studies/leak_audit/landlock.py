"""Landlock: from here on this process may read what lies under some folders, and no other file.

Linux 5.13 or later; from 6.7 on it connects to nothing by TCP, either. The numbers are those of the kernel's
user interface, include/uapi/linux/landlock.h; they are the same on every architecture.
"""

from __future__ import annotations

import ctypes
import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446  # system calls
GIVE_VERSION = 1  # a flag of the first
PATH_BENEATH = 1  # a kind of rule
READ_FILE = 1 << 2
CONNECT_TCP, KNOWS_NETWORK = 1 << 1, 4  # the version that has it
NO_NEW_PRIVILEGES = 38  # of prctl


class Rule(ctypes.Structure):
    """What may be done with the files under an open folder."""

    _pack_ = 1
    _fields_ = (("access", ctypes.c_uint64), ("folder", ctypes.c_int32))


class Handled(ctypes.Structure):
    """What is refused where no rule allows it."""

    _fields_ = (("files", ctypes.c_uint64), ("network", ctypes.c_uint64))


def version() -> int:
    """Of this kernel's Landlock; 0 or less if it has none."""
    return call(CREATE_RULESET, None, 0, GIVE_VERSION) if sys.platform == "linux" else 0


def is_there() -> bool:
    """Whether this kernel has it."""
    return version() > 0


def read_only_under(places: Iterable[str]) -> bool:
    """Refuse to open any file for reading but those under the places, and TCP; whether that could be done.

    A place that is not there is left out. What is refused raises PermissionError in whoever asks, libraries
    in C included. It holds for this process and those that it starts, for good.
    """
    if not is_there():
        return False
    network = version() >= KNOWS_NETWORK
    handled = Handled(READ_FILE, CONNECT_TCP if network else 0)
    size = ctypes.sizeof(handled) if network else ctypes.sizeof(ctypes.c_uint64)
    rules = call(CREATE_RULESET, ctypes.byref(handled), size, 0)
    if rules < 0:
        return False
    try:
        for place in places:
            allow(rules, place)
        library().prctl(NO_NEW_PRIVILEGES, 1, 0, 0, 0)
        return call(RESTRICT_SELF, rules, 0) == 0
    finally:
        os.close(rules)


def allow(rules: int, place: str) -> None:
    """Let files under the place be read."""
    try:
        folder = os.open(place, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    try:
        rule = Rule(READ_FILE, folder)
        call(ADD_RULE, rules, PATH_BENEATH, ctypes.byref(rule), 0)
    finally:
        os.close(folder)


def call(number: int, *arguments: object) -> int:
    """A system call; -1 where it fails."""
    return int(library().syscall(number, *arguments))


def library() -> ctypes.CDLL:
    """The C library."""
    return ctypes.CDLL(None)
