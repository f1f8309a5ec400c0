"""The bars that a simulation walks over."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from engine.errors import RepairDataError
from engine.market.calendar import Calendar
from engine.market.funding import FundingDue
from engine.market.spacing import HOUR_MS, usual
from engine.market.times import milliseconds

Floats = NDArray[np.float64]
Times = NDArray[np.datetime64]
DUE_LATER = ("funding_paid", "funding_received")  # of Bars: what most markets have none of

ARRAYS = (
    "open", "high", "low", "close", "volume", "forecast_volatility", "previous_close", "funding", *DUE_LATER,
)  # fmt: skip
UNKNOWN = Calendar(0)


@dataclass(frozen=True)
class Bars:
    """Arrays of length T, one entry a bar, in time's order.

    time                 open time of the bar, datetime64[ms], UTC (integers are read as milliseconds)
    open high low close  prices above 0
    volume               in units of what is traded; NaN counts as 0
    forecast_volatility  standard deviation of one bar's return, from rows up to t-1; NaN where not known
    previous_close       close of row t-1, the price of a same-close fill; NaN where not known
    funding              sum of the funding rates that the position carried in is due, as a share of the open
    funding_paid         sum of the positive rates due later within the bar, to the position after the fill
    funding_received     sum of the negative ones; empty, it and the one above are 0 in every bar
    calendar             of the market; where none is given, one that never closes

    Raises RepairDataError if the lengths differ, a price is not a number above 0, or time does not rise.
    """

    time: Times
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats
    forecast_volatility: Floats
    previous_close: Floats
    funding: Floats
    funding_paid: Floats = field(default_factory=lambda: np.zeros(0))
    funding_received: Floats = field(default_factory=lambda: np.zeros(0))
    calendar: Calendar = UNKNOWN

    def __post_init__(self) -> None:
        object.__setattr__(self, "time", np.asarray(self.time).astype("datetime64[ms]", copy=False))
        for name in ARRAYS:
            given = np.ascontiguousarray(getattr(self, name), dtype=np.float64)
            if name in DUE_LATER and not len(given):
                given = np.zeros(len(self))
            object.__setattr__(self, name, np.nan_to_num(given) if name == "volume" else given)
        lengths = {len(getattr(self, name)) for name in ("time", *ARRAYS)}
        if len(lengths) != 1:
            raise RepairDataError("bars", f"their columns have different lengths: {sorted(lengths)}")
        if len(self) == 0:
            raise RepairDataError("bars", "there is none", "Widen the span")
        for name in ("open", "high", "low", "close"):
            prices = getattr(self, name)
            if not (prices.min() > 0 and prices.max() < np.inf):  # a NaN fails both
                raise RepairDataError(
                    "bars", f"{name} is not a price above 0 in every bar", "Check the series"
                )
        if not bool((self.time[1:] > self.time[:-1]).all()):
            raise RepairDataError("bars", "their times do not rise from row to row", "Check the series")
        if not np.isfinite(self.funding.sum() + self.funding_paid.sum() + self.funding_received.sum()):
            raise RepairDataError("bars", "funding is not a number in every bar", "Use 0 where none is due")
        if self.calendar == UNKNOWN:
            step_ms = usual(np.diff(self.time).astype(np.int64)) or HOUR_MS
            object.__setattr__(self, "calendar", Calendar(step_ms))

    def __len__(self) -> int:
        """T, the number of bars."""
        return len(self.time)

    @cached_property
    def funded_later(self) -> bool:
        """Whether any funding falls due within a bar."""
        return bool(self.funding_paid.any() or self.funding_received.any())

    @cached_property
    def funded(self) -> bool:
        """Whether any funding is due."""
        return bool(self.funding.any()) or self.funded_later

    def rows(self, where: slice) -> Self:
        """The bars of a slice; what is known before the first of them is kept."""
        return replace(self, **{name: getattr(self, name)[where] for name in ("time", *ARRAYS)})

    @cached_property
    def elapsed(self) -> Floats:
        """How long a position that is held at the bar's close is lent, in bars: 1 and more over closed hours.

        (T,) From the bar's open to the next one's; 1 for the last.
        """
        opens = self.time.astype(np.int64)  # (T,)
        return np.diff(opens, append=opens[-1:] + self.calendar.step_ms) / self.calendar.step_ms

    @classmethod
    def of(
        cls,
        frame: pd.DataFrame,
        volatility_span: int,
        funding: FundingDue | None = None,
        calendar: Calendar = UNKNOWN,
    ) -> Self:
        """Bars from a candles frame (index `time`; open, high, low, close, volume).

        Make them of the whole market and take `rows` of the test span, so that the first forecast
        volatility and the first previous close are known. funding: of T bars, None means none.
        """
        close = frame["close"].to_numpy(np.float64)
        due = funding or FundingDue.none(len(frame))
        return cls(
            time=milliseconds(frame.index).astype("datetime64[ms]"),
            **{name: frame[name].to_numpy(np.float64) for name in ("open", "high", "low", "close", "volume")},
            forecast_volatility=forecast_volatility(close, volatility_span),
            previous_close=np.concatenate([[np.nan], close[:-1]]),
            funding=due.carried,
            funding_paid=due.paid,
            funding_received=due.received,
            calendar=calendar,
        )


def bars_of(frame: pd.DataFrame, calendar: str) -> Bars:
    """Bars from a frame with the columns ARRAYS, DUE_LATER perhaps left out, and their calendar as a text."""
    time_ms = milliseconds(frame.index)
    columns = {name: frame[name].to_numpy() for name in ARRAYS if name in frame}
    bars = Bars(time=time_ms.astype("datetime64[ms]"), calendar=UNKNOWN, **columns)
    return replace(bars, calendar=Calendar.parse(calendar, bars.calendar.step_ms))


def forecast_volatility(close: NDArray[Any], span: int) -> Floats:
    """Standard deviation (ddof 1) of the last `span` bar returns that end at row t-1: (T,) for (T,) closes.

    NaN for the first span + 1 rows; no row from t on moves the value of row t.
    """
    returns = pd.Series(close).pct_change()  # (T,) the return of row t ends at close[t]
    return returns.rolling(span).std().shift(1).to_numpy(np.float64)
