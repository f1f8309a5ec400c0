"""A list with a cursor of which only the visible part is ever laid out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.widgets.lines import Line, Lines, width_of

if TYPE_CHECKING:
    from collections.abc import Callable


class Rows(Lines):
    """A header and rows; the row under the cursor has a mark and stands out."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        """An empty list."""
        super().__init__(id=id)
        self.cursor = 0
        self._top = 0

    def set_rows(self, header: Line, count: int, row: Callable[[int], Line]) -> None:
        """Show a list of `count` rows; `row` makes one from its number and is asked for visible ones only."""
        room = max(1, self.size.height - 1)
        self.cursor = max(0, min(self.cursor, count - 1))
        self._top = max(0, min(self._top, self.cursor, count - room), self.cursor - room + 1)
        lines = [[(" ", ""), *header]]
        for number in range(self._top, min(count, self._top + room)):
            here = number == self.cursor
            line = [("▸" if here else " ", "live" if here else ""), *row(number)]
            if here:
                padding = " " * max(0, self.size.width - width_of(line))
                line = [line[0], *((text, "cursor") for text, _ in line[1:]), (padding, "cursor")]
            lines.append(line)
        self.show(lines)

    def move(self, rows: int) -> None:
        """Move the cursor; `set_rows` keeps it within the list."""
        self.cursor = max(0, self.cursor + rows)

    @property
    def page(self) -> int:
        """How many rows fit."""
        return max(1, self.size.height - 2)
