"""Days of the week and hours of sessions, as a calendar's text tells them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from engine.market.spacing import DAY_MS, MINUTE_MS

if TYPE_CHECKING:
    from engine.market.ranges import Range

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
ALL_WEEK, BUSINESS_DAYS, WHOLE_DAY = tuple(range(7)), tuple(range(5)), ((0, DAY_MS),)
ALWAYS = "24/7"
HOURS = re.compile(r"(\d\d):(\d\d)-(\d\d):(\d\d)")


def weekdays_of(text: str) -> tuple[int, ...]:
    """`mon-fri` or `sun,tue-thu` as numbers. Raises ValueError."""
    if text == ALWAYS:
        return ALL_WEEK
    found: set[int] = set()
    for part in text.split(","):
        ends = part.split("-")
        if unknown := set(ends) - set(DAYS):
            raise ValueError(f"names no day of the week {min(unknown)}; those are {', '.join(DAYS)}")
        first, last = DAYS.index(ends[0]), DAYS.index(ends[-1])
        found |= {day % 7 for day in range(first, last + 1 + 7 * (last < first))}
    return tuple(sorted(found))


def days_text(weekdays: tuple[int, ...]) -> str:
    """`weekdays_of` back again."""
    starts = [day for day in weekdays if day - 1 not in weekdays]
    ends = [day for day in weekdays if day + 1 not in weekdays]
    runs = zip(starts, ends, strict=True)
    return ",".join(DAYS[a] if a == b else f"{DAYS[a]}-{DAYS[b]}" for a, b in runs)


def hours_of(text: str) -> tuple[Range, ...]:
    """`09:30-11:30,12:30-15:00` as ms of the session's day. Raises ValueError.

    Sessions that go on over midnight begin on the evening before their day, from 12:00 on, or else end on the
    morning after it.
    """
    parts = []
    for part in text.split(","):
        match = HOURS.fullmatch(part)
        numbers = [int(number) for number in match.groups()] if match else []
        if not match or max(numbers[::2]) > 24 or max(numbers[1::2]) > 59:
            raise ValueError(f"has hours {part}; write them as 09:30-16:00")
        start, end = ((60 * numbers[at] + numbers[at + 1]) * MINUTE_MS for at in (0, 2))
        parts.append((start, end))
    first, last = parts[0][0], parts[-1][1]
    if first >= max(last, DAY_MS // 2):
        parts = [(start - DAY_MS * (start >= last), end - DAY_MS * (end > last)) for start, end in parts]
    elif first >= last:
        parts = [(start + DAY_MS * (start < first), end + DAY_MS * (end <= first)) for start, end in parts]
    if any(start >= end for start, end in parts) or sorted(parts) != parts:
        raise ValueError(f"has hours {text} that do not follow each other")
    return tuple(parts)


def hours_text(part: Range) -> str:
    """`hours_of` back again."""
    minutes = [edge % DAY_MS // MINUTE_MS for edge in part]
    start, end = (f"{minute // 60:02}:{minute % 60:02}" for minute in minutes)
    return f"{start}-{'24:00' if part[1] == DAY_MS else end}"
