"""The rows of a table that are none of its series: unfinished candles, dividends, footers, broken lines."""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from engine.data.importing.clocks import mask
from engine.data.importing.code_pages import GUESSED, PAGES
from engine.data.importing.form import is_comment
from engine.data.importing.hints import UnclearError
from engine.data.importing.stacked import refuse_title_lines
from engine.data.importing.times import is_text, text_of
from engine.results.notes import Note

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from engine.data.importing.layouts import Layout
    from engine.data.importing.tables import Table

WORDY = r"^[^0-9]*\pL{2}[^0-9]*$"  # no blank, no number
MOST = 20  # lines of a padded footer
CORPORATE = re.compile(r"(?i)\b(dividends?|stock splits?|splits?)\b")


def finished(layout: Layout, raw: dict[int, Any]) -> tuple[dict[int, Any], tuple[Note, ...]]:
    """The columns without the rows that one of them says are not finished, and what has to be said of it."""
    if layout.unfinished is None:
        return raw, ()
    said = pc.utf8_lower(text_of(raw[layout.unfinished]))
    live = pc.is_in(said, pa.array(["0", "0.0", "false"]))
    if not pc.all(pc.or_(live, pc.is_in(said, pa.array(["1", "1.0", "true"])))).as_py():
        return raw, ()
    rows = int(pc.sum(live).as_py() or 0)
    kept = pc.invert(live)
    left = {place: column.filter(kept) for place, column in raw.items()} if rows else raw
    return left, (Note("unfinished candles", {"rows": rows}),) if rows else ()


def without_headers(
    layout: Layout, raw: dict[int, Any], header: Sequence[str]
) -> tuple[dict[int, Any], NDArray[np.int64], tuple[Note, ...]]:
    """The columns without rows that repeat the names, as in files that were put together.

    And the rows, of those left, before which they stood, (P,), and a note. header: the file's names. Raises
    UnclearError for a row of other names, behind which columns are others.
    """
    column = raw[layout.times[0]]
    if not is_text(column) or not layout.time_names[0]:
        return raw, np.empty(0, np.int64), ()
    refuse_other_headers(layout, raw, header)
    names = pc.equal(text_of(column), layout.time_names[0].strip())
    at = np.flatnonzero(mask(names))
    if not len(at):
        return raw, at, ()
    left = {place: each.filter(pc.invert(names)) for place, each in raw.items()}
    return left, at - np.arange(len(at)), (Note("headers among rows", {"rows": len(at)}),)


def without_footer(layout: Layout, raw: dict[int, Any]) -> tuple[dict[int, Any], tuple[Note, ...]]:
    """The columns without last rows of one sentence, as spreadsheets pad a footer, and a note."""
    columns = [raw[place] for place in dict.fromkeys((layout.times[0], *layout.numbers.values()))]
    rows = len(columns[0])
    if not all(map(is_text, columns)):
        return raw, ()
    said: list[str] = []
    while len(said) < min(MOST, rows - 1):
        cell, *others = (str(text_of(column.slice(rows - 1 - len(said), 1))[0]) for column in columns)
        if any(others) or " " not in cell or not re.match(r"[^\d]*[^\W\d_]{2}", cell):
            break
        said.append(cell)
    if not said:
        return raw, ()
    left = {place: column.slice(0, rows - len(said)) for place, column in raw.items()}
    return left, (Note("a footer", {"text": " ".join(said[::-1])[:80]}),)


def refuse_other_headers(layout: Layout, raw: Mapping[int, Any], header: Sequence[str]) -> None:
    """UnclearError for a row that has words for time and prices, and not just the names of the columns."""
    places = [layout.times[0], *layout.numbers.values()]
    if not all(is_text(raw[place]) for place in places):
        return
    rows = np.flatnonzero(mask(pc.match_substring_regex(text_of(raw[places[0]]), WORDY)))  # (R,), mostly none
    cells = {place: text_of(column.take(pa.array(rows))) for place, column in raw.items()}  # (R,) each
    words = [pc.match_substring_regex(cells[place], WORDY) for place in places]
    for at in np.flatnonzero(mask(functools.reduce(pc.and_, words))).tolist():
        row = {place: str(column[at]) for place, column in cells.items()}
        if any(cell.strip() != header[place].strip() for place, cell in row.items()):
            reason = f"names its columns anew after {rows[at]:,} rows, as {', '.join(row.values())}"
            raise UnclearError(f"{reason}: give the parts as files of their own")


def rest_of(table: Table) -> tuple[int, tuple[Note, ...]]:
    """How many rows of another width there are, and what has to be said of them, and of the last line.

    Lines of another width behind the last row that are sentences are a footer; dividends and splits stand
    among the prices of Yahoo.
    """
    lines, notes = list(table.left_out), []
    if table.form:
        refuse_title_lines([line for line in lines if not CORPORATE.search(line)], table.foot, table.form)
    if table.form and table.form.encoding in PAGES and table.form.encoding != GUESSED:
        notes.append(Note("a code page", {"page": table.form.encoding}))
    if table.form and table.form.cut:
        notes.append(Note("cut last line", {"text": table.form.cut[:80]}))
    comments = [line for line in lines if is_comment(line)]
    if comments:
        notes.append(Note("comments among rows", {"rows": len(comments)}))
        lines = [line for line in lines if line not in set(comments)]
    dividends = [line for line in lines if CORPORATE.search(line)]
    if dividends:
        notes.append(Note("lines of dividends", {"rows": len(dividends)}))
    behind = [
        line.strip().strip('"') for line in lines if line.strip() in table.foot and line not in dividends
    ]
    footer = [line for line in behind if " " in line and not line[0].isdigit()]
    if footer:
        notes.append(Note("a footer", {"text": " ".join(footer)[:80]}))
    left_out = len(lines) - len(dividends) - len(footer)
    if left_out:
        notes.append(Note("rows of another width", {"rows": left_out, "width": table.width}))
    return left_out, tuple(notes)
