"""Decisions on the bars of a test span, and how they trade by the settings' rules."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from engine.backtest import signals, thresholds
from engine.backtest.bars import Bars
from engine.backtest.rules import BASIS_POINT, Rules
from engine.backtest.simulate import Simulation, buy_and_hold, simulate
from engine.backtest.thresholds import Choice
from engine.errors import ChangeSettingsError

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from engine.market.calendar import Calendar
    from engine.market.merge import Market
    from engine.settings import Settings
    from engine.statistics.conformal import Band

    Floats = NDArray[np.float64]

OF_PERPETUALS, ON_SPOT = (0.005, 0.005), (0.0, 0.05)  # maintenance margin of a long and of a short


@dataclass(frozen=True)
class Decisions:
    """The bars of a test span and what was decided for each.

    B = bars from the first target to the last: observed ones, as a filled bar is no market to trade in.

    forecast: (B,) predicted return, NaN where a bar had no window. signal: (B,) int8, +1, -1 or 0.
    forward_return: (B,) the label, the return that came, NaN where it is not known.
    weight: (B,) target weights where somebody gave them; else the settings make them of the signals.
    band: around the forecasts, (B,), where one was made.
    """

    bars: Bars
    forecast: Floats
    signal: NDArray[np.int8]
    forward_return: Floats
    weight: Floats | None = None
    band: Band | None = None

    @property
    def without_forecast(self) -> NDArray[np.bool_]:
        """The bars that no forecast was made for, (B,); none where somebody gave the target weights."""
        return np.isnan(self.forecast) & (self.weight is None)


def decide(
    market: Market,
    target: NDArray[np.int64],
    forecast: Floats,
    forward_return: Floats,
    settings: Settings,
    signal: NDArray[np.int8] | None = None,
    band: Band | None = None,
) -> Decisions:
    """Decisions for target rows (N,), laid on every observed bar from the first to the last.

    forecast: (N,). forward_return: (T,) the label of every row of the market. signal: (N,), where it is not
    what the settings make of the forecasts. band: (N,) around the forecasts. Raises what signals_of does.
    """
    observed = market.observed  # (T,) O of them
    bar = np.cumsum(observed) - 1  # (T,) the place of each row's bar among the observed
    first, last = int(bar[target[0]]), int(bar[target[-1]])
    place = bar[target] - first  # (N,)

    def on_bars(values: Floats) -> Floats:
        aligned = np.full(last - first + 1, np.nan)  # (B,)
        aligned[place] = values
        return aligned

    if signal is None:
        signal = signals_of(forecast, band, settings.signal.entry_threshold, settings)  # (N,)
    signal_on_bars = np.zeros(last - first + 1, np.int8)  # (B,)
    signal_on_bars[place] = signal
    traded = market.rows(observed)
    funding = traded.funding if settings.data.perpetual else None  # on spot it is a feature, no cost
    every = Bars.of(traded.frame, settings.backtest.volatility_span, funding, market.calendar)
    rows = slice(first, last + 1)
    return Decisions(
        every.rows(rows),
        on_bars(forecast),
        signal_on_bars,
        forward_return[observed][rows],
        band=band and replace(band, low=on_bars(band.low), high=on_bars(band.high)),
    )


def signals_of(
    forecast: Floats, band: Band | None, entry_threshold: float | Floats, settings: Settings
) -> NDArray[np.int8]:
    """Signals (N,) of forecasts (N,) beyond a threshold, one or (N,); of their bands if the settings ask so.

    Raises ChangeSettingsError where they do and no band could be made.
    """
    if not settings.signal.by_band:
        return signals.threshold(forecast, entry_threshold)
    if band is None:
        raise ChangeSettingsError(
            "signal.threshold_from = band",
            "no band can be made: the present data hold too few of the validation's bars",
            "Set data.start so that they hold them, or take the threshold from elsewhere",
        )
    return signals.signals_from_band(band.low, band.high, entry_threshold)


def rules_of(settings: Settings, calendar: Calendar) -> Rules:
    """The rules that the settings state; a perpetual is sold short without borrowing."""
    maintenance_long, maintenance_short = maintenance_of(settings)
    return Rules.of(
        settings.backtest,
        calendar,
        borrow_rate=0.0 if settings.data.perpetual else settings.backtest.borrow_rate,
        exit_after=settings.label.horizon if settings.signal.exit == "horizon" else 0,
        maintenance_long=maintenance_long,
        maintenance_short=maintenance_short,
    )


def maintenance_of(settings: Settings) -> tuple[float, float]:
    """Maintenance margin of a long and of a short, as shares of the position."""
    rate = settings.backtest.maintenance_margin
    if rate != "market":
        return rate, rate
    return OF_PERPETUALS if settings.data.perpetual else ON_SPOT


def trade(decisions: Decisions, settings: Settings) -> tuple[Simulation, Simulation]:
    """The strategy's simulation and, over the same bars at the same costs, buy and hold's."""
    rules = rules_of(settings, decisions.bars.calendar)
    strategy = simulate(decisions.bars, weight_of(decisions, settings), rules, decisions.forecast)
    return strategy, buy_and_hold(decisions.bars, rules)


def weight_of(decisions: Decisions, settings: Settings) -> Floats:
    """The target weights (B,) that the decisions' signals mean."""
    return (
        decisions.weight
        if decisions.weight is not None
        else weights_from_signals(decisions, settings)(decisions.signal)
    )


def weights_from_signals(decisions: Decisions, settings: Settings) -> Callable[[NDArray[np.int8]], Floats]:
    """What turns signals (B,) for the decisions' bars into target weights (B,)."""
    return partial(
        signals.targets,
        neutral=settings.signal.neutral,
        short=settings.backtest.short,
        predicted=np.isfinite(decisions.forecast),
        without_forecast=settings.signal.without_forecast,
    )


def round_trip(settings: Settings) -> float:
    """Fees and slippage of opening and closing a position, as a share of it."""
    return 2.0 * BASIS_POINT * (settings.backtest.fee_bps + settings.backtest.slippage_bps)


def entry_threshold(
    market: Market, target: NDArray[np.int64], forecast: Floats, settings: Settings
) -> Choice:
    """The entry threshold that the settings state, or the one that validation chooses, see Signal.

    target: (N,) rows of validation's targets. forecast: (N,) returns forecast for them.
    """
    if not settings.signal.tuned:
        return stated_threshold(settings)
    unknown = np.full(len(market.frame), np.nan)  # (T,)
    undecided = np.zeros(len(target), np.int8)  # (N,)
    return threshold_on(decide(market, target, forecast, unknown, settings, undecided), settings)


def threshold_on(decisions: Decisions, settings: Settings) -> Choice:
    """The same, from the bars and forecasts of validation."""
    if not settings.signal.tuned:
        return stated_threshold(settings)
    return thresholds.best(
        decisions.bars,
        decisions.forecast,
        rules_of(settings, decisions.bars.calendar),
        weights_from_signals(decisions, settings),
        otherwise=None if settings.signal.threshold_from == "auto" else settings.signal.entry_threshold,
    )


def stated_threshold(settings: Settings) -> Choice:
    """The entry threshold that needs no validation: what trading costs, or the one that is set."""
    chosen = settings.signal
    if chosen.of_costs:
        return Choice(min(chosen.cost_multiple * round_trip(settings), 1.0))
    return Choice(chosen.entry_threshold)
