"""How much memory this process may still take."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

CGROUP = Path("/sys/fs/cgroup")  # what a container may use, where there is one


def memory_to_be_had() -> int:
    """Bytes of memory that this process may still take: of the machine's, and of its container's."""
    page = os.sysconf("SC_PAGE_SIZE")
    free = page * os.sysconf("SC_PHYS_PAGES") // 2
    with contextlib.suppress(OSError), Path("/proc/meminfo").open() as lines:
        for line in lines:
            if line.startswith("MemAvailable:"):  # in kB, caches that the kernel would give back among it
                free = 1024 * int(line.split()[1])
    with contextlib.suppress(OSError, ValueError):  # `max` where there is no limit
        allowed = int((CGROUP / "memory.max").read_text())
        free = min(free, allowed - int((CGROUP / "memory.current").read_text()))
    return max(free, 0)
