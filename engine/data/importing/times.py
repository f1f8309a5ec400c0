"""Columns of times into ms since 1970: stamps, ISO 8601, Excel's days, dates and clocks of every form.

Nothing is guessed. A cell whose unit or form is not certain becomes unreadable, and the check that follows
rejects and counts its row.
"""

from __future__ import annotations

import contextlib
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from engine.data.importing.clocks import Written, clock_column, mask
from engine.data.importing.dates import DAY_MS, ORDERS, UndecidableError, dates_of
from engine.data.importing.day_numbers import EXCEL, JULIAN, MATLAB, counted_days
from engine.data.importing.glued import may_be_glued, unglued
from engine.data.importing.hints import HintNeededError, Hints, UnclearError
from engine.data.importing.partly_zoned import refuse_partly_zoned
from engine.data.importing.spans import starts_of
from engine.data.importing.stamps import UNITS, numbers, stamps
from engine.data.importing.time_spellings import in_common_form
from engine.data.importing.zones import in_utc, on_clocks
from engine.market.times import UNREADABLE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from engine.data.importing.stated_zones import StatedZones

CLOCK = re.compile(r"\d{1,6}|\d{1,2}h? ?[-\u2010-\u2015] ?\d{1,2}h?")  # in digits, or from hour to hour
ENOUGH = 60  # cells that tell what a column is
FORMS = (
    "seconds, ms, us or ns since 1970; 2024-01-31 13:30, with or without an offset; 20240131 1330; "
    "240131; 31/01/2024 or 01/31/2024; 31 Jan 2024; 2024-W05; AM and PM; days of Excel and of R; date and "
    "clock in two columns"
)


@dataclass(frozen=True)
class Times:
    """What columns of times say."""

    utc_ms: NDArray[np.int64]  # (N,), UNREADABLE where not certain
    forms: dict[str, int]  # form -> rows
    zoneless: bool  # whether some carry neither a zone nor are stamps
    timed: bool  # whether a clock is written beside any date
    stated: tuple[str, ...] = ()  # zones that the file states elsewhere
    carried: int = 0  # rows that have their day from a row above
    rounded_ms: int = 0  # how far times may be off, as they are written with a few decimals of a day


def times_of(
    columns: Sequence[Any], hints: Hints, order: str = "", stated: StatedZones | None = None
) -> Times:
    """The times of an Arrow column, or of one of dates and one of clocks.

    Numbers are seconds, ms, us or ns since the epoch, told apart by magnitude (1980 to 2100), and in a column
    of one unit also those before and after. `order` is what the file's layout says, `stated` are the zones
    that stand elsewhere in the file. Raises ValueError where the order of day and month fits both ways, or a
    zone is not known or contradicts another.
    """
    column = columns[0]
    zone = hints.timezone or (stated.only if stated else "")
    plainly = stated is None or (stated.only and not hints.timezone and not holds_zones(column, stated.only))
    if len(columns) == 1 and plainly and (quick := quick_times(column, zone)) is not None:
        return quick
    text = unglued(in_common_form(starts_of(text_of(column))))
    clock = text_of(columns[1]) if len(columns) > 1 else None
    if clock is None:
        utc, forms = numbers(text)
    else:
        utc, forms = np.full(len(text), UNREADABLE), {}
    left = np.flatnonzero(utc == UNREADABLE)
    if not len(left):
        return Times(utc, forms, zoneless=False, timed=True)
    cells = text.take(pa.array(left))
    try:
        written = dates_of(cells, hints.dates, order, len(text))
    except UndecidableError as error:
        raise HintNeededError(both_orders(cells, str(error).split(", ")), "--dates") from None
    clocks = None if clock is None else clock_column(clock.take(pa.array(left)))
    if clocks is not None:
        written = with_clock(written, clocks)
    utc[left] = in_utc(written, hints.timezone)
    if stated:
        claimed = replace(written, zone=stated.zone[left] + 1, zones=("", *stated.zones))
        utc[left] = agreed(written, utc[left], in_utc(claimed, hints.timezone), said=bool(hints.timezone))
    elif not hints.timezone:
        refuse_partly_zoned(written, cells, utc, left)
    days, found, form, rounded_ms = counted_days(cells, written.read, len(text))
    if form:
        if clocks is not None:
            days, found = days + clocks.local_ms, found & clocks.read
        utc[left[found]] = on_clocks(days[found], zone)
        forms[form] = int(found.sum())
    forms = {name: forms.get(name, 0) + written.forms.get(name, 0) for name in {**forms, **written.forms}}
    refuse_mixed_periods(forms)
    zoneless = bool((written.read & (written.zone == 0)).any()) or bool(form)
    return Times(utc, forms, zoneless=zoneless, timed=written.timed, rounded_ms=rounded_ms)


def refuse_mixed_periods(forms: dict[str, int]) -> None:
    """UnclearError if the forms of times are those of periods of several lengths."""
    if len(found := {"months", "quarters", "years"} & set(forms)) > 1:
        several = " and ".join(sorted(found))
        raise UnclearError(f"holds {several}, one below the other: keep the rows of one of them")


def agreed(
    written: Written, utc: NDArray[np.int64], claimed: NDArray[np.int64], *, said: bool
) -> NDArray[np.int64]:
    """Times as UTC ms, (N,): those that carry a zone, and those without one as `claimed` elsewhere.

    `said`: somebody says the zone of those without one. Raises UnclearError where two zones contradict each
    other.
    """
    own = written.read & (written.zone > 0)
    sure = (utc != UNREADABLE) & (claimed != UNREADABLE)
    if len(apart := np.flatnonzero(sure & (utc != claimed) & (own | said))):
        first = apart[0]
        cell = f"says {written.zones[written.zone[first]]}" if own[first] else "is said to be of --timezone"
        raise UnclearError(f"{cell} in a row for which the file tells another zone elsewhere")
    return np.where(own, utc, claimed)


def holds_zones(column: Any, zone: str) -> bool:
    """Whether cells carry a zone that may be another one than this."""
    if not is_text(column):
        return is_moment(column) and pa.types.is_timestamp(column.type) and column.type.tz is not None
    pattern = r":\d{2}.*([-+]\d{2}(:?\d{2})?|[A-Za-z]{3,}.*" + ("" if zone == "UTC" else "|Z") + r")$"
    return bool(pc.any(pc.match_substring_regex(column, pattern)).as_py())


def quick_times(column: Any, zone: str) -> Times | None:
    """The quick way for a column of one common form; None if it is none."""
    if not pa.types.is_floating(column.type) and not is_moment(column) and may_be_glued(column):
        return None
    if pa.types.is_integer(column.type) or pa.types.is_floating(column.type):
        kind = pa.int64() if pa.types.is_integer(column.type) else pa.float64()
        plain = column.type == kind and not column.null_count
        return all_stamps(column if plain else column.cast(kind).fill_null(0))
    if not is_text(column):
        return moments(column, zone, "timestamp") if is_moment(column) else None
    ends = pa.concat_arrays([column.slice(0, 8), column.slice(max(0, len(column) - 8))])
    for form in (pa.int64(), pa.timestamp("us"), pa.timestamp("us", "UTC")):
        with contextlib.suppress(pa.ArrowInvalid):
            ends.cast(form)
            values = column.cast(form)
            if values.null_count or not len(values):
                return None
            return all_stamps(values) if form == pa.int64() else moments(values, zone, "ISO 8601")
    return None


def is_moment(column: Any) -> bool:
    """Whether an Arrow column holds timestamps or dates."""
    return bool(pa.types.is_timestamp(column.type) or pa.types.is_date(column.type))


def moments(column: Any, zone: str, form: str) -> Times:
    """The times of an Arrow column of timestamps or dates; those without a zone are in `zone`, or in UTC."""
    zoneless = pa.types.is_date(column.type) or column.type.tz is None
    utc = instants(column)
    timed = not bool((utc % DAY_MS == 0).all())
    return Times(
        on_clocks(utc, zone) if zoneless else utc,
        {form: len(column)},
        zoneless=zoneless,
        timed=timed,
    )


def all_stamps(column: Any) -> Times | None:
    """The times of numbers if all of them are stamps."""
    utc, forms = stamps(column.to_numpy(zero_copy_only=False))
    return Times(utc, forms, zoneless=False, timed=True) if sum(forms.values()) == len(utc) else None


def with_clock(written: Written, clock: Written) -> Written:
    """Dates with the clocks of another column."""
    names = [*written.zones]
    names += [name for name in clock.zones if name not in names]
    zone = np.array([names.index(name) for name in clock.zones])[clock.zone]
    return Written(
        written.local_ms + clock.local_ms,
        written.read & clock.read,
        np.where(zone > 0, zone, written.zone),
        tuple(names),
        timed=True,
        forms={**written.forms, **clock.forms},
    )


def instants(column: Any) -> NDArray[np.int64]:
    """Arrow timestamps or dates as ms."""
    unit = column.type.unit if pa.types.is_timestamp(column.type) else "ms"
    if not pa.types.is_timestamp(column.type):
        column = column.cast(pa.timestamp("ms"))
    number = column.cast(pa.int64())
    times = number.fill_null(0).to_numpy(zero_copy_only=False)
    times = times * 1000 if unit == "s" else times // (UNITS[unit] // 1000)
    return np.where(mask(number.is_null()), UNREADABLE, times)


def both_orders(cells: Any, fitting: list[str]) -> str:
    """Why dates are refused: a cell, and what it is in each order."""
    cell = str(cells[0])
    readings = [
        f"{dates_of(cells, each).local_ms[0].astype('datetime64[ms]').astype('datetime64[D]')} {each}"
        for each in fitting
    ]
    return f"says {cell}, which is {' or '.join(readings)}: both fit all rows"


def sort_of(cells: Sequence[str], hints: Hints) -> str:
    """What a column of such cells is: `moment`, `day`, `clock` or, if no times, empty."""
    cells = [cell for cell in cells if cell][:ENOUGH]
    if not cells:
        return ""
    if all(re.fullmatch(r"-?\d*[.,]\d+", cell) for cell in cells):  # prices, stamps or Excel's days
        values = np.array([float(cell.replace(",", ".")) for cell in cells])
        counted = np.any([(values >= low) & (values < high) for low, high in (EXCEL, MATLAB, JULIAN)], axis=0)
        days = (counted | (stamps(values)[0] != UNREADABLE)).all()
        return "moment" if days else "clock" if all(cell.lstrip("0")[:1] in ".," for cell in cells) else ""
    text = pc.utf8_trim_whitespace(pa.array(cells, pa.string()))
    clock = clock_column(text).read.mean() > 0.5
    if clock and all(CLOCK.fullmatch(cell) for cell in cells) and not short_dates(cells):
        return "clock"
    for order in [hints.dates] if hints.dates else ORDERS:
        try:
            found = times_of([text], Hints(timezone=hints.timezone, dates=order))
        except ValueError:
            return "moment"
        if (found.utc_ms == UNREADABLE).mean() <= 0.5:
            return "moment" if found.timed else "day"
    return "clock" if clock else ""


def short_dates(cells: Sequence[str]) -> bool:
    """Whether six digits are dates, months in their middle, or months: clocks show whole minutes, too."""
    forms = (r"\d\d(0[1-9]|1[0-2])(?!00)\d\d", r"(19|20)\d\d(0[1-9]|1[0-2])")
    return any(all(re.fullmatch(form, cell) for cell in cells) for form in forms)


def is_text(column: Any) -> bool:
    """Whether an Arrow column holds text."""
    return bool(pa.types.is_string(column.type) or pa.types.is_large_string(column.type))


def kind_of_values(kind: Any) -> str:
    """What an Arrow type holds, in words."""
    types = pa.types
    words = {types.is_struct: "records", types.is_list: "lists", types.is_boolean: "yes and no"}
    return next((word for fits, word in words.items() if fits(kind)), f"values of type {kind}")


def text_of(column: Any) -> Any:
    """A column as trimmed text, empty where null."""
    return pc.utf8_trim_whitespace(column.cast(pa.string()).fill_null(""))
