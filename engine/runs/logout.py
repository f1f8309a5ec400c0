"""Whether this machine ends at logout what a login has started, as systemd's KillUserProcesses does.

See logind.conf(5), and the last examples of systemd-run(1): lingering alone keeps the user's manager and what
runs below it; what is part of the login is ended with the login all the same.
"""

from __future__ import annotations

import os
import re
import subprocess
from functools import lru_cache
from pathlib import Path

LOGIN = re.compile(r"/session-[^/\n]+\.scope")  # of a login, in the path of a control group
ASKED = (
    "busctl", "get-property", "org.freedesktop.login1", "/org/freedesktop/login1",
    "org.freedesktop.login1.Manager", "KillUserProcesses",
)  # fmt: skip
LONGEST_S = 1.0  # it is asked for so long
CAUSE = "this machine ends at logout what the login has started (KillUserProcesses)"
CURE = "once: loginctl enable-linger; then start in a scope apart: systemd-run --user --scope quantdeck"


@lru_cache
def ends_at_logout() -> bool:
    """Whether this process is part of a login and ends with it; no where that cannot be known."""
    try:
        groups = Path("/proc/self/cgroup").read_text()
    except OSError:
        return False
    return os.getuid() != 0 and bool(LOGIN.search(groups)) and kills()  # root is left out by default


def kills() -> bool:
    """What logind says of its setting."""
    try:
        answer = subprocess.run(ASKED, capture_output=True, text=True, timeout=LONGEST_S, check=False)
    except (OSError, subprocess.SubprocessError):
        return False
    return answer.stdout.strip() == "b true"
