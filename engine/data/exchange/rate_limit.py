"""What each host of an exchange lets through: a few requests at a time, none while it wants rest."""

from __future__ import annotations

import asyncio
import math
import time
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

BAN_S = 120.0  # Binance's shortest ban, where a 418 does not say how long
LONGEST_REST_S = 30 * 86_400.0  # Binance's longest is three days; what goes beyond is no rest that is meant
CLOCK_OFF_S = 366 * 86_400.0  # no certificate holds so long: such a date is wrong, not this machine's clock
SLOTS = 4  # most requests to one host at a time, whichever clients they come from

no_request_before: dict[str, float] = {}  # host → time.monotonic(), for the process
slots: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[str, asyncio.Semaphore]] = WeakKeyDictionary()


class RateLimited(Exception):  # noqa: N818  a reason to wait, not an error
    """The host has asked for no request yet."""


def answered(host: str, status: int, headers: Mapping[str, str]) -> float | None:
    """Note the rest that the host asks for; return how many seconds our clock is ahead of the answer's date.

    None without a date that can be meant. The headers' names are in lower case.
    """
    note_retry_after(host, status, headers)
    sent = date_of(headers.get("date", ""))
    ahead_s = (datetime.now(UTC) - sent).total_seconds() if sent else math.inf
    return ahead_s if abs(ahead_s) < CLOCK_OFF_S else None


def note_retry_after(host: str, status: int, headers: Mapping[str, str]) -> None:
    """Note until when the host wants no request: its `retry-after`, in seconds or as a date."""
    if status not in (418, 429, 503):
        return
    wanted_s = BAN_S if status == 418 else 0.0
    asked = headers.get("retry-after", "")
    if asked.isascii() and asked.isdigit():
        wanted_s = float(asked[:9])
    elif until := date_of(asked):
        wanted_s = (until - (date_of(headers.get("date", "")) or datetime.now(UTC))).total_seconds()
    no_request_before[host] = max(
        no_request_before.get(host, 0.0), time.monotonic() + min(wanted_s, LONGEST_REST_S)
    )


def date_of(text: str) -> datetime | None:
    """A header's date; None if it is none, or one that no calendar has."""
    try:
        date = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    return date if date.tzinfo else date.replace(tzinfo=UTC)


@asynccontextmanager
async def host_slot(host: str) -> AsyncIterator[None]:
    """What a request to the host holds while it runs, one of SLOTS. Raises RateLimited while it rests."""
    taken = slots.setdefault(asyncio.get_running_loop(), {})
    async with taken.setdefault(host, asyncio.Semaphore(SLOTS)):
        if rest_s(host) > 0:
            raise RateLimited
        yield


def rest_s(host: str) -> float:
    """Seconds that the host still wants no request, 0 if it may be asked."""
    return max(no_request_before.get(host, 0.0) - time.monotonic(), 0.0)
