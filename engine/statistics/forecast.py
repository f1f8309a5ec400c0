"""How good the forecasts were, whatever was traded on them."""

from __future__ import annotations

import math

import numpy as np

from engine.statistics.returns import Floats, deviation, ratio


def forecast_quality(prediction: Floats, forward_return: Floats) -> dict[str, float]:
    """R², directional accuracy with its 95 % interval, and Spearman IC with its p-value.

    prediction, realised: (N,) returns; rows where either is NaN are left out. With a horizon above one
    bar the labels overlap, and interval and p-value are too narrow: they count every row as a new fact.
    """
    known = np.isfinite(prediction) & np.isfinite(forward_return)
    predicted, happened = prediction[known], forward_return[known]
    right, low, high = directional_accuracy(predicted, happened)
    ic, p_value = information_coefficient(predicted, happened)
    return {
        "forecasts": float(len(predicted)),
        "r2": r2_against_zero(predicted, happened),
        "directional_accuracy": right,
        "directional_accuracy_low": low,
        "directional_accuracy_high": high,
        "ic": ic,
        "ic_p_value": p_value,
    }


def r2_against_zero(prediction: Floats, forward_return: Floats) -> float:
    """1 - Σ(y - ŷ)² / Σy²: the gain over forecasting 0 for ever (Gu, Kelly and Xiu 2020)."""
    return 1.0 - ratio(
        float(np.square(forward_return - prediction).sum()), float(np.square(forward_return).sum())
    )


def directional_accuracy(prediction: Floats, forward_return: Floats) -> tuple[float, float, float]:
    """Share of forecasts with the right sign, and its exact 95 % interval (Clopper and Pearson 1934).

    Rows where either is 0 have no direction and are left out.
    """
    from scipy.stats import binomtest

    directed = (prediction != 0) & (forward_return != 0)
    total = int(directed.sum())
    if total == 0:
        return math.nan, math.nan, math.nan
    right = int((np.sign(prediction[directed]) == np.sign(forward_return[directed])).sum())
    interval = binomtest(right, total).proportion_ci(0.95)
    return right / total, float(interval.low), float(interval.high)


def information_coefficient(prediction: Floats, forward_return: Floats) -> tuple[float, float]:
    """Spearman's rank correlation and its two-sided p-value; NaN below three rows or without variance."""
    from scipy.stats import spearmanr

    if len(prediction) < 3 or not (deviation(prediction) > 0 and deviation(forward_return) > 0):
        return math.nan, math.nan
    found = spearmanr(prediction, forward_return)
    return float(found.statistic), float(found.pvalue)
