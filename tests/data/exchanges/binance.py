"""Binance's spot and USD-M protocols: 1000 rows a page from `startTime` on, however far the first one is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from tests.data.exchanges.server import DAY, HOUR, ExchangeServer, interest, prices, rate, serving

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager

    from aiohttp import web


def candle(time_ms: int) -> list:
    """The candle that the exchange has at a time."""
    return [time_ms, *prices(time_ms), time_ms + HOUR - 1, "0", 1, "0", "0", "0"]


@dataclass
class Binance(ExchangeServer):
    """The spot market; below /fapi the perpetual one."""

    id: ClassVar[str] = "binance"
    spot: ClassVar[str] = "BTC/USDT"
    page: ClassVar[int] = 1000
    markets_path: ClassVar[str] = "exchangeInfo"
    candles_paths: ClassVar[tuple[str, ...]] = ("klines",)

    def exchangeInfo(self, request: web.Request) -> dict:  # noqa: N802  Binance's name
        perpetual = {
            "pair": "BTCUSDT", "contractType": "PERPETUAL", "deliveryDate": 4_133_404_800_000,
            "onboardDate": self.listed, "marginAsset": "USDT",
        }  # fmt: skip
        names = [("BTC", "USDT"), ("ETH", "USDT")]
        filters = [
            {"filterType": "LOT_SIZE", "stepSize": "0.00001", "minQty": "0.00001", "maxQty": "9000"},
            {"filterType": "NOTIONAL", "minNotional": "5"},
        ]
        entry = {
            "status": "TRADING",
            "filters": filters,
            "isSpotTradingAllowed": True,
            "permissions": ["SPOT"],
        }
        more = perpetual if request.path.startswith("/fapi") else {}
        return {
            "symbols": [
                {**entry, "symbol": base + quote, "baseAsset": base, "quoteAsset": quote, **more}
                for base, quote in names
            ]
        }

    def klines(self, request: web.Request) -> list:
        query = request.query
        limit = min(int(query.get("limit", 500)), 1000)
        first = max(int(query["startTime"]), self.listed)
        there = self.open_times(first, first + (limit + len(self.lacks)) * HOUR)
        return [candle(time) for time in there[:limit]]

    def fundingRate(self, request: web.Request) -> list:  # noqa: N802  Binance's name
        query = request.query
        stamps = self.funding_stamps(int(query["startTime"]), self.now)
        return [
            {"symbol": "BTCUSDT", "fundingTime": stamp, "fundingRate": rate(stamp)}
            for stamp in stamps[: min(int(query.get("limit", 100)), 1000)]
        ]

    def openInterestHist(self, request: web.Request) -> dict | list:  # noqa: N802  Binance's name
        query = request.query
        start, end = int(query["startTime"]), int(query["endTime"])
        if start < self.now - 30 * DAY:
            return {"code": -1130, "msg": "parameter 'startTime' is invalid."}
        return [
            {"symbol": "BTCUSDT", "sumOpenInterest": f"{interest(stamp)}", "timestamp": stamp}
            for stamp in self.interest_stamps(start, end)[-int(query.get("limit", 30)) :]
        ]


@dataclass
class BinanceUsdM(Binance):
    """The same host, as ccxt's binanceusdm asks it."""

    id: ClassVar[str] = "binanceusdm"
    spot: ClassVar[str] = ""
    perpetual: ClassVar[str] = "BTC/USDT:USDT"


def exchange_server(**facts) -> AbstractAsyncContextManager[ExchangeServer]:
    """Run one on a free port."""
    return serving(Binance(**facts))
