"""What an engine died of, as far as it can be told from outside once it can say nothing itself."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING

from engine.runs.launch import killed_by

if TYPE_CHECKING:
    from engine.runs.folder import RunFolder

FULL_BYTES = 1_000_000
MUCH_MEMORY = 0.6  # share of the machine's


def cause(run: RunFolder, memory_mb: float | None) -> str:
    """What is known of an engine's death: its signal, a disk without room, memory that ran out.

    memory_mb: what it last said to use, in MB (10^6 bytes).
    """
    number = killed_by(run)
    causes = [f"killed by {number}"] if number else []
    with contextlib.suppress(OSError):
        disk = os.statvfs(run.path)
        if disk.f_flag & os.ST_RDONLY:
            causes.append("its folder is read-only")
        elif disk.f_bavail * disk.f_frsize < FULL_BYTES:
            causes.append("the disk is full")
    machine_mb = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 1e6
    used_mb = memory_mb or 0.0
    if number in {"", "SIGKILL"} and used_mb > MUCH_MEMORY * machine_mb:
        causes.append(
            f"it used {used_mb:.0f} MB of the machine's {machine_mb:.0f} MB, so memory may have run out"
        )
    return ", ".join(causes)
