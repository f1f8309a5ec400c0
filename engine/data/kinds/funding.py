"""Funding rates of a perpetual market: what its longs pay to its shorts, as a share of the position."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.data.demo.bars import PERPETUAL
from engine.data.demo.binance import symbol_of, whole_number
from engine.data.demo.market import FUNDING_FROM_MS, FUNDING_MS
from engine.data.exchange.pager import HOUR_MS, JUMPING, History, table
from engine.data.kinds.kind import Kind
from engine.settings import Data

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine.data.demo.market import Exchange
    from engine.data.exchange.client import Client
    from engine.data.exchange.pager import Rows

PAGE = {"binanceusdm": 1000, "bybit": 200}  # rows that one request brings, by exchange
USUAL_PAGE = 100


async def history(client: Client, symbol: str, timeframe: str, now_ms: int) -> History:  # noqa: ARG001
    """Rows (stamp, rate). Raises ChangeSettingsError as Client.market and serves do."""
    client.serves("fetchFundingRateHistory", "funding rates")
    await client.market(symbol)
    jumps = client.id in JUMPING

    async def ask(since: int, count: int) -> Rows:
        until = since + count * HOUR_MS
        window = {} if jumps else {"after": str(until)} if client.id == "okx" else {"until": until - 1}
        rates = await client.ask(lambda ccxt: ccxt.fetch_funding_rate_history(symbol, since, count, window))
        return table([[rate["timestamp"], rate["fundingRate"]] for rate in rates], 2)

    # No exchange pays oftener than hourly, so a window of so many hours holds no more rows than a page.
    return History(ask, PAGE.get(client.id, USUAL_PAGE), HOUR_MS, jumps, spaced=False)


def simulated(exchange: Exchange, query: Mapping[str, str]) -> list[dict[str, int | str]]:
    """Rates of fundingRate: the first `limit` from startTime, else the last ones."""
    symbol = symbol_of(query, PERPETUAL)
    count, now = whole_number(query, "limit", 100, least=1, most=1000), exchange.now()
    end = min(whole_number(query, "endTime", now), now) + 1
    span = (count + 1) * FUNDING_MS
    first = max(whole_number(query, "startTime", end - span), FUNDING_FROM_MS)
    funding = exchange.market.funding(symbol, first, min(end, first + span))
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


FUNDING = Kind(
    "funding",
    "funding",
    "funding rates of a perpetual market",
    history=history,
    period="8h",
    staleness_h=Data().funding_staleness,
    file_columns=("funding_rate", "last_funding_rate", "fundingrate"),
    demo={"/fapi/v1/fundingRate": simulated},
)
