"""Cells that tell the start and the end of a bar, `00:00 - 01:00`, of which the start is read."""

from __future__ import annotations

import re
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

DASH = r"[-\x{2010}-\x{2015}\x{2212}~\x{2192}]"
LONG_DASH = r"[\x{2010}-\x{2015}\x{2192}]"
WORDS = r"to|until|till|bis|à|au|a|al|tot|do|до"
SPAN = (  # first of dates, then of clocks behind one date or alone
    rf"^(?P<start>[^/]*\d[^/]*?) ?(?: (?:{DASH}|{WORDS}) |/|{LONG_DASH})(?P<end>.*\d.*)$",
    r"^(?P<start>.*\d/\d.*?) (?:" + DASH + "|" + WORDS + r") (?P<end>.*\d/\d.*)$",
    rf"^(?P<start>(?:.* )?\d{{1,2}}:\d{{2}}(?::\d{{2}})?) ?{DASH} ?(?P<end>\d{{1,2}}:\d{{2}}(?::\d{{2}})?)$",
)
HOURS = rf"^(?P<start>\d{{1,2}})h? ?{DASH} ?(?P<end>\d{{1,2}})h?$"
OFFSETS = 3  # that the clocks of a zone have at most: ends of bars are more


def starts_of(text: Any, *, hours: bool = False) -> Any:
    """An Arrow array of trimmed text, (N,), with the starts alone of cells that all are spans of time.

    Others as they are. hours: whether `00-01` is one, as beside a date.
    """
    if not len(text) or not (first := str(text[0])):
        return text
    for pattern in (*SPAN, HOURS) if hours else SPAN:
        found = re.match(re.sub(r"\\x\{(\w+)\}", r"\\u\1", pattern), first)
        if found is None or not alike(found["start"], found["end"].strip(), hours=pattern == HOURS):
            continue
        parts = pc.extract_regex(text, pattern)
        if parts.null_count:
            continue
        starts, ends = (pc.struct_field(parts, name) for name in ("start", "end"))
        if pattern == HOURS and not an_hour(starts, ends):
            continue
        if ":" in found["end"] and " " not in found["end"].strip() and few(ends) and not few(starts):
            return text  # offsets of a zone
        return pc.utf8_trim_whitespace(starts)
    return text


def an_hour(starts: Any, ends: Any) -> bool:
    """Whether each of these hours ends where the next begins."""
    apart = pc.subtract(ends.cast(pa.int64()), starts.cast(pa.int64()))
    return bool(pc.all(pc.is_in(apart, pa.array([1, -23]))).as_py())


def few(cells: Any) -> bool:
    """Whether the cells say no more different things than a zone has offsets."""
    return bool(pc.count_distinct(cells).as_py() <= OFFSETS)


def alike(start: str, end: str, *, hours: bool) -> bool:
    """Whether two texts have the same form, or the second that of the first's clock."""
    if ":" not in end and len(re.findall(r"\d+", end)) < 2 and not hours:
        return False  # such as month and year
    forms = [shape(each) for each in (start, end)]
    return forms[0] == forms[1] or (":" in end and forms[0].endswith(f" {forms[1]}"))


def shape(text: str) -> str:
    """The form of a text: digits and letters, however many."""
    return re.sub(r"[^\W\d_]+", "a", re.sub(r"\d{1,2}(?!\d)", "0", re.sub(r"\d{4}", "y", text)))
