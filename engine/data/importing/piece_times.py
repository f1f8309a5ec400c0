"""Times of a text table that is read in pieces, decided by what all of its pieces show.

Each piece is read by itself, and taken if all of them say one form; where the order of day and month is not
certain in some, those in which it is decide. Dates and clocks in columns of their own are decided over all
different ones.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from engine.data.importing.clocks import clock_column
from engine.data.importing.dates import UndecidableError, dates_of
from engine.data.importing.hints import HintNeededError
from engine.data.importing.times import both_orders, text_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from engine.data.importing.clocks import Written
    from engine.data.importing.form import Form
    from engine.data.importing.hints import Hints
    from engine.data.importing.layouts import Layout

SHORT_YEAR = re.compile(r"(\d{1,2}[-/. ]\d{1,2}[-/. ]\d{2}|\d{6})(\D|$)")  # whose order whole columns decide
COMMON = (pa.int64(), pa.timestamp("us"), pa.timestamp("us", "UTC"))


class TimesOfPieces(Protocol):
    """The columns of times of a table in pieces."""

    types: dict[int, Any]  # what they are read as, by their positions

    def take(self, columns: Mapping[int, Any], start: int) -> bool:
        """Take in a piece whose first row is `start`; whether that can be."""
        ...

    def read(self, rows: int) -> dict[int, Any] | None:
        """The one column of times, (N,), at the position of the first; None for the careful way."""
        ...

    def forms(self, rows: int) -> dict[str, int]:
        """How they are written -> rows; empty for stamps."""
        ...


def times_for(form: Form, layout: Layout, hints: Hints, rows: int) -> TimesOfPieces | None:
    """What reads the times of a table of so many rows at most; None where its first rows say none."""
    place = layout.times[0]
    cells = pa.array([row[place] for row in form.rows], pa.string())
    if len(layout.times) == 2:
        return Parted(layout, hints, rows)
    if any(SHORT_YEAR.match(cell) for cell in cells.to_pylist()):
        return None
    for kind in COMMON:
        try:
            cells.cast(kind)
        except pa.ArrowInvalid:
            continue
        return Common(place, kind, rows)
    return Worded(layout, hints, rows)


class Common:
    """Times in one common form: stamps, or ISO 8601."""

    def __init__(self, place: int, kind: Any, rows: int) -> None:
        """At a position, as an Arrow type."""
        self.types = {place: kind}
        self._place, self._kind, self._found = place, kind, np.empty(rows, np.int64)

    def take(self, columns: Mapping[int, Any], start: int) -> bool:
        """See TimesOfPieces."""
        column = columns[self._place]
        self._found[start : start + len(column)] = column.cast(pa.int64()).fill_null(0).to_numpy()
        return not column.null_count

    def read(self, rows: int) -> dict[int, Any] | None:
        """See TimesOfPieces."""
        return {self._place: pa.array(self._found[:rows]).view(self._kind)}

    def forms(self, rows: int) -> dict[str, int]:
        """See TimesOfPieces."""
        return {} if self._kind == pa.int64() else {"ISO 8601": rows}


class Worded:
    """Dates with a clock behind them, in any form that is written alike in all rows."""

    def __init__(self, layout: Layout, hints: Hints, rows: int) -> None:
        """In the first column of times."""
        self._names = layout.time_names
        self._place, self._said, self._usual = layout.times[0], hints.dates, layout.order
        self.types = {self._place: pa.string()}
        self._found = np.empty(rows, np.int64)
        self._form = ""
        self._waiting: list[tuple[int, Any, list[str]]] = []  # pieces that can be read in several orders

    def take(self, columns: Mapping[int, Any], start: int) -> bool:
        """See TimesOfPieces."""
        cells = text_of(columns[self._place])
        try:
            return self._keep(dates_of(cells, self._said, self._usual), start)
        except UndecidableError as error:
            fitting = str(error).split(", ")
        if self._form in fitting:
            return self._keep(dates_of(cells, self._form), start)
        self._waiting.append((start, cells, fitting))
        return True

    def _keep(self, written: Written, start: int) -> bool:
        form = form_in(written)
        self._found[start : start + len(written.local_ms)] = written.local_ms
        self._form = self._form or form
        return bool(form) and form == self._form

    def read(self, rows: int) -> dict[int, Any] | None:
        """See TimesOfPieces."""
        if self._waiting and not self._form:
            _, cells, fitting = self._waiting[0]
            raise unclear(self._names, cells, fitting)
        for start, cells, fitting in self._waiting:
            if self._form not in fitting or not self._keep(dates_of(cells, self._form), start):
                return None
        return {self._place: pa.array(self._found[:rows]).view(pa.timestamp("ms"))}

    def forms(self, rows: int) -> dict[str, int]:
        """See TimesOfPieces."""
        return {self._form: rows}


class Parted:
    """Dates in a column and clocks in another."""

    def __init__(self, layout: Layout, hints: Hints, rows: int) -> None:
        """The two columns of times."""
        self._names = layout.time_names
        self.types = dict.fromkeys(layout.times, pa.dictionary(pa.int32(), pa.string()))
        self._places, self._said, self._usual = layout.times, hints.dates, layout.order
        self._known: tuple[dict[str, int], dict[str, int]] = ({}, {})
        self._codes = (np.empty(rows, np.int32), np.empty(rows, np.int32))
        self._named: list[str] = []

    def take(self, columns: Mapping[int, Any], start: int) -> bool:
        """See TimesOfPieces."""
        for place, known, codes in zip(self._places, self._known, self._codes, strict=True):
            column = columns[place]
            if column.null_count:
                return False
            names = pc.utf8_trim_whitespace(column.dictionary).to_pylist()
            numbers = np.array([known.setdefault(name, len(known)) for name in names], np.int32)
            codes[start : start + len(column)] = numbers[column.indices.to_numpy()]
        return True

    def read(self, rows: int) -> dict[int, Any] | None:
        """See TimesOfPieces."""
        days, clocks = (pa.array(list(known), pa.string()) for known in self._known)
        if any(map(SHORT_YEAR.match, self._known[0])):
            return None
        try:
            date = dates_of(days, self._said, self._usual)
        except UndecidableError as error:
            raise HintNeededError(f"column {both_orders(days, str(error).split(', '))}", "--dates") from None
        clock = clock_column(clocks)
        form = form_in(date)
        if not form or not clock.read.all() or clock.zone.any():
            return None
        self._named = [form, *clock.forms]
        local = date.local_ms[self._codes[0][:rows]]
        local += clock.local_ms[self._codes[1][:rows]]
        return {self._places[0]: pa.array(local).view(pa.timestamp("ms"))}

    def forms(self, rows: int) -> dict[str, int]:
        """See TimesOfPieces."""
        return dict.fromkeys(self._named, rows)


def form_in(written: Written) -> str:
    """The one form in which all cells are written, without a zone; empty if that is not so."""
    alike = written.read.all() and not written.zone.any() and len(written.forms) == 1
    return next(iter(written.forms)) if alike else ""


def unclear(names: Sequence[str], cells: Any, fitting: list[str]) -> HintNeededError:
    """The error of dates that can be read in several orders of day and month."""
    named = " and ".join(name or "1" for name in names)
    return HintNeededError(f"column {named} {both_orders(cells, fitting)}", "--dates")
