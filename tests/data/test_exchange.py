"""The real ccxt client against a server that misbehaves."""

import asyncio
import gc
import socket
import subprocess
import sys
import time
from contextlib import AsyncExitStack
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.compat.ccxt_exchange import exchange_ids, redirected
from engine.data.exchange import pager
from engine.data.exchange.client import open_exchange
from engine.data.exchange.pager import History
from engine.data.exchange.rate_limit import BAN_S, SLOTS, note_retry_after, rest_s
from engine.data.kinds import CANDLES, FUNDING, OPEN_INTEREST
from engine.errors import ChangeSettingsError, StopRequestedError, TryAgainError
from tests.data.exchanges import faults
from tests.data.exchanges.binance import candle, exchange_server
from tests.data.exchanges.server import DAY, HOUR, NOW

QUICK = {"retries": 4, "timeout_s": 5.0, "backoff_s": 0.01}
LISTED = NOW // HOUR * HOUR - 2500 * HOUR
LAST = NOW // HOUR * HOUR  # open time of the candle still open


async def fetched(client, wanted, symbol="BTC/USDT", timeframe="1h"):
    history = await CANDLES.opened(client, symbol, timeframe, NOW)
    return [page async for page in pager.pages(history, wanted, NOW)]


def rows_of(pages):
    return [tuple(row) for page in pages for row in page.rows.tolist()]


def expected(start, end):
    return [(time, *map(float, candle(time)[1:6])) for time in range(start, end, HOUR)]


async def test_a_history_arrives_complete_once_and_in_order():
    async with exchange_server() as server, open_exchange("binance", server.url, **QUICK) as client:
        pages = await fetched(client, (LISTED, LAST))
        assert rows_of(pages) == expected(LISTED, LAST)
        assert [len(page.rows) for page in pages] == [1000, 1000, 500]
        assert server.count("klines") == 3
        assert server.count("exchangeInfo") == 1  # spot alone, not the futures exchanges


async def test_what_lies_before_the_listing_costs_no_request():
    async with exchange_server() as server, open_exchange("binance", server.url, **QUICK) as client:
        pages = await fetched(client, (LISTED - 50_000 * HOUR, LAST))
        assert rows_of(pages) == expected(LISTED, LAST)
        assert pages[0].answered[0] == LISTED - 50_000 * HOUR
        assert server.count("klines") == 3


@pytest.mark.parametrize(
    "fault",
    [
        faults.truncated, faults.html, faults.null, faults.empty, faults.other_shape, faults.nothing,
        faults.reset, faults.short, *(faults.status(code) for code in (500, 502, 503, 504, 507, 524, 404)),
    ],
)  # fmt: skip
async def test_an_answer_that_is_none_is_asked_again(fault):
    async with exchange_server() as server, open_exchange("binance", server.url, **QUICK) as client:
        server.faults.extend([None, fault])
        pages = await fetched(client, (LISTED, LAST))
        assert rows_of(pages) == expected(LISTED, LAST)
        assert server.count("klines") == 4


@pytest.mark.parametrize("fault", [faults.truncated, faults.html, faults.null, faults.status(507)])
async def test_tries_are_bounded_and_the_failure_says_why(fault):
    async with exchange_server() as server, open_exchange("binance", server.url, **QUICK) as client:
        server.always["klines"] = fault
        with pytest.raises(TryAgainError) as failure:
            await fetched(client, (LISTED, LAST))
        assert server.count("klines") == 4
        assert failure.value.thing == "binance"
        assert "4 tries" in failure.value.reason


async def test_no_request_before_retry_after():
    async with exchange_server() as server, open_exchange("binance", server.url, **QUICK) as client:
        server.faults.append(faults.status(429, Retry_After="1"))
        assert len(rows_of(await fetched(client, (LISTED, LISTED + HOUR)))) == 1
        first, second = [when for path, _, when in server.asked if path.endswith("klines")]
        assert second - first >= 0.99


async def test_a_longer_rest_than_the_limit_fails_at_once_and_is_kept_by_the_host():
    async with exchange_server() as server:
        async with open_exchange("binance", server.url, **QUICK) as client:
            server.faults.append(faults.status(418, Retry_After="86400"))
            with pytest.raises(TryAgainError, match="takes requests again at"):
                await fetched(client, (LISTED, LAST))
        asked = len(server.asked)
        async with open_exchange("binance", server.url, **QUICK) as client:
            with pytest.raises(TryAgainError, match="takes no requests for now"):
                await fetched(client, (LISTED, LAST))
        assert len(server.asked) == asked


@pytest.mark.parametrize("code", [403, 451])
async def test_a_refused_region_stops_with_a_hint(code):
    async with exchange_server() as server, open_exchange("binance", server.url, **QUICK) as client:
        server.always["klines"] = faults.status(code)
        with pytest.raises(ChangeSettingsError, match="regions"):
            await fetched(client, (LISTED, LAST))
        assert server.count("klines") == 1


async def test_a_drip_ends_with_the_time_limit():
    limits = {"retries": 2, "timeout_s": 0.3, "backoff_s": 0.01}
    async with exchange_server() as server, open_exchange("binance", server.url, **limits) as client:
        await client.market("BTC/USDT")
        server.always["klines"] = faults.stuck
        with pytest.raises(TryAgainError, match="did not answer in time"):
            await fetched(client, (LISTED, LAST))


async def test_refused_connections_and_unknown_hosts_are_named():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        endpoint = f"http://127.0.0.1:{free.getsockname()[1]}"
    for address in (endpoint, "http://no-such-host.invalid"):
        async with open_exchange("binance", address, **QUICK) as client:
            with pytest.raises(TryAgainError, match="Check the network"):
                await client.market("BTC/USDT")


async def test_an_empty_list_of_markets_is_garbage():
    async with exchange_server() as server, open_exchange("binance", server.url, **QUICK) as client:
        server.always["exchangeInfo"] = faults.status(200, {"symbols": []})
        with pytest.raises(TryAgainError, match="empty list of markets"):
            await client.market("BTC/USDT")


async def test_unknown_exchange_symbol_timeframe_and_method_name_near_ones():
    with pytest.raises(ChangeSettingsError, match="binance"):
        async with open_exchange("binnance"):
            pass
    async with exchange_server() as server, open_exchange("binance", server.url, **QUICK) as client:
        with pytest.raises(ChangeSettingsError, match="BTC/USDT"):
            await fetched(client, (LISTED, LAST), symbol="BTC/USTD")
        with pytest.raises(ChangeSettingsError, match="binanceusdm"):
            await fetched(client, (LISTED, LAST), symbol="BTC/USDT:USDT")
        with pytest.raises(ChangeSettingsError, match="1h, 2h"):
            await fetched(client, (LISTED, LAST), timeframe="7h")
        with pytest.raises(ChangeSettingsError, match="has no history of gold"):
            client.serves("fetchGold", "gold")
        server.always["klines"] = faults.status(400, {"code": -1121, "msg": "Invalid symbol."})
        with pytest.raises(ChangeSettingsError, match="Invalid symbol"):
            await fetched(client, (LISTED, LAST))


async def test_a_wish_to_stop_ends_the_waiting():
    def stop():
        raise StopRequestedError("run", "was asked to stop")

    async with exchange_server() as server, open_exchange("binance", server.url, alive=stop) as client:
        server.always["exchangeInfo"] = faults.status(500)
        with pytest.raises(StopRequestedError):
            await client.market("BTC/USDT")
        assert server.count("exchangeInfo") == 1


async def test_a_client_leaves_nothing_open():
    async with exchange_server() as server:
        before = asyncio.all_tasks()
        async with open_exchange("binance", server.url, **QUICK) as client:
            await fetched(client, (LISTED, LAST))
            session = client.ccxt.session
        assert session.closed
        assert client.ccxt.session is None
        assert asyncio.all_tasks() <= before
        gc.collect()  # an unclosed session would warn here, and warnings are errors


async def test_funding_and_open_interest_come_whole():
    async with exchange_server() as server, open_exchange("binanceusdm", server.url, **QUICK) as client:
        history = await FUNDING.opened(client, "BTC/USDT:USDT", "8h", NOW)
        pages = [page async for page in pager.pages(history, (0, NOW), NOW)]
        stamps = [row[0] for row in rows_of(pages)]
        first = -(-LISTED // (8 * HOUR)) * 8 * HOUR
        assert stamps == [stamp + 17 for stamp in range(first, NOW, 8 * HOUR)]
        assert pages[-1].answered[1] == NOW - DAY or len(pages[-1].rows)
        assert server.count("fundingRate") == 1
        history = await OPEN_INTEREST.opened(client, "BTC/USDT:USDT", "1h", NOW)
        pages = [page async for page in pager.pages(history, (NOW - 90 * DAY, NOW + 1), NOW)]
        stamps = [row[0] for row in rows_of(pages)]
        reach = NOW - 30 * DAY + HOUR
        assert stamps == list(range(-(-reach // HOUR) * HOUR, NOW, HOUR))
        assert len(pages[0].rows) == 0
        assert pages[0].answered == (NOW - 90 * DAY, reach)
        assert server.count("openInterestHist") == 2


def windowed(times, limit, asked):
    """An exchange that answers within `limit` hours from `since`, newest first."""

    async def ask(since, count):
        asked.append(since)
        inside = [time for time in sorted(times, reverse=True) if since <= time < since + count * HOUR]
        return pager.table([[time, 1.0] for time in inside], 2)

    return History(ask, limit, HOUR, jumps=False, spaced=True)


async def test_an_exchange_that_answers_within_windows_is_searched_not_crawled():
    asked = []
    times = range(9000 * HOUR, 10_000 * HOUR, HOUR)
    history = windowed(times, 300, asked)
    pages = [page async for page in pager.pages(history, (0, 10_000 * HOUR), 20_000 * HOUR)]
    assert [row[0] for row in rows_of(pages)] == list(times)
    assert pages[0].answered[0] == 0
    assert len(asked) <= 24  # the empty windows twice


@settings(max_examples=60, deadline=None)
@given(
    st.sets(st.integers(0, 60), max_size=40), st.integers(1, 7), st.integers(0, 60), st.integers(0, 60)
)  # fmt: skip
def test_pages_hold_what_the_exchange_has(hours, limit, start, end):
    """Whatever an exchange that jumps has: all of it, once, in order, and no told range holds more."""
    times = sorted(hour * HOUR for hour in hours)

    async def ask(since, count):
        later = [time for time in times if time >= since]
        return pager.table([[time, 1.0] for time in later[:count]], 2)

    async def all_pages():
        history = History(ask, limit, HOUR, jumps=True, spaced=True)
        return [page async for page in pager.pages(history, (start * HOUR, end * HOUR), 61 * HOUR)]

    pages = asyncio.run(all_pages())
    wanted = [time for time in times if start * HOUR <= time < end * HOUR]
    assert [row[0] for row in rows_of(pages)] == wanted
    edges = [edge for page in pages for edge in page.answered]
    assert edges == sorted(edges)
    for stamp in wanted:
        assert any(page.answered[0] <= stamp < page.answered[1] for page in pages)


async def test_rows_without_time_or_from_the_future_do_not_move_the_cursor():
    async def ask(since, count):
        good = [[time, 1.0] for time in range(since, 50 * HOUR, HOUR)][:count]
        return pager.table([*good, [None, 1], [10**15, "x"]], 2)

    history = History(ask, 10, HOUR, jumps=True, spaced=True)
    pages = [page async for page in pager.pages(history, (0, 50 * HOUR), 60 * HOUR)]
    assert [row[0] for row in rows_of(pages)] == list(range(0, 50 * HOUR, HOUR))
    assert np.isnan(pager.table([[1, None], [2, "x"], [3], None], 2)[:, 1]).all()


def test_retry_after_is_read_in_seconds_and_as_a_date():
    note_retry_after("seconds.test", 429, {"retry-after": "100"})
    assert 99 < rest_s("seconds.test") <= 100
    dates = {"retry-after": "Wed, 01 Jan 2020 00:01:40 GMT", "date": "Wed, 01 Jan 2020 00:00:00 GMT"}
    note_retry_after("date.test", 503, dates)
    assert 99 < rest_s("date.test") <= 100
    note_retry_after("garbage.test", 429, {"retry-after": "soon"})
    assert rest_s("garbage.test") == 0
    note_retry_after("ban.test", 418, {})
    assert 119 < rest_s("ban.test") <= BAN_S


def test_addresses_keep_their_paths():
    addresses = {
        "public": "https://api.binance.com/api/v3",
        "nested": {"a": "https://x.{hostname}"},
        "no": None,
    }
    moved = redirected(addresses, "http://127.0.0.1:1/second")
    assert moved["public"] == "http://127.0.0.1:1/second/api/v3"
    assert moved["nested"]["a"] == "http://127.0.0.1:1/second"
    assert moved["no"] is None


@pytest.mark.parametrize(
    ("step", "simulated", "period"),
    [
        (60_000, False, "5m"),
        (HOUR, False, "1h"),
        (8 * HOUR, False, "4h"),
        (8 * HOUR, True, "1d"),
        (180_000, True, "15m"),
    ],
)
def test_open_interest_period_goes_with_the_candles(step, simulated, period):
    assert OPEN_INTEREST.period_for(step, simulated=simulated) == period


def test_the_exchanges_are_listed_without_loading_one():
    assert {"binance", "binanceusdm", "bybit", "okx", "kraken", "coinbase"} <= set(exchange_ids())
    code = (
        "import sys; from engine.compat import ccxt_exchange as of; of.exchange_ids();"
        "print('ccxt' in sys.modules, of.exchange_class('kraken').__name__)"
    )
    run = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[2],
    )
    assert run.stdout.split() == ["False", "kraken"]


async def test_requests_keep_the_exchanges_pace_by_a_steady_clock():
    async with exchange_server() as server, open_exchange("binance", server.url, **QUICK) as client:
        client.ccxt.rateLimit = 20
        start = time.monotonic()
        await asyncio.gather(*(client.ccxt.throttle(1) for _ in range(6)))
        assert time.monotonic() - start >= 0.09


async def test_a_host_is_asked_by_all_clients_together_at_most_so_often_at_once():
    async with exchange_server() as server, AsyncExitStack() as stack:
        clients = [
            await stack.enter_async_context(open_exchange(each, server.url, **QUICK))
            for each in ("binance", "binanceusdm")
        ]
        for client, symbol in zip(clients, ("BTC/USDT", "BTC/USDT:USDT"), strict=True):
            await client.market(symbol)
            client.ccxt.rateLimit = 0

        async def together(request, well):
            """Answers once as many as may are there, and those that may not have had time to come."""
            for _ in range(200):
                await asyncio.sleep(0)
            return await faults.status(200, well)(request, well)

        server.always["klines"] = together
        asks = [
            client.ask(lambda ccxt, symbol=symbol: ccxt.fetch_ohlcv(symbol, "1h", LISTED, 5))
            for client, symbol in zip(clients, ("BTC/USDT", "BTC/USDT:USDT"), strict=True)
            for _ in range(6)
        ]
        assert [len(rows) for rows in await asyncio.gather(*asks)] == [5] * 12
        assert 1 < server.most_at_once <= SLOTS
