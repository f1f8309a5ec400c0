"""ccxt's exchange classes made strict: an answer that is none raises, a host that wants rest gets it."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary

from engine.errors import ChangeSettingsError

if TYPE_CHECKING:
    from collections.abc import Mapping

BAN_S = 120.0  # Binance's shortest ban, where a 418 does not say how long
SEATS = 4  # most requests to one host at a time, whichever clients they come from
# What every answer of an exchange has one of; ccxt takes an answer without it for an empty one.
ENVELOPE = {
    "bybit": ("result",),
    "okx": ("data",),
    "kraken": ("result", "error"),
    "coinbase": ("candles", "products", "error", "errors"),
}

resting: dict[str, float] = {}  # host → time.monotonic() before which it is sent nothing, for the process
seats: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[str, asyncio.Semaphore]] = WeakKeyDictionary()


class RateLimited(Exception):  # noqa: N818  a reason to wait, not an error
    """The host has asked for no request yet."""


def guarded(base: Any) -> Any:
    """A subclass of a ccxt exchange that raises on garbage, keeps a host's rest and a steady pace."""
    from ccxt.base import errors

    class Guarded(quick(base)):  # type: ignore[misc]
        last_host = ""
        next_request = 0.0  # time.monotonic()
        fine = False  # whether the answer being read has a status below 400
        ahead_s = 0.0  # this machine's clock less the exchange's, at the last answer that had a date

        async def throttle(self, cost: float | None = None) -> None:
            # ccxt's own throttler goes by the wall clock and stalls when that is set back.
            now = time.monotonic()
            start = max(now, self.next_request)
            self.next_request = start + self.rateLimit * (1.0 if cost is None else cost) / 1000
            await asyncio.sleep(start - now)

        async def fetch(self, url: str, method: str = "GET", headers: Any = None, body: Any = None) -> Any:
            self.last_host = urlsplit(url).netloc
            async with host_slot(self.last_host):
                if rest_s(self.last_host) > 0:
                    raise RateLimited
                return await super().fetch(url, method, headers, body)

        def on_rest_response(
            self, code: int, reason: str, url: str, method: str, headers: Any, body: str, *request: Any
        ) -> Any:
            host, self.fine = urlsplit(url).netloc, code < 400
            if code in (403, 451):
                raise ChangeSettingsError(
                    host,
                    f"refuses this machine (status {code}), as exchanges do for some regions and addresses",
                    "Choose another exchange or run where this one is allowed",
                )
            said = {name.lower(): value.strip() for name, value in headers.items()}
            sent = date_of(said.get("date", ""))
            self.ahead_s = (datetime.now(UTC) - sent).total_seconds() if sent else self.ahead_s
            keep_rest(host, code, said)
            if code >= 400 and str(code) not in self.httpExceptions:
                raise errors.ExchangeNotAvailable(f"{self.id} answered with status {code} {reason}")
            return super().on_rest_response(code, reason, url, method, headers, body, *request)

        def parse_json(self, text: str) -> Any:
            parsed = super().parse_json(text)  # None unless text is one whole JSON object or array
            if parsed is None and self.fine:
                raise errors.BadResponse(f"{self.id} answered with something that is not JSON")
            if self.fine and not enveloped(self.id, parsed):
                raise errors.BadResponse(f"{self.id} answered with JSON of another shape")
            return parsed

    return Guarded


def keep_rest(host: str, code: int, said: Mapping[str, str]) -> None:
    """Note until when the host wants no request: its `retry-after`, in seconds or as a date.

    `said` are the headers, their names in lower case.
    """
    if code not in (418, 429, 503):
        return
    wanted_s = BAN_S if code == 418 else 0.0
    asked = said.get("retry-after", "")
    if asked.isascii() and asked.isdigit():
        wanted_s = float(asked[:9])
    elif until := date_of(asked):
        wanted_s = (until - (date_of(said.get("date", "")) or datetime.now(UTC))).total_seconds()
    resting[host] = max(resting.get(host, 0.0), time.monotonic() + wanted_s)


def date_of(text: str) -> datetime | None:
    """A header's date; None if it is none."""
    try:
        date = parsedate_to_datetime(text)
    except ValueError:
        return None
    return date if date.tzinfo else date.replace(tzinfo=UTC)


def quick(base: Any) -> Any:
    """A subclass that reads numbers as its base does, sooner: most time of a long history goes there."""

    class Quick(base):
        def safe_number_2(self, dictionary: Any, key1: Any, key2: Any, d: Any = None) -> Any:
            number = written(dictionary, key1)
            return super().safe_number_2(dictionary, key1, key2, d) if number is None else number

        def safe_number(self, obj: Any, key: Any, defaultNumber: Any = None) -> Any:  # noqa: N803  ccxt's
            number = written(obj, key)
            return super().safe_number(obj, key, defaultNumber) if number is None else number

    return Quick


def written(row: Any, key: Any) -> float | None:
    """The number that a list or dict holds as text; None: it is not as simple as that."""
    try:
        value = row[key]
        return float(value) if type(value) is str else None
    except (LookupError, TypeError, ValueError):
        return None


def enveloped(exchange_id: str, parsed: Any) -> bool:
    """Whether an answer has what all answers of the exchange have."""
    wanted = ENVELOPE.get(exchange_id)
    return wanted is None or (isinstance(parsed, dict) and any(key in parsed for key in wanted))


def host_slot(host: str) -> asyncio.Semaphore:
    """What a request to the host holds while it runs; one of SEATS."""
    taken = seats.setdefault(asyncio.get_running_loop(), {})
    return taken.setdefault(host, asyncio.Semaphore(SEATS))


def rest_s(host: str) -> float:
    """Seconds that the host still wants no request, 0 if it may be asked."""
    return max(resting.get(host, 0.0) - time.monotonic(), 0.0)


def redirected(addresses: Any, endpoint: str) -> Any:
    """An exchange's addresses, a string or nested dicts of them, with `endpoint` for scheme and host."""
    if isinstance(addresses, dict):
        return {name: redirected(address, endpoint) for name, address in addresses.items()}
    return endpoint + urlsplit(addresses).path if isinstance(addresses, str) else addresses
