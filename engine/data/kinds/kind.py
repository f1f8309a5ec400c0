"""What a kind of series is: all that fetching, storing, joining, simulating and showing one takes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import pyarrow as pa

from engine.errors import InternalError
from engine.market.candles import OHLCV, Checked, Decimals, check_values
from engine.results.series import SeriesKind
from engine.settings import TIMEFRAME_MS

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    import pandas as pd

    from engine.data.demo.market import Exchange
    from engine.data.exchange.client import Client
    from engine.data.exchange.pager import History

TIME: Final = pa.timestamp("ms", "UTC")
CANDLES: Final = {**dict.fromkeys(OHLCV, pa.float64()), "flag": pa.uint8()}
VALUES: Final = {"value": pa.float64(), "available_at": TIME}
MADE_HERE = ("flag", "available_at")  # columns that no exchange sends

# (client, symbol, timeframe, now in ms) → how its rows are asked for
Opening: TypeAlias = "Callable[[Client, str, str, int], Awaitable[History]]"
# (the simulated exchange, the query) → the JSON of its answer
Answer: TypeAlias = "Callable[[Exchange, Mapping[str, str]], Any]"
# (raw rows, step in ms, now in ms, how finely they were written) → rows that keep the kind's rules
Check: TypeAlias = "Callable[[pd.DataFrame, int, int, Decimals | None], Checked]"


def known_values(frame: pd.DataFrame, step_ms: int, now_ms: int, decimals: Decimals | None) -> Checked:  # noqa: ARG001
    """The check of values, which need no step; see market.candles.check_values."""
    return check_values(frame, now_ms, decimals)


@dataclass(frozen=True)
class Kind:
    """One kind of series; engine.data.kinds.KINDS holds all of them."""

    name: str  # in a store, in settings, and as the column of a market
    label: str  # on screens
    doc: str  # what it holds
    columns: Mapping[str, Any] = field(default_factory=lambda: VALUES)  # Arrow types, the time left out
    check: Check = known_values
    history: Opening | None = None  # None: it comes from files alone
    period: str = ""  # the distance of its rows; empty: the candles' own, or one of `periods`
    periods: tuple[str, ...] = ()  # those that exchanges publish
    delay_h: float = 0.0  # from a value's stamp until it is public
    staleness_h: float = 24.0  # what is older counts as missing
    file_columns: tuple[str, ...] = ()  # how files call its values
    demo: Mapping[str, Answer] = field(default_factory=dict)  # what the simulated exchange serves, by path

    @property
    def candles(self) -> bool:
        """Whether its rows are candles, else they are values with a stamp."""
        return "close" in self.columns

    @property
    def joins(self) -> bool:
        """Whether it is fetched of the perpetual market to join the candles as a column."""
        return self.history is not None and not self.candles

    @property
    def sent(self) -> tuple[str, ...]:
        """The columns that an exchange sends, in order, without the time."""
        return tuple(name for name in self.columns if name not in MADE_HERE)

    async def opened(self, client: Client, symbol: str, timeframe: str, now_ms: int) -> History:
        """How to ask an exchange for its rows. Raises ChangeSettingsError, TryAgainError."""
        if self.history is None:
            raise InternalError(f"series of {self.name}", "cannot be asked for")
        return await self.history(client, symbol, timeframe, now_ms)

    def period_for(self, step_ms: int, *, simulated: bool) -> str:
        """The distance of its rows that goes with candles of a step: the same, else the next finer one.

        The simulated exchange has nothing finer than its candles: there, the next coarser multiple.
        """
        if self.period:
            return self.period
        periods = {TIMEFRAME_MS[name]: name for name in self.periods or TIMEFRAME_MS}
        finer = [period for period in periods if step_ms % period == 0]
        coarser = [period for period in periods if period % step_ms == 0]
        return periods[min(coarser) if simulated or not finer else max(finer)]

    @property
    def described(self) -> SeriesKind:
        """What the app needs to know of it."""
        return SeriesKind(self.name, self.label, self.doc, self.period)
