"""Which columns of a table are its times: by their names, and by what their first rows say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.data.importing.day_numbers import is_excel_day
from engine.data.importing.form import DATE
from engine.data.importing.names import CLOCK_NAMES, CLOSE_TIMES, PARTS, TIME_NAMES, YEAR, first_of
from engine.data.importing.years import are_years

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


def moves(rows: Sequence[Sequence[str]], place: int) -> bool:
    """Whether the cells of a column are not all the same, as the time of an export would be."""
    return len(rows) < 2 or len({row[place] for row in rows}) > 1


def times_among(
    names: Sequence[str], rows: Sequence[Sequence[str]], sort: Callable[[Sequence[str]], str]
) -> tuple[tuple[int, ...], bool]:
    """The column of times, or those of dates and clocks; and whether they are the ends of bars.

    A name decides, and what the first rows say; without a name, the first column if it holds times.
    """
    sorts: dict[int, str] = {}

    def kind(position: int) -> str:
        if position not in sorts:
            sorts[position] = sort([row[position] for row in rows])
        return sorts[position]

    found = (first_of(names, (name,), once=False) for name in TIME_NAMES)
    places = [place for place in dict.fromkeys(found) if place is not None]

    def clock_beside(position: int) -> int | None:
        clocks = (names.index(name) for name in CLOCK_NAMES if name in names)
        return next((place for place in clocks if place != position and kind(place) == "clock"), None)

    def times_rows(position: int) -> bool:  # not the one time of an export
        return moves(rows, position) or clock_beside(position) is not None

    timed = (place for place in places if kind(place) in {"moment", "day"})
    also = (place for place in places if kind(place) in {"moment", "day"})
    first = next((place for place in timed if times_rows(place)), next(also, None))
    ends = first_of(names, CLOSE_TIMES, once=False)
    if first is None and ends is not None and kind(ends) == "moment":
        return (ends,), True
    if first is None:
        first = by_cells(names, rows, places, kind)
    if first is None:  # days as Excel counts them may show a clock, too: 45320 is 4:53:20
        first = next((at for at in places if rows and all(is_excel_day(row[at]) for row in rows)), None)
        if first is None or clock_beside(first) is None:
            return tuple(places[:1]), False  # whose cells the error will show
        sorts[first] = "day"
    if kind(first) == "day" and (clock := clock_beside(first)) is not None:
        return (first, clock), False
    return (first,), False


def by_cells(
    names: Sequence[str], rows: Sequence[Sequence[str]], places: Sequence[int], kind: Callable[[int], str]
) -> int | None:
    """The column that its cells show to be times; `places` are those that their names do."""
    if not places and names and kind(0) in {"moment", "day"}:
        return 0
    yearly = [*places, *(at for at, name in enumerate(names) if name in PARTS[YEAR])]
    if found := [at for at in yearly if are_years([row[at] for row in rows])]:
        return found[0]
    return None if places else the_dated(names, rows, kind)


def the_dated(names: Sequence[str], rows: Sequence[Sequence[str]], kind: Callable[[int], str]) -> int | None:
    """The one column whose cells are dates with marks between their parts, whatever it is called."""
    found = [
        at
        for at in range(len(names))
        if rows and DATE.match(rows[0][at]) and moves(rows, at) and kind(at) in {"moment", "day"}
    ]
    return found[0] if len(found) == 1 else None
