"""OKX's v5 protocol: newest first, both bounds exclusive, an address of its own for old candles."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from tests.data.exchanges.server import DAY, HOUR, ExchangeServer, interest, prices, rate

if TYPE_CHECKING:
    from aiohttp import web

CONTRACT = 0.01  # bitcoin
RECENT = 1440  # candles that `candles` keeps


def wrapped(rows: list) -> dict:
    """An answer's envelope."""
    return {"code": "0", "msg": "", "data": rows}


@dataclass
class Okx(ExchangeServer):
    """Spot and linear swaps."""

    id: ClassVar[str] = "okx"
    spot: ClassVar[str] = "BTC/USDT"
    perpetual: ClassVar[str] = "BTC/USDT:USDT"
    page: ClassVar[int] = 300
    markets_path: ClassVar[str] = "instruments"
    candles_paths: ClassVar[tuple[str, ...]] = ("candles", "history-candles")

    def instruments(self, request: web.Request) -> dict:
        kind = request.query["instType"]
        entry = {"instType": kind, "state": "live", "lotSz": "0.01", "tickSz": "0.1", "minSz": "0.01"}
        entry |= {"listTime": str(self.listed)}
        if kind == "SPOT":
            names = [("BTC", "USDT"), ("ETH", "USDT")]
            return wrapped([{**entry, "instId": f"{b}-{q}", "baseCcy": b, "quoteCcy": q} for b, q in names])
        swap = {"uly": "BTC-USDT", "settleCcy": "USDT", "ctType": "linear", "ctVal": str(CONTRACT)}
        return wrapped([{**entry, **swap, "instId": "BTC-USDT-SWAP"}] if kind == "SWAP" else [])

    def candles(self, request: web.Request) -> dict:
        return self._candles(request, self.now - RECENT * HOUR, self.now)

    def history_candles(self, request: web.Request) -> dict:
        return self._candles(request, 0, self.now - HOUR)  # complete ones only

    def _candles(self, request: web.Request, first: int, last: int) -> dict:
        query = request.query
        first = max(first, int(query.get("before", 0)) + 1)
        last = min(last, int(query.get("after", 2**62)) - 1)
        newest = self.open_times(first, last)[::-1][: min(int(query.get("limit", 100)), 300)]
        return wrapped([self._candle(time, swap=query["instId"].endswith("-SWAP")) for time in newest])

    def _candle(self, time: int, *, swap: bool) -> list[str]:
        *four, volume = prices(time)
        amount = f"{float(volume) / CONTRACT:g}" if swap else volume  # a swap's is in contracts
        return [str(time), *four, amount, volume, "0", "1" if time + HOUR <= self.now else "0"]

    def funding_rate_history(self, request: web.Request) -> dict:
        query = request.query
        first = max(int(query.get("before", 0)) + 1, self.now - 92 * DAY)  # three months are all that it has
        stamps = self.funding_stamps(first, int(query.get("after", 2**62)) - 1)[::-1]
        return wrapped(
            [
                {"instId": query["instId"], "realizedRate": rate(stamp), "fundingTime": str(stamp)}
                for stamp in stamps[: min(int(query.get("limit", 100)), 100)]
            ]
        )

    def open_interest_history(self, request: web.Request) -> dict:
        query = request.query
        first = max(int(query.get("begin", 0)) + 1, self.now - RECENT * HOUR)
        stamps = self.interest_stamps(first, int(query.get("end", 2**62)) - 1)[::-1]
        return wrapped(
            [
                [str(stamp), f"{interest(stamp) / CONTRACT:g}", str(interest(stamp)), "0"]
                for stamp in stamps[: min(int(query.get("limit", 100)), 100)]
            ]
        )
