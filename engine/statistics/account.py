"""What the statistics of an account are made of, whoever simulated it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

Found = TypeVar("Found")

DAY_MS = 86_400_000
YEAR_MS = 365 * DAY_MS


@dataclass(frozen=True, kw_only=True)
class AccountHistory:
    """An account, bar by bar and trade by trade; T bars, N trades.

    time             (T,) datetime64[ms], UTC, open times
    equity           (T,) float64, money at the bar's close
    trades           (N,) structured array with the fields of backtest.records.TRADE
    initial_capital  money before the first bar
    bars_per_year    for what is stated per year
    ruined           equity fell to 0 or below, and the account ended there
    """

    time: NDArray[np.datetime64]
    equity: NDArray[np.float64]
    trades: NDArray[np.void]
    initial_capital: float
    bars_per_year: float
    ruined: bool

    @property
    def step_ms(self) -> int:
        """Length of a bar in milliseconds."""
        return round(YEAR_MS / self.bars_per_year)


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
