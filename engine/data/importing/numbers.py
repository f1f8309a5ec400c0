"""Columns of numbers, whatever marks a locale puts into them.

The decimal mark is decided by all number columns of a file together, and where two readings fit, nothing is
read and both are shown.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from engine.data.importing.clocks import mask
from engine.data.importing.currencies import (
    CODES,
    SIGNS,
    marks_of,
    refuse_partly_marked,
    refuse_several_currencies,
)
from engine.data.importing.hints import HintNeededError, UnclearError
from engine.data.importing.times import is_text, kind_of_values, text_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

BLANK = (
    "", "NaN", "nan", "NAN", "null", "NULL", "Null", "(null)", "None", "none", "nil", "N/A", "n/a", "NA",
    "na", "<NA>", "#N/A", "#N/A N/A", "#NV", "#DIV/0!", "N/D", "n/d", "ND", "n.d.", "n.a.", "k.A.", "-", "--",
    "—", "–", ".", "..", "?", "\\N",
)  # fmt: skip
APART = r"(\d)[ '\x{2019}\x{a0}\x{202f}\x{2009}](\d{3})"  # thousands, by a space or an apostrophe
TIMES = {"k": 3, "m": 6, "b": 9, "t": 12}
OTHER_TIMES = {  # of East Asia and India, in any case
    "万|萬|만": 4, "亿|億|억": 8, "L|l|Lakhs?|lakhs?|Lacs?|lacs?": 5, "Cr|cr|Crores?|crores?": 7,
}  # fmt: skip
MARKS = {"point": (".", ","), "comma": (",", ".")}  # decimal mark, and the one of thousands beside it
SIGNED = r"^[-+]?"
EXPONENT = r"([eE][-+]?\d{1,3})?$"
PLAIN = SIGNED + r"(\d+\.?\d*|\.\d+)" + EXPONENT


def shaped(decimal: str, thousands: str) -> str:
    """A number with these marks, as a pattern."""
    whole = rf"(\d+|[1-9]\d{{0,2}}([{thousands}]\d{{2,3}})*[{thousands}]\d{{3}})"
    return SIGNED + rf"({whole}([{decimal}]\d*)?|[{decimal}]\d+)" + EXPONENT


@dataclass(frozen=True)
class Numbers:
    """What number columns say, each array (N,)."""

    values: dict[str, NDArray[np.float64]]  # NaN where a cell is blank; infinite where it says no number
    text: dict[str, Any]  # the cells as plain numbers, for their decimals; empty for binary columns
    marks: str  # "comma" if that is the decimal mark, "thousands" if only those are marked, or empty
    unreadable: dict[str, tuple[int, str]]  # the first cell of a column that says no number: row from 0, text
    money: frozenset[str] = frozenset()  # columns whose cells carry a currency
    sized: frozenset[str] = frozenset()  # and those whose cells carry a size, such as K or M


def numbers_of(
    columns: Mapping[str, Any],
    names: Mapping[str, str],
    said: str,
    usual: str,
    possible: Callable[[dict[str, NDArray[np.float64]]], float] = lambda _: 1.0,
    *,
    country: str = "",
) -> Numbers:
    """Read Arrow columns, each (N,); `names` are what the file calls them.

    `said` is the decimal mark that somebody says, `usual` that of the publisher where two fit; either may be
    empty. `possible` tells which share of rows can be when the columns are read in one way. `country`: the
    decimal mark, of MARKS, where the file comes from, "perhaps comma" or empty. Raises ValueError if
    two readings fit, RepairDataError for numbers of several currencies.
    """
    values: dict[str, NDArray[np.float64]] = {}
    text: dict[str, Any] = {}
    for name, column in columns.items():
        if is_text(column):
            text[name] = text_of(column)
        elif holds_numbers(column.type):
            values[name] = floats(column)
        else:
            kind = kind_of_values(column.type)
            raise UnclearError(f"holds {kind} in column {names.get(name, name)}, which are no numbers")
    mark = said or ("point" if any(surely_plain(column) for column in text.values()) else "")
    if text and mark == "point":
        read = {name: number for name, column in text.items() if (number := cast(column)) is not None}
        if len(read) == len(text):
            ordered = {name: {**values, **read}[name] for name in columns}
            return Numbers(ordered, text, "", {})
    cells = {name: undressed(column) for name, column in text.items()}
    dressed = [name for name, column in cells.items() if column is not text[name]]
    marks = {name: found for name in dressed if (found := marks_of(text[name]))}
    refuse_several_currencies({name: found for name, found in marks.items() if not is_volume(name)})
    for name, found in marks.items():
        if not is_volume(name) and set(found) != {"%"}:
            refuse_partly_marked(text[name], name)
    mark = mark or decimal_mark(cells, text, names, usual, possible, country=country)
    sized = frozenset(name for name in dressed if has_exponent(cells[name]) and not has_exponent(text[name]))
    unreadable: dict[str, tuple[int, str]] = {}
    grouped = False
    for name, column in cells.items():
        plainly, used = in_plain(column, mark)
        grouped = grouped or used
        values[name], text_kept = parsed(plainly, text[name])
        wrong = np.flatnonzero(np.isinf(values[name]))
        if len(wrong):
            unreadable[name] = (int(wrong[0]), str(text[name][int(wrong[0])]))
        text[name] = text_kept
    return Numbers(
        {name: values[name] for name in columns},
        text,
        "comma" if mark == "comma" else "thousands" if grouped else "",
        unreadable,
        frozenset(marks),
        sized,
    )


def floats(column: Any) -> NDArray[np.float64]:
    """A binary column as float64, NaN where null."""
    if pa.types.is_decimal(column.type):  # which Arrow does not round to the nearest
        column = column.cast(pa.string())
    read = column.cast(pa.float64())
    read = read.fill_null(np.nan) if read.null_count else read
    return np.asarray(read.to_numpy(zero_copy_only=False), np.float64)


def holds_numbers(kind: Any) -> bool:
    """Whether an Arrow type is one of numbers, or of nothing but nulls."""
    types = pa.types
    return bool(
        types.is_integer(kind) or types.is_floating(kind) or types.is_decimal(kind) or types.is_null(kind)
    )


def cast(text: Any) -> NDArray[np.float64] | None:
    """A column of plain numbers and blank cells; None if it is not."""
    try:
        return floats(pc.if_else(pc.is_in(text, pa.array(BLANK)), None, text))
    except pa.ArrowInvalid:
        return None


def surely_plain(text: Any) -> bool:
    """Whether a look at the first cells shows decimals that no mark of thousands could be, or no mark."""
    head = text.slice(0, 2000)
    if mask(pc.match_substring_regex(head, r"[,'\x{2019}\x{a0}\x{202f}\x{2009} ]")).any():
        return False
    return bool(
        mask(
            pc.match_substring_regex(head, r"^[-+]?(0?\.\d+|\d+\.(\d{1,2}|\d{4,})|\d{4,}\.\d*)" + EXPONENT)
        ).any()
    )


def undressed(text: Any) -> Any:
    """Cells without currency signs, marks of thousands that are no comma or point, and suffixes of size."""
    dressed = mask(pc.match_substring_regex(text, r"[^0-9.,]"))
    if not dressed.any():
        return text
    text = pc.replace_substring_regex(text, rf"[A-Z]{{1,2}}\$|[{SIGNS}\"]|({CODES})$|^({CODES}) ?", "")
    text = pc.replace_substring_regex(text, r"^\((.*)\)$", r"-\1")
    for _ in range(2):  # matches do not overlap
        text = pc.replace_substring_regex(text, APART, r"\1\2")
    text = pc.utf8_trim_whitespace(text)
    text = pc.replace_substring_regex(
        text, r"( (Mio|[Mm]ln)\.?|MM| ?млн\.?)$", "M"
    )  # mil: a thousand, or a million
    text = pc.replace_substring_regex(text, r" ?([Tt]sd|[Tt]ys|тыс)\.?$", "K")
    text = pc.replace_substring_regex(text, r" ?(Bn|bn|Mrd|Mld|млрд)\.?$", "B")
    for suffix, power in TIMES.items():
        text = pc.replace_substring_regex(
            text, rf"^([-+]?[\d.,]+) ?[{suffix}{suffix.upper()}]$", rf"\1e{power}"
        )
    for words, power in OTHER_TIMES.items():
        text = pc.replace_substring_regex(text, rf"^([-+]?[\d.,]+) ?(?:{words})\.?$", rf"\1e{power}")
    return text


def is_volume(name: str) -> bool:
    """Whether a column is a volume, or may be one."""
    return name.startswith("volume ")


def has_exponent(text: Any) -> bool:
    """Whether any cell is written with one."""
    return bool(pc.any(pc.match_substring_regex(text, r"\de[-+]?\d{1,3}$", ignore_case=True)).as_py())


def decimal_mark(
    cells: Mapping[str, Any],
    text: Mapping[str, Any],
    names: Mapping[str, str],
    usual: str,
    possible: Callable[[dict[str, NDArray[np.float64]]], float],
    *,
    country: str,
) -> str:
    """The decimal mark that all cells can have. Raises ValueError if both can be it."""
    only = {"point": 0, "comma": 0}
    unclear: tuple[str, str] | None = None
    ungrouped: set[str] = set()
    for name, column in cells.items():
        marked = column.filter(pc.match_substring_regex(column, r"[.,]"))
        fits = {mark: mask(pc.match_substring_regex(marked, shaped(*pair))) for mark, pair in MARKS.items()}
        only["point"] += int((fits["point"] & ~fits["comma"]).sum())
        only["comma"] += int((fits["comma"] & ~fits["point"]).sum())
        both = np.flatnonzero(fits["point"] & fits["comma"])
        if len(both) and unclear is None:
            unclear = (names.get(name, name), str(marked[int(both[0])]))
        if mask(pc.match_substring_regex(column, r"^[-+]?\d{4,}([.,]|$)")).any():
            ungrouped.add(name)
    if unclear is None or only["point"] + only["comma"]:
        return "comma" if only["comma"] > only["point"] else "point"
    if usual and MARKS[usual][0] in unclear[1]:
        return usual
    ways = {
        mark: {name: parsed(in_plain(column, mark)[0], text[name])[0] for name, column in cells.items()}
        for mark in MARKS
    }
    can = {mark: possible(way) >= 0.99 for mark, way in ways.items()}
    if sum(can.values()) == 1:
        return next(mark for mark, fits_all in can.items() if fits_all)
    column, cell = unclear
    mark = "." if "." in cell else ","
    if MARKS.get(country, "?")[0] == mark and not in_some_cells(cells, mark):
        return country
    if mark == "," or "comma" in country:  # volumes tell nothing of prices whose thousands are grouped there
        ungrouped = {name for name in ungrouped if not is_volume(name)}
    if ungrouped:  # what groups its thousands groups all of them
        return "point" if mark == "." else "comma"
    small, large = cell.replace(mark, "."), cell.replace(mark, "")
    readings = f"which is {float(small):g} or {int(large)}: both fit all rows"
    raise HintNeededError(f"says {cell} in column {column}, {readings}", "--decimal")


def in_some_cells(cells: Mapping[str, Any], mark: str) -> bool:
    """Whether a column has numbers with this mark and others without any, as 995 beside 1.002."""
    for column in cells.values():
        bare = pc.match_substring_regex(column, r"^[-+]?\d{0,2}[1-9]\d{0,2}$")
        if pc.any(bare).as_py() and pc.any(pc.match_substring(column, mark)).as_py():
            return True
    return False


def in_plain(column: Any, mark: str) -> tuple[Any, bool]:
    """Cells with a point for the decimal mark and none for thousands; whether there were any of those."""
    decimal, thousands = MARKS[mark]
    fits = pc.match_substring_regex(column, shaped(decimal, thousands))
    grouped = pc.match_substring(column, thousands)
    changed = pc.replace_substring(pc.replace_substring(column, thousands, ""), decimal, ".")
    return pc.if_else(fits, changed, pc.if_else(pc.is_in(column, pa.array(BLANK)), "", "?")), bool(
        pc.any(grouped).as_py()
    )


def parsed(plainly: Any, text: Any) -> tuple[NDArray[np.float64], Any]:
    """Numbers of cells in plain form: NaN for a blank one, infinite for one that is no number."""
    blank = mask(pc.is_in(text, pa.array(BLANK)))
    plainly = pc.replace_substring_regex(plainly, r"^\+", "")
    fits = mask(pc.match_substring_regex(plainly, PLAIN))
    read = floats(pc.if_else(pa.array(fits), plainly, None))
    return np.where(fits | blank, read, np.inf), pc.if_else(pa.array(fits), plainly, "")


def decimals_of(text: Any) -> tuple[NDArray[np.int8], NDArray[np.int8]]:
    """Decimals of plain numbers, without and with trailing zeros, each (N,) int8."""
    if any(pc.any(pc.match_substring(text, letter)).as_py() for letter in "eE"):
        parts = pc.extract_regex(text, r"^(?P<mantissa>[^eE]*)[eE]?(?P<exponent>[+-]?\d{0,3})$")
        exponent = pc.struct_field(parts, "exponent").fill_null("0")
        shift = pc.if_else(pc.equal(exponent, ""), "0", pc.replace_substring(exponent, "+", ""))
        shift = shift.cast(pa.int64()).to_numpy(zero_copy_only=False)
        text = pc.struct_field(parts, "mantissa").fill_null("")
    else:
        shift = np.zeros(len(text), np.int64)
    point = pc.find_substring(text, ".").to_numpy(zero_copy_only=False)  # (N,) -1 where none
    counts = []
    for kept in (pc.ascii_rtrim(text, "0"), text):
        length = pc.binary_length(kept).to_numpy(zero_copy_only=False)
        places = np.where(point < 0, 0, length - point - 1) - shift
        counts.append(np.clip(places, 0, 60).astype(np.int8))
    return counts[0], counts[1]
