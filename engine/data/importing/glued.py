"""Dates and clocks of digits without anything between them that may be taken for stamps, taken apart.

`2401312100`, `2024013121`, `310120242100`: whichever parts all rows of a column can have.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pyarrow.compute as pc

from engine.data.importing.hints import UnclearError

if TYPE_CHECKING:
    from collections.abc import Sequence

YEAR, MONTH, DAY = r"(?:19|20)\d\d", r"(?:0[1-9]|1[0-2])", r"(?:0[1-9]|[12]\d|3[01])"
HOUR, MINUTE = r"(?:[01]\d|2[0-3])", r"[0-5]\d"
SHORT = rf"(?:\d\d{MONTH}{DAY}|{DAY}{MONTH}\d\d|{MONTH}{DAY}\d\d)"  # in any order of day, month and year
FULL = rf"(?:{DAY}{MONTH}|{MONTH}{DAY}){YEAR}"  # the year last
PARTED = r"^(..)(..)(..)(..)(..)"
FORMS: dict[int, Sequence[tuple[str, str, str]]] = {  # digits -> what they may be, and the same taken apart
    10: (
        (rf"{YEAR}{MONTH}{DAY}{HOUR}", r"^(....)(..)(..)(..)$", r"\1-\2-\3 \4:00"),
        (rf"{SHORT}{HOUR}{MINUTE}", PARTED + "$", r"\1-\2-\3 \4:\5"),
    ),
    12: (
        (rf"{YEAR}{MONTH}{DAY}{HOUR}{MINUTE}", "", ""),  # read as it stands
        (rf"{SHORT}{HOUR}{MINUTE}00", PARTED + "(..)$", r"\1-\2-\3 \4:\5:\6"),
        (rf"{FULL}{HOUR}{MINUTE}", r"^(..)(..)(....)(..)(..)$", r"\1-\2-\3 \4:\5"),
    ),
    14: (
        (rf"{YEAR}{MONTH}{DAY}{HOUR}{MINUTE}{MINUTE}", "", ""),
        (rf"{FULL}{HOUR}{MINUTE}{MINUTE}", r"^(..)(..)(....)(..)(..)(..)$", r"\1-\2-\3 \4:\5:\6"),
    ),
}  # fmt: skip
FINER = r"^(\d{17})(\d{3}|\d{6})$"  # µs or ns, of which ms are kept
FEWEST = 5  # cells that are no such digits by accident
ENDS = 16  # cells at either end of a column that tell most others


def may_be_glued(column: Any) -> bool:
    """Whether the cells at both ends of an Arrow column of whole numbers or text may be such digits."""
    ends = [
        str(cell)
        for part in (column.slice(0, ENDS), column.slice(max(0, len(column) - ENDS)))
        for cell in part
    ]
    forms = FORMS.get(len(ends[0]) if ends else 0, ())
    return any(all(re.fullmatch(form, cell) for cell in ends) for form, _, _ in forms)


def unglued(text: Any) -> Any:
    """An Arrow array of trimmed text, (N,), with such digits taken apart; itself where it holds others.

    Raises UnclearError if its digits can be taken apart in two ways.
    """
    if not len(text):
        return text
    first = str(text[0])
    if re.fullmatch(FINER, first):
        return pc.replace_substring_regex(text, FINER, r"\1")
    if len(text) < FEWEST or not may_be_glued(text):
        return text
    fitting = [
        (parted, apart)
        for form, parted, apart in FORMS[len(first)]
        if pc.all(pc.match_substring_regex(text, f"^{form}$")).as_py()
    ]
    if not fitting or not fitting[0][0]:
        return text
    if len(fitting) > 1:
        ways = " or ".join(re.sub(parted, apart, first) for parted, apart in fitting)
        raise UnclearError(f"says {first}, which is {ways}: both fit all rows; write its times as dates")
    return pc.replace_substring_regex(text, *fitting[0])
