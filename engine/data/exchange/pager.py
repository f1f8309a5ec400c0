"""Pages of a history, from any exchange that ccxt knows, in order and without gaps of our own making.

A history is asked for from a time on; the next request starts behind the last row received, so a page
that is shorter than asked for costs nothing but a request. Exchanges differ in what they answer where
they have nothing: some jump to the next rows however far (`jumps`), the others answer within a
window of so many steps, and there the first window with rows is sought by doubling and halving.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from engine.settings import TIMEFRAME_MS

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable

    from numpy.typing import NDArray

    from engine.data.exchange.client import Client
    from engine.market.ranges import Range

# (N, 1 + C) float64: time in ms, then the values; NaN where the exchange sent none
Rows: TypeAlias = "NDArray[np.float64]"

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
NONE: Rows = np.empty((0, 1))
OPEN_INTEREST_PERIODS = ("5m", "15m", "30m", "1h", "2h", "4h", "6h", "12h", "1d")


@dataclass(frozen=True)
class Limits:
    """What one request to an exchange brings at most; 0: what ccxt knows of it."""

    candles: int = 0
    funding: int = 100
    open_interest: int = 50
    open_interest_days: int = 0  # how far back open interest reaches; 0: not known
    jumps: bool = False  # candles and funding begin with the first row from `since` on, however far


LIMITS = {
    "binance": Limits(candles=1000, jumps=True),
    "binanceusdm": Limits(candles=1000, funding=1000, open_interest=500, open_interest_days=30, jumps=True),
    "bybit": Limits(candles=1000, funding=200, open_interest=200),
    "okx": Limits(candles=300, funding=100, open_interest=100),
    "coinbase": Limits(candles=300),
    "kraken": Limits(candles=720),  # the last 720 are all that it has
}


@dataclass(frozen=True)
class Page:
    """Rows in order of time, doubles included, and the range that is told to hold these and no others."""

    rows: Rows
    told: Range  # [from_ms, to_ms)


@dataclass(frozen=True)
class History:
    """How to ask one exchange for one series."""

    ask: Callable[[int, int], Awaitable[Rows]]  # (since_ms, rows wanted) → rows, in any order
    limit: int  # rows a request
    step_ms: int  # distance of rows, or less
    jumps: bool
    spaced: bool  # rows stand exactly on the grid of step_ms: the next one is not before last + step_ms
    reach_ms: int = 0  # the exchange has nothing older than this

    @property
    def window_ms(self) -> int:
        """The span that one request covers where the exchange does not jump."""
        return self.limit * self.step_ms


async def candles(client: Client, symbol: str, timeframe: str) -> History:
    """Rows (time, open, high, low, close, volume).

    Raises ChangeSettingsError as Client.market and serves do.
    """
    client.serves("fetchOHLCV", "candles", timeframe)
    await client.market(symbol)
    limits = LIMITS.get(client.id, Limits())
    limit = limits.candles or client.ccxt.feature_value(symbol, "fetchOHLCV", "limit", 100) or 100

    async def ask(since: int, count: int) -> Rows:
        rows = await client.ask(lambda ccxt: ccxt.fetch_ohlcv(symbol, timeframe, since, count))
        return table(rows, 6)

    return History(ask, int(limit), TIMEFRAME_MS[timeframe], limits.jumps, spaced=True)


async def funding(client: Client, symbol: str) -> History:
    """Rows (stamp, rate). Raises ChangeSettingsError as Client.market and serves do."""
    client.serves("fetchFundingRateHistory", "funding rates")
    await client.market(symbol)
    limits = LIMITS.get(client.id, Limits())

    async def ask(since: int, count: int) -> Rows:
        until = since + count * HOUR_MS
        window = {} if limits.jumps else {"after": str(until)} if client.id == "okx" else {"until": until - 1}
        rates = await client.ask(lambda ccxt: ccxt.fetch_funding_rate_history(symbol, since, count, window))
        return table([[rate["timestamp"], rate["fundingRate"]] for rate in rates], 2)

    # No exchange pays oftener than hourly, so a window of so many hours holds no more rows than a page.
    return History(ask, limits.funding, HOUR_MS, limits.jumps, spaced=False)


async def open_interest(client: Client, symbol: str, period: str, now_ms: int) -> History:
    """Rows (stamp, open interest in base currency).

    Raises ChangeSettingsError as Client.market and serves do.
    """
    client.serves("fetchOpenInterestHistory", "open interest")
    await client.market(symbol)
    limits, step_ms = LIMITS.get(client.id, Limits()), TIMEFRAME_MS[period]

    async def ask(since: int, count: int) -> Rows:
        window = {"until": since + count * step_ms - 1}
        stamps = await client.ask(
            lambda ccxt: ccxt.fetch_open_interest_history(symbol, period, since, count, window)
        )
        return table([[stamp["timestamp"], interest(stamp)] for stamp in stamps], 2)

    days = limits.open_interest_days
    reach_ms = now_ms - days * DAY_MS + step_ms if days else 0
    return History(ask, limits.open_interest, step_ms, jumps=False, spaced=True, reach_ms=reach_ms)


def open_interest_period(step_ms: int, *, simulated: bool) -> str:
    """The period of open interest that goes with candles of a step: the same, else the next finer one.

    The simulated exchange has nothing finer than its candles, so there the next coarser multiple.
    """
    periods = {TIMEFRAME_MS[name]: name for name in OPEN_INTEREST_PERIODS}
    finer = [period for period in periods if step_ms % period == 0]
    coarser = [period for period in periods if period % step_ms == 0]
    return periods[min(coarser) if simulated or not finer else max(finer)]


async def pages(history: History, wanted: Range, now_ms: int) -> AsyncGenerator[Page]:
    """What the exchange has of the wanted range, page by page, in order; raises what `ask` raises.

    What it shows no rows for counts as told only where later rows came, or, for rows off a grid, up to a
    day before `now_ms`: an exchange may publish late, and an empty answer may be a fault.
    """
    start, end = wanted
    if start < history.reach_ms:
        yield Page(NONE, (start, min(end, history.reach_ms)))
        start = history.reach_ms
    cursor, seen = start, False
    while cursor < end:
        count = history.limit
        if history.spaced:
            count = min(count, math.ceil((end - cursor) / history.step_ms))
        rows, full = await answer(history, cursor, count, now_ms)
        if not len(rows):
            cursor = end if history.jumps else await next_window(history, cursor, end, now_ms)
            continue
        last, seen = int(rows[-1, 0]), True
        cursor = (last // history.step_ms + 1) * history.step_ms if history.spaced else last + 1
        yield Page(rows[rows[:, 0] < end], (start, min(end, cursor)))
        start = cursor
        if not history.spaced and history.jumps and not full:
            break
    if seen and not history.spaced and start < min(end, now_ms - DAY_MS):
        yield Page(NONE, (start, min(end, now_ms - DAY_MS)))


async def answer(history: History, since: int, count: int, now_ms: int) -> tuple[Rows, bool]:
    """Rows from `since` on and not after now, in order of time; and whether the answer was a full one.

    That there are none is believed when it is said twice.
    """
    rows, full = NONE, False
    for _ in range(2):
        sent = await history.ask(since, count)
        rows, full = sent[(sent[:, 0] >= since) & (sent[:, 0] <= now_ms)], len(sent) >= count
        if len(rows):
            break
    if np.any(rows[1:, 0] <= rows[:-1, 0]):
        rows = rows[np.lexsort(rows.T[::-1])]  # by time, then by what they say: however they were sent
    return rows, full


async def next_window(history: History, empty: int, end: int, now_ms: int) -> int:
    """Where the first window with rows begins behind the empty one at `empty`; `end` if there is none.

    Looks 1, 2, 4, … windows ahead and then halves, so a market listed years after `empty` is found in a
    few requests.
    """

    async def holds(number: int) -> bool:
        rows, _ = await answer(history, empty + number * history.window_ms, history.limit, now_ms)
        return len(rows) > 0

    last = math.ceil((end - empty) / history.window_ms)  # the first window behind the end
    low, high = 0, 1
    while high < last and not await holds(high):
        low, high = high, 2 * high
    high = min(high, last)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if await holds(middle) else (middle, high)
    return min(empty + high * history.window_ms, end)


def table(rows: list[list[Any]], columns: int) -> Rows:
    """Rows of numbers; what is no number is NaN, and a row without a time lies in no range."""
    try:
        if set(map(len, rows)) <= {columns}:
            cells = itertools.chain.from_iterable(rows)
            return np.fromiter(cells, np.float64, columns * len(rows)).reshape(len(rows), columns)
    except (TypeError, ValueError):
        pass
    whole = [[*(row or []), *[None] * columns][:columns] for row in rows]
    numbers = [[cell if isinstance(cell, int | float) else math.nan for cell in row] for row in whole]
    return np.array(numbers, np.float64).reshape(len(rows), columns)


def interest(stamp: dict[str, Any]) -> Any:
    """Open interest in base currency, or what comes nearest: in contracts, else in quote currency."""
    told = (stamp.get(key) for key in ("baseVolume", "openInterestAmount", "openInterestValue"))
    return next((amount for amount in told if amount is not None), None)
