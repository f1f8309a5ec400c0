"""HTTP answers within bounds: of a size that an exchange's have, and from the host that was asked."""

from __future__ import annotations

from typing import Any
from urllib.parse import urljoin, urlsplit

import aiohttp

MOST_BYTES = 64 << 20  # the longest list of markets, Binance's, has a quarter of it


class BoundedAnswer(aiohttp.ClientResponse):
    """An answer that is read to the end, or given up beyond MOST_BYTES, unpacked."""

    async def text(self, encoding: str | None = None, errors: str = "strict") -> str:
        """The whole text. Raises aiohttp.ClientPayloadError where there is too much of it."""
        parts, size = [], 0
        async for part in self.content.iter_any():
            size += len(part)
            if size > MOST_BYTES:
                self.close()
                raise aiohttp.ClientPayloadError(f"sends more than {MOST_BYTES >> 20} MB in one answer")
            parts.append(part)
        whole = b"".join(parts)
        try:
            return whole.decode(encoding or self.charset or "utf-8", errors)
        except LookupError:  # a charset that there is not
            return whole.decode("utf-8", errors)


async def refuse_other_host(_: Any, __: Any, redirect: aiohttp.TraceRequestRedirectParams) -> None:
    """Raise aiohttp.ClientPayloadError where an answer sends us on to another host."""
    target = urlsplit(urljoin(str(redirect.url), redirect.response.headers.get("Location", ""))).hostname
    if target != redirect.url.host:
        redirect.response.close()
        raise aiohttp.ClientPayloadError(f"sends us on to {target}, which is another host")


def bounded_session(connector: aiohttp.BaseConnector, *, trust_env: bool) -> aiohttp.ClientSession:
    """A session whose answers are within bounds. trust_env: whether proxies of the environment are taken."""
    trace = aiohttp.TraceConfig()
    trace.on_request_redirect.append(refuse_other_host)
    return aiohttp.ClientSession(
        connector=connector, response_class=BoundedAnswer, trace_configs=[trace], trust_env=trust_env
    )
