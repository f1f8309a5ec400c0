"""Merge: every series joined to the primary's candles as it was known at the time, never earlier.

The row with open time t is known at k = t + Δ. It sees of every other series the last value with
`available_at <= k`, and nothing if that is older than the series' staleness limit (definitions, Merge).
Rows and provenance up to a time depend on nothing that came after it; the one thing that a gap's end
decides is whether its filled rows exist at all.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from engine.errors import InternalError
from engine.market.candles import FILLED as FILLED_FLAG
from engine.market.candles import OHLCV
from engine.market.funding import FundingDue, due
from engine.market.hours import ALWAYS
from engine.market.times import milliseconds, time_index

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.market.calendar import Calendar

Floats: TypeAlias = NDArray[np.float64]
Times: TypeAlias = NDArray[np.int64]

OBSERVED, CARRIED, FILLED, MISSING = range(4)
NEVER_MS = -(2**61)


@dataclass(frozen=True, eq=False)
class Other:
    """A series besides the primary's candles.

    `name` becomes its column; `frame` is a values frame: index `time` (the stamp), columns `value` float64
    and `available_at` datetime64[ms, UTC]. A value counts for `staleness_ms` after it became known.
    The one named `funding` also makes up `Market.funding`, at the mark prices that it may have.
    """

    name: str
    frame: pd.DataFrame
    staleness_ms: int


@dataclass(frozen=True, eq=False)
class Market:
    """What is known of the market, bar by bar.

    frame: index `time` (T,), candle open times, datetime64[ms, UTC]; float64 columns open, high, low, close,
    volume, uint8 `flag`, then one float64 column an other, NaN where it is missing.
    provenance: same index; uint8 column `candles`, then one an other: OBSERVED became known within the bar,
    CARRIED before it, FILLED put in by the gap policy, MISSING not known or stale.
    funding: what is due on each bar.
    calendar tells Δ and which bars follow each other; simulated that any part of it comes from a simulator.
    """

    frame: pd.DataFrame
    provenance: pd.DataFrame
    calendar: Calendar
    simulated: bool
    funding: FundingDue

    @property
    def step_ms(self) -> int:
        """Δ, the length of a bar in ms."""
        return self.calendar.step_ms

    @cached_property
    def numbers(self) -> Times:
        """The number of each bar, (T,): 1 more for the bar that follows, and more after a gap."""
        return self.calendar.numbers(milliseconds(self.frame.index))

    @property
    def observed(self) -> NDArray[np.bool_]:
        """Which rows were a market, (T,); a filled one is input to features and windows, nothing else."""
        observed: NDArray[np.bool_] = self.provenance["candles"].to_numpy() != FILLED
        return observed

    def numbers_of(self, time_ms: Times) -> Times:
        """The numbers (M,) of the bars that open at these times, which are some of the market's."""
        return self.numbers[np.searchsorted(milliseconds(self.frame.index), time_ms)]

    def later_ms(self, time_ms: Times, bars: int) -> Times:
        """When the bar opens that is so many bars later than each of some of the market's, (M,) ms.

        In a gap that is the next bar there is; after the last one, when its calendar has that bar.
        """
        opens = milliseconds(self.frame.index)  # (T,)
        number = self.numbers_of(time_ms) + bars  # (M,)
        row = np.searchsorted(self.numbers, number)
        beyond = np.maximum(number - self.numbers[-1:], 0)  # (M,) bars after the last
        after = self.calendar.opens(self.calendar.places(opens[-1:]) + beyond, opens)
        return np.where(beyond > 0, after, opens[np.minimum(row, len(opens) - 1)])

    def rows(self, chosen: NDArray[np.bool_]) -> Market:
        """The market of the chosen rows, (T,) bool, alone."""
        return replace(
            self,
            frame=self.frame[chosen],
            provenance=self.provenance[chosen],
            funding=self.funding.rows(chosen),
        )


def merge(
    candles: pd.DataFrame, calendar: Calendar, others: Sequence[Other], fill_gaps: int, *, simulated: bool
) -> Market:
    """Join the others to the primary's complete candles, a checked candles frame.

    Gaps of at most `fill_gaps` bars are filled flat at the last close with volume 0 and the flag FILLED;
    longer ones stay open. Raises InternalError if two series share a name.
    """
    names = [*candles.columns, "candles", *(other.name for other in others)]
    if len(set(names)) < len(names):
        raise InternalError("merge", f"two of its series share a name: {', '.join(names)}")
    frame = filled(candles, calendar, fill_gaps)
    open_ms = milliseconds(frame.index)  # (T,)
    end_ms = calendar.ends(open_ms)  # (T,)
    filled_rows = (frame["flag"].to_numpy() & FILLED_FLAG) > 0  # (T,)
    provenance = {"candles": np.where(filled_rows, FILLED, OBSERVED).astype(np.uint8)}
    funding = FundingDue.none(len(frame))
    for other in others:
        frame[other.name], provenance[other.name] = as_of(other, end_ms, calendar.step_ms)
        if other.name == "funding":
            funding = due(other.frame, frame, calendar, ~filled_rows)
    return Market(frame, pd.DataFrame(provenance, index=frame.index), calendar, simulated, funding)


def filled(candles: pd.DataFrame, calendar: Calendar, longest: int) -> pd.DataFrame:
    """A copy of the candles with gaps of at most `longest` bars filled flat: (T, 6) → (T + filled, 6)."""
    open_ms = milliseconds(candles.index)  # (T,)
    before, absent_ms = calendar.absent(open_ms, longest)  # (filled,), (filled,)
    row = np.insert(np.arange(len(candles)), before + 1, before)  # (T + filled,)
    open_ms = np.insert(open_ms, before + 1, absent_ms)
    made = np.insert(np.zeros(len(candles), np.bool_), before + 1, values=True)
    columns = {name: candles[name].to_numpy()[row] for name in (*OHLCV, "flag")}
    for name in ("open", "high", "low"):
        columns[name] = np.where(made, columns["close"], columns[name])
    columns["volume"] = np.where(made, 0.0, columns["volume"])
    columns["flag"] = np.where(made, FILLED_FLAG, columns["flag"]).astype(np.uint8)
    return pd.DataFrame(columns, index=time_index(open_ms))


def as_of(other: Other, known_ms: Times, step_ms: int) -> tuple[Floats, NDArray[np.uint8]]:
    """The other's value and provenance at each of the times (T,) that the rows are known: backward as-of.

    A value that is not finite counts as not sent. Of values that became known at one moment, or out of
    order, the one with the latest stamp among those known last wins.
    """
    value = other.frame["value"].to_numpy(dtype=np.float64)  # (N,)
    available = milliseconds(pd.DatetimeIndex(other.frame["available_at"]))  # (N,)
    order = np.lexsort((milliseconds(other.frame.index), available))
    order = order[np.isfinite(value[order])]
    value = np.concatenate([[np.nan], value[order]])  # (1 + N,)
    available = np.concatenate([[NEVER_MS], available[order]])
    last = np.searchsorted(available, known_ms, side="right") - 1  # (T,)
    age = known_ms - available[last]  # (T,) ms
    provenance = np.where(age < step_ms, OBSERVED, np.where(age <= other.staleness_ms, CARRIED, MISSING))
    provenance[age > other.staleness_ms] = MISSING
    return np.where(provenance == MISSING, np.nan, value[last]), provenance.astype(np.uint8)


def column_values(candles: pd.DataFrame, column: str, calendar: Calendar) -> pd.DataFrame:
    """A candles' column as a values frame: known when its candle closes."""
    known = time_index(calendar.ends(milliseconds(candles.index)))
    return pd.DataFrame({"value": candles[column].to_numpy(), "available_at": known}, index=candles.index)


def funding_table(market: Market) -> pd.DataFrame:
    """The funding due, (T, 1) where all of it is at opens, else (T, 3)."""
    due = market.funding
    columns = {"funding_paid": due.carried}
    if due.paid.any() or due.received.any():
        columns |= {"funding_later_paid": due.paid, "funding_later_received": due.received}
    return pd.DataFrame(columns, index=market.frame.index)


def fingerprint(market: Market) -> str:
    """SHA-256 in hex over everything that the market holds: names, times, values, provenance."""
    calendar = "" if str(market.calendar) == ALWAYS else f" {market.calendar}"
    digest = hashlib.sha256(f"{market.step_ms} {market.simulated}{calendar}".encode())
    digest.update(milliseconds(market.frame.index).tobytes())
    for table in (market.frame, market.provenance, funding_table(market)):
        for name in table.columns:
            digest.update(f"\n{name} {table[name].dtype}\n".encode())
            digest.update(np.ascontiguousarray(table[name].to_numpy()).tobytes())
    return digest.hexdigest()
