"""Decisions on the bars of a test span, and how they trade by the settings' rules."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from engine.backtest import signals, thresholds
from engine.backtest.bars import Bars
from engine.backtest.rules import Rules
from engine.backtest.simulate import Simulation, buy_and_hold, simulate

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.market.calendar import Calendar
    from engine.market.merge import Market
    from engine.settings import Settings

    Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Decisions:
    """The bars of a test span and what was decided for each; B = bars from the first target to the last.

    forecast: (B,) predicted return, NaN where a bar had no window. signal: (B,) int8, +1, -1 or 0.
    realised: (B,) the label, the return that came, NaN where it is not known.
    weight: (B,) target weights where somebody gave them; else the settings make them of the signals.
    """

    bars: Bars
    forecast: Floats
    signal: NDArray[np.int8]
    forward_return: Floats
    weight: Floats | None = None


def decide(
    market: Market, target: NDArray[np.int64], forecast: Floats, forward_return: Floats, settings: Settings
) -> Decisions:
    """Signals for target rows (N,) from their forecasts (N,), laid on every bar from the first to the last.

    realised: (T,) the label of every row of the market.
    """
    rows = slice(int(target[0]), int(target[-1]) + 1)
    on_bars = np.full(rows.stop - rows.start, np.nan)  # (B,)
    on_bars[target - rows.start] = forecast
    funding = market.funding if settings.data.perpetual else None  # on spot it is a feature, no cost
    every = Bars.of(market.frame, settings.backtest.volatility_span, funding, market.calendar)
    signal = signals.threshold(on_bars, settings.signal.entry_threshold)  # (B,)
    return Decisions(every.rows(rows), on_bars, signal, forward_return[rows])


def rules_of(settings: Settings, calendar: Calendar) -> Rules:
    """The rules that the settings state; a perpetual is sold short without borrowing."""
    rules = Rules.of(settings.backtest, calendar)
    return replace(rules, borrow_rate=0.0) if settings.data.perpetual else rules


def trade(decisions: Decisions, settings: Settings) -> tuple[Simulation, Simulation]:
    """The strategy's simulation and, over the same bars at the same costs, buy and hold's."""
    rules = rules_of(settings, decisions.bars.calendar)
    strategy = simulate(decisions.bars, weight_of(decisions, settings), rules, decisions.forecast)
    return strategy, buy_and_hold(decisions.bars, rules)


def weight_of(decisions: Decisions, settings: Settings) -> Floats:
    """The target weights (B,) that the decisions' signals mean."""
    if decisions.weight is not None:
        return decisions.weight
    return signals.targets(
        decisions.signal,
        settings.signal.neutral,
        short=settings.backtest.short,
        predicted=np.isfinite(decisions.forecast),
    )


def entry_threshold(market: Market, target: NDArray[np.int64], forecast: Floats, settings: Settings) -> float:
    """The settings' entry threshold, or the one with the best Sharpe ratio after costs on validation.

    target: (N,) rows of validation's targets. forecast: (N,) returns forecast for them.
    """
    if settings.signal.threshold_from != "validation":
        return settings.signal.entry_threshold
    unknown = np.full(len(market.frame), np.nan)  # (T,)
    decisions = decide(market, target, forecast, unknown, settings)
    return thresholds.best(
        decisions.bars,
        decisions.forecast,
        rules_of(settings, market.calendar),
        settings.signal.neutral,
        short=settings.backtest.short,
        otherwise=settings.signal.entry_threshold,
    )
