"""Candles: open, high, low, close and volume of a market, and a flag of what is odd about them."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from engine.data.demo.bars import PERPETUAL, SPOT
from engine.data.demo.binance import rows, symbol_of, whole_number
from engine.data.demo.market import whole
from engine.data.demo.paths import ORIGIN_MS
from engine.data.exchange.pager import JUMPING, History, table
from engine.data.kinds import kind
from engine.market.calendar import Calendar
from engine.market.candles import OHLCV, check, check_again
from engine.settings import TIMEFRAME_MS

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from engine.data.demo.market import Exchange
    from engine.data.exchange.client import Client
    from engine.data.exchange.pager import Rows
    from engine.market.candles import Checked, Decimals

PAGE = {  # rows that one request brings, by exchange; of others ccxt knows it
    "binance": 1000,
    "binanceusdm": 1000,
    "bybit": 1000,
    "okx": 300,
    "coinbase": 300,
    "kraken": 720,  # the last 720 are all that it has
}
USUAL_PAGE = 100


async def history(client: Client, symbol: str, timeframe: str, now_ms: int) -> History:  # noqa: ARG001
    """Rows (time, open, high, low, close, volume).

    Raises ChangeSettingsError as Client.market and serves do.
    """
    client.serves("fetchOHLCV", "candles", timeframe)
    await client.market(symbol)
    page = PAGE.get(client.id) or client.ccxt.feature_value(symbol, "fetchOHLCV", "limit", USUAL_PAGE)

    async def ask(since: int, count: int) -> Rows:
        sent = await client.ask(lambda ccxt: ccxt.fetch_ohlcv(symbol, timeframe, since, count))
        return table(sent, 1 + len(OHLCV))

    jumps = client.id in JUMPING
    return History(ask, int(page or USUAL_PAGE), TIMEFRAME_MS[timeframe], jumps, spaced=True)


def sound(frame: pd.DataFrame, step_ms: int, now_ms: int, decimals: Decimals | None) -> Checked:
    """The check of new candles, or of stored ones, whose flags stay; see market.candles."""
    calendar = Calendar(step_ms)  # exchanges that are asked for candles never close
    if "flag" in frame:
        return check_again(frame, now_ms, calendar)
    return check(frame, step_ms, now_ms, decimals, calendar)


def simulated(
    exchange: Exchange, query: Mapping[str, str], *, market: int, second: bool = False
) -> list[list[int | str]]:
    """Klines: the first `limit` from startTime, or the last ones up to endTime or now."""
    symbol, interval = symbol_of(query, market), exchange.interval(query, "interval", tuple(TIMEFRAME_MS))
    count = whole_number(query, "limit", 500, least=1, most=1500 if market == PERPETUAL else 1000)
    step, now = TIMEFRAME_MS[interval], exchange.now()
    end = min(whole_number(query, "endTime", now), now - 1)  # a candle begins with a trade
    last = end // step * step
    first = last - (count - 1) * step
    if "startTime" in query:
        first = max(whole(whole_number(query, "startTime", 0), step), ORIGIN_MS)
        last = min(last, first + (count - 1) * step)
    complete = now // step * step
    pages = [exchange.market.candles(symbol, interval, first, min(last + step, complete), second=second)]
    if first <= complete <= last:
        pages.append(exchange.market.open_candle(symbol, interval, now, second=second))
    return [row for page in pages for row in rows(page, step)]


CANDLES = kind.Kind(
    "candles",
    "candles",
    "candles of a market",
    columns=kind.CANDLES,
    check=sound,
    history=history,
    periods=tuple(TIMEFRAME_MS),
    demo={
        "/api/v3/klines": partial(simulated, market=SPOT),
        "/second/api/v3/klines": partial(simulated, market=SPOT, second=True),
        "/fapi/v1/klines": partial(simulated, market=PERPETUAL),
    },
)
