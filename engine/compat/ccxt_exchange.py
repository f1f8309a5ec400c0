"""ccxt's exchange classes made strict: an answer that is none raises, each request asks for its turn."""

from __future__ import annotations

import asyncio
import importlib
import pkgutil
import time
from functools import cache
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from engine.errors import ChangeSettingsError
from engine.imports import gc_paused

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractAsyncContextManager

# What every answer of an exchange has one of; ccxt takes an answer without it for an empty one.
ENVELOPE = {
    "bybit": ("result",),
    "okx": ("data",),
    "kraken": ("result", "error"),
    "coinbase": ("candles", "products", "error", "errors"),
}


@cache
def exchange_ids() -> tuple[str, ...]:
    """The ids of all exchanges that ccxt has, in order; loads nothing."""
    found = find_spec("ccxt")
    folders = (found and found.submodule_search_locations) or []
    modules = pkgutil.iter_modules([f"{folder}/async_support" for folder in folders])
    return tuple(module.name for module in modules if not module.ispkg)


def exchange_class(exchange_id: str) -> Any:
    """The class of the exchange in ccxt.async_support. Raises ModuleNotFoundError if there is none."""
    with gc_paused():
        module = importlib.import_module(f"ccxt.async_support.{exchange_id}")
    return getattr(module, exchange_id)


def strict(
    base: Any,
    host_slot: Callable[[str], AbstractAsyncContextManager[object]],
    answered: Callable[[str, int, Mapping[str, str]], float | None],
    new_session: Callable[..., object],
) -> Any:
    """A subclass of a ccxt exchange that raises on garbage and keeps a steady pace.

    A request holds `host_slot(host)` while it runs. `answered(host, status, headers)`, the headers' names in
    lower case, hears of each answer and says how many seconds this machine's clock is ahead of it, if known.
    `new_session(connector, trust_env=…)` makes the session that requests go through.
    """
    from ccxt.base import errors

    class Strict(with_session(quick(base), new_session)):  # type: ignore[misc]
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
            ahead_s = answered(host, code, {name.lower(): value.strip() for name, value in headers.items()})
            self.ahead_s = self.ahead_s if ahead_s is None else ahead_s
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

    return Strict


def with_session(base: Any, new_session: Callable[..., object]) -> Any:
    """A subclass whose requests go through a session of ours, over the connector that ccxt has made."""

    class WithSession(base):
        session: Any

        def open(self, lazy: bool = False) -> None:
            before = self.session
            super().open(lazy)
            if self.session is not before:
                self.session.detach()
                self.session = new_session(self.tcp_connector, trust_env=self.aiohttp_trust_env)

    return WithSession


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


def redirected(addresses: Any, endpoint: str) -> Any:
    """An exchange's addresses, a string or nested dicts of them, with `endpoint` for scheme and host."""
    if isinstance(addresses, dict):
        return {name: redirected(address, endpoint) for name, address in addresses.items()}
    return endpoint + urlsplit(addresses).path if isinstance(addresses, str) else addresses
