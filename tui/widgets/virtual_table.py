"""A table of any length that holds only the rows around those on the screen.

Whoever has the rows is asked for a window of them (`Wanted`) and gives it with `set_rows`; until then the
rows are drawn as dots. So 100,000 rows cost no more than fifty.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from textual.message import Message
from textual.widget import Widget

from tui.terminal.keys import VIEW, key
from tui.widgets.lines import Line, Lines, fitted

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from textual import events
    from textual.binding import BindingType

Cell = tuple[str, str]  # text and role
MARGIN = 50  # rows asked for beyond the screen, on both sides
KEPT = 1000


@dataclass(frozen=True)
class Column:
    """A column: its key, its heading, its width in cells; `right` for numbers, `spare` takes spare room."""

    key: str
    label: str
    width: int
    right: bool = False
    spare: bool = False


class VirtualTable(Lines, can_focus=True):
    """The table. The cursor is a row; its mark is a character, so it needs no colour."""

    BINDINGS: ClassVar[list[BindingType]] = [
        key("down,j", "move(1)", "down", VIEW, show=False),
        key("up,k", "move(-1)", "up", VIEW, show=False),
        key("pagedown,ctrl+d", "page(1)", "page down", VIEW, show=False),
        key("pageup,ctrl+u", "page(-1)", "page up", VIEW, show=False),
        key("home,g", "end(0)", "first", VIEW, show=False),
        key("end,G", "end(1)", "last", VIEW, show=False),
        key("enter", "choose", "open", VIEW, show=False),
    ]  # fmt: skip

    @dataclass
    class Wanted(Message):
        """Rows `start` … `start + count` are needed."""

        table: VirtualTable
        start: int
        count: int

    @dataclass
    class Moved(Message):
        """The cursor is on another row."""

        table: VirtualTable
        row: int

    @dataclass
    class Chosen(Message):
        """Enter was pressed on a row."""

        table: VirtualTable
        row: int

    def __init__(self, columns: Sequence[Column], *, empty: str = "", id: str | None = None) -> None:  # noqa: A002
        """`empty` is said where there is no row."""
        super().__init__(id=id)
        self.columns, self.empty = tuple(columns), empty
        self.cursor = self.top = self.total = 0
        self.sorted_by: tuple[str, bool] = ("", False)  # key, reversed
        self.mark = "▸"
        self.rows: dict[int, Sequence[Cell]] = {}
        self.known = False  # whether anybody has told how many rows there are
        self.waits = True  # or there was no answer
        self._wanted = (-1, -1)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002
        """A table that is hidden takes no key, though Textual may focus it when a dialog closes."""
        return all(node.display for node in self.ancestors_with_self if isinstance(node, Widget))

    @property
    def body_height(self) -> int:
        """Rows that fit below the heading."""
        return max(1, self.size.height - 1)

    def forget(self, *, waits: bool = True) -> None:
        """Nothing is known of the rows, which are loading unless nobody `waits` for them."""
        self.set_total(0)
        self.known, self.waits = False, waits
        self.draw()

    def set_total(self, total: int, rows: Sequence[Sequence[Cell]] = ()) -> None:
        """Other rows: so many, of which these are the first; the cursor goes to the first."""
        self.total, self.rows, self._wanted = total, dict(enumerate(rows)), (-1, -1)
        self.known = True
        self.cursor = self.top = 0
        self.go(0)

    def set_rows(self, start: int, rows: Sequence[Sequence[Cell]]) -> None:
        """These are the rows from `start` on."""
        if len(self.rows) > KEPT:
            self.rows = {}
        self.rows |= dict(enumerate(rows, start))
        self._wanted = (-1, -1)
        self.draw()

    def set_cells(self, rows: Mapping[int, Sequence[Cell]]) -> None:
        """All rows at once, for a table that is short."""
        self.rows = dict(rows)
        self.total, self.known = len(self.rows), True
        self.go(self.cursor)

    def go(self, row: int) -> None:
        """Put the cursor on a row, and the row on the screen."""
        before, self.cursor = self.cursor, max(0, min(row, self.total - 1))
        room = self.body_height
        self.top = max(
            0, min(max(self.cursor - room + 1, min(self.top, self.cursor)), max(0, self.total - room))
        )
        self.draw()
        if before != self.cursor:
            self.post_message(self.Moved(self, self.cursor))

    def on_resize(self) -> None:
        """Another height, other rows."""
        self.go(self.cursor)

    def on_focus(self) -> None:
        """The mark is bright while the keys go here."""
        self.draw()

    def on_blur(self) -> None:
        """The mark is quiet while they do not."""
        self.draw()

    def draw(self) -> None:
        """Heading and visible rows; what is missing of them is asked for."""
        widths = self.fitting()
        lines = [self.heading(widths)]
        if not self.total:
            unknown = "loading …" if self.waits else ""
            lines.append([(f" {self.empty if self.known else unknown}", "quiet")])
        shown = range(self.top, min(self.total, self.top + self.body_height))
        lines += [self.line(row, widths) for row in shown]
        self.show(lines)
        if any(row not in self.rows for row in shown):
            start = max(0, self.top - MARGIN)
            wanted = (start, min(self.total, shown.stop + MARGIN) - start)
            if wanted != self._wanted:
                self._wanted = wanted
                self.post_message(self.Wanted(self, *wanted))

    def fitting(self) -> dict[Column, int]:
        """The columns that fit the table and their widths."""
        return fitting(self.columns, self.size.width)

    def heading(self, widths: Mapping[Column, int]) -> Line:
        """The labels; the sorted one has its direction."""
        key, reverse = self.sorted_by
        line: Line = [(" ", "")]
        for column, width in widths.items():
            mark = ("↓" if reverse else "↑") if column.key == key else ""
            text = fitted(
                f"{mark}{column.label}" if column.right else f"{column.label}{mark}",
                width,
                right=column.right,
            )
            line.append((f"{text} ", "bright" if mark else "quiet"))
        return line

    def line(self, row: int, widths: Mapping[Column, int]) -> Line:
        """One row."""
        here = row == self.cursor
        line: Line = [(self.mark if here else " ", "live" if self.has_focus else "quiet")]
        cells = self.rows.get(row)
        if cells is None:
            return [*line, ("·", "quiet")]
        for number, (column, width) in enumerate(zip(self.columns, widths.values(), strict=False)):
            text, role = cells[number]
            line.append(
                (f"{fitted(text, width, right=column.right)} ", "bright" if here and not role else role)
            )
        return line

    def action_move(self, step: int) -> None:
        """One row up or down."""
        self.go(self.cursor + step)

    def action_page(self, step: int) -> None:
        """One screen up or down."""
        self.top = max(0, min(self.top + step * self.body_height, self.total - self.body_height))
        self.go(self.cursor + step * self.body_height)

    def action_end(self, last: int) -> None:
        """The first or the last row."""
        self.go(self.total - 1 if last else 0)

    def action_choose(self) -> None:
        """Open the row."""
        if self.total:
            self.post_message(self.Chosen(self, self.cursor))

    def on_click(self, event: events.Click) -> None:
        """A click puts the cursor there; a click on the cursor opens the row."""
        row = self.top + event.y - 1
        if event.y >= 1 and row < self.total:
            if row == self.cursor and event.chain > 1:
                self.action_choose()
            self.go(row)


def fitting(columns: Sequence[Column], width: int) -> dict[Column, int]:
    """The columns that fit and their widths; the last ones give way."""
    room = width - 2
    chosen: dict[Column, int] = {}
    for column in columns:
        if column.width + 1 > room:
            break
        chosen[column] = column.width
        room -= column.width + 1
    spare = [column for column in chosen if column.spare]
    for column in spare:
        chosen[column] += room // len(spare)
    return chosen
