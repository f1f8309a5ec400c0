"""A line to type in."""

from __future__ import annotations

from textual.reactive import reactive
from textual.widgets import Input


class Entry(Input):
    """Its cursor stands still: one that blinks sends bytes down a line on which nothing happens."""

    cursor_blink = reactive(False, init=False)
