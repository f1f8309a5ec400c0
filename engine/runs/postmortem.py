"""What an engine died of, as far as it can be told from outside once it can say nothing itself."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING

from engine.errors import StopRequestedError
from engine.hints import run_hint
from engine.runs.launch import killed_by
from engine.runs.logout import CAUSE, CURE, ends_at_logout

if TYPE_CHECKING:
    from engine.runs.folder import RunFolder

FULL_BYTES = 1_000_000
MUCH_MEMORY = 0.6  # share of the machine's


def cause(run: RunFolder, memory_mb: float | None) -> str:
    """What is known of an engine's death: its signal, a disk without room, memory that ran out, a logout.

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
    if not number and ends_at_logout():  # whoever started it did not live to see its end
        causes.append(f"perhaps at a logout: {CAUSE}")
    return ", ".join(causes)


def cure(run: RunFolder) -> str:
    """How to go on with a run that was ended from outside, and what keeps a logout from ending others."""
    resume = f"Go on with: {run_hint(run.path, 'runs resume RUN')}"
    return f"{resume}. So that a logout ends none, {CURE}" if ends_at_logout() else resume


def from_outside(run: RunFolder, number: str) -> StopRequestedError:
    """That a signal of that name has ended a run, which nobody has asked for by quantdeck."""
    reason = f"was ended from outside, by {number}"
    reason += f"; perhaps at a logout: {CAUSE}" if ends_at_logout() else ""
    return StopRequestedError(f"run {run.path.name}", reason, cure(run))
