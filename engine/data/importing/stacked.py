"""Several tables in one file, one below the other: told by a title between rows, or by a leap of prices."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow.compute as pc

from engine.data.importing.clocks import mask
from engine.data.importing.form import cells_of, is_comment, is_row
from engine.data.importing.stated_zones import zone_above
from engine.data.importing.times import is_text, text_of
from engine.data.importing.units import multiple_above
from engine.errors import RepairDataError
from engine.market.times import UNREADABLE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from engine.data.importing.form import Form
    from engine.data.importing.layouts import Layout

MOST = 50  # lines that a footer may have
WORD = r"\pL{2}"
MARKET = re.compile(
    r"(?i:(symbol|ticker|pair|market|instrument|contract|isin|asset|coin|stock|name|currency|units?)\s*[:=].*)|"
    r"(?=.*[A-Z]{2})[A-Z0-9^=.]{2,}( ?[-/_:] ?[A-Z0-9.]+)*"
)
LEAP, ODD = 2.0, 5.0  # times a price changes, and times the usual furthest change, that no market does


def foot_of(end: bytes, form: Form) -> tuple[str, ...]:
    """The lines behind the last row of a text table, out of its last bytes."""
    found: list[str] = []
    for line in reversed(end.decode(errors="replace").splitlines()[-MOST:]):
        cells = cells_of(line, form.delimiter)
        if len(cells) == form.width and is_row(cells):
            break
        found.append(line.strip())
    return tuple(found)


def refuse_title_lines(lines: Sequence[str], foot: Sequence[str], form: Form) -> None:
    """RepairDataError for a line of words between rows, or for a comment there that names a market.

    lines: those of another width than the rows'; foot: those behind the last row; what stands above the
    table as well is no other market's.
    """
    above = {text.strip() for text in form.above}
    for line in lines:
        text = line.strip()
        if text in foot or text in above:
            continue
        words = text.strip(" #/*=-\"'")
        if is_comment(line):
            title = bool(MARKET.fullmatch(words) or zone_above([words])) or multiple_above([words]) != 1
        else:
            title = bool(re.search(r"[^\W\d_]{2}", words)) and not is_row(cells_of(line, form.delimiter))
        if title:
            refuse(f"the line {text[:80]}")


def refuse_title_rows(
    layout: Layout,
    raw: Mapping[int, Any],
    times: NDArray[np.int64],
    numbers: Mapping[str, NDArray[np.float64]],
) -> None:
    """RepairDataError for a row between others that has words for a time, (N,), and no number (N,) at all."""
    lost = times == UNREADABLE
    if not lost.any() or not is_text(raw[layout.times[0]]):
        return
    for values in numbers.values():
        lost &= ~np.isfinite(values)
    lost[np.flatnonzero(times != UNREADABLE)[-1] :] = False
    rows = np.flatnonzero(lost)
    cells = text_of(raw[layout.times[0]].take(rows))
    titles = np.flatnonzero(mask(pc.match_substring_regex(cells, WORD)))
    if len(titles):
        refuse(f"a row that says {cells[int(titles[0])]} and no number")


def refuse(what: str) -> None:
    """RepairDataError for what stands between rows."""
    reason = f"has {what} between its rows: below it may stand another market's"
    raise RepairDataError("the file", reason, "Give each table a file of its own, or remove the line")


def refuse_leaps(places: NDArray[np.int64], values: NDArray[np.float64]) -> None:
    """RepairDataError if prices (N,) leap at a row (P,) before which the names stand once more."""
    at = places[(places > 0) & (places < len(values))]
    if not len(at):
        return
    with np.errstate(divide="ignore", invalid="ignore"):
        moves = np.abs(np.diff(np.log(values)))
    there = moves[at - 1]
    moves[at - 1] = 0
    usual = float(np.nanmax(moves, initial=0.0))
    far = np.flatnonzero(there > max(np.log(LEAP), ODD * usual))
    if len(far):
        row = int(at[far[0]])
        raise RepairDataError(
            "the file",
            f"repeats its names in front of row {row + 1}, where prices go from {values[row - 1]:g} to "
            f"{values[row]:g}: another market's may follow",
            "Give each table a file of its own, or remove the names",
        )
