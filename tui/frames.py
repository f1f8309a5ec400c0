"""What the terminal shows, and the fewest bytes that turn it into the next picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby


@dataclass(frozen=True)
class Look:
    """How a cell looks: the parameters of ECMA-48's SGR for attributes, foreground and background."""

    attributes: str = ""
    foreground: str = ""
    background: str = ""

    def after(self, before: Look | None) -> str:
        """The sequence that sets it, where `before` is set; empty if nothing changes."""
        if self == before:
            return ""
        parts = [self.attributes, self.foreground, self.background]
        if before is None or before.attributes != self.attributes:
            parts.insert(0, "0")
        else:  # 39 and 49 are the terminal's own colours
            parts = [
                "" if self.foreground == before.foreground else self.foreground or "39",
                "" if self.background == before.background else self.background or "49",
            ]
        return f"\x1b[{';'.join(filter(None, parts))}m"


Cell = tuple[str, Look]  # of a character that is two cells wide the second is empty
Row = Sequence[Cell]
NEAR = 6  # so many equal cells between two changes cost no more than a jump over them


class Frames:
    """The picture that the terminal has, as far as it was sent."""

    def __init__(self) -> None:
        """Nothing is known of it."""
        self._rows: list[Row] = []

    def forget(self) -> None:
        """The terminal shows something else now: the next picture is sent whole."""
        self._rows = []

    def changes(self, rows: Sequence[Row]) -> str:
        """What turns the picture into this one, rows from the top; empty if it is the same."""
        known = self._rows if [*map(len, self._rows)] == [*map(len, rows)] else [()] * len(rows)
        sent, look = [], None
        for y, (before, after) in enumerate(zip(known, rows, strict=True)):
            for start, end in spans(before, after) if before != after else ():
                sent.append(f"\x1b[{y + 1};{start + 1}H")
                for style, cells in groupby(after[start:end], key=lambda cell: cell[1]):
                    sent += [style.after(look), *(text for text, _ in cells)]
                    look = style
        self._rows = list(rows)
        return "".join([*sent, "\x1b[0m"]) if sent else ""


def spans(before: Row, after: Row) -> list[tuple[int, int]]:
    """Pieces of a row, from cell to cell, that hold all that differs; none cuts a character."""
    if not before:
        return [(0, len(after))]
    found: list[tuple[int, int]] = []
    for x in (x for x, pair in enumerate(zip(before, after, strict=True)) if pair[0] != pair[1]):
        start, end = x, x + 1
        while start and (after[start][0] == "" or before[start][0] == ""):
            start -= 1
        while end < len(after) and (after[end][0] == "" or before[end][0] == ""):
            end += 1
        if found and start - found[-1][1] <= NEAR:
            start = found.pop()[0]
        found.append((start, end))
    return found
