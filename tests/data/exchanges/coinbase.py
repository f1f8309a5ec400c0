"""Coinbase's Advanced Trade protocol: newest first, bounds inclusive and in seconds, at most 350 candles."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from tests.data.exchanges.server import HOUR, ExchangeServer, prices

if TYPE_CHECKING:
    from aiohttp import web

NAMES = ("open", "high", "low", "close", "volume")


@dataclass
class Coinbase(ExchangeServer):
    """The spot market."""

    id: ClassVar[str] = "coinbase"
    spot: ClassVar[str] = "BTC/USD"
    page: ClassVar[int] = 300
    markets_path: ClassVar[str] = "products"
    candles_paths: ClassVar[tuple[str, ...]] = ("candles",)

    def products(self, request: web.Request) -> dict:
        bases = [] if request.query.get("product_type") == "FUTURE" else ["BTC", "ETH"]
        entry = {"product_type": "SPOT", "quote_currency_id": "USD", "base_increment": "0.00000001"}
        entry |= {"price_increment": "0.01", "trading_disabled": False, "alias_to": []}
        return {
            "products": [{**entry, "product_id": f"{base}-USD", "base_currency_id": base} for base in bases],
            "num_products": len(bases),
        }

    def candles(self, request: web.Request) -> dict:
        query = request.query
        start, end = int(query["start"]) * 1000, int(query["end"]) * 1000
        if (end - start) // HOUR >= 350:
            text = "number of candles requested should be less than 350"
            return {"error": "INVALID_ARGUMENT", "error_details": text, "message": text}
        newest = self.open_times(start, end)[::-1]
        named = [(time, dict(zip(NAMES, prices(time), strict=True))) for time in newest]
        return {"candles": [{"start": str(time // 1000), **candle} for time, candle in named]}
