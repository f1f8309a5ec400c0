"""Time of the day and day of the week of a bar's open, UTC, on circles."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from engine.features.definition import Feature

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.features.inputs import Column, FeatureInputs

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
MONDAY_MS = 4 * DAY_MS  # 1970-01-05, the first Monday


def hour(wave: Callable[[Column], Any]) -> Callable[[FeatureInputs], Column]:
    """A wave with the period of a day."""

    def compute(bars: FeatureInputs) -> Column:
        return np.asarray(wave(2 * np.pi * (bars.time % DAY_MS / DAY_MS)))

    return compute


def weekday(wave: Callable[[Column], Any]) -> Callable[[FeatureInputs], Column]:
    """A wave with the period of a week, in steps of a day."""

    def compute(bars: FeatureInputs) -> Column:
        days = (bars.time - MONDAY_MS) // DAY_MS % 7  # (T,), Monday = 0
        circle = np.asarray(wave(2 * np.pi * np.arange(7.0) / 7))  # (7,)
        return circle[days]

    return compute


# Candles of half a day and longer open at one or two times of the day only.
SHORT = 12 * HOUR_MS
FEATURES = (
    Feature("hour_sin", 0, "sin(2π · time of the day / 24 h)", hour(np.sin), steps_below=SHORT),
    Feature("hour_cos", 0, "cos(2π · time of the day / 24 h)", hour(np.cos), steps_below=SHORT),
    Feature("weekday_sin", 0, "sin(2π · days since Monday / 7)", weekday(np.sin)),
    Feature("weekday_cos", 0, "cos(2π · days since Monday / 7)", weekday(np.cos)),
)
