"""What a strategy has to beat: rules that know next to nothing, over the same bars at the same costs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from engine.backtest import signals
from engine.backtest.simulate import Simulation, simulate

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.backtest.bars import Bars
    from engine.backtest.rules import Rules

BUY_AND_HOLD, LAST_SIGN, RIDGE = "buy and hold", "last return's sign", "ridge regression"


def always_flat(bars: Bars, rules: Rules) -> Simulation:
    """Nothing is ever bought."""
    return simulate(bars, np.zeros(len(bars)), rules)


def last_sign(bars: Bars, rules: Rules, *, short: bool = True) -> Simulation:
    """Long after a bar that rose from close to close, short (or flat) after one that fell."""
    return simulate(bars, signals.targets(signs(bars), short=short), rules)


def signs(bars: Bars) -> NDArray[np.int8]:
    """Sign of the last return known when bar t opens, close[t-1] / close[t-2] - 1, (T,); 0 in bar 0."""
    before = bars.previous_close  # (T,) close[t-1]
    return np.nan_to_num(np.sign(np.diff(before, prepend=before[0]))).astype(np.int8)
