"""Whether a copy (OSC 52) gets anywhere, as far as that can be known."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

from tui.terminal.capabilities import SERVED
from tui.terminal.characters import LONGEST_S, POOR

if TYPE_CHECKING:
    from collections.abc import Mapping

VTE_TAKES = 8000  # GNOME Terminal and its kin know no OSC 52 before


def refusal(known: Mapping[str, str] = os.environ) -> str:
    """Why the terminal takes no copy; empty if it may."""
    terminal = known.get("TERM", "")
    if known.get(SERVED):  # a browser's page takes copies, wherever its server was started
        return ""
    if known.get("TMUX"):
        option = tmux_option()
        return f"tmux has set-clipboard {option}; `set -g set-clipboard on` lets it" if option != "on" else ""
    if known.get("STY"):
        return "screen passes no copy on"
    if terminal.startswith(POOR):
        return f"TERM is {terminal}, which has no clipboard"
    if known.get("TERM_PROGRAM") == "Apple_Terminal":
        return "Terminal.app knows no OSC 52"
    version = known.get("VTE_VERSION", "")
    return "this terminal (VTE) knows no OSC 52" if version.isdecimal() and int(version) < VTE_TAKES else ""


def tmux_option() -> str:
    """What the tmux around us does with copies: on, external (its own alone) or off; on if it is silent."""
    command = ["tmux", "show-options", "-gqv", "set-clipboard"]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, timeout=LONGEST_S, check=False)
    except (OSError, subprocess.SubprocessError):
        return "on"
    return answer.stdout.strip() or "on"
