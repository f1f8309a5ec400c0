"""Open interest of a perpetual market: contracts that are open, in base currency."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engine.data.demo.bars import PERPETUAL
from engine.data.demo.binance import Refused, symbol_of, whole_number
from engine.data.exchange.pager import DAY_MS, History, table
from engine.data.kinds.kind import Kind
from engine.settings import TIMEFRAME_MS, Data

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine.data.demo.market import Exchange
    from engine.data.exchange.client import Client
    from engine.data.exchange.pager import Rows

PAGE = {"binanceusdm": 500, "bybit": 200, "okx": 100}  # rows that one request brings, by exchange
USUAL_PAGE = 50
REACH_DAYS = {"binanceusdm": 30}  # how far back an exchange tells it
PERIODS = ("5m", "15m", "30m", "1h", "2h", "4h", "6h", "12h", "1d")


async def history(client: Client, symbol: str, timeframe: str, now_ms: int) -> History:
    """Rows (stamp, open interest in base currency).

    Raises ChangeSettingsError as Client.market and serves do.
    """
    client.serves("fetchOpenInterestHistory", "open interest")
    await client.market(symbol)
    step_ms = TIMEFRAME_MS[timeframe]

    async def ask(since: int, count: int) -> Rows:
        window = {"until": since + count * step_ms - 1}
        stamps = await client.ask(
            lambda ccxt: ccxt.fetch_open_interest_history(symbol, timeframe, since, count, window)
        )
        return table([[stamp["timestamp"], in_base(stamp)] for stamp in stamps], 2)

    days = REACH_DAYS.get(client.id)
    reach_ms = now_ms - days * DAY_MS + step_ms if days else 0
    page = PAGE.get(client.id, USUAL_PAGE)
    return History(ask, page, step_ms, jumps=False, spaced=True, reach_ms=reach_ms)


def in_base(stamp: dict[str, Any]) -> Any:
    """Open interest in base currency, or what comes nearest: in contracts, else in quote currency."""
    amounts = (stamp.get(key) for key in ("baseVolume", "openInterestAmount", "openInterestValue"))
    return next((amount for amount in amounts if amount is not None), None)


def simulated(exchange: Exchange, query: Mapping[str, str]) -> list[dict[str, int | str]]:
    """Stamps of openInterestHist: the last `limit` up to endTime, none older than 30 days."""
    symbol, period = symbol_of(query, PERPETUAL), exchange.interval(query, "period", PERIODS)
    count, now = whole_number(query, "limit", 30, least=1, most=500), exchange.now()
    oldest = now - REACH_DAYS["binanceusdm"] * DAY_MS
    end = min(whole_number(query, "endTime", now), now) + 1
    start = whole_number(query, "startTime", oldest)
    if start < oldest:
        raise Refused(-1130, "parameter 'startTime' is invalid.")
    first = max(start, end - count * TIMEFRAME_MS[period])
    stamps = exchange.market.open_interest(symbol, period, first, end)
    return [
        {
            "symbol": query["symbol"],
            "sumOpenInterest": f"{contracts:.8f}",
            "sumOpenInterestValue": f"{value:.8f}",
            "timestamp": time,
        }
        for time, contracts, value in zip(*(column.tolist() for column in stamps), strict=True)
    ]


OPEN_INTEREST = Kind(
    "open_interest",
    "open int",
    "open interest of a perpetual market, in base currency",
    history=history,
    periods=PERIODS,
    delay_h=Data().open_interest_delay / 60,
    staleness_h=Data().open_interest_staleness,
    file_columns=("open_interest", "sum_open_interest", "openinterest", "sumopeninterest"),
    demo={"/futures/data/openInterestHist": simulated},
)
