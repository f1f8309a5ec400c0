"""Whatever pictures follow each other, a terminal that is sent the changes shows the last of them."""

import re

from hypothesis import given
from hypothesis import strategies as st

from tui.frames import Frames, Look

LOOKS = st.builds(
    Look,
    st.sampled_from(["", "1", "2;4", "1;7"]),
    st.sampled_from(["", "31", "38;5;9"]),
    st.sampled_from(["", "44"]),
)
CELLS = st.one_of(
    st.tuples(st.sampled_from(" ab─"), LOOKS).map(lambda cell: [cell]),
    LOOKS.map(lambda look: [("漢", look), ("", look)]),
)


@st.composite
def pictures(draw):
    """A few pictures of one size, each a little different from the one before."""
    width, height = draw(st.integers(2, 20)), draw(st.integers(1, 4))

    def row():
        cells = [cell for piece in draw(st.lists(CELLS, max_size=width)) for cell in piece][:width]
        if cells and cells[-1][0] == "漢":
            cells[-1] = ("a", cells[-1][1])
        return cells + [(" ", Look())] * (width - len(cells))

    shown = [[row() for _ in range(height)]]
    for _ in range(draw(st.integers(1, 4))):
        changed = draw(st.sets(st.integers(0, height - 1)))
        shown.append([row() if y in changed else [*shown[-1][y]] for y in range(height)])
    return shown


class Terminal:
    """As much of a terminal as is used: cursor, SGR, text."""

    def __init__(self, width, height, *, fills):
        self.fills = fills
        self.rows = [[("?", Look())] * width for _ in range(height)]
        self.x = self.y = 0
        self.look = ["", "", ""]

    def take(self, text):
        for code, kind, character in re.findall(r"\x1b\[([\d;]*)([CDHKm])|(.)", text, re.DOTALL):
            if kind == "C":
                self.x += int(code or 1)
            elif kind == "D":
                self.x -= int(code or 1)
            elif kind == "K":
                blank = (" ", Look("", "", self.look[2] if self.fills else ""))
                self.rows[self.y][self.x :] = [blank] * (len(self.rows[self.y]) - self.x)
            elif character == "\r":
                self.x = 0
            elif character == "\n":
                self.y += 1
            elif kind == "H":
                self.y, self.x = (int(each) - 1 for each in (code if ";" in code else f"{code};1").split(";"))
            elif kind == "m":
                self.set(code)
            else:
                wide = character == "漢"
                self.rows[self.y][self.x : self.x + 1 + wide] = [
                    (each, Look(*self.look)) for each in (character, "")[: 1 + wide]
                ]
                self.x += 1 + wide

    def set(self, code):
        code = code or "0"
        for part in re.findall(r"38;5;\d+|\d+", code):
            if part == "0":
                self.look = ["", "", ""]
            elif part in ("22", "24", "27"):
                off = {"22": ("1", "2"), "24": ("4",), "27": ("7",)}[part]
                self.look[0] = ";".join(each for each in self.look[0].split(";") if each not in off)
            elif part[0] in "34" and part not in ("4", "3"):
                at = 1 if part[0] == "3" else 2
                self.look[at] = "" if part[1:] == "9" else part
            else:
                self.look[0] = ";".join(sorted(filter(None, {*self.look[0].split(";"), part})))


def seen(rows):
    """Rows without what does not show: letters' looks on blanks."""
    return [
        [
            (text, look if text != " " or look.seen_on_blanks else Look("", "", look.background))
            for text, look in row
        ]
        for row in rows
    ]


@given(pictures(), st.booleans())
def test_a_terminal_shows_the_last_picture(shown, fills):
    frames, terminal = Frames(fills=fills), Terminal(len(shown[0][0]), len(shown[0]), fills=fills)
    for rows in shown:
        terminal.take(frames.changes(rows))
        assert seen(terminal.rows) == seen(rows)
        assert frames.changes(rows) == ""
    frames.forget()
    again = Terminal(len(rows[0]), len(rows), fills=fills)
    again.take(frames.changes(rows))
    assert seen(again.rows) == seen(rows)
