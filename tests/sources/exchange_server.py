"""A small exchange on the loopback that speaks Binance's spot and USD-M protocol and misbehaves on demand."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web

HOUR = 3_600_000
DAY = 24 * HOUR
NOW = 1_700_000_000_000 // HOUR * HOUR + 1_234_567  # 20 minutes into an hour of November 2023
Fault = Callable[[web.Request, list], Awaitable[web.StreamResponse]]


def candle(time_ms: int) -> list:
    """The candle that the exchange has at a time: every number tells the time."""
    price = 100 + time_ms // HOUR % 1000
    text = [f"{value:.2f}" for value in (price, price + 2, price - 2, price + 1, 10 + time_ms // HOUR % 7)]
    return [time_ms, *text, time_ms + HOUR - 1, "0", 1, "0", "0", "0"]


@dataclass
class ExchangeServer:
    """What it has, what it was asked, and what it does wrong next."""

    listed: int = NOW // HOUR * HOUR - 2500 * HOUR  # open time of the first candle
    now: int = NOW
    lacks: set[int] = field(default_factory=set)  # open times without a candle
    faults: deque[Fault | None] = field(default_factory=deque)  # one per klines request; None: answer well
    always: dict[str, Fault] = field(default_factory=dict)  # by last part of the path
    asked: list[tuple[str, dict[str, str], float]] = field(default_factory=list)
    url: str = ""

    def count(self, path: str) -> int:
        """Requests whose path ends with `path`."""
        return sum(asked.endswith(path) for asked, _, _ in self.asked)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        name = request.path.rpartition("/")[2]
        self.asked.append((request.path, dict(request.query), asyncio.get_running_loop().time()))
        well = getattr(self, name)(request)
        fault = self.always.get(name) or (self.faults.popleft() if name == "klines" and self.faults else None)
        return await fault(request, well) if fault else web.json_response(well)

    def exchangeInfo(self, request: web.Request) -> dict:  # noqa: N802  Binance's name
        perpetual = {
            "pair": "BTCUSDT", "contractType": "PERPETUAL", "deliveryDate": 4_133_404_800_000,
            "onboardDate": self.listed, "marginAsset": "USDT",
        }  # fmt: skip
        names = [("BTC", "USDT"), ("ETH", "USDT")]
        entry = {"status": "TRADING", "filters": [], "isSpotTradingAllowed": True, "permissions": ["SPOT"]}
        more = perpetual if request.path.startswith("/fapi") else {}
        return {
            "symbols": [
                {**entry, "symbol": base + quote, "baseAsset": base, "quoteAsset": quote, **more}
                for base, quote in names
            ]
        }

    def klines(self, request: web.Request) -> list:
        query = request.query
        first = max(-(-int(query["startTime"]) // HOUR) * HOUR, self.listed)
        limit = min(int(query.get("limit", 500)), 1000)
        has = [time for time in range(first, self.now, HOUR) if time not in self.lacks]
        return [candle(time) for time in has[:limit]]

    def fundingRate(self, request: web.Request) -> list:  # noqa: N802  Binance's name
        query = request.query
        first = max(int(query["startTime"]), self.listed)
        stamps = [
            stamp + 17
            for stamp in range(first // (8 * HOUR) * 8 * HOUR, self.now, 8 * HOUR)
            if first <= stamp + 17 <= self.now
        ]
        limit = min(int(query.get("limit", 100)), 1000)
        return [
            {"symbol": "BTCUSDT", "fundingTime": stamp, "fundingRate": f"{stamp // HOUR % 100 / 1e6:.8f}"}
            for stamp in stamps[:limit]
        ]

    def openInterestHist(self, request: web.Request) -> web.Response | list:  # noqa: N802  Binance's name
        query = request.query
        start, end = int(query["startTime"]), min(int(query["endTime"]), self.now)
        if start < self.now - 30 * DAY:
            return {"code": -1130, "msg": "parameter 'startTime' is invalid."}
        stamps = list(range(-(-start // HOUR) * HOUR, end + 1, HOUR))[-int(query.get("limit", 30)) :]
        return [
            {"symbol": "BTCUSDT", "sumOpenInterest": f"{stamp // HOUR % 1000}", "timestamp": stamp}
            for stamp in stamps
        ]


@asynccontextmanager
async def exchange_server(**facts) -> AsyncIterator[ExchangeServer]:
    """Run one on a free port."""
    server = ExchangeServer(**facts)
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


async def truncated(request: web.Request, well: list) -> web.Response:
    """Status 200 with JSON that breaks off."""
    return web.Response(text=web.json_response(well).text[:-40], content_type="application/json")


async def html(request: web.Request, well: list) -> web.Response:
    """Status 200 from a proxy's log-in page."""
    return web.Response(text="<html><body>Please log in</body></html>", content_type="text/html")


async def null(request: web.Request, well: list) -> web.Response:
    """Status 200 with `null`."""
    return web.json_response(None)


async def empty(request: web.Request, well: list) -> web.Response:
    """Status 200 without a body."""
    return web.Response(text="")


async def other_shape(request: web.Request, well: list) -> web.Response:
    """Status 200 with JSON of another shape."""
    return web.json_response([{"not": "a candle"}])


async def nothing(request: web.Request, well: list) -> web.Response:
    """Status 200 with an empty list though there is data."""
    return web.json_response([])


async def reset(request: web.Request, well: list) -> web.StreamResponse:
    """The connection is cut without an answer."""
    request.transport.abort()
    return web.Response()


async def short(request: web.Request, well: list) -> web.StreamResponse:
    """Fewer bytes than the Content-Length says."""
    response = web.StreamResponse(headers={"Content-Length": "5000", "Content-Type": "application/json"})
    await response.prepare(request)
    await response.write(b'[[1,"1"')
    request.transport.close()
    return response


async def stuck(request: web.Request, well: list) -> web.StreamResponse:
    """A drip that never ends."""
    response = web.StreamResponse(headers={"Content-Type": "application/json"})
    await response.prepare(request)
    while request.transport is not None and not request.transport.is_closing():
        await response.write(b" ")
        await asyncio.sleep(0.05)
    return response


def status(code: int, body: object = None, **headers: str) -> Fault:
    """An answer with a status and headers (Retry_After → Retry-After)."""

    async def answer(request: web.Request, well: list) -> web.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return web.json_response(body or {"code": -1, "msg": "fault"}, status=code, headers=named)

    return answer
