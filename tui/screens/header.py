"""The line at the top of every screen: where one is, what lives, the time while something does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.screens import SCREENS
from tui.terminal.sizes import NARROW
from tui.widgets.lines import Line, Lines, spread

if TYPE_CHECKING:
    from datetime import datetime


class Header(Lines):
    """One line. It has a clock only while a run lives, so that an idle screen sends nothing."""

    def set_facts(self, mode: str, live: int, now: datetime, *, replay: bool = False) -> None:
        """Show which screen is on, how many runs live (or that one is seen again), and the time."""
        left: Line = [("quantdeck", "bright")]
        for entry in SCREENS.values():
            narrow = self.size.width < NARROW and entry.name != mode
            label = entry.key if narrow else f"{entry.key} {entry.label}"
            left += (
                [("  ", ""), (f"[{label}]", "chosen")]
                if entry.name == mode
                else [("  ", ""), (label, "quiet")]
            )
        right: Line = [("replay ended " if replay else "no run live ", "quiet")]
        if live:
            runs = "● replay" if replay else f"● {live} run{'s' * (live != 1)} live"
            right = [(runs, "live"), (f"   {now:%H:%M} UTC ", "quiet")]
        self.show([spread(left, right, self.size.width)])
