"""Text tables of more candles than memory holds, in order of time: read and checked a part after the other.

Each part is read as a table by itself, and what the parts say of layout, step, calendar, zone and volume must
be the same; each must lie behind the one before. What is not so is left to the way that holds all rows.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from engine.data.importing import pieces
from engine.data.importing.budget import FOR_NUMBER, FOR_SORTED_ROW
from engine.market.parted import PartsDifferError
from engine.results.notes import Note

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from engine.data.importing.form import Form
    from engine.data.importing.hints import Hints
    from engine.data.importing.layouts import Layout
    from engine.data.importing.pieces import Pieces
    from engine.data.importing.tables import Columns, Table

PART = 1 << 28  # bytes of text, so that columns are given back to the system and not to a heap
HELD = 900_000_000  # bytes of memory from which rows are not held all at once
FIELDS = 6  # of a row of candles, its time among them
MOST_ALIKE = 10_000  # lines of one time at a border
TIMES = "times"  # the code of the note that counts rows by how their times are written
ROWS, FURTHEST, FORMS = COUNTED = "rows", "furthest", "forms"  # values of notes that are of rows
AT_AN_END = ("a footer", "cut last line")  # codes of notes about the last part alone


def needed_whole(form: Form, path: Path) -> float:
    """About how many bytes of memory the rows of a text need if all are read at once."""
    a_line = sum(len(form.delimiter.join(row)) + 1 for row in form.rows) / len(form.rows)
    rows = (path.stat().st_size - form.start) / a_line
    return rows * (FOR_SORTED_ROW + (FIELDS - 1) * FOR_NUMBER)


def parts_of(
    table: Table, form: Form, path: Path, limit: int, times: Sequence[int]
) -> Iterator[tuple[Table, bool]]:
    """The parts of a text table, whose times stand at some positions, as tables; whether each is the last."""
    edges = [*borders(path, form, times), path.stat().st_size]
    for start, stop in zip([form.start, *edges], edges, strict=False):
        if start < stop:
            yield part(table, path, replace(form, start=start, stop=stop), limit), stop == edges[-1]


def part(table: Table, path: Path, form: Form, limit: int) -> Table:
    """The rows of a table between two places of its file."""
    left_out: list[str] = []

    def typed(layout: Layout, hints: Hints, progress: Callable[[int], None]) -> Pieces | None:
        return pieces.in_pieces(path, form, layout, hints, left_out, limit, progress)

    def read(*_: object) -> Columns:
        raise PartsDifferError  # what only the careful way can read

    return replace(table, form=form, left_out=left_out, read=read, pieces=typed)


def borders(path: Path, form: Form, places: Sequence[int]) -> Iterator[int]:
    """Where parts end, in bytes: at an end of a line, and not between two of one time."""

    def time_in(line: bytes) -> list[bytes]:
        return [cell for place, cell in enumerate(line.split(form.delimiter.encode())) if place in places]

    with path.open("rb") as handle:
        for near in range(form.start + PART, path.stat().st_size - PART // 2, PART):
            handle.seek(near)
            handle.readline()
            line, end = handle.readline(), handle.tell()
            for _ in range(MOST_ALIKE):
                following = handle.readline()
                if time_in(following) != time_in(line):
                    break
                end = handle.tell()
            yield end


@dataclass
class Together:
    """What parts of a file say, which must be the same of all but for what is counted."""

    said: tuple[Any, ...] = ()  # layout, symbol, step and zone
    parts: int = 0
    forms: Counter[str] = field(default_factory=Counter)  # how times are written -> rows
    notes: dict[tuple[Any, ...], dict[str, Any]] = field(default_factory=dict)  # code and words -> counts
    seen: Counter[tuple[Any, ...]] = field(default_factory=Counter)

    def add(self, said: tuple[Any, ...], forms: dict[str, int], notes: Sequence[Note]) -> None:
        """Another part. Raises PartsDifferError if it says something else than the ones before."""
        if self.parts and said != self.said:
            raise PartsDifferError
        self.said, self.parts = said, self.parts + 1
        self.forms.update(forms)
        for note in notes:
            values: dict[str, Any] = vars(note)["values"]
            words = ((name, each) for name, each in values.items() if name not in COUNTED)
            key = (note.code, *words)
            counts = self.notes.setdefault(key, {})
            if ROWS in values:
                counts[ROWS] = counts.get(ROWS, 0) + values[ROWS]
            if FURTHEST in values:
                counts[FURTHEST] = max(counts.get(FURTHEST, 0), values[FURTHEST])
            self.seen[key] += 1

    def all_notes(self) -> tuple[Note, ...]:
        """The notes of all parts in one. Raises PartsDifferError if some lack what others say of all rows."""
        for key, counts in self.notes.items():
            if ROWS not in counts and key[0] not in AT_AN_END and self.seen[key] < self.parts:
                raise PartsDifferError
        if (times := self.notes.get((TIMES,))) is not None:
            times[FORMS] = ", ".join(f"{count} {form}" for form, count in sorted(self.forms.items()))
        return tuple(Note(key[0], {**dict(key[1:]), **counts}) for key, counts in self.notes.items())
