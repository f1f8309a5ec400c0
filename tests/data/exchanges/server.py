"""A small exchange on the loopback: what it has, what it was asked, and what it does wrong next.

A subclass speaks one exchange's protocol over the market that is told here: every number tells its time,
so a row that is lost, doubled or swapped shows.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import ClassVar

from aiohttp import web

HOUR = 3_600_000
DAY = 24 * HOUR
NOW = 1_700_000_000_000 // HOUR * HOUR + 1_234_567  # 20 minutes into an hour of November 2023
Fault = Callable[[web.Request, object], Awaitable[web.StreamResponse]]


def prices(time_ms: int) -> list[str]:
    """Open, high, low, close and volume of the candle at a time, as exchanges write them."""
    price = 100 + time_ms // HOUR % 1000
    return [f"{value:.2f}" for value in (price, price + 2, price - 2, price + 1, 10 + time_ms // HOUR % 7)]


def rate(stamp: int) -> str:
    """The funding rate paid at a time."""
    return f"{stamp // HOUR % 100 / 1e6:.8f}"


def interest(stamp: int) -> int:
    """The open interest at a time, in base currency."""
    return stamp // HOUR % 1000


@dataclass
class ExchangeServer:
    """One exchange with hourly candles, funding every eight hours and hourly open interest."""

    id: ClassVar[str] = ""  # ccxt's
    spot: ClassVar[str] = ""  # a market in ccxt's notation
    perpetual: ClassVar[str] = ""
    page: ClassVar[int] = 0  # candles that one request brings
    markets_path: ClassVar[str] = ""  # the last part of an address, as `always` and `count` know it
    candles_paths: ClassVar[tuple[str, ...]] = ()

    listed: int = NOW // HOUR * HOUR - 2500 * HOUR  # open time of the first candle
    now: int = NOW
    lacks: set[int] = field(default_factory=set)  # open times without a candle
    faults: deque[Fault | None] = field(default_factory=deque)  # one a candles request; None: answer well
    always: dict[str, Fault] = field(default_factory=dict)  # by last part of the path
    asked: list[tuple[str, dict[str, str], float]] = field(default_factory=list)
    at_once: int = 0  # requests being answered now
    most_at_once: int = 0
    url: str = ""

    def count(self, path: str) -> int:
        """Requests whose path ends with `path`."""
        return sum(asked.endswith(path) for asked, _, _ in self.asked)

    @property
    def candles_asked(self) -> int:
        """Requests for candles."""
        return sum(asked.rpartition("/")[2] in self.candles_paths for asked, _, _ in self.asked)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        name = request.path.rpartition("/")[2]
        self.asked.append((request.path, dict(request.query), asyncio.get_running_loop().time()))
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            well = getattr(self, name.replace("-", "_"))(request)
            fault = self.always.get(name)
            if fault is None and name in self.candles_paths and self.faults:
                fault = self.faults.popleft()
            return await fault(request, well) if fault else web.json_response(well)
        finally:
            self.at_once -= 1

    def open_times(self, first: int, last: int) -> list[int]:
        """Open times within [first, last] of the candles that there are, the open one included, in order."""
        start = -(-max(first, self.listed) // HOUR) * HOUR
        return [time for time in range(start, min(last + 1, self.now), HOUR) if time not in self.lacks]

    def funding_stamps(self, first: int, last: int) -> list[int]:
        """Stamps within [first, last] of the rates paid, 17 ms late each, in order."""
        first = max(first, self.listed)
        stamps = range(first // (8 * HOUR) * 8 * HOUR, min(last, self.now) + 1, 8 * HOUR)
        return [stamp + 17 for stamp in stamps if first <= stamp + 17 <= min(last, self.now)]

    def interest_stamps(self, first: int, last: int) -> list[int]:
        """Stamps within [first, last] of the open interest told, in order."""
        first = max(first, self.listed)
        return list(range(-(-first // HOUR) * HOUR, min(last, self.now) + 1, HOUR))


@asynccontextmanager
async def serving(server: ExchangeServer) -> AsyncIterator[ExchangeServer]:
    """Run it on a free port."""
    application = web.Application()
    application.router.add_get("/{path:.*}", server.answer)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        server.url = "http://{}:{}".format(*runner.addresses[0][:2])
        yield server
    finally:
        await runner.cleanup()
