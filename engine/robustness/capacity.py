"""Capacity: how the return falls as the capital grows, because larger orders move the price."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from engine.backtest.sweep import sweep
from engine.results.metrics import FEWEST_DAYS
from engine.results.stress import AtCapital, Capacity
from engine.statistics.account import day_ends

if TYPE_CHECKING:
    from engine.backtest.bars import Bars, Floats
    from engine.backtest.rules import Rules

CAPITALS: tuple[float, ...] = tuple(10.0**power for power in np.arange(4.0, 10.1, 0.5).tolist())
SHOWN = slice(None, None, 2)  # every full power of ten
IMPACT = 1.0  # of the square-root law where the rules state none


def capacity(bars: Bars, weight: Floats, rules: Rules) -> Capacity:
    """Return and Sharpe ratio of the target weights (T,) at capitals from 10⁴ to 10¹⁰; where half is left.

    Impact is that of the rules, else σ · √(quantity / volume of the bar), the square-root law with factor 1
    (Almgren and others 2005; Tóth and others 2011). half: the capital at which half of the smallest one's
    return is left, between two capitals on a logarithmic scale; NaN without a gain, at most the largest.
    All is NaN where no volume is known.
    """
    impact = rules.slippage_impact or IMPACT
    if not (bars.volume > 0).any():  # then no order is large or small
        unknown = [AtCapital(money, math.nan, math.nan) for money in CAPITALS[SHOWN]]
        return Capacity(tuple(unknown), impact, math.nan)
    variants = [
        (weight, replace(rules, initial_capital=money, slippage_impact=impact, minimum_notional=0.0))
        for money in CAPITALS
    ]
    tried = sweep(bars, variants)
    shown = len(day_ends(bars.time, bars.calendar)) >= FEWEST_DAYS
    rows = [
        AtCapital(money, float(gain), float(sharpe) if shown else math.nan)
        for money, gain, sharpe in zip(CAPITALS, tried.total_return, tried.sharpe, strict=True)
    ]
    return Capacity(tuple(rows[SHOWN]), impact, half_of(tried.total_return))


def half_of(gain: Floats) -> float:
    """The capital at which half of gain[0] is left; gain (C,) is that of each of CAPITALS."""
    if not gain[0] > 0:
        return math.nan
    below = np.flatnonzero(gain < gain[0] / 2)
    if not len(below):
        return CAPITALS[-1]
    row = int(below[0])
    share = float((gain[row - 1] - gain[0] / 2) / (gain[row - 1] - gain[row]))
    return math.exp((1 - share) * math.log(CAPITALS[row - 1]) + share * math.log(CAPITALS[row]))
