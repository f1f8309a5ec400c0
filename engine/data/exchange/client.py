"""One exchange through ccxt: polite, bounded in time, and deaf to garbage.

ccxt alone takes a cut-off or foreign answer for data, tries once, and reads no `Retry-After`. The
client here raises on every answer that is not whole JSON, retries with backoff and jitter within a time
limit, sends a host nothing before the time that it asked for, and says in words what cannot succeed.
"""

from __future__ import annotations

import asyncio
import difflib
import math
import random
import time
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar

from engine.compat.ccxt_exchange import exchange_class, exchange_ids, redirected, strict
from engine.data.exchange.answers import bounded_session
from engine.data.exchange.rate_limit import RateLimited, answered, host_slot, rest_s
from engine.errors import ChangeSettingsError, QuantdeckError, TryAgainError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

Answer = TypeVar("Answer")

BACKOFF_S = 0.5  # before the second try; doubles with each
LONGEST_BACKOFF_S = 30.0
CLOCK_S = 30.0  # a clock ahead by less may be a slow answer
WAKE_S = 1.0  # how often a waiting client looks whether somebody asked to stop
MARKET_TYPES = {  # those that a run can trade; options and dated futures cost requests
    "binance": ["spot"],  # its perpetuals are those of binanceusdm
    "bybit": ["spot", "linear", "inverse"],
    "okx": ["spot", "swap"],
}
DECIMAL_PLACES = 2  # ccxt's precision modes; the others give the step itself, or no step at all
TICK_SIZE = 4


class Client:
    """An open exchange. `ccxt` is ccxt's own object; go through `ask` to use it."""

    def __init__(
        self, ccxt: Any, retries: int, timeout_s: float, backoff_s: float, alive: Callable[[], None]
    ) -> None:
        """`alive` is called at least once a second of waiting; what it raises ends the waiting."""
        self.ccxt, self.id = ccxt, str(ccxt.id)
        self.retries, self.timeout_s, self.backoff_s, self.alive = retries, timeout_s, backoff_s, alive
        self._loading = asyncio.Lock()

    async def ask(self, call: Callable[[Any], Awaitable[Answer]]) -> Answer:
        """What `call(ccxt)` returns, tried at most `retries` times within retries · timeout seconds.

        Raises TryAgainError when the tries or the time are used up or the host wants a longer rest than that;
        ChangeSettingsError when the exchange says that the request itself is wrong or not allowed from here.
        """
        limit_s = self.retries * self.timeout_s
        deadline, tries, reason = time.monotonic() + limit_s, 0, "no answer"
        while tries < self.retries:
            try:
                async with asyncio.timeout(max(deadline - time.monotonic(), 0.0)):
                    return await call(self.ccxt)
            except QuantdeckError:
                raise
            except RateLimited:
                pause_s, reason = 0.0, reason if tries else "takes no requests for now"
            except Exception as error:  # noqa: BLE001  judged one by one; what is not foreseen passes through
                reason = failure_of(self.id, error)
                tries += 1
                jitter = random.SystemRandom().uniform(0.5, 1.5)
                pause_s = jitter * min(self.backoff_s * 2 ** (tries - 1), LONGEST_BACKOFF_S)
            pause_s = max(pause_s, rest_s(self.ccxt.last_host))
            if time.monotonic() + pause_s >= deadline:
                break
            if tries < self.retries:
                await self._wait(pause_s)
        reason = f"{reason} ({tries} {'try' if tries == 1 else 'tries'}, at most {limit_s:g} s)"
        raise TryAgainError(self.id, reason, advice(self.ccxt.last_host))

    async def market(self, symbol: str) -> dict[str, Any]:
        """What ccxt knows of a market. Raises ChangeSettingsError with near matches if there is none."""
        async with self._loading:
            if not self.ccxt.markets:
                await self.ask(load_markets)
        market: dict[str, Any] | None = self.ccxt.markets.get(symbol)
        if market is None:
            names = sorted(self.ccxt.markets)
            near = difflib.get_close_matches(symbol, names, 3, 0.5) or names[:3]
            hint = " (its perpetuals: binanceusdm)" if self.id == "binance" and ":" in symbol else ""
            raise ChangeSettingsError(
                symbol, f"{self.id} has no such market{hint}", f"Near: {', '.join(near)}"
            )
        return market

    def serves(self, method: str, what: str, timeframe: str = "") -> None:
        """Raise ChangeSettingsError unless the exchange has the method (ccxt's `has`) and the timeframe."""
        if not self.ccxt.has.get(method):
            raise ChangeSettingsError(self.id, f"has no history of {what}", "Choose another exchange")
        if timeframe and timeframe not in self.ccxt.timeframes:
            known = ", ".join(self.ccxt.timeframes)
            raise ChangeSettingsError(
                f"timeframe {timeframe}", f"{self.id} has no such {what}", f"Use one of {known}"
            )

    @property
    def ahead_ms(self) -> int:
        """How far this machine's clock is ahead of the exchange's, as its last answer told; 0 if hardly."""
        return int(1000 * self.ccxt.ahead_s) if self.ccxt.ahead_s > CLOCK_S else 0

    async def _wait(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            self.alive()
            await asyncio.sleep(min(left, WAKE_S))


@asynccontextmanager
async def open_exchange(
    exchange_id: str,
    endpoint: str = "",
    *,
    retries: int = 5,
    timeout_s: float = 20.0,
    backoff_s: float = BACKOFF_S,
    alive: Callable[[], None] = lambda: None,
) -> AsyncIterator[Client]:
    """A client of the ccxt exchange, closed on leaving. Sends nothing yet; needs no API key.

    `endpoint` (http://host:port/path) takes the place of scheme and host in all of its addresses.
    Raises ChangeSettingsError with near matches for an unknown id.
    """
    if exchange_id not in exchange_ids():
        near = difflib.get_close_matches(exchange_id, exchange_ids(), 3, 0.5) or ["binance", "bybit", "okx"]
        raise ChangeSettingsError(exchange_id, "ccxt has no such exchange", f"Near: {', '.join(near)}")
    settings: dict[str, Any] = {
        "enableRateLimit": True,
        "timeout": int(timeout_s * 1000),
        "aiohttp_trust_env": not endpoint,  # an own server is not behind the proxy
    }
    if exchange_id in MARKET_TYPES:
        settings["options"] = {"fetchMarkets": {"types": MARKET_TYPES[exchange_id]}}
    ccxt = strict(exchange_class(exchange_id), host_slot, answered, bounded_session)(settings)
    ccxt.has["fetchCurrencies"] = False  # not needed, and some exchanges want a key for it
    if endpoint:
        ccxt.urls["api"] = redirected(ccxt.urls["api"], endpoint.rstrip("/"))
        ccxt.timeout_on_exit = 0  # a rest for TLS to shut down in
    try:
        yield Client(ccxt, retries, timeout_s, backoff_s, alive)
    finally:
        await ccxt.close()


async def load_markets(ccxt: Any) -> None:
    """Load the exchange's list of markets; an empty one is garbage. Raises ccxt's errors."""
    from ccxt.base import errors

    if not await ccxt.load_markets(reload=True):
        raise errors.BadResponse(f"{ccxt.id} answered with an empty list of markets")


def failure_of(exchange_id: str, error: Exception) -> str:
    """Why a try failed, if another may succeed; else raises ChangeSettingsError, or the error itself."""
    from ccxt.base import errors

    text = f"{error.__cause__ or error}".splitlines()[0][:200] if f"{error.__cause__ or error}" else ""
    match error:
        case errors.AuthenticationError():
            why, remedy = f"wants an API key: {text}", "Choose another exchange"
            raise ChangeSettingsError(exchange_id, why, remedy) from error
        case errors.BadRequest() | errors.NotSupported() | errors.ArgumentsRequired():
            why, remedy = f"refuses the request: {text}", "Change what is asked for"
            raise ChangeSettingsError(exchange_id, why, remedy) from error
        case errors.RequestTimeout() | TimeoutError():
            return "did not answer in time"
        case errors.DDoSProtection():
            return "asks for fewer requests"
        case errors.BaseError():
            return text or type(error).__name__
        case (
            TypeError()
            | LookupError()
            | ValueError()
            | AttributeError()
            | ArithmeticError()
            | RecursionError()
        ):
            # ccxt reads JSON of another shape than the exchange's without looking.
            return f"answered with JSON of another shape ({type(error).__name__})"
    raise error


def advice(host: str) -> str:
    """What to do after the last try."""
    left = rest_s(host)
    if left > 0:
        again = datetime.now(UTC) + timedelta(seconds=left)
        return f"{host} takes requests again at {again:%Y-%m-%d %H:%M:%S} UTC"
    return "Check the network and try again"


def limits_of(market: Mapping[str, Any], precision_mode: int) -> dict[str, float]:
    """{minimum_notional, quantity_step} of a ccxt market, each only if it is told.

    minimum_notional in quote currency, quantity_step in units traded: where amounts are counted in
    contracts, the step of a contract's size.
    """
    smallest = above_zero(((market.get("limits") or {}).get("cost") or {}).get("min"))
    amount = (market.get("precision") or {}).get("amount")
    step = above_zero(amount) if precision_mode == TICK_SIZE else None
    if precision_mode == DECIMAL_PLACES and isinstance(amount, int | float) and math.isfinite(amount):
        step = 10.0**-amount
    if step and market.get("contract"):
        step *= above_zero(market.get("contractSize")) or 1.0
    limits = {"minimum_notional": smallest, "quantity_step": step}
    return {name: value for name, value in limits.items() if value}


def above_zero(value: Any) -> float | None:
    """The number, if it is one above 0."""
    proper = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if proper and 0 < value < math.inf else None
