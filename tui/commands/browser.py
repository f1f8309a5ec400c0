"""The app in a browser, by textual-serve: nobody gets in without the token of the address."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from aiohttp import web
from textual_serve.server import Server

from tui.commands.answer import say

if TYPE_CHECKING:
    from aiohttp.typedefs import Handler

TRY_S = 0.05  # between two looks whether the server answers yet
REFUSED = "Wrong token, or none. Open the address that `quantdeck serve` has printed, token included.\n"
HEADERS = {
    "Referrer-Policy": "no-referrer",  # the address has the token in it
    "X-Frame-Options": "DENY",
    "Cache-Control": "no-store",
    "Content-Security-Policy": "style-src 'self' 'unsafe-inline'; font-src 'self' data:",  # ours alone
}


class Guarded(Server):
    """A server that answers whoever has the token: in the address at first, in a cookie from then on."""

    def __init__(self, command: str, host: str, port: int, public_url: str | None) -> None:
        """`command` starts the app, for each page that is opened anew."""
        page = Path(__file__).with_name("page")
        super().__init__(command, host, port, title="quantdeck", public_url=public_url, templates_path=page)
        self.token = secrets.token_urlsafe(24)
        self.cookie = f"quantdeck-{port}"
        self.announcing: asyncio.Task[None] | None = None

    @property
    def address(self) -> str:
        """What is to be opened."""
        return f"{self.public_url}/?token={self.token}"

    def initialize_logging(self) -> None:
        """Only what goes wrong is told."""
        logging.basicConfig(level="WARNING", format="%(message)s")

    async def on_startup(self, app: web.Application) -> None:
        """Put the guard before every page, socket and download."""

        @web.middleware
        async def guarded(request: web.Request, handler: Handler) -> web.StreamResponse:
            return await self.guard(request, handler)

        app.middlewares.append(guarded)
        self.announcing = asyncio.create_task(self.announce())

    async def on_shutdown(self, app: web.Application) -> None:  # noqa: ARG002
        """Wait for nobody any more."""
        if self.announcing:
            self.announcing.cancel()

    async def announce(self) -> None:
        """Say where to look, as soon as one is answered there."""
        while True:
            with contextlib.suppress(OSError):
                _, writer = await asyncio.open_connection(self.host, self.port)
                writer.close()
                break
            await asyncio.sleep(TRY_S)
        say(f"Open {self.address}")
        say("Each page is a terminal of its own; runs go on when it is closed. ctrl+c ends this.")

    async def guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Refuse who lacks the token, and pages of other sites that would use the cookie."""
        shown = request.query.get("token", "")
        known = shown or request.cookies.get(self.cookie, "")
        origin = request.headers.get("Origin", "")
        strange = origin and urlsplit(origin).netloc not in (request.host, urlsplit(self.public_url).netloc)
        if strange or not secrets.compare_digest(known.encode(), self.token.encode()):
            return web.Response(status=403, text=REFUSED, headers=HEADERS)
        response = await handler(request)
        if not response.prepared:  # a socket and a download have been answered already
            response.headers.update(HEADERS)
            if shown:
                response.set_cookie(self.cookie, self.token, httponly=True, samesite="Strict")
        return response
