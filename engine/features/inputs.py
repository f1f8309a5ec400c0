"""The rows that features are computed from, and the few operations that respect their gaps.

All columns run over the whole market at once; `lag`, `as_of`, `rolling` and `recursive` are the only ways
to look at other rows, they look back only, and they stop at the ends of segments and at missing values. A
formula made of them and of row-by-row arithmetic can therefore not see the future, and bridges no gap but
those that `bridging` lets it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import talib

from engine.market.times import milliseconds

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    import pandas as pd

    from engine.market.merge import Market

Column = npt.NDArray[np.float64]

# Rolling sums start afresh after this many bars, so that the rounding of one huge value cannot stay in
# every later sum.
RESTART = 4096


@dataclass(frozen=True, eq=False)
class Bars:
    """T rows in S segments, of consecutive bars unless gaps are bridged.

    time: (T,) int64, open times in ms; number: (T,) int64, one more for each next bar, more after a gap;
    columns: name → (T,) float64, read-only, NaN where missing; starts: (S,), the first row of each segment.
    """

    time: npt.NDArray[np.int64]
    number: npt.NDArray[np.int64]
    columns: Mapping[str, Column]
    starts: npt.NDArray[np.intp]

    @classmethod
    def of(cls, market: Market) -> Bars:
        """The rows of a merged market; its flags are no column."""
        return cls.from_frame(market.frame, market.numbers)

    @classmethod
    def from_frame(cls, frame: pd.DataFrame, number: npt.NDArray[np.int64]) -> Bars:
        """The rows of candles and of what joins them, (T,), with their numbers; flags are no column."""
        begins = np.diff(number, prepend=number[:1] - 2) > 1  # (T,)
        names = [name for name in frame.columns if name != "flag"]
        columns = {name: frozen(frame[name].to_numpy(np.float64)) for name in names}
        return cls(frozen(milliseconds(frame.index)), frozen(number), columns, np.flatnonzero(begins))

    def part(self, start: int, stop: int, names: tuple[str, ...]) -> Bars:
        """The rows start … stop of one segment, with the named columns only."""
        columns = {name: self[name][start:stop] for name in names}
        return Bars(self.time[start:stop], self.number[start:stop], columns, np.zeros(1, dtype=np.intp))

    @cached_property
    def stops(self) -> npt.NDArray[np.intp]:
        """The row after the last of each segment, (S,)."""
        return np.append(self.starts[1:], len(self))[: len(self.starts)]

    @cached_property
    def missing(self) -> npt.NDArray[np.int64]:
        """How many bars are missing before each segment but the first, (S - 1,)."""
        return self.number[self.starts[1:]] - self.number[self.starts[1:] - 1] - 1

    def bridging(self, longest: int) -> Bars:
        """The same rows, their segments going on over gaps of at most so many bars."""
        kept = np.flatnonzero(self.missing > longest) + 1
        if len(kept) == len(self.missing):
            return self
        if len(kept) not in self._bridged:
            self._bridged[len(kept)] = replace(self, starts=self.starts[np.append(0, kept)])
        return self._bridged[len(kept)]

    @cached_property
    def _bridged(self) -> dict[int, Bars]:
        return {}

    def __len__(self) -> int:
        """T."""
        return len(self.time)

    def __getitem__(self, name: str) -> Column:
        """A column by name, (T,). Raises KeyError."""
        if name not in self.columns:
            raise KeyError(f"{name!r}; there are {', '.join(self.columns)}, others have to stand in needs")
        return self.columns[name]

    @property
    def open(self) -> Column:
        """First price of each bar, (T,)."""
        return self["open"]

    @property
    def high(self) -> Column:
        """Highest price of each bar, (T,)."""
        return self["high"]

    @property
    def low(self) -> Column:
        """Lowest price of each bar, (T,)."""
        return self["low"]

    @property
    def close(self) -> Column:
        """Last price of each bar, (T,)."""
        return self["close"]

    @property
    def volume(self) -> Column:
        """Traded amount of each bar in the base currency, (T,)."""
        return self["volume"]

    @cached_property
    def log_close(self) -> Column:
        """ln(close), (T,)."""
        return np.log(self.close)

    @cached_property
    def log_return(self) -> Column:
        """ln(close / close of the row before) per √bar, (T,), NaN in the first row of each segment."""
        return self.change(self.log_close, 1) / np.sqrt(self.elapsed(1))

    @cached_property
    def gapped(self) -> npt.NDArray[np.intp]:
        """The rows that follow a gap within their segment."""
        return np.setdiff1d(np.flatnonzero(np.diff(self.number) > 1) + 1, self.starts)

    @cached_property
    def log_range(self) -> Column:
        """ln(high / low), (T,)."""
        return np.log(self.high / self.low)

    def volatility(self, span: int) -> Column:
        """Standard deviation of the last `span` one-bar log returns, ddof 1, per bar, (T,)."""
        if span not in self._volatilities:
            self._volatilities[span] = self.deviation(self.log_return, span)
        return self._volatilities[span]

    @cached_property
    def _volatilities(self) -> dict[int, Column]:
        return {}

    @cached_property
    def longer(self) -> dict[int, Bars]:
        """Bars of longer candles made of these, by their length in ms; as they are asked for."""
        return {}

    @cached_property
    def age(self) -> npt.NDArray[np.intp]:
        """How many rows of the same segment lie before each, (T,)."""
        return np.arange(len(self)) - np.repeat(self.starts, self.stops - self.starts)

    def lag(self, values: Column, bars: int) -> Column:
        """Values of `bars` rows before, (T,), NaN in the first `bars` rows of each segment."""
        before = np.empty_like(values)
        before[bars:] = values[: max(len(self) - bars, 0)]
        before[:bars] = np.nan
        if len(self.starts) > 1:
            before[self.age < bars] = np.nan
        return before

    def as_of(self, values: Column, bars: int) -> Column:
        """The values known `bars` bars before: where that bar is missing, those of the last one before it.

        (T,), NaN in the first `bars` rows of each segment.
        """
        if not len(self.gapped):
            return self.lag(values, bars)
        row = np.searchsorted(self.number, self.number - bars, side="right") - 1  # (T,)
        return np.where(self.age < bars, np.nan, values[row])

    def elapsed(self, bars: int) -> Column | int:
        """How many bars before each row the one lies that `as_of` sees, (T,); `bars` without a gap."""
        return self.number - self.as_of(self.number.astype(np.float64), bars) if len(self.gapped) else bars

    def change(self, values: Column, bars: int) -> Column:
        """Values minus those known `bars` bars before, (T,)."""
        return values - self.as_of(values, bars)

    def mean(self, values: Column, span: int) -> Column:
        """Mean over the last `span` rows, (T,)."""
        return self.rolling(talib.SMA, values, span)

    def deviation(self, values: Column, span: int) -> Column:
        """Standard deviation over the last `span` rows, ddof 1, (T,); exactly 0 where all are equal."""
        return self.rolling(talib.STDDEV, values, span) * math.sqrt(span / (span - 1))

    def z_score(self, values: Column, span: int) -> Column:
        """Values less their mean, in standard deviations, over `span` rows, (T,); 0 if they are equal."""
        score = ratio(values - self.mean(values, span), self.deviation(values, span))
        most = (span - 1) / math.sqrt(span)  # no value of `span` can lie further out; rounding could
        return np.clip(score, -most, most)

    def rolling(self, function: Callable[..., Column], values: Column, span: int) -> Column:
        """A function of the last `span` rows, such as talib.MAX, (T,).

        NaN while fewer than `span` consecutive values are there: a missing value leaves the next
        `span` - 1 rows without one, and no more.
        """
        result = np.full(len(self), np.nan)
        for start, stop in self.runs(values, longer_than=span - 1):
            for first in range(start, stop - span + 1, RESTART):
                last = min(first + RESTART + span - 1, stop)
                result[first + span - 1 : last] = function(values[first:last], span)[span - 1 :]
        return result

    def recursive(
        self, function: Callable[..., Any], *inputs: Column, warm_up: int, **options: int
    ) -> Column:
        """A function that remembers all rows since the run's start, such as talib.EMA, (T,).

        It starts afresh in each segment and after a missing value; `warm_up` = rows before its first value.
        """
        result = np.full(len(self), np.nan)
        for start, stop in self.runs(*inputs, longer_than=warm_up):
            result[start:stop] = function(*(values[start:stop] for values in inputs), **options)
        return result

    def runs(self, *inputs: Column, longer_than: int) -> Iterator[tuple[int, int]]:
        """Row ranges, longer than so many rows, of one segment each with all inputs there."""
        starts, stops = self.starts, self.stops
        missing = np.isnan(inputs[0])
        for values in inputs[1:]:
            missing |= np.isnan(values)
        if missing.any():
            first, last = ~missing, ~missing  # (T,) rows that begin and that end a range
            first[1:] &= missing[:-1]
            last[:-1] &= missing[1:]
            first[starts], last[stops - 1] = ~missing[starts], ~missing[stops - 1]
            starts, stops = np.flatnonzero(first), np.flatnonzero(last) + 1
        long = stops - starts > longer_than
        return zip(starts[long].tolist(), stops[long].tolist(), strict=True)


def frozen(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """The same values, contiguous and read-only."""
    kept = np.ascontiguousarray(values).view()
    kept.flags.writeable = False
    return kept


def ratio(above: Column, below: Column) -> Column:
    """Quotient, (T,), and 0 where below is 0."""
    with np.errstate(divide="ignore", invalid="ignore"):
        quotient: Column = above / below
    zero = below == 0
    if zero.any():
        quotient[zero] = np.where(np.isnan(above[zero]), np.nan, 0.0)
    return quotient


def log_ratio(above: Column, below: Column) -> Column:
    """Log of the quotient, (T,), and 0 where either is 0 or less."""
    with np.errstate(divide="ignore", invalid="ignore"):
        quotient = above / below
    quotient[((above <= 0) | (below <= 0)) & ~np.isnan(above + below)] = 1.0
    return np.log(quotient)
