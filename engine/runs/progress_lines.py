"""Most lines of a long log tell progress, which the next such line supersedes: a reader may pass them over.

Passed over is only what is written exactly as this package writes it, so that damage is found as before: a
line that differs in one byte is left to the reader, as are all others.
"""

from __future__ import annotations

import datetime as dt
import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Event = Mapping[str, Any]

WHOLE = rb"(?:0|[1-9]\d{0,14}+)"
NUMBER = rb"(?:-?+(?:0|[1-9]\d{0,14}+)(?:\.\d{1,20}+)?+(?:e[-+]?\d\d)?+|null)"
BATCH = (
    rb'batch","epoch":%(whole)b,"epochs":[1-9]\d{0,14},"batch":%(whole)b,"batches":%(whole)b,'
    rb'"loss":%(number)b,"sequences_per_s":%(number)b,"left_s":%(number)b'
)
HEARTBEAT = rb'heartbeat","cpu":%(number)b,"memory_mb":%(number)b'
DATED = re.compile(rb'\{"v":1,"seq":\d+,"at":"(\d{4}-\d\d-\d\d)T')
CLOCK = rb"(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d\.\d{3}Z"
EPOCH = b',"kind":"epoch",'
KINDS = (b'"kind":"batch"', b'"kind":"heartbeat"')


def outline(content: bytes, parsed: Callable[[bytes], Event | None]) -> bytes:
    """The lines of a log without those whose informative a later line of the same kind supersedes.

    What is left comes to the same state, and every line that is left out is followed by one that is not. Of
    progress that is told in one go the first line stays as well: it vouches for what stands before it.
    Where no epoch is told all batches stay: they are the curve of the first one, which its end supersedes.
    parsed: an event from a line, or None.
    """
    if not has_an_epoch(content, parsed):
        return content
    position, kept = 0, []
    while position < len(content):
        end = end_of_stretch(content, position)
        if end == position:
            end = content.find(b"\n", position) + 1 or len(content)
            kept.append(content[position:end])
        else:
            kept += informative(content, position, end)
        position = end
    return b"".join(kept)


def has_an_epoch(content: bytes, parsed: Callable[[bytes], Event | None]) -> bool:
    """Whether an epoch is among the events; not one of which a killed writer left a piece."""
    found = content.find(EPOCH)
    while found >= 0:
        end = content.find(b"\n", found)
        event = parsed(content[content.rfind(b"\n", 0, found) + 1 : end]) if end >= 0 else None
        if event and event["kind"] == "epoch":
            return True
        found = content.find(EPOCH, found + 1)
    return False


def end_of_stretch(content: bytes, start: int) -> int:
    """Where the lines of progress end that begin at `start`; `start` where there is none."""
    dated = DATED.match(content, start)
    stretch = stretch_on(dated[1]) if dated else None
    found = stretch.match(content, start) if stretch else None
    return found.end() if found else start


@lru_cache(64)
def stretch_on(day: bytes) -> re.Pattern[bytes] | None:
    """What matches lines of progress of one day; None if there is no such day."""
    try:
        dt.date.fromisoformat(day.decode())
    except ValueError:
        return None
    kinds = (BATCH + b"|" + HEARTBEAT) % {b"whole": WHOLE, b"number": NUMBER}
    line = rb'\{"v":1,"seq":%b,"at":"%bT%b","kind":"(?:%b)\}\n' % (WHOLE, day, CLOCK, kinds)
    return re.compile(rb"(?:%b)++" % line)


def informative(content: bytes, start: int, end: int) -> list[bytes]:
    """The first line of a stretch, and the last of each kind."""
    places = {start}
    for kind in KINDS:
        if (found := content.rfind(kind, start, end)) >= 0:
            places.add(content.rfind(b"\n", start, found) + 1 or start)
    return [content[place : content.index(b"\n", place) + 1] for place in sorted(places)]
