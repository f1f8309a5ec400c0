"""The entry threshold chosen on validation: the one with the best Sharpe ratio after costs, or none.

Nothing here ever sees a test bar: bars and forecasts are those of the validation span.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.backtest import signals
from engine.backtest.simulate import simulate
from engine.backtest.sweep import sweep

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from engine.backtest.bars import Bars, Floats
    from engine.backtest.rules import Rules

QUANTILES = (*np.linspace(0.0, 0.95, 20), 0.975, 0.99)
FEWEST_TRADES = 10
NEVER = 1.0  # a threshold that no forecast goes beyond


@dataclass(frozen=True)
class Choice:
    """A threshold, and what a trade at the best one earns on average before costs, as a return.

    gross: NaN where none trades often enough.
    """

    threshold: float
    gross: float = math.nan

    @property
    def trades(self) -> bool:
        """Whether anything is traded at all."""
        return self.threshold < NEVER


def candidates(forecast: Floats) -> Floats:
    """Quantiles of |forecast|, rising, each once; forecast (B,), NaN where a bar had no window."""
    size = np.abs(forecast[np.isfinite(forecast)])
    return np.unique(np.minimum(np.quantile(size, QUANTILES), 1.0)) if len(size) else np.empty(0)


def best(
    bars: Bars,
    forecast: Floats,
    rules: Rules,
    targets: Callable[[NDArray[np.int8]], Floats],
    otherwise: float | None,
) -> Choice:
    """The candidate with the highest Sharpe ratio of daily returns after costs; of equals the lowest.

    forecast: (B,), NaN where a bar had no window. targets: the target weights, (B,), that signals mean.
    One that trades fewer than ten times is left out, as its Sharpe ratio is luck; `otherwise` if none is.
    Where that is None, not to trade is a candidate, too, of Sharpe ratio 0.
    """
    levels = candidates(forecast)
    found = sweep(bars, [(targets(signals.threshold(forecast, each)), rules) for each in levels.tolist()])

    def returns(level: float) -> Floats:
        weight = targets(signals.threshold(forecast, level))
        made: Floats = simulate(bars, weight, rules.without_costs(), forecast).trades["return"]
        return made

    return choose(levels, found.trades, found.sharpe, returns, otherwise)


def choose(
    levels: Floats, trades: NDArray[Any], sharpe: Floats, returns: Callable[[float], Floats],
    otherwise: float | None,
) -> Choice:  # fmt: skip
    """The candidate that is best, as `best` tells. levels, trades, sharpe: (C,) each.

    returns: of a candidate's trades before costs.
    """
    value = np.where((trades >= FEWEST_TRADES) & np.isfinite(sharpe), sharpe, -np.inf)
    if not (value > -np.inf).any():
        return Choice(NEVER if otherwise is None else otherwise)
    level = float(levels[np.argmax(value)])
    if otherwise is not None:
        return Choice(level)
    return Choice(level if value.max() > 0.0 else NEVER, float(returns(level).mean()))
