"""The simulated exchange as a real ccxt client, and a plain HTTP client, see it."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import aiohttp
import ccxt.async_support as ccxt
import pytest

from engine.data.demo.paths import ORIGIN_MS
from engine.data.demo.server import demo_exchange

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from engine.data.demo.bars import Candles
    from engine.data.demo.market import DemoMarket

HOUR = 3_600_000
DAY = 24 * HOUR
START = 1_609_459_200_000  # 2021-01-01
NOW = START + 400 * DAY
PERPETUAL = "BTC/USDT:USDT"


def bars(market: DemoMarket, days: int, symbol: str = "BTC/USDT", *, second: bool = False) -> Candles:
    return market.candles(symbol, market.timeframe, START, START + days * DAY, second=second)


@asynccontextmanager
async def client_of(exchange_id: str, url: str) -> AsyncIterator[Any]:
    client = getattr(ccxt, exchange_id)({"enableRateLimit": False})
    client.options["fetchMarkets"] = {"types": ["spot" if exchange_id == "binance" else "linear"]}
    for name, address in client.urls["api"].items():
        client.urls["api"][name] = url + "/" + address.split("/", 3)[3] if address.count("/") > 2 else url
    try:
        yield client
    finally:
        await client.close()


def ohlcv(candles: Candles) -> list[list[float]]:
    return [list(row) for row in zip(*(column.tolist() for column in candles[:6]), strict=True)]


async def test_spot_candles_arrive_as_the_market_has_them() -> None:
    async with (
        demo_exchange(7, 0.05, "1h", NOW) as exchange,
        client_of("binance", exchange.url) as first,
        client_of("binance", f"{exchange.url}/second") as second,
    ):
        assert {"BTC/USDT", "ETH/USDT"} <= set(await first.load_markets())
        assert await first.fetch_time() == NOW
        page = await first.fetch_ohlcv("BTC/USDT", "1h", START, 5000)
        assert page == ohlcv(exchange.market.candles("BTC/USDT", "1h", START, START + 1000 * HOUR))
        daily = await first.fetch_ohlcv("ETH/USDT", "1d", START, 10)
        assert daily == ohlcv(exchange.market.candles("ETH/USDT", "1d", START, START + 10 * DAY))
        assert len(await first.fetch_ohlcv("BTC/USDT", "1h")) == 500
        elsewhere = await second.fetch_ohlcv("BTC/USDT", "1h", START, 1000)
        assert elsewhere == ohlcv(bars(exchange.market, 50, second=True))[:1000]
        assert elsewhere != page
        assert exchange.requests["/api/v3/klines"] == 3
        assert exchange.requests["/second/api/v3/klines"] == 1


async def test_pages_give_the_whole_history_once_and_in_order() -> None:
    async with demo_exchange(7, 0.05, "1h", NOW) as exchange, client_of("binance", exchange.url) as client:
        history, since = [], START
        while page := await client.fetch_ohlcv("BTC/USDT", "1h", since, 1000):
            history += page
            since = page[-1][0] + 1
        assert history == ohlcv(bars(exchange.market, 400))
        assert exchange.requests["/api/v3/klines"] == 11
        exchange.now_ms = NOW + 90 * 60_000
        later = await client.fetch_ohlcv("BTC/USDT", "1h", since, 1000)
        assert [row[0] for row in later] == [NOW, NOW + HOUR]
        assert later[:1] == ohlcv(exchange.market.candles("BTC/USDT", "1h", NOW, NOW + HOUR))


@pytest.mark.parametrize("timeframe", ["1h", "4h"])
async def test_the_open_candle_comes_last_and_is_not_the_final_one(timeframe: str) -> None:
    clock = [NOW + 5 * HOUR + 20 * 60_000]
    async with (
        demo_exchange(7, 0.05, "1h", lambda: clock[0]) as exchange,
        client_of("binance", exchange.url) as client,
    ):
        early = (await client.fetch_ohlcv("BTC/USDT", timeframe))[-1]
        clock[0] += 4 * HOUR
        final = await client.fetch_ohlcv("BTC/USDT", timeframe, early[0], 1)
        assert final == ohlcv(exchange.market.candles("BTC/USDT", timeframe, early[0], early[0] + 1))
        assert final[0][:2] == early[:2]
        assert final[0][4] != early[4]
        assert final[0][5] > early[5]
        assert early[3] <= min(early[1], early[4]) <= max(early[1], early[4]) <= early[2] <= final[0][2]


async def test_perpetual_candles_funding_and_open_interest() -> None:
    async with (
        demo_exchange(7, 0.05, "1h", NOW) as exchange,
        client_of("binanceusdm", exchange.url) as client,
    ):
        assert {PERPETUAL, "ETH/USDT:USDT"} <= set(await client.load_markets())
        assert await client.fetch_time() == NOW
        page = await client.fetch_ohlcv(PERPETUAL, "1h", START, 1000)
        assert page == ohlcv(bars(exchange.market, 50, PERPETUAL))[:1000]

        rates, since = [], START
        while part := await client.fetch_funding_rate_history(PERPETUAL, since, 1000):
            rates += part
            since = part[-1]["timestamp"] + 1
        truth = exchange.market.funding(PERPETUAL, START, NOW + 1)
        assert [row["timestamp"] for row in rates] == truth.time.tolist()
        assert [row["fundingRate"] for row in rates] == truth.rate.tolist()
        assert len(await client.fetch_funding_rate_history(PERPETUAL)) == 100

        stamps = await client.fetch_open_interest_history(PERPETUAL, "1h", NOW - 10 * DAY, 240)
        interest = exchange.market.open_interest(PERPETUAL, "1h", NOW - 10 * DAY, NOW + 1)
        assert [row["timestamp"] for row in stamps] == interest.time.tolist()[-240:]
        assert [row["openInterestAmount"] for row in stamps] == interest.contracts.tolist()[-240:]
        assert [row["openInterestValue"] for row in stamps] == interest.value.tolist()[-240:]
        with pytest.raises(ccxt.BadRequest, match="startTime"):
            await client.fetch_open_interest_history(PERPETUAL, "1h", NOW - 31 * DAY, 500)


async def test_refusals_headers_and_raw_layout_are_binances() -> None:
    async with demo_exchange(7, 0.05, "1h", NOW) as exchange, aiohttp.ClientSession(exchange.url) as session:
        for path, code in (
            ("/api/v3/klines?symbol=DOGEUSDT&interval=1h", -1121),
            ("/fapi/v1/fundingRate?symbol=DOGEUSDT", -1121),
            ("/api/v3/klines?symbol=BTCUSDT&interval=5m", -1120),
            ("/api/v3/klines?symbol=BTCUSDT&interval=1x", -1120),
            ("/api/v3/klines?interval=1h", -1102),
            ("/api/v3/klines?symbol=BTCUSDT&interval=1h&limit=ten", -1100),
            ("/api/v3/klines?symbol=BTCUSDT&interval=1h&limit=0", -1130),
            ("/futures/data/openInterestHist?symbol=BTCUSDT&period=8h", -1130),
        ):
            async with session.get(path) as response:
                assert (response.status, (await response.json())["code"]) == (400, code)
                assert response.headers["X-Simulated"] == "1"
        async with session.get("/nowhere") as response:
            assert (response.status, response.headers["X-Simulated"]) == (404, "1")
        async with session.get("/fapi/v1/klines?symbol=BTCUSDT&interval=1h&limit=9000") as response:
            rows = await response.json()
            assert len(rows) == 1500
            assert int(response.headers["X-MBX-USED-WEIGHT-1M"]) > 0
        assert [type(field) for field in rows[0]] == [int, *[str] * 5, int, str, int, str, str, str]
        assert rows[-1][6] == rows[-1][0] + HOUR - 1 == NOW - 1
        ends = f"&startTime={START}&endTime={START + 2 * HOUR}"
        async with session.get(f"/api/v3/klines?symbol=BTCUSDT&interval=1h{ends}") as response:
            assert [row[0] for row in await response.json()] == [START, START + HOUR, START + 2 * HOUR]
        async with session.get(
            f"/api/v3/klines?symbol=BTCUSDT&interval=1h&startTime={NOW + DAY}"
        ) as response:
            assert await response.json() == []
        async with session.get("/api/v3/klines?symbol=BTCUSDT&interval=1h&startTime=0&limit=1") as response:
            assert (await response.json())[0][0] == ORIGIN_MS
