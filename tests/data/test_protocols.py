"""Real ccxt clients against servers that speak each exchange's protocol: complete, once, in order."""

import time

import pytest

from engine.data.exchange import pager
from engine.data.exchange.client import open_exchange
from engine.data.kinds import CANDLES, FUNDING, OPEN_INTEREST
from tests.data.exchanges import Binance, BinanceUsdM, Bybit, Coinbase, Kraken, Okx
from tests.data.exchanges.server import DAY, HOUR, NOW, interest, prices, rate, serving

QUICK = {"retries": 4, "timeout_s": 5.0, "backoff_s": 0.01}
LAST = NOW // HOUR * HOUR  # open time of the candle still open
LISTED = LAST - 2500 * HOUR
SIX = (Binance, BinanceUsdM, Bybit, Okx, Kraken, Coinbase)
MARKETS = [(each, symbol) for each in SIX for symbol in (each.spot, each.perpetual) if symbol]
PERPETUALS = [BinanceUsdM, Bybit, Okx]
NAMES = [f"{each.id}-{symbol}" for each, symbol in MARKETS]


async def rows_of(history, wanted, now=NOW):
    pages = [page async for page in pager.pages(history, wanted, now)]
    edges = [edge for page in pages for edge in page.answered]
    assert edges == sorted(edges)
    assert all((page.answered[0] <= page.rows[:, 0]).all() for page in pages)
    assert all((page.rows[:, 0] < page.answered[1]).all() for page in pages)
    return [tuple(row) for page in pages for row in page.rows.tolist()]


async def opened(server, symbol, stack):
    client = await stack.enter_async_context(open_exchange(server.id, server.url, **QUICK))
    client.ccxt.rateLimit = 0  # the pace has a test of its own
    return client, await CANDLES.opened(client, symbol, "1h", NOW)


def expected(times):
    return [(time_ms, *map(float, prices(time_ms))) for time_ms in times]


@pytest.mark.parametrize(("exchange", "symbol"), MARKETS, ids=NAMES)
async def test_candles_arrive_complete_once_and_in_order(exchange, symbol, stack):
    server = await stack.enter_async_context(serving(exchange()))
    _, history = await opened(server, symbol, stack)
    first = LAST - 719 * HOUR if exchange is Kraken else LISTED  # kraken keeps 720, the open one included
    assert await rows_of(history, (LISTED - 5000 * HOUR, LAST)) == expected(range(first, LAST, HOUR))


@pytest.mark.parametrize(("exchange", "symbol"), MARKETS, ids=NAMES)
async def test_a_stretch_in_the_middle_and_what_the_exchange_lacks(exchange, symbol, stack):
    start, end = LAST - 700 * HOUR, LAST - 41 * HOUR
    lacks = set(range(start + 100 * HOUR, start + 500 * HOUR, HOUR)) | {end - HOUR}
    server = await stack.enter_async_context(serving(exchange(lacks=lacks)))
    _, history = await opened(server, symbol, stack)
    rows = await rows_of(history, (start, end))
    assert rows == expected(time_ms for time_ms in range(start, end, HOUR) if time_ms not in lacks)


@pytest.mark.parametrize(("exchange", "symbol"), MARKETS, ids=NAMES)
async def test_the_candle_still_open_is_known_as_the_last(exchange, symbol, stack):
    """What the exchange sends of it is there to be dropped by the clock rule; none comes after it."""
    now = int(time.time() * 1000)  # okx's client chooses its address by the machine's clock
    last = now // HOUR * HOUR
    server = await stack.enter_async_context(serving(exchange(listed=last - 400 * HOUR, now=now)))
    _, history = await opened(server, symbol, stack)
    rows = await rows_of(history, (last - 350 * HOUR, last), now)
    assert rows == expected(range(last - 350 * HOUR, last, HOUR))
    if exchange is Okx:
        assert {asked.rpartition("/")[2] for asked, *_ in server.asked} == {"instruments", "candles"}
    [(open_time, *_)] = await rows_of(history, (last, last + HOUR), now)
    assert open_time == last


@pytest.mark.parametrize("exchange", PERPETUALS, ids=lambda each: each.id)
async def test_funding_arrives_complete_once_and_in_order(exchange, stack):
    server = await stack.enter_async_context(serving(exchange()))
    client, _ = await opened(server, server.perpetual, stack)
    rows = await rows_of(await FUNDING.opened(client, server.perpetual, "8h", NOW), (LISTED - 200 * DAY, NOW))
    first = max(LISTED, NOW - 92 * DAY) if exchange is Okx else LISTED
    stamps = range(first // (8 * HOUR) * 8 * HOUR + 17, NOW, 8 * HOUR)
    assert rows == [(stamp, float(rate(stamp))) for stamp in stamps if stamp >= first]


@pytest.mark.parametrize("exchange", PERPETUALS, ids=lambda each: each.id)
async def test_open_interest_arrives_complete_once_in_order_and_in_base_currency(exchange, stack):
    server = await stack.enter_async_context(serving(exchange()))
    client, _ = await opened(server, server.perpetual, stack)
    history = await OPEN_INTEREST.opened(client, server.perpetual, "1h", NOW)
    rows = await rows_of(history, (NOW - 40 * DAY, NOW))
    reach = {BinanceUsdM: 30 * DAY - HOUR, Bybit: 40 * DAY, Okx: 1440 * HOUR}[exchange]
    first = max(-(-(NOW - reach) // HOUR) * HOUR, -(-(NOW - 40 * DAY) // HOUR) * HOUR)
    assert rows == [(stamp, float(interest(stamp))) for stamp in range(first, NOW, HOUR)]


@pytest.mark.parametrize(("exchange", "symbol"), MARKETS, ids=NAMES)
async def test_every_page_is_as_long_as_the_exchange_allows(exchange, symbol, stack):
    server = await stack.enter_async_context(serving(exchange()))
    _, history = await opened(server, symbol, stack)
    start = LAST - 700 * HOUR
    await rows_of(history, (start, LAST))
    assert server.candles_asked == -(-700 // exchange.page)
