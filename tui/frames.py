"""What the terminal shows, and the fewest bytes that turn it into the next picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple


@dataclass(frozen=True)
class Look:
    """How a cell looks: the parameters of ECMA-48's SGR for attributes, foreground and background."""

    attributes: str = ""
    foreground: str = ""
    background: str = ""

    @cached_property
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


@lru_cache(maxsize=1024)
def attributes_after(wanted: str, before: str) -> str:
    """The parameters that turn attributes into others; colours, which cost most, stay as they are."""
    had, want = set(filter(None, before.split(";"))), set(filter(None, wanted.split(";")))
    off = {OFF[each] for each in had - want}
    return ";".join([*sorted(off), *sorted(each for each in want if each not in had or OFF[each] in off)])


Cell = tuple[str, Look]  # of a character that is two cells wide the second is empty
Row = Sequence[Cell]
Piece = tuple[int, int]  # from cell to cell
NEAR = 6  # so many equal cells between two changes cost no more than a jump over them
ERASE = "\x1b[K"  # from the cursor to the end of the row, in the present background
SHORT = 24  # characters for a row, of which little can be saved
TO_THE_END = -1  # the end of a piece that is erased, not written


class Frames:
    """The picture that the terminal has, as far as it was sent."""

    def __init__(self, *, fills: bool = False) -> None:
        """Nothing is known of it. fills: whether the terminal erases in the present background."""
        self._rows: list[Row] = []
        self._fills = fills

    def forget(self) -> None:
        """The terminal shows something else now: the next picture is sent whole."""
        self._rows = []

    def changes(self, rows: Sequence[Row]) -> str:
        """What turns the picture into this one, rows from the top; empty if it is the same."""
        known = self._rows if [*map(len, self._rows)] == [*map(len, rows)] else [()] * len(rows)
        pen = Pen(Look() if self._rows else None)  # each picture ends with a reset
        sent: list[str] = []
        for y, (before, after) in enumerate(zip(known, rows, strict=True)):
            if before == after or not (pieces := spans(before, after)):
                continue
            blank = (" ", Look(background=after[-1][1].background if self._fills else ""))
            ways = [erased_last(pieces, after, blank)]
            if sum(abs(end - start) for start, end in pieces) > SHORT:  # perhaps it is less to empty it first
                ways.append([(0, TO_THE_END), *spans([blank] * len(after), after)])
            orders = [written(way, after, blank[1], pen.look) for way in ways]
            orders += [other for each in orders if (other := in_order_of_looks(each, pen.look)) != each]
            drawn = [pen.row(y, each, len(after)) for each in orders]
            text, pen = min(drawn, key=lambda each: len(each[0].encode()))
            sent.append(text)
        self._rows = list(rows)
        return "".join([*sent, "\x1b[m"]) if sent else ""


@dataclass
class Pen:
    """Where the terminal writes next, and how; None is not known. A VT100 knows all that moves it."""

    look: Look | None
    y: int | None = None
    x: int | None = None

    def row(self, y: int, parts: Sequence[Part], width: int) -> tuple[str, Pen]:
        """What writes these parts of a row, or erases them, and the pen after it."""
        pen, sent = replace(self), []
        for part in parts:
            sent += [pen.to(y, part.start), part.look.after(pen.look), part.text]
            pen.look = part.look
            if part.end != TO_THE_END:
                pen.x = part.end if part.end < width else None  # behind the last cell terminals differ
        return "".join(sent), pen

    def to(self, y: int, x: int) -> str:
        """The shortest way to a cell."""
        before, self.y, self.x = (self.y, self.x), y, x
        if before == (y, x):
            return ""
        if before[0] == y and before[1] is not None and x:
            jump = x - before[1]
            return f"\x1b[{'' if abs(jump) == 1 else abs(jump)}{'C' if jump > 0 else 'D'}"
        if x == 0 and before[0] in (y, y - 1):
            return "\r" if before[0] == y else "\r\n"
        return f"\x1b[{y + 1};{x + 1}H" if x else f"\x1b[{y + 1}H"


class Part(NamedTuple):
    """What is written from a cell on in one look; `end` is the cell after it."""

    start: int
    end: int
    look: Look
    text: str


def written(pieces: Sequence[Piece], cells: Row, ground: Look, look: Look | None) -> list[Part]:
    """The parts of these pieces from left to right, blanks in the look before them, `look` at first."""
    parts: list[Part] = []
    for start, end in pieces:
        if end == TO_THE_END:
            look = kept_on_blanks(ground, look)
            parts.append(Part(start, end, look, ERASE))
            continue
        at = start
        for style, same in groupby(cells[start:end], key=itemgetter(1)):
            texts = [text for text, _ in same]
            text = "".join(texts)
            look = kept_on_blanks(style, look) if text.isspace() else style
            parts.append(Part(at, at := at + len(texts), look, text))
    return parts


def in_order_of_looks(parts: Sequence[Part], look: Look | None) -> list[Part]:
    """Those that erase, those in this look, those in each other one: a jump is shorter than a colour."""
    looks = [look, *dict.fromkeys(part.look for part in parts)]
    return sorted(parts, key=lambda part: -1 if part.end == TO_THE_END else looks.index(part.look))


def erased_last(pieces: Sequence[Piece], row: Row, blank: Cell) -> Sequence[Piece]:
    """The same pieces, the blanks at the end of the row erased where that is shorter than writing them."""
    tail = len(row)
    while tail and alike(row[tail - 1], blank):
        tail -= 1
    if sum(max(0, end - max(start, tail)) for start, end in pieces) <= len(ERASE):
        return pieces
    return [*((start, min(end, tail)) for start, end in pieces if start < tail), (tail, TO_THE_END)]


def kept_on_blanks(style: Look, before: Look | None) -> Look:
    """A look that shows blanks as `style` does and changes least of the one before."""
    if before is None or style.seen_on_blanks or before.seen_on_blanks:
        return style
    return Look(before.attributes, before.foreground, style.background)


def alike(one: Cell, other: Cell) -> bool:
    """Whether two cells show the same."""
    if one[0] != other[0]:
        return False
    look, other_look = one[1], other[1]
    if look == other_look:
        return True
    blank = one[0] == " " and look.background == other_look.background
    return blank and not (look.seen_on_blanks or other_look.seen_on_blanks)


def spans(before: Row, after: Row) -> list[Piece]:
    """Pieces of a row, from cell to cell, that hold all that differs; none cuts a character."""
    if not before:
        return [(0, len(after))]
    found: list[Piece] = []
    begin = done = -1  # of the last piece
    pairs = enumerate(zip(before, after, strict=True))  # of most cells the looks are the very same
    for x in [x for x, (a, b) in pairs if a[0] != b[0] or (a[1] is not b[1] and not alike(a, b))]:
        start, end = x, x + 1
        while start and (after[start][0] == "" or before[start][0] == ""):
            start -= 1
        while end < len(after) and (after[end][0] == "" or before[end][0] == ""):
            end += 1
        if done < 0 or start - done > NEAR:
            found += [(begin, done)] if done >= 0 else []
            begin = start
        done = end
    return [*found, (begin, done)] if done >= 0 else found
