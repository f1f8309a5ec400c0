"""What the statistics of an account are made of, whoever simulated it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, TypeVar

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from engine.market.calendar import Calendar

Found = TypeVar("Found")

DAY_MS = 86_400_000


@dataclass(frozen=True, kw_only=True)
class AccountHistory:
    """An account, bar by bar and trade by trade; T bars, N trades.

    time             (T,) datetime64[ms], UTC, open times
    equity           (T,) float64, money at the bar's close
    trades           (N,) structured array with the fields of backtest.records.TRADE
    initial_capital  money before the first bar
    calendar         of the market: which day each bar belongs to, how many of them make a year
    ruined           equity fell to 0 or below, and the account ended there
    """

    time: NDArray[np.datetime64]
    equity: NDArray[np.float64]
    trades: NDArray[np.void]
    initial_capital: float
    calendar: Calendar
    ruined: bool

    @property
    def bars_held(self) -> int:
        """Bars in which a position was held."""
        return int(self.trades["bars"].sum())


def day_ends(time: NDArray[np.datetime64], calendar: Calendar) -> NDArray[np.int64]:
    """The last bar of each day, (D,) rows, of bars that open at time (T,).

    A day is a session of the market. Where it trades every day, one without bars repeats the one before.
    """
    day = calendar.sessions(time.astype(np.int64))
    ends = np.append(np.flatnonzero(np.diff(day)), len(day) - 1)
    return np.repeat(ends, np.append(np.diff(day[ends]), 1)) if calendar.every_day else ends


def trading_days(time: NDArray[np.datetime64], calendar: Calendar) -> NDArray[np.int64]:
    """Which days `day_ends` has, (D,) since 1970-01-01, of bars that open at time (T,)."""
    day = calendar.sessions(time.astype(np.int64))
    found: NDArray[np.int64] = np.arange(day[0], day[-1] + 1) if calendar.every_day else np.unique(day)
    return found


def shared(function: Callable[[AccountHistory], Found]) -> Callable[[AccountHistory], Found]:
    """What several metrics are made of: worked out once for an account, and kept with it."""

    @wraps(function)
    def kept(account: AccountHistory) -> Found:
        known = vars(account)
        if function.__name__ not in known:
            known[function.__name__] = function(account)
        found: Found = known[function.__name__]
        return found

    return kept
