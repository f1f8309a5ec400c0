"""Minimum track record length: how many days such a Sharpe ratio needs to be told from 0."""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import TYPE_CHECKING

from engine.results.metrics import FEWEST_DAYS
from engine.results.stress import TrackRecord
from engine.statistics import returns

if TYPE_CHECKING:
    from engine.backtest.bars import Floats

CONFIDENCE = 0.95


def track_record(daily: Floats) -> TrackRecord:
    """Days of returns (N,) that there are and that are needed (Bailey and López de Prado 2012, equation 11).

    1 + (1 - skew · SR + (kurtosis - 1) / 4 · SR²) (z / SR)², SR per day, z the normal quantile of 95 %. NaN
    where the Sharpe ratio is not above 0, and below 30 days.
    """
    ratio = returns.sharpe(daily, 1)
    if not ratio > 0 or len(daily) < FEWEST_DAYS:
        return TrackRecord(len(daily), math.nan)
    spread = 1.0 - returns.skew(daily) * ratio + (returns.kurtosis(daily) - 1.0) / 4.0 * ratio**2
    return TrackRecord(len(daily), 1.0 + spread * (NormalDist().inv_cdf(CONFIDENCE) / ratio) ** 2)
