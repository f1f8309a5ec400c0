"""What engine.compat.ccxt_exchange takes of ccxt is there and is called as it expects."""

import inspect
from contextlib import asynccontextmanager

import pytest

from engine.compat.ccxt_exchange import exchange_class, redirected, strict
from engine.data.exchange.answers import bounded_session

SIGNATURES = {
    "throttle": ["self", "cost"],
    "fetch": ["self", "url", "method", "headers", "body"],
    "on_rest_response": [
        "self", "code", "reason", "url", "method", "response_headers", "response_body", "request_headers",
        "request_body",
    ],
    "safe_number": ["self", "obj", "key", "defaultNumber"],
    "safe_number_2": ["self", "dictionary", "key1", "key2", "d"],
}  # fmt: skip


@pytest.mark.parametrize("name", SIGNATURES)
def test_methods_that_are_overridden_take_what_they_took(name):
    method = getattr(exchange_class("binance"), name)
    assert list(inspect.signature(method).parameters) == SIGNATURES[name]


def test_json_that_is_none_is_none():
    binance = exchange_class("binance")
    exchange = binance.__new__(binance)
    assert exchange.parse_json('{"a": [1]}') == {"a": [1]}
    assert exchange.parse_json('{"a": [1') is None
    assert exchange.parse_json("<html>") is None


async def test_an_answer_passes_through_all_that_is_overridden():
    from aiohttp import web

    replies, held = [], []

    async def answer(_):
        return web.Response(text='{"serverTime": 7}', headers={"X-Mark": " here "})

    application = web.Application()
    application.router.add_get("/api/v3/time", answer)
    runner = web.AppRunner(application)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]

    @asynccontextmanager
    async def host_slot(host):
        held.append(host)
        yield

    def answered(host, status, headers):
        replies.append((host, status, headers["x-mark"]))
        return 3.0

    exchange = strict(exchange_class("binance"), host_slot, answered, bounded_session)(
        {"enableRateLimit": True}
    )
    exchange.urls["api"] = redirected(exchange.urls["api"], f"http://127.0.0.1:{port}")
    try:
        assert await exchange.fetch_time() == 7
    finally:
        await exchange.close()
        await runner.cleanup()
    host = f"127.0.0.1:{port}"
    assert (held, replies, exchange.ahead_s) == ([host], [(host, 200, "here")], 3.0)
    assert exchange.next_request > 0
    assert "429" in exchange.httpExceptions
