"""Delay decay: what becomes of the signals when they are filled later than they could be."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from engine.backtest.sweep import sweep
from engine.results.metrics import FEWEST_DAYS
from engine.results.stress import Delay
from engine.statistics.account import day_ends

if TYPE_CHECKING:
    from engine.backtest.bars import Bars, Floats
    from engine.backtest.rules import Rules

DELAYS = (0, 1, 2, 5)  # bars


def delayed(weight: Floats, bars: int) -> Floats:
    """The target weights (T,), each carried out so many bars later; nothing is decided before the first."""
    return np.concatenate([np.full(min(bars, len(weight)), np.nan), weight[: len(weight) - bars]])


def delay_decay(bars: Bars, weight: Floats, rules: Rules) -> tuple[Delay, ...]:
    """Return and Sharpe ratio of the target weights (T,) at each of DELAYS, all else by the rules."""
    tried = sweep(bars, [(delayed(weight, late), rules) for late in DELAYS])
    shown = len(day_ends(bars.time, bars.calendar)) >= FEWEST_DAYS
    return tuple(
        Delay(late, tried.total_return[row].item(), tried.sharpe[row].item() if shown else np.nan)
        for row, late in enumerate(DELAYS)
    )
