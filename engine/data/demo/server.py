"""The simulated exchange: Binance's public REST, spot and USD-M, on the loopback. SIMULATED, never real.

    /api/v3/ping time exchangeInfo klines          spot
    /second/api/v3/ …                              the same spot markets as a second exchange quotes them
    /fapi/v1/ping time exchangeInfo klines fundingRate, /futures/data/openInterestHist     perpetuals

Layouts, limits, errors and the meaning of startTime and endTime are Binance's: ascending order, both
ends inclusive, the candle still open included, open interest of the last 30 days only. Every
response carries the header `X-Simulated: 1`.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from aiohttp import web

from engine.data.demo.bars import PERPETUAL, SPOT
from engine.data.demo.binance import Refused, invalid, listing, mandatory
from engine.data.demo.market import SYMBOLS, DemoMarket
from engine.data.kinds import KINDS

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

WEIGHTS = {"exchangeInfo": 20, "klines": 2}  # of a request, against the limit of a minute; others 1
WEIGHT_LIMIT = {"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": 6000}


@dataclass
class DemoExchange:
    """A running simulated exchange."""

    market: DemoMarket
    now_ms: int | Callable[[], int]  # its clock; may be replaced while it runs
    url: str = ""  # http://127.0.0.1:port; the second exchange is below `/second`
    requests: Counter[str] = field(default_factory=Counter)  # requests served, by path
    weights: Counter[int] = field(default_factory=Counter)  # their weight, by minute

    def now(self) -> int:
        """The exchange's time, ms."""
        return self.now_ms() if callable(self.now_ms) else self.now_ms

    def application(self) -> web.Application:
        """The routes."""
        application = web.Application(middlewares=[self._answer])
        application.on_response_prepare.append(self._headers)
        router = application.router
        self._add_market(router, "/api/v3", SPOT)
        self._add_market(router, "/second/api/v3", SPOT)
        self._add_market(router, "/fapi/v1", PERPETUAL)
        for kind in KINDS.values():
            for path, answer in kind.demo.items():
                router.add_get(path, answering(partial(answer, self)))
        return application

    def _add_market(self, router: web.UrlDispatcher, prefix: str, kind: int) -> None:
        router.add_get(f"{prefix}/ping", answering(lambda _: {}))
        router.add_get(f"{prefix}/time", answering(lambda _: {"serverTime": self.now()}))
        router.add_get(f"{prefix}/exchangeInfo", answering(lambda _: self.info(kind)))

    def info(self, kind: int) -> dict[str, Any]:
        """Answer exchangeInfo for the spot or the perpetual markets."""
        listed = [listing(*name.split("/")) for name, (_, market) in SYMBOLS.items() if market == kind]
        return {
            "timezone": "UTC",
            "serverTime": self.now(),
            "rateLimits": [WEIGHT_LIMIT],
            "exchangeFilters": [],
            "symbols": listed,
        }

    def interval(self, query: Mapping[str, str], name: str, known: tuple[str, ...]) -> str:
        """The length of a bar that a parameter names. Raises Refused."""
        interval = mandatory(query, name)
        if interval not in known or not self.market.serves(interval):
            raise Refused(-1120, "Invalid interval.") if name == "interval" else invalid(name)
        return interval

    @web.middleware
    async def _answer(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Count the request; turn a refusal into Binance's answer."""
        self.requests[request.path] += 1
        try:
            return await handler(request)
        except Refused as refused:
            return web.json_response(refused.body, status=400)

    async def _headers(self, request: web.Request, response: web.StreamResponse) -> None:
        minute = int(asyncio.get_running_loop().time() // 60)
        self.weights[minute] += WEIGHTS.get(request.path.rpartition("/")[2], 1)
        response.headers["X-MBX-USED-WEIGHT-1M"] = str(self.weights[minute])
        response.headers["X-Simulated"] = "1"


@asynccontextmanager
async def demo_exchange(
    seed: int,
    edge: float,
    timeframe: str,
    now_ms: int | Callable[[], int],
    correlation: float = 0.5,
    edge_in: str = "",
) -> AsyncIterator[DemoExchange]:
    """Run the simulated exchange on a free port of 127.0.0.1 until the block ends.

    All but `now_ms`, its clock, make the market (ChangeSettingsError as DemoMarket).
    Raises OSError if no port can be had.
    """
    exchange = DemoExchange(DemoMarket(seed, edge, timeframe, correlation, edge_in), now_ms)
    runner = web.AppRunner(exchange.application(), access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        host, port = runner.addresses[0][:2]
        exchange.url = f"http://{host}:{port}"
        yield exchange
    finally:
        await runner.cleanup()


def answering(answer: Callable[[Mapping[str, str]], Any]) -> Handler:
    """A handler that answers with JSON made from the query."""

    async def handle(request: web.Request) -> web.StreamResponse:
        return web.json_response(answer(request.query))

    return handle
