"""The entry threshold chosen on validation: the one with the best Sharpe ratio after costs.

Nothing here ever sees a test bar: bars and forecasts are those of the validation span.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from engine.backtest import signals
from engine.backtest.sweep import sweep

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from engine.backtest.bars import Bars, Floats
    from engine.backtest.rules import Rules

QUANTILES = (*np.linspace(0.0, 0.95, 20), 0.975, 0.99)
FEWEST_TRADES = 10


def candidates(forecast: Floats) -> Floats:
    """Quantiles of |forecast|, rising, each once; forecast (B,), NaN where a bar had no window."""
    size = np.abs(forecast[np.isfinite(forecast)])
    return np.unique(np.minimum(np.quantile(size, QUANTILES), 1.0)) if len(size) else np.empty(0)


def best(
    bars: Bars,
    forecast: Floats,
    rules: Rules,
    targets: Callable[[NDArray[np.int8]], Floats],
    otherwise: float,
) -> float:
    """The candidate with the highest Sharpe ratio of daily returns after costs; of equals the lowest.

    forecast: (B,), NaN where a bar had no window. targets: the target weights, (B,), that signals mean.
    One that trades fewer than ten times is left out, as its Sharpe ratio is luck; `otherwise` if none is.
    """
    tried = candidates(forecast)
    found = sweep(bars, [(targets(signals.threshold(forecast, each)), rules) for each in tried.tolist()])
    value = np.where((found.trades >= FEWEST_TRADES) & np.isfinite(found.sharpe), found.sharpe, -np.inf)
    return float(tried[np.argmax(value)]) if (value > -np.inf).any() else otherwise
