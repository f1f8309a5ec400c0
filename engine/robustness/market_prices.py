"""Prices as the trial ledger keeps them, and the markets in it that are the same under whatever name."""

from __future__ import annotations

import hashlib
import json
import zlib
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Self

import numpy as np

from engine.runs.earlier_ledger import same_candles
from engine.runs.trial_ledger import without_timeframe
from engine.runs.trial_store import Series
from engine.statistics.same_market import HourlyPrices, same_market

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.backtest.bars import Bars

GRID_MS, MOST_CLOSES = 60_000, 100


@dataclass(frozen=True, eq=False)
class MarketPrices:
    """What bars hold.

    digest: hash of all times and prices. hours: at each phase that the bars allow, the usual one first.
    closes: a sample of the closes, 100 at most, by the open time in ms, on a grid, so that spans that overlap
    have times in common.
    """

    digest: str
    hours: tuple[HourlyPrices, ...]
    closes: dict[str, str]

    @classmethod
    def of(cls, bars: Bars) -> Self:
        """Of the bars of a span."""
        time_ms = bars.time.astype(np.int64)  # (B,)
        content = (time_ms, bars.open, bars.high, bars.low, bars.close)
        digest = hashlib.sha256(b"".join(values.tobytes() for values in content)).hexdigest()
        grid = GRID_MS
        while len(rows := np.flatnonzero(time_ms % grid == 0)) > MOST_CLOSES:
            grid *= 2
        closes = {str(time_ms[row]): f"{bars.close[row]:.7g}" for row in rows}
        hours = HourlyPrices.phases(bars.calendar.ends(time_ms), bars.close)
        return cls(digest, tuple(hours), closes)

    def series(self, name: str, from_ms: int, to_ms: int) -> Series:
        """As the ledger keeps it, of a market that is not yet known."""
        return Series(self.digest, name, 0, from_ms, to_ms, packed(self.hours[0]), json.dumps(self.closes))

    def same(self, series: Series, others: Sequence[Series]) -> set[int]:
        """The markets that these prices, as `series`, are of.

        Each market is held against once, by its prices that have most hours in common: equal bars, or
        the rule of `same_market`; where too few hours are common, by name.
        """
        name, found = without_timeframe(series.name), set()
        for market in {other.market for other in others}:
            members = [other for other in others if other.market == market]
            named = any(without_timeframe(member.name) == name for member in members)
            if self._copied(series, members) or self._ruled(series, members, named=named):
                found.add(market)
        return found

    def _copied(self, series: Series, members: Sequence[Series]) -> bool:
        """Whether the very bars are there, or those whose sampled closes are."""
        return any(
            member.data == series.data or same_candles(self.closes, json.loads(member.closes))
            for member in members
        )

    def _ruled(self, series: Series, members: Sequence[Series], *, named: bool) -> bool:
        """Whether the rule says that they are one market; by name where it cannot tell."""
        with_prices = [member for member in members if member.prices]
        if not with_prices:
            return named
        most = max(with_prices, key=partial(common_hours, series))
        known, recognised = unpacked(most.prices), None
        for hours in self.hours:
            recognised = same_market(hours, known)
            if recognised is not False:
                break
        return named if recognised is None else recognised


def common_hours(first: Series, second: Series) -> float:
    """How many hours of the second are in the first's span, as far as the size of its prices tells."""
    common = min(first.to_ms, second.to_ms) - max(first.from_ms, second.from_ms)
    return len(second.prices) * max(common, 0) / max(second.to_ms - second.from_ms, 1)


def packed(prices: HourlyPrices) -> bytes:
    """Hours as int32 steps and closes as float32, compressed."""
    steps = np.diff(prices.hour, prepend=0).astype(np.int32)
    return zlib.compress(steps.tobytes() + prices.close.astype(np.float32).tobytes())


def unpacked(content: bytes) -> HourlyPrices:
    """What `packed` packed."""
    raw = zlib.decompress(content)
    steps, closes = (
        np.frombuffer(raw[: len(raw) // 2], np.int32),
        np.frombuffer(raw[len(raw) // 2 :], np.float32),
    )
    return HourlyPrices(np.cumsum(steps, dtype=np.int64), closes.astype(np.float64))
