"""What can be wrong with an answer: each takes the request and the good answer, and sends another."""

from __future__ import annotations

import asyncio
import gzip
from contextlib import suppress
from typing import TYPE_CHECKING

from aiohttp import web

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.data.exchanges.server import Fault


async def truncated(request: web.Request, well: object) -> web.Response:
    """Status 200 with JSON that breaks off."""
    return web.Response(text=web.json_response(well).text[:-40], content_type="application/json")


async def html(request: web.Request, well: object) -> web.Response:
    """Status 200 from a proxy's log-in page."""
    return web.Response(text="<html><body>Please log in</body></html>", content_type="text/html")


async def null(request: web.Request, well: object) -> web.Response:
    """Status 200 with `null`."""
    return web.json_response(None)


async def empty(request: web.Request, well: object) -> web.Response:
    """Status 200 without a body."""
    return web.Response(text="")


async def other_shape(request: web.Request, well: object) -> web.Response:
    """Status 200 with JSON of another shape."""
    return web.json_response([{"not": "a candle"}])


async def nothing(request: web.Request, well: object) -> web.Response:
    """Status 200 with an empty list though there is data."""
    return web.json_response([])


async def reset(request: web.Request, well: object) -> web.StreamResponse:
    """The connection is cut without an answer."""
    request.transport.abort()
    return web.Response()


async def short(request: web.Request, well: object) -> web.StreamResponse:
    """Fewer bytes than the Content-Length says."""
    response = web.StreamResponse(headers={"Content-Length": "5000", "Content-Type": "application/json"})
    await response.prepare(request)
    await response.write(b'[[1,"1"')
    request.transport.close()
    return response


async def silent(request: web.Request, well: object) -> web.StreamResponse:
    """No answer until the client gives up."""
    while request.transport is not None and not request.transport.is_closing():  # noqa: ASYNC110
        await asyncio.sleep(0.02)
    return web.Response()


async def bare(request: web.Request, well: object) -> web.Response:
    """Status 200, the exchange's own shape, and no row though there are some."""
    return web.json_response(with_rows(well, lambda _: []))


async def doubled(request: web.Request, well: object) -> web.Response:
    """Every row twice, in another order."""
    return web.json_response(with_rows(well, lambda rows: [*rows[1::2], *rows, *rows[::2]]))


async def holed(request: web.Request, well: object) -> web.Response:
    """Rows left out between others."""
    return web.json_response(with_rows(well, lambda rows: rows[:5] + rows[9:]))


async def impossible(request: web.Request, well: object) -> web.Response:
    """A high below the low, a number that is none, a price below zero: nine rows of them."""

    def change(rows: list) -> list:
        return [spoilt(row, high) for row, high in zip(rows, ["1", "x", "-5"] * 3, strict=False)] + rows[9:]

    return web.json_response(with_rows(well, change))


def spoilt(row: object, high: str) -> object:
    """A candle with another high."""
    return {**row, "high": high} if isinstance(row, dict) else [*row[:2], high, *row[3:]]


def with_rows(well: object, change: Callable[[list], list]) -> object:
    """The answer with its list of candles changed."""
    if isinstance(well, list):
        return change(well)
    if isinstance(well, dict):
        kept = ("error", "last")  # kraken's
        return {key: value if key in kept else with_rows(value, change) for key, value in well.items()}
    return well


async def stuck(request: web.Request, well: object) -> web.StreamResponse:
    """A drip that never ends."""
    response = web.StreamResponse(headers={"Content-Type": "application/json"})
    await response.prepare(request)
    while request.transport is not None and not request.transport.is_closing():
        await response.write(b" ")
        await asyncio.sleep(0.05)
    return response


async def endless(request: web.Request, well: object) -> web.StreamResponse:
    """White space without end, as fast as it is taken."""
    response = web.StreamResponse(headers={"Content-Type": "application/json"})
    await response.prepare(request)
    with suppress(ConnectionError):
        while request.transport is not None and not request.transport.is_closing():
            await response.write(b" " * (1 << 20))
    return response


async def packed(request: web.Request, well: object) -> web.Response:
    """A hundred kilobytes that unpack to a hundred megabytes."""
    body = gzip.compress(b" " * (100 << 20))
    return web.Response(body=body, content_type="application/json", headers={"Content-Encoding": "gzip"})


async def elsewhere(request: web.Request, well: object) -> web.Response:
    """A redirect to another host, which would answer."""
    host = request.url.with_host("localhost" if request.url.host != "localhost" else "127.0.0.1")
    raise web.HTTPTemporaryRedirect(host)


def status(code: int, body: object = None, **headers: str) -> Fault:
    """An answer with a status and headers (Retry_After → Retry-After)."""

    async def answer(request: web.Request, well: object) -> web.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return web.json_response(body or {"code": -1, "msg": "fault"}, status=code, headers=named)

    return answer
