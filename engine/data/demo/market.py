"""A simulated market: candles, funding rates and open interest made from a seed. SIMULATED, never real.

Nothing here reads a clock: a series has no end, and what lies after `now` is the caller's to withhold.
The candle at a time is the same whatever range is asked for and whenever. How prices come about,
and what of them can be predicted, is told in `paths`; everything else (highs, lows, volume, basis,
funding, open interest, the second exchange) is made from the past and from noise of its own, so that
with edge 0 no column says anything about the next return.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np

from engine.data.demo.bars import (
    PERPETUAL,
    SECOND,
    SPOT,
    Candles,
    Times,
    combine,
    cut,
    make_bars,
    ticks,
    unfinished,
)
from engine.data.demo.paths import BASES, BLOCK, FURTHER, HOUR_MS, ORIGIN_MS, Array, FurtherPaths, Paths
from engine.errors import ChangeSettingsError

if TYPE_CHECKING:
    from collections.abc import Mapping
from engine.settings import TIMEFRAME_MS

SYMBOLS = {
    **{f"{base}/USDT": (row, SPOT) for row, base in enumerate((*BASES, *FURTHER))},
    **{f"{base}/USDT:USDT": (row, PERPETUAL) for row, base in enumerate((*BASES, *FURTHER))},
}
OWN_SEED = 2**31  # above all seeds of markets: a further base's own seed begins there
DAY_MS = 24 * HOUR_MS
FUNDING_MS = 8 * HOUR_MS
FUNDING_FROM_MS = ORIGIN_MS + 2 * DAY_MS
FUNDING_BASE, FUNDING_PREMIUM, FUNDING_TREND, FUNDING_CAP = 0.0001, 0.5, 0.01, 0.0075
CONTRACTS = np.array([90_000.0, 900_000.0])  # (base,) level of open interest, in base


class Funding(NamedTuple):
    """Funding rates; a long pays a positive one."""

    time: Times  # (T,) stamp, ms; some milliseconds late, as on a real exchange
    rate: Array  # (T,) share of notional
    mark_price: Array  # (T,) quote currency


class OpenInterest(NamedTuple):
    """Open interest at the stamps."""

    time: Times  # (T,) ms
    contracts: Array  # (T,) base currency
    value: Array  # (T,) quote currency


class World(NamedTuple):
    """Where a base's prices come from: paths, which of their bases it is, the seed of all else, its edge."""

    paths: Paths
    row: int
    seed: int
    edge: float


class DemoMarket:
    """BTC, ETH and others against USDT: spot, perpetuals, and the spot market of a second exchange."""

    def __init__(
        self, seed: int, edge: float, timeframe: str, correlation: float = 0.5, edge_in: str = ""
    ) -> None:
        """Make the market of a seed.

        `edge` in [0, 0.9] is the correlation of a bar's normalised return with what is known before it;
        `timeframe` is the bar that the market is made of: coarser multiples of it can be had, finer cannot.
        `correlation` is that of the noise of any two bases of FURTHER, of which only `edge_in` has the edge
        if one is named. Raises ChangeSettingsError for a seed, edge, base or timeframe outside that.
        """
        if seed < 0:
            raise ChangeSettingsError("demo.seed", f"is {seed}, below 0", "Use 0 or a positive whole number")
        if not 0 <= edge <= 0.9:
            raise ChangeSettingsError(
                "demo.edge", f"is {edge}, outside 0 … 0.9", "Use a correlation such as 0.05"
            )
        if timeframe not in TIMEFRAME_MS:
            raise ChangeSettingsError(
                "data.timeframe", f"{timeframe} is unknown", f"Use {', '.join(TIMEFRAME_MS)}"
            )
        if edge_in and edge_in not in FURTHER:
            raise ChangeSettingsError(
                "demo.edge_in", f"{edge_in} is unknown", f"Use one of {', '.join(FURTHER)}"
            )
        self.seed, self.edge, self.timeframe = seed, edge, timeframe
        self.step_ms = TIMEFRAME_MS[timeframe]
        self._correlation, self._edge_in = correlation, edge_in
        self._paths = Paths(seed, edge, self.step_ms)
        self._world = lru_cache(maxsize=None)(self._make_world)
        self._bars = lru_cache(maxsize=8)(self._make_bars)

    def serves(self, timeframe: str) -> bool:
        """Whether the timeframe is the market's own or a multiple of it."""
        return timeframe in TIMEFRAME_MS and TIMEFRAME_MS[timeframe] % self.step_ms == 0

    def candles(
        self, symbol: str, timeframe: str, from_ms: int, to_ms: int, *, second: bool = False
    ) -> Candles:
        """Whole candles whose open time lies in [from_ms, to_ms) and not before the origin, 2019-01-01 UTC.

        `second` asks for the second exchange, which has spot only. Raises ChangeSettingsError for an unknown
        symbol or a timeframe that the market does not serve.
        """
        row, market = self._market(symbol, second=second)
        step = self._step(timeframe)
        bars = self._native(row, market, whole(from_ms, step), whole(to_ms, step))
        return combine(bars, step // self.step_ms)

    def open_candle(self, symbol: str, timeframe: str, now_ms: int, *, second: bool = False) -> Candles:
        """The candle still open at `now_ms`, as far as it has come; no row where no time has passed."""
        row, market = self._market(symbol, second=second)
        start, bar = (now_ms // step * step for step in (self._step(timeframe), self.step_ms))
        bars = self._native(row, market, start, bar + self.step_ms)
        share = (now_ms - bar) / self.step_ms
        if share and len(bars.time):
            world = self._world(row)
            draw = np.random.default_rng([world.seed, 1, bar // self.step_ms]).standard_normal()
            spread = self.volatility([bar], symbol)[0] * np.sqrt(1 - world.edge**2)
            bars = unfinished(bars, share, spread, draw)
        else:
            bars = cut(bars, slice(0, -1))
        return combine(bars, max(len(bars.time), 1))

    def funding(self, symbol: str, from_ms: int, to_ms: int) -> Funding:
        """Rates whose stamp lies in [from_ms, to_ms): every 8 h, made from what was known then."""
        row = self._perpetual(symbol)
        first = max(from_ms, FUNDING_FROM_MS) // FUNDING_MS
        numbers = np.arange(first, whole(to_ms, FUNDING_MS) // FUNDING_MS, dtype=np.int64)  # (T,)
        time = numbers * FUNDING_MS + numbers * 7 % 20  # (T,)
        inside = (time >= from_ms) & (time < to_ms)
        stamps, time = numbers[inside] * FUNDING_MS, time[inside]
        last, earlier = (self._before(moment, "log_price", row) for moment in (stamps, stamps - DAY_MS))
        premium = self._before(stamps, "deviation", row)
        rate = FUNDING_BASE + FUNDING_PREMIUM * premium + FUNDING_TREND * (last - earlier)
        return Funding(time, rate.clip(-FUNDING_CAP, FUNDING_CAP).round(8), ticks(np.exp(last + premium)))

    def open_interest(self, symbol: str, timeframe: str, from_ms: int, to_ms: int) -> OpenInterest:
        """Open interest at the timeframe's multiples in [from_ms, to_ms), from bars closed by then."""
        row, step = self._perpetual(symbol), self._step(timeframe)
        time = np.arange(max(whole(from_ms, step), ORIGIN_MS + step), to_ms, step, dtype=np.int64)  # (T,)
        contracts = np.round(CONTRACTS[self._world(row).row] * np.exp(self._before(time, "interest", row)), 3)
        mark = np.exp(self._before(time, "log_price", row) + self._before(time, "deviation", row))
        return OpenInterest(time, contracts, np.round(contracts * ticks(mark), 2))

    def conditional_mean(self, times: Times | list[int], symbol: str = "BTC/USDT") -> Array:
        """True expected return close/open - 1 of the bars that open at `times` (ms), given all before; (T,).

        What the simulation knows and a forecast can at best approach: expm1(edge · volatility · momentum).
        Raises ChangeSettingsError for times that are not open times of the market's own bars.
        """
        row, _ = self._market(symbol)
        momentum = self._bar_values(np.asarray(times), "momentum", row)
        mean: Array = np.expm1(self._world(row).edge * self.volatility(times, symbol) * momentum)
        return mean

    def volatility(self, times: Times | list[int], symbol: str = "BTC/USDT") -> Array:
        """True standard deviation of the log return of the bars that open at `times` (ms); (T,)."""
        return self._bar_values(np.asarray(times), "volatility", self._market(symbol)[0])

    def _make_world(self, row: int) -> World:
        if row < len(BASES):
            return World(self._paths, row, self.seed, self.edge)
        base, own = FURTHER[row - len(BASES)], OWN_SEED + self.seed * len(SYMBOLS) + row
        edge = self.edge if self._edge_in in ("", base) else 0.0
        paths = FurtherPaths(self.seed, own, edge, self.step_ms, self._correlation)
        return World(paths, 1, own, edge)

    def _market(self, symbol: str, *, second: bool = False) -> tuple[int, int]:
        served = {name: place for name, place in SYMBOLS.items() if not second or place[1] == SPOT}
        if symbol not in served:
            raise ChangeSettingsError(
                symbol, "is not on the simulated exchange", f"Use one of {', '.join(served)}"
            )
        row, market = served[symbol]
        return row, SECOND if second else market

    def _perpetual(self, symbol: str) -> int:
        row, market = self._market(symbol)
        if market != PERPETUAL:
            raise ChangeSettingsError(
                symbol, "is spot, it has no funding or open interest", f"Use {symbol}:USDT"
            )
        return row

    def _step(self, timeframe: str) -> int:
        if not self.serves(timeframe):
            reason = f"is no multiple of the simulated market's {self.timeframe}"
            raise ChangeSettingsError(f"timeframe {timeframe}", reason, "Use that or a coarser one")
        return TIMEFRAME_MS[timeframe]

    def _before(self, moments: Times, name: str, row: int) -> Array:
        """A path's values at the close of the last bar that closed by each moment; (T,)."""
        return self._bar_values((moments // self.step_ms - 1) * self.step_ms, name, row)

    def _bar_values(self, times: Times, name: str, row: int) -> Array:
        """A path's values of the bars that open at `times`; (T,)."""
        world = self._world(row)
        bars, rest = np.divmod(times - ORIGIN_MS, self.step_ms)  # (T,)
        if rest.any() or (bars < 0).any():
            raise ChangeSettingsError(
                "times", "are no open times of the market's bars", "Take them from its candles"
            )
        values = np.empty(len(bars))
        for number in np.unique(bars // BLOCK).tolist():
            here = bars // BLOCK == number
            array = getattr(world.paths.block(number), name)  # the perpetual's deviation stands first
            of_base = (array[0] if name == "deviation" else array)[world.row]  # (N,) or (N + 1,)
            values[here] = of_base[-BLOCK:][bars[here] % BLOCK]
        return values

    def _native(self, row: int, market: int, from_ms: int, to_ms: int) -> Candles:
        """Bars that open in [from_ms, to_ms), both on the grid; the arrays are the caller's own."""
        first, end = (max(moment - ORIGIN_MS, 0) // self.step_ms for moment in (from_ms, to_ms))
        count = max(end - first, 0)
        bars = Candles(np.empty(count, dtype=np.int64), *(np.empty(count) for _ in Candles._fields[1:]))
        done = 0
        while done < count:
            number, skip = divmod(first + done, BLOCK)
            part = cut(self._bars(row, market, number), slice(skip, skip + count - done))
            for column, values in zip(bars, part, strict=True):
                column[done : done + len(values)] = values
            done += len(part.time)
        return bars

    def _make_bars(self, row: int, market: int, number: int) -> Candles:
        world = self._world(row)
        path = world.paths.block(number)
        return make_bars(path, world.seed, world.edge, self.step_ms, number, world.row, market)


class Exchange(Protocol):
    """The running exchange, as the kinds of series that it serves see it."""

    market: DemoMarket

    def now(self) -> int:
        """The exchange's time, ms."""

    def interval(self, query: Mapping[str, str], name: str, known: tuple[str, ...]) -> str:
        """The length of a bar that a parameter names. Raises Refused."""


def whole(moment_ms: int, step_ms: int) -> int:
    """The first multiple of the step that is not before the moment."""
    return -(-moment_ms // step_ms) * step_ms
