"""Kraken's protocol: ascending, `since` in seconds and exclusive, never more than the last 720 candles."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from tests.data.exchanges.server import HOUR, ExchangeServer, prices

if TYPE_CHECKING:
    from aiohttp import web

PAIRS = {"XXBTZUSD": ("XXBT", "ZUSD", "XBTUSD"), "XETHZUSD": ("XETH", "ZUSD", "ETHUSD")}
KEPT = 720


@dataclass
class Kraken(ExchangeServer):
    """The spot market."""

    id: ClassVar[str] = "kraken"
    spot: ClassVar[str] = "BTC/USD"
    page: ClassVar[int] = KEPT
    markets_path: ClassVar[str] = "AssetPairs"
    candles_paths: ClassVar[tuple[str, ...]] = ("OHLC",)

    def AssetPairs(self, _: web.Request) -> dict:  # noqa: N802  Kraken's name
        entry = {"status": "online", "pair_decimals": 1, "lot_decimals": 8, "ordermin": "0.0001"}
        pairs = {
            pair: {**entry, "base": base, "quote": quote, "altname": short}
            for pair, (base, quote, short) in PAIRS.items()
        }
        return {"error": [], "result": pairs}

    def OHLC(self, request: web.Request) -> dict:  # noqa: N802  Kraken's name
        query = request.query
        if query["pair"] not in PAIRS:
            return {"error": ["EQuery:Unknown asset pair"]}
        kept = self.open_times(self.listed, self.now)[-KEPT:]
        since = int(query.get("since", 0)) * 1000
        rows = [[time // 1000, *prices(time)[:4], "0", prices(time)[4], 1] for time in kept if time > since]
        return {"error": [], "result": {query["pair"]: rows, "last": self.now // HOUR * HOUR // 1000}}
