"""Lines of text of which only what changed is sent again: the way to few bytes on a slow line."""

from __future__ import annotations

from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from engine.errors import printable
from tui.compat import forget_height
from tui.number_format import NUMBER, shortened
from tui.widths import one_cell_each

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from textual.geometry import Size

Line = list[tuple[str, str]]  # pieces of text, each with its role, "" being plain
# How a role looks: the theme's colour for it, and whether it is bold and reversed. One table rather than
# component classes, which textual would match against the style sheet for every block.
LOOKS: dict[str, tuple[str, bool, bool]] = {
    "bright": ("", True, False),
    "quiet": ("quiet", False, False),
    "live": ("accent", False, False),
    "good": ("success", False, False),
    "bad": ("error", False, False),
    "warn": ("warning", False, False),
    "rule": ("rule", False, False),
    "chosen": ("accent", True, False),
    "second": ("warning", False, False),
    "alarm": ("error", True, True),
    "cursor": ("", False, True),
}


class Lines(Widget):
    """A block of lines. Roles, not colours, say how a piece of text looks; a theme gives them colours."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002
        """Nothing is shown yet."""
        super().__init__(id=id, classes=classes)
        self._lines: list[Line] = []
        self._made: tuple[object, ...] = ()  # what they were made by, and of what, where that is known
        self._base = Style.null()
        self._stale = False

    @property
    def stale(self) -> bool:
        """Whether what is shown waits for an answer that will change it; it is dim until then."""
        return self._stale

    @stale.setter
    def stale(self, stale: bool) -> None:
        if stale != self._stale:
            self._stale = stale
            self.refresh()

    @property
    def text(self) -> str:
        """What is shown, without its roles."""
        return "\n".join(plain(line) for line in self._lines)

    def show(self, lines: Sequence[Line]) -> None:
        """Show other lines; cells that stay the same are not painted again."""
        fresh = [joined(line) for line in lines]
        stale, self._lines, self._made = self._lines, fresh, ()
        if len(fresh) != len(stale) and self.styles.height is not None and self.styles.height.is_auto:
            self.refresh(layout=True)
            forget_height(self)  # or a height from before, in the same cycle, is kept for good
            return
        for y in range(max(len(fresh), len(stale))):
            before = stale[y] if y < len(stale) else []
            after = fresh[y] if y < len(fresh) else []
            if span := changed(before, after):
                self.refresh(Region(span[0], y, max(1, span[1] - span[0]), 1))

    def show_made(self, make: Callable[..., list[Line]], *facts: object, **options: object) -> None:
        """Show what is made of these facts, unless that is what is shown."""
        made = (make, facts, options)
        if made != self._made:
            self.show(make(*facts, **options))
            self._made = made

    class Relaid(Message):
        """The block has another size: what is laid out by hand must be laid out again."""

    def on_resize(self) -> None:
        """Tell the screen."""
        self.post_message(self.Relaid())

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:  # noqa: ARG002
        """As many lines as there are."""
        return len(self._lines)

    def render_lines(self, crop: Region) -> list[Strip]:
        """Some of the lines; the style beneath them is looked up once, which takes as long as a line."""
        self._base = self.rich_style
        return super().render_lines(crop)

    def render_line(self, y: int) -> Strip:
        """One line, padded to the widget's width; where it is cut, an ellipsis says so."""
        width = self.size.width
        line = self._lines[y] if y < len(self._lines) else []
        base = self._base
        if self._stale:
            line = [(text, "quiet") for text, _ in line]
        pieces = [Segment(text, base + self.role(role) if role else base) for text, role in line]
        strip = Strip(pieces)
        if strip.cell_length <= width or not width:
            return strip.adjust_cell_length(width, base)
        cut = Strip([Segment("…", base + self.role("quiet"))])
        return Strip.join([strip.crop(0, width - 1).adjust_cell_length(width - 1, base), cut])

    def role(self, name: str) -> Style:
        """The style of a role in the present theme."""
        theme = self.app.theme
        if (theme, name) not in STYLES:
            STYLES[theme, name] = styled(name, self.app.theme_variables)
        return STYLES[theme, name]


STYLES: dict[tuple[str, str], Style] = {}  # by theme and role


def styled(name: str, colours: Mapping[str, str]) -> Style:
    """A role's style from a theme's colours."""
    colour, bold, reverse = LOOKS[name]
    color = Color.parse(colours[colour]).rich_color if colour else None
    return Style(color=color, bold=bold or None, reverse=reverse or None)


def joined(line: Line) -> Line:
    """The line cleaned, pieces of one role in one: a chart has a piece for every cell."""
    whole = ((role, "".join([text for text, _ in same])) for role, same in groupby(line, itemgetter(1)))
    return [(clean(text), role) for role, text in whole if text]


def clean(text: str) -> str:
    """Text that cannot move the cursor: control characters are shown, line ends become blanks."""
    return printable(text).replace("\n", " ").replace("\t", " ")


def plain(line: Line) -> str:
    """The text of a line."""
    return "".join(text for text, _ in line)


def width_of(line: Line) -> int:
    """How many cells a line takes."""
    return sum(cell_len(text) for text, _ in line)


def fitted(text: str, width: int, *, right: bool = False) -> str:
    """The text in exactly so many cells, padded or cut with an ellipsis; to the right stand numbers.

    A number is shortened, never cut.
    """
    if width <= 0:
        return ""
    if right and cell_len(text) > width and NUMBER.fullmatch(text):
        text = shortened(text, width)
    if cell_len(text) > width:
        return set_cell_size(text, width - 1) + "…"
    padding = " " * (width - cell_len(text))
    return padding + text if right else text + padding


def number(text: str, width: int) -> str:
    """A number to the right of so many cells, the first of which stays empty."""
    return f" {fitted(text, width - 1, right=True)}"


def packed(pieces: Sequence[Line], width: int) -> list[Line]:
    """Pieces side by side, in as many lines as they need."""
    lines: list[Line] = [[]]
    for piece in pieces:
        gap = 2 if lines[-1] else 1
        if lines[-1] and width_of(lines[-1]) + gap + width_of(piece) > width:
            lines.append([])
            gap = 1
        lines[-1] += [(" " * gap, ""), *piece]
    return lines


def first_whole(tries: Sequence[tuple[Line, Line]], width: int) -> Line:
    """The first pair of left and right that stands whole with a gap between, else the last one, cut."""
    gap = 2
    fits = (each for each in tries if width_of(each[0]) + gap + width_of(each[1]) <= width)
    return spread(*next(fits, tries[-1]), width)


def spread(left: Line, right: Line, width: int) -> Line:
    """One line with `left` at its beginning and `right` at its end; what is too long on the left is cut."""
    room = width - width_of(right)
    kept: Line = []
    for text, role in left:
        piece = text if cell_len(text) <= room else fitted(text, room)
        kept.append((piece, role))
        room -= cell_len(piece)
        if room <= 0:
            break
    return [*kept, (" " * max(0, room), ""), *right]


def cells(line: Line) -> list[tuple[str, str]]:
    """A line cell by cell; a character two cells wide is followed by an empty one."""
    result: list[tuple[str, str]] = []
    for text, role in line:
        if one_cell_each(text):
            result += [(character, role) for character in text]
            continue
        for character in text:
            result.append((character, role))
            result.extend([("", role)] * (cell_len(character) - 1))
    return result


def changed(before: Line, after: Line) -> tuple[int, int] | None:
    """The first cell that differs and the one after the last; None if the lines are the same."""
    if before == after:
        return None
    old, new = cells(before), cells(after)
    length = max(len(old), len(new))
    old += [(" ", "")] * (length - len(old))
    new += [(" ", "")] * (length - len(new))
    different = [x for x in range(length) if old[x] != new[x]]
    return (different[0], different[-1] + 1) if different else None
