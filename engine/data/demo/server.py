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
from typing import Any

from aiohttp import web

from engine.data.demo.bars import PERPETUAL, SPOT
from engine.data.demo.binance import Refused, invalid, listing, mandatory, rows, symbol_of, whole_number
from engine.data.demo.market import DAY_MS, FUNDING_FROM_MS, FUNDING_MS, SYMBOLS, DemoMarket, whole
from engine.data.demo.paths import ORIGIN_MS
from engine.settings import TIMEFRAME_MS

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

OPEN_INTEREST_PERIODS = ("5m", "15m", "30m", "1h", "2h", "4h", "6h", "12h", "1d")
OPEN_INTEREST_DAYS = 30
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
        self._add_market(router, "/second/api/v3", SPOT, second=True)
        self._add_market(router, "/fapi/v1", PERPETUAL)
        router.add_get("/fapi/v1/fundingRate", answering(self.funding))
        router.add_get("/futures/data/openInterestHist", answering(self.open_interest))
        return application

    def _add_market(self, router: web.UrlDispatcher, prefix: str, kind: int, *, second: bool = False) -> None:
        router.add_get(f"{prefix}/ping", answering(lambda _: {}))
        router.add_get(f"{prefix}/time", answering(lambda _: {"serverTime": self.now()}))
        router.add_get(f"{prefix}/exchangeInfo", answering(lambda _: self.info(kind)))
        router.add_get(f"{prefix}/klines", answering(lambda query: self.klines(query, kind, second=second)))

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

    def klines(self, query: Mapping[str, str], kind: int, *, second: bool) -> list[list[int | str]]:
        """Candles: the first `limit` from startTime, or the last ones up to endTime or now."""
        symbol, interval = symbol_of(query, kind), self._interval(query, "interval", tuple(TIMEFRAME_MS))
        count = whole_number(query, "limit", 500, least=1, most=1500 if kind == PERPETUAL else 1000)
        step, now = TIMEFRAME_MS[interval], self.now()
        last = (
            min(whole_number(query, "endTime", now), now - 1) // step * step
        )  # a candle begins with a trade
        first = last - (count - 1) * step
        if "startTime" in query:
            first = max(whole(whole_number(query, "startTime", 0), step), ORIGIN_MS)
            last = min(last, first + (count - 1) * step)
        complete = now // step * step
        pages = [self.market.candles(symbol, interval, first, min(last + step, complete), second=second)]
        if first <= complete <= last:
            pages.append(self.market.open_candle(symbol, interval, now, second=second))
        return [row for page in pages for row in rows(page, step)]

    def funding(self, query: Mapping[str, str]) -> list[dict[str, int | str]]:
        """Rates of fundingRate: the first `limit` from startTime, else the last ones."""
        symbol = symbol_of(query, PERPETUAL)
        count, now = whole_number(query, "limit", 100, least=1, most=1000), self.now()
        end = min(whole_number(query, "endTime", now), now) + 1
        span = (count + 1) * FUNDING_MS
        first = max(whole_number(query, "startTime", end - span), FUNDING_FROM_MS)
        funding = self.market.funding(symbol, first, min(end, first + span))
        part = slice(count) if "startTime" in query else slice(-count, None)
        return [
            {
                "symbol": query["symbol"],
                "fundingTime": time,
                "fundingRate": f"{rate:.8f}",
                "markPrice": f"{mark:.8f}",
            }
            for time, rate, mark in zip(*(column[part].tolist() for column in funding), strict=True)
        ]

    def open_interest(self, query: Mapping[str, str]) -> list[dict[str, int | str]]:
        """Stamps of openInterestHist: the last `limit` up to endTime, none older than 30 days."""
        symbol, period = symbol_of(query, PERPETUAL), self._interval(query, "period", OPEN_INTEREST_PERIODS)
        count, now = whole_number(query, "limit", 30, least=1, most=500), self.now()
        oldest = now - OPEN_INTEREST_DAYS * DAY_MS
        end = min(whole_number(query, "endTime", now), now) + 1
        start = whole_number(query, "startTime", oldest)
        if start < oldest:
            raise Refused(-1130, "parameter 'startTime' is invalid.")
        step = TIMEFRAME_MS[period]
        stamps = self.market.open_interest(symbol, period, max(start, end - count * step), end)
        return [
            {
                "symbol": query["symbol"],
                "sumOpenInterest": f"{contracts:.8f}",
                "sumOpenInterestValue": f"{value:.8f}",
                "timestamp": time,
            }
            for time, contracts, value in zip(*(column.tolist() for column in stamps), strict=True)
        ]

    def _interval(self, query: Mapping[str, str], name: str, known: tuple[str, ...]) -> str:
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
    seed: int, edge: float, timeframe: str, now_ms: int | Callable[[], int]
) -> AsyncIterator[DemoExchange]:
    """Run the simulated exchange on a free port of 127.0.0.1 until the block ends.

    `seed`, `edge` and `timeframe` make the market (ChangeSettingsError as DemoMarket); `now_ms` is its clock.
    Raises OSError if no port can be had.
    """
    exchange = DemoExchange(DemoMarket(seed, edge, timeframe), now_ms)
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
