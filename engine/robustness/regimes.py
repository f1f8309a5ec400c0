"""Where the money was made: in calm or wild times, up or down, on which weekday, long or short."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from engine.results.metrics import FEWEST_DAYS
from engine.results.stress import Regime
from engine.statistics.returns import sharpe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from engine.backtest.bars import Bars, Floats
    from engine.backtest.simulate import Simulation

    Rows = NDArray[np.bool_]

SPAN = 200  # bars whose mean close tells up from down
VOLATILITY, TREND, SIDE, WEEKDAY = "volatility", "trend", "side", "weekday"
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def regimes(bars: Bars, strategy: Simulation) -> tuple[Regime, ...]:
    """Of every regime its share of the bars, what it earned of the initial capital, and its Sharpe ratio.

    A bar belongs to a regime by what was known when it opened. The earnings of one kind of regime add up to
    the total return, but for bars that belong to none (before there are 200 closes, or a volatility). Sharpe:
    of bar returns in the regime, annual; NaN where these bars make less than 30 days.
    """
    fewest = FEWEST_DAYS * bars.calendar.bars_per_year / bars.calendar.days_per_year
    before = np.concatenate([[strategy.initial_capital], strategy.equity[:-1]])  # (T,)
    earned = strategy.equity - before  # (T,)
    with np.errstate(invalid="ignore", divide="ignore"):
        change = np.where(before > 0, earned / before, 0.0)  # (T,)
    return tuple(
        Regime(
            kind,
            name,
            float(rows.mean()),
            float(earned[rows].sum() / strategy.initial_capital),
            sharpe(change[rows], bars.calendar.bars_per_year) if rows.sum() >= fewest else np.nan,
        )
        for kind, name, rows in kinds(bars, strategy)
    )


def kinds(bars: Bars, strategy: Simulation) -> Iterator[tuple[str, str, Rows]]:
    """Kind and name of each regime, and which bars (T,) belong to it."""
    yield from terciles(bars)
    mean = trailing_mean(bars.previous_close, SPAN)  # (T,)
    yield TREND, "up", bars.previous_close > mean
    yield TREND, "down", bars.previous_close <= mean
    side = held_side(strategy)  # (T,)
    yield SIDE, "long", side > 0
    yield SIDE, "short", side < 0
    day = (bars.time.astype("datetime64[D]").astype(np.int64) + 3) % 7  # (T,) 0 is Monday
    for number in np.unique(day).tolist():
        yield WEEKDAY, WEEKDAYS[number], day == number


def terciles(bars: Bars) -> Iterator[tuple[str, str, Rows]]:
    """Kind and name of each tercile of the forecast volatility, and which bars (T,) belong to it."""
    known = bars.forecast_volatility  # (T,)
    low, high = np.nanquantile(known, [1 / 3, 2 / 3]) if np.isfinite(known).any() else (np.nan, np.nan)
    yield VOLATILITY, "calm", known <= low
    yield VOLATILITY, "middle", (known > low) & (known <= high)
    yield VOLATILITY, "wild", known > high


def held_side(strategy: Simulation) -> Floats:
    """Sign of the position that a bar's earnings come from, (T,): of its close, else of the one before."""
    position = strategy.position
    before = np.concatenate([[0.0], position[:-1]])
    side: Floats = np.sign(np.where(position != 0, position, before))
    within = strategy.trades[strategy.trades["entry_bar"] == strategy.trades["exit_bar"]]
    side[within["exit_bar"]] = within["side"]
    return side


def trailing_mean(values: Floats, span: int) -> Floats:
    """Mean of the last `span` values, this one included, (T,); NaN where one of them is not known."""
    found = np.full(len(values), np.nan)
    if len(values) >= span:
        found[span - 1 :] = np.lib.stride_tricks.sliding_window_view(values, span).mean(axis=1)
    return found
