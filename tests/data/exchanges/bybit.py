"""Bybit's v5 protocol: newest first, bounds inclusive, a window of `limit` rows from `start` on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from tests.data.exchanges.server import HOUR, ExchangeServer, interest, prices, rate

if TYPE_CHECKING:
    from aiohttp import web

NO_SYMBOL = {"retCode": 10001, "retMsg": "params error: Symbol Invalid", "result": {}, "time": 0}


def wrapped(rows: list, **facts: object) -> dict:
    """An answer's envelope."""
    return {"retCode": 0, "retMsg": "OK", "result": {"list": rows, **facts}, "retExtInfo": {}, "time": 0}


@dataclass
class Bybit(ExchangeServer):
    """Spot and linear perpetuals."""

    id: ClassVar[str] = "bybit"
    spot: ClassVar[str] = "BTC/USDT"
    perpetual: ClassVar[str] = "BTC/USDT:USDT"
    page: ClassVar[int] = 1000
    markets_path: ClassVar[str] = "instruments-info"
    candles_paths: ClassVar[tuple[str, ...]] = ("kline",)

    def instruments_info(self, request: web.Request) -> dict:
        category = request.query["category"]
        linear = {
            "contractType": "LinearPerpetual", "settleCoin": "USDT", "launchTime": str(self.listed),
            "deliveryTime": "0", "fundingInterval": 480,
        }  # fmt: skip
        entry = {"status": "Trading", "lotSizeFilter": {}, "priceFilter": {"tickSize": "0.01"}}
        more = {"spot": {}, "linear": linear}.get(category)
        listed = more is not None and "status" not in request.query  # nothing waits for its launch
        names = [("BTC", "USDT"), ("ETH", "USDT")] if listed else []
        return wrapped(
            [{**entry, "symbol": b + q, "baseCoin": b, "quoteCoin": q, **(more or {})} for b, q in names],
            category=category,
        )

    def kline(self, request: web.Request) -> dict:
        query = request.query
        if query["symbol"] not in ("BTCUSDT", "ETHUSDT"):
            return NO_SYMBOL
        limit = min(int(query.get("limit", 200)), 1000)
        start = int(query["start"])
        end = min(int(query.get("end", 2**62)), start + (limit - 1) * HOUR)
        rows = [[str(time), *prices(time), "0"] for time in reversed(self.open_times(start, end))]
        return wrapped(rows[:limit], symbol=query["symbol"], category=query["category"])

    def history(self, request: web.Request) -> dict:
        query = request.query
        if "startTime" in query and "endTime" not in query:
            return {"retCode": 10001, "retMsg": "endTime is required", "result": {}, "time": 0}
        stamps = self.funding_stamps(int(query["startTime"]), int(query["endTime"]))[::-1]
        rows = [
            {"symbol": query["symbol"], "fundingRate": rate(stamp), "fundingRateTimestamp": str(stamp)}
            for stamp in stamps[: min(int(query.get("limit", 200)), 200)]
        ]
        return wrapped(rows, category=query["category"])

    def open_interest(self, request: web.Request) -> dict:
        query = request.query
        stamps = self.interest_stamps(int(query["startTime"]), int(query["endTime"]))[::-1]
        rows = [
            {"openInterest": str(interest(stamp)), "timestamp": str(stamp)}
            for stamp in stamps[: min(int(query.get("limit", 50)), 200)]
        ]
        return wrapped(rows, symbol=query["symbol"], category=query["category"], nextPageCursor="")
