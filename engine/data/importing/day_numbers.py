"""Days that are counted, as Excel, R, SAS, Stata, Matlab and Python do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from engine.data.importing.clocks import mask
from engine.data.importing.hints import UnclearError
from engine.market.spacing import DAY_MS, months

if TYPE_CHECKING:
    from numpy.typing import NDArray

LATER_DAYS = 1462  # that Excel for Mac began to count later
FINE = 5  # decimals of a day that are less than a second off
EXCEL = (25_569, 80_000)  # days since 30 December 1899: from 1970 to 2119
JULIAN = (2_415_021, 2_488_070)  # from 1900 to 2099
JULIAN_1970 = 2_440_588  # at noon of the first of 1970
MATLAB = (723_000, 767_000)  # from 1979 to 2099, and to 2100 as Python counts
COUNTED = {  # what counts days, and what it calls the first of 1970
    "since 1970, as R does": 0,
    "since 1960, as SAS and Stata do": 3_653,
    "since 1899, as Excel does": EXCEL[0],
    "as Matlab does": 719_529,
    "as Python does": 719_163,
}
SPAN = (-25_567, 47_482)  # days since 1970 that a count may tell: from 1900 to 2100
RECENT = 10_957  # 2000, which the last of the days is behind
ENOUGH = 10  # days that tell the weekdays of a market
NUMBER = r"^\d{4,6}([.,]\d+)?$"
BUSINESS = set(range(5))


def counted_days(
    text: Any, read: NDArray[np.bool_], rows: int
) -> tuple[NDArray[np.int64], NDArray[np.bool_], str, int]:
    """Days that cells (n,) count, as ms since 1970; which cells; what counts so; how far off they are, in ms.

    read: cells that are something else; rows: of the column, half of which have to be such numbers. Raises
    UnclearError if two readings fit.
    """
    days, found = excel_days(text)
    found &= ~read
    if 2 * found.sum() >= rows:
        refuse_1904(text, days, found)
        refuse_zeroless(text, days, found)
        return days, found, "Excel's days", rounding_of(text)
    days, found = julian_days(text)
    found &= ~read
    if 2 * found.sum() >= rows:
        return days, found, "Julian days", rounding_of(text)
    days, found = other_days(text)
    found &= ~read
    if 2 * found.sum() < rows:
        return days, found, "", 0
    counted = the_count(text, days, found)
    return days - COUNTED[counted] * DAY_MS, found, f"days {counted}", 0


def is_excel_day(cell: str) -> bool:
    """Whether a cell is a whole number in Excel's range of days."""
    return len(cell) == len(str(EXCEL[0])) and cell.isdecimal() and EXCEL[0] <= int(cell) < EXCEL[1]


def excel_days(text: Any) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Days since 30 December 1899 as ms since 1970, to the second, and whether a cell is such a number."""
    found = mask(pc.match_substring_regex(text, r"^\d{5}([.,]\d+)?$"))
    point = pc.replace_substring(pc.if_else(pa.array(found), text, "0"), ",", ".")
    days = point.cast(pa.float64()).to_numpy(zero_copy_only=False)
    found &= (days >= EXCEL[0]) & (days < EXCEL[1])
    return np.rint((days - EXCEL[0]) * 86_400).astype(np.int64) * 1000, found


def julian_days(text: Any) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Julian days as ms since 1970, to the second, and whether a cell is such a number.

    They begin at noon; whole numbers alone are the days that begin twelve hours before.
    """
    found = mask(pc.match_substring_regex(text, r"^24\d{5}([.,]\d+)?$"))
    point = pc.replace_substring(pc.if_else(pa.array(found), text, "0"), ",", ".")
    days = point.cast(pa.float64()).to_numpy(zero_copy_only=False)
    found &= (days >= JULIAN[0]) & (days < JULIAN[1])
    half = 0.5 if (days[found] % 1).any() else 0.0
    return np.rint((days - JULIAN_1970 + half) * 86_400).astype(np.int64) * 1000, found


def rounding_of(text: Any) -> int:
    """How far days of Excel may be off in ms, by their most decimals, where those are fewer than 5."""
    fraction = pc.struct_field(pc.extract_regex(text, r"^\d{5,7}[.,](?P<decimals>\d+)$"), "decimals")
    places = pc.max(pc.utf8_length(fraction)).as_py() or 0
    return round(DAY_MS / 10**places / 2) if 0 < places < FINE else 0


def refuse_1904(text: Any, days_ms: NDArray[np.int64], found: NDArray[np.bool_]) -> None:
    """UnclearError for days that fall on Tuesday to Saturday from 1900, and on Monday to Friday from 1904.

    Excel for Mac counted from 1904; no market keeps Tuesday to Saturday.
    """
    days = np.unique(days_ms[found] // DAY_MS)
    weekdays = set(((days + 3) % 7).tolist())  # Monday is 0
    if len(days) > ENOUGH and weekdays == {1, 2, 3, 4, 5}:
        first = int(np.argmax(found))
        from_1900, from_1904 = (
            np.datetime64(int(days_ms[first]) // DAY_MS + more, "D") for more in (0, LATER_DAYS)
        )
        reason = f"says {text[first]}: {from_1900} counted from 1900, with days on Tuesday to Saturday, and"
        raise UnclearError(f"{reason} {from_1904} from 1904, on Monday to Friday; write its times as dates")


def refuse_zeroless(text: Any, days_ms: NDArray[np.int64], found: NDArray[np.bool_]) -> None:
    """UnclearError for numbers that are all dates such as 050131 which have lost their zero."""
    short = pc.match_substring_regex(text, r"^\d(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])$")
    if mask(short)[found].all() and len(np.unique(days_ms[found])) > ENOUGH:
        first = int(np.argmax(found))
        cell, excel = str(text[first]), np.datetime64(int(days_ms[first]) // DAY_MS, "D")
        raise UnclearError(
            f"says {cell}, which is {excel} counted as Excel does, or 200{cell[0]}-{cell[1:3]}-{cell[3:]} if "
            "it has lost a zero; write its times as dates"
        )


def other_days(text: Any) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Numbers as so many days in ms, to the second, and whether a cell is one that something counts."""
    found = mask(pc.match_substring_regex(text, NUMBER))
    point = pc.replace_substring(pc.if_else(pa.array(found), text, "0"), ",", ".")
    days = point.cast(pa.float64()).to_numpy(zero_copy_only=False)
    least, most = days[found].min(initial=np.inf), days[found].max(initial=-np.inf)
    if not any(SPAN[0] <= least - zero and RECENT <= most - zero < SPAN[1] for zero in COUNTED.values()):
        found[:] = False
    return np.rint(days * 86_400).astype(np.int64) * 1000, found


def the_count(text: Any, days_ms: NDArray[np.int64], found: NDArray[np.bool_]) -> str:
    """Which of COUNTED makes days of a market of these, (n,): from Monday to Friday, or firsts of months.

    Raises UnclearError if not one alone does.
    """
    number = np.unique(days_ms[found] // DAY_MS)  # (D,)
    dates = {
        name: number - zero
        for name, zero in COUNTED.items()
        if SPAN[0] <= number[0] - zero and number[-1] - zero < SPAN[1]
    }
    fitting = [name for name, days in dates.items() if of_a_market(days)]
    if len(fitting) == 1 and len(number) > ENOUGH:
        return fitting[0]
    first = int(np.argmax(found))
    day = int(days_ms[first] // DAY_MS)
    shown = (f"{np.datetime64(day - COUNTED[name], 'D')} counted {name}" for name in dates)
    raise UnclearError(f"says {text[first]}, which is {', or '.join(shown)}; write its times as dates")


def of_a_market(days: NDArray[np.int64]) -> bool:
    """Whether days since 1970, (D,), are all from Monday to Friday, or all the first ones of months."""
    times = days * DAY_MS
    return set(((days + 3) % 7).tolist()) <= BUSINESS or bool((times == months(times)[1]).all())
