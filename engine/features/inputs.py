"""The rows that features are computed from, and the few operations that respect their gaps.

All columns run over the whole market at once; `lag`, `rolling` and `recursive` are the only ways to
look at other rows, they look back only, and they stop at gaps and at missing values. A formula made
of them and of row-by-row arithmetic can therefore neither bridge a gap nor see the future.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import talib

from engine.market.merge import Market, segments
from engine.market.times import milliseconds

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

Column = npt.NDArray[np.float64]

# Rolling sums start afresh after this many bars, so that the rounding of one huge value cannot stay in
# every later sum.
RESTART = 4096


@dataclass(frozen=True, eq=False)
class Bars:
    """T rows in S segments of consecutive bars.

    time: (T,) int64, open times in ms; columns: name → (T,) float64, read-only, NaN where missing;
    starts, stops: (S,), the half-open row ranges of the segments, in order, covering all rows.
    """

    time: npt.NDArray[np.int64]
    columns: Mapping[str, Column]
    starts: npt.NDArray[np.intp]
    stops: npt.NDArray[np.intp]

    @classmethod
    def of(cls, market: Market) -> Bars:
        """The rows of a merged market; its flags are no column."""
        frame, parts = market.frame, segments(market.numbers)
        names = [name for name in frame.columns if name != "flag"]
        return cls(
            time=frozen(milliseconds(frame.index)),
            columns={name: frozen(frame[name].to_numpy(np.float64)) for name in names},
            starts=np.array([part.start for part in parts], dtype=np.intp),
            stops=np.array([part.stop for part in parts], dtype=np.intp),
        )

    def part(self, start: int, stop: int, names: tuple[str, ...]) -> Bars:
        """The rows start … stop of one segment, with the named columns only."""
        columns = {name: self[name][start:stop] for name in names}
        whole = np.array([0], dtype=np.intp), np.array([stop - start], dtype=np.intp)
        return Bars(self.time[start:stop], columns, *whole)

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
        """ln(close) - ln(close one bar before), (T,), NaN in the first row of each segment."""
        return self.change(self.log_close, 1)

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
        """How many bars of the same segment lie before each row, (T,)."""
        return np.arange(len(self)) - np.repeat(self.starts, self.stops - self.starts)

    def lag(self, values: Column, bars: int) -> Column:
        """Values of `bars` rows before, (T,), NaN in the first `bars` rows of each segment."""
        before = np.empty_like(values)
        before[bars:] = values[: max(len(self) - bars, 0)]
        before[:bars] = np.nan
        if len(self.starts) > 1:
            before[self.age < bars] = np.nan
        return before

    def change(self, values: Column, bars: int) -> Column:
        """Values minus those of `bars` rows before, (T,)."""
        return values - self.lag(values, bars)

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

        It starts afresh after each gap and each missing value; `warm_up` = rows before its first value.
        """
        result = np.full(len(self), np.nan)
        for start, stop in self.runs(*inputs, longer_than=warm_up):
            result[start:stop] = function(*(values[start:stop] for values in inputs), **options)
        return result

    def runs(self, *inputs: Column, longer_than: int) -> Iterator[tuple[int, int]]:
        """Row ranges, longer than so many rows, of consecutive bars with all inputs there."""
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
