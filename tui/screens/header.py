"""The line at the top of every screen: where one is, what lives, the time while something does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.screens import SCREENS
from tui.widgets.lines import Line, Lines, first_whole

if TYPE_CHECKING:
    from datetime import datetime

    from tui.runs.watch import Snapshot

NAME: Line = [("quantdeck", "bright"), ("  ", "")]


class Header(Lines):
    """One line. It has a clock only while a run lives, so that an idle screen sends nothing."""

    def set_facts(self, mode: str, snapshot: Snapshot, now: datetime, *, replay: bool = False) -> None:
        """Show which screen is on, what lives of the runs (or that one is seen again), and the time."""
        right: Line = [(f"{lives(snapshot, replay=replay)} ", "quiet")]
        if snapshot.live:
            right = [(f"● {lives(snapshot, replay=replay)}", "live"), (f"   {now:%H:%M} UTC ", "quiet")]
        bare, least = tabs(mode, bare=True), right if snapshot.live else []
        tries = [([*NAME, *tabs(mode)], right), (tabs(mode), right)]  # the app's name is missed least
        tries += [(tabs(mode), least), ([*NAME, *bare], right), (bare, right)]
        self.show([first_whole(tries, self.size.width)])


def lives(snapshot: Snapshot, *, replay: bool) -> str:
    """How many runs are at work and how many wait for them; empty until that is known."""
    if replay:
        return "replay" if snapshot.live else "replay ended"
    if not snapshot.live:
        return "no run live" if snapshot.ready else ""
    queued = sum(each.state.status == "queued" for each in snapshot.live)
    working = len(snapshot.live) - queued
    if not queued:
        return f"{working} run{'s' * (working != 1)} live"
    return f"{working} live, {queued} queued" if working else f"{queued} queued"


def tabs(mode: str, *, bare: bool = False) -> Line:
    """The screens, the one that is on in brackets; of the others the keys alone if `bare`."""
    line: Line = []
    for entry in SCREENS.values():
        label = entry.key if bare and entry.name != mode else f"{entry.key} {entry.label}"
        gap = "  " if line else ""
        line += [(gap, ""), (f"[{label}]", "chosen") if entry.name == mode else (label, "quiet")]
    return line
