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

    @property
    def seen_on_blanks(self) -> bool:
        """Whether more than the background shows where nothing is written."""
        return not SEEN_ON_BLANKS.isdisjoint(self.attributes.split(";"))

    def after(self, before: Look | None) -> str:
        """The sequence that sets it, where `before` is set; empty if nothing changes."""
        if self == before:
            return ""
        if before is None:
            parts = ["0", self.attributes, self.foreground, self.background]
        else:  # 39 and 49 are the terminal's own colours
            parts = [
                attributes_after(self.attributes, before.attributes),
                "" if self.foreground == before.foreground else self.foreground or "39",
                "" if self.background == before.background else self.background or "49",
            ]
        return f"\x1b[{';'.join(filter(None, parts))}m"


# What turns an attribute off, and others of its kind with it.
OFF = {
    "1": "22", "2": "22", "3": "23", "4": "24", "21": "24", "5": "25", "6": "25", "7": "27", "8": "28",
    "9": "29", "51": "54", "52": "54", "53": "55",
}  # fmt: skip
SEEN_ON_BLANKS = frozenset({"4", "21", "7", "9", "51", "52", "53"})  # lines and reversal


def attributes_after(wanted: str, before: str) -> str:
    """The parameters that turn attributes into others; colours, which cost most, stay as they are."""
    had, want = set(filter(None, before.split(";"))), set(filter(None, wanted.split(";")))
    off = {OFF[each] for each in had - want}
    return ";".join([*sorted(off), *sorted(each for each in want if each not in had or OFF[each] in off)])


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
        sent: list[str] = []
        sent_look = Look() if self._rows else None  # each picture ends with a reset
        for y, (before, after) in enumerate(zip(known, rows, strict=True)):
            for start, end in spans(before, after) if before != after else ():
                sent.append(f"\x1b[{y + 1};{start + 1}H" if start else f"\x1b[{y + 1}H")
                for style, cells in groupby(after[start:end], key=lambda cell: cell[1]):
                    text = "".join(text for text, _ in cells)
                    look = kept_on_blanks(style, sent_look) if text.isspace() else style
                    sent += [look.after(sent_look), text]
                    sent_look = look
        self._rows = list(rows)
        return "".join([*sent, "\x1b[m"]) if sent else ""


def kept_on_blanks(style: Look, before: Look | None) -> Look:
    """A look that shows blanks as `style` does and changes least of the one before."""
    if before is None or style.seen_on_blanks or before.seen_on_blanks:
        return style
    return Look(before.attributes, before.foreground, style.background)


def alike(one: Cell, other: Cell) -> bool:
    """Whether two cells show the same."""
    if one == other:
        return True
    (text, look), (_, other_look) = one, other
    blank = text == other[0] == " " and look.background == other_look.background
    return blank and not (look.seen_on_blanks or other_look.seen_on_blanks)


def spans(before: Row, after: Row) -> list[tuple[int, int]]:
    """Pieces of a row, from cell to cell, that hold all that differs; none cuts a character."""
    if not before:
        return [(0, len(after))]
    found: list[tuple[int, int]] = []
    for x in (x for x, pair in enumerate(zip(before, after, strict=True)) if not alike(*pair)):
        start, end = x, x + 1
        while start and (after[start][0] == "" or before[start][0] == ""):
            start -= 1
        while end < len(after) and (after[end][0] == "" or before[end][0] == ""):
            end += 1
        if found and start - found[-1][1] <= NEAR:
            start = found.pop()[0]
        found.append((start, end))
    return found
