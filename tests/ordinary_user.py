"""What an ordinary user may do, for tests that root runs: nothing beyond what the modes of files say."""

import contextlib
import ctypes
import os

VERSION = 0x20080522  # of the capabilities' layout: effective, permitted and inheritable, twice
EFFECTIVE = (0, 3)


@contextlib.contextmanager
def ordinary_user():
    """Within it this thread, and what it starts, lacks what root may do beyond the owner of its files."""
    if os.geteuid():
        yield
        return
    library = ctypes.CDLL(None, use_errno=True)
    head, held = (ctypes.c_uint32 * 2)(VERSION, 0), (ctypes.c_uint32 * 6)()
    if library.capget(head, held):
        raise OSError(ctypes.get_errno(), "capabilities are not told")
    fewer = (ctypes.c_uint32 * 6)(*(0 if at in EFFECTIVE else each for at, each in enumerate(held)))
    if library.capset(head, fewer):
        raise OSError(ctypes.get_errno(), "capabilities are not given up")
    try:
        yield
    finally:
        library.capset(head, held)
