"""The line at the top of every screen: where one is, what lives, the time while something does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.screens import SCREENS
from tui.widgets.lines import Line, Lines, spread, width_of

if TYPE_CHECKING:
    from datetime import datetime

NAME: Line = [("quantdeck", "bright"), ("  ", "")]


class Header(Lines):
    """One line. It has a clock only while a run lives, so that an idle screen sends nothing."""

    def set_facts(self, mode: str, live: int, now: datetime, *, replay: bool = False) -> None:
        """Show which screen is on, how many runs live (or that one is seen again), and the time."""
        right: Line = [("replay ended " if replay else "no run live ", "quiet")]
        if live:
            runs = "● replay" if replay else f"● {live} run{'s' * (live != 1)} live"
            right = [(runs, "live"), (f"   {now:%H:%M} UTC ", "quiet")]
        room = self.size.width - width_of(right)
        bare = tabs(mode, bare=True)
        tries = [[*NAME, *tabs(mode)], tabs(mode), [*NAME, *bare]]  # the app's name is missed least
        left = next((each for each in tries if width_of(each) <= room), bare)
        self.show([spread(left, right, self.size.width)])


def tabs(mode: str, *, bare: bool = False) -> Line:
    """The screens, the one that is on in brackets; of the others the keys alone if `bare`."""
    line: Line = []
    for entry in SCREENS.values():
        label = entry.key if bare and entry.name != mode else f"{entry.key} {entry.label}"
        gap = "  " if line else ""
        line += [(gap, ""), (f"[{label}]", "chosen") if entry.name == mode else (label, "quiet")]
    return line
