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

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable

    from numpy.typing import NDArray

    from engine.market.ranges import Range

# (N, 1 + C) float64: time in ms, then the values; NaN where the exchange sent none
Rows: TypeAlias = "NDArray[np.float64]"

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
NONE: Rows = np.empty((0, 1))
JUMPING = ("binance", "binanceusdm")  # candles and funding begin with the first row from `since` on


@dataclass(frozen=True)
class Page:
    """Rows in order of time, duplicates included, and the range that they are all of, as was answered."""

    rows: Rows
    answered: Range  # [from_ms, to_ms)


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


async def pages(history: History, wanted: Range, now_ms: int) -> AsyncGenerator[Page]:
    """What the exchange has of the wanted range, page by page, in order; raises what `ask` raises.

    What it shows no rows for counts as answered only where later rows came, or, for rows off a grid, up to a
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
