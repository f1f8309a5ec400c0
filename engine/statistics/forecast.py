"""How good the forecasts were, whatever was traded on them."""

from __future__ import annotations

import math

import numpy as np

from engine.statistics.long_run import two_sided
from engine.statistics.returns import Floats, deviation, ratio


def forecast_quality(prediction: Floats, forward_return: Floats, horizon: int = 1) -> dict[str, float]:
    """R², directional accuracy and Spearman IC with their p-values.

    prediction, forward_return: (N,) returns; rows where either is NaN are left out. horizon: bars from entry
    to exit, within which labels overlap. The p-values are two-sided, against no skill, and hold for labels
    that overlap and for forecasts that follow volatility.
    """
    known = np.isfinite(prediction) & np.isfinite(forward_return)
    predicted, happened = prediction[known], forward_return[known]
    right = directional_accuracy(predicted, happened)
    ic = information_coefficient(predicted, happened)
    return {
        "forecasts": float(len(predicted)),
        "r2": r2_against_zero(predicted, happened),
        "directional_accuracy": right,
        "directional_accuracy_p_value": two_sided(
            right - 0.5, direction_influence(predicted, happened), horizon
        ),
        "ic": ic,
        "ic_p_value": two_sided(ic, ic_influence(predicted, happened), horizon),
    }


def r2_against_zero(prediction: Floats, forward_return: Floats) -> float:
    """1 - Σ(y - ŷ)² / Σy²: the gain over forecasting 0 for ever (Gu, Kelly and Xiu 2020)."""
    return 1.0 - ratio(
        float(np.square(forward_return - prediction).sum()), float(np.square(forward_return).sum())
    )


def directional_accuracy(prediction: Floats, forward_return: Floats) -> float:
    """Share of forecasts with the right sign; rows where either is 0 have no direction and are left out."""
    directed = (prediction != 0) & (forward_return != 0)
    if not directed.any():
        return math.nan
    return float((np.sign(prediction[directed]) == np.sign(forward_return[directed])).mean())


def direction_influence(prediction: Floats, forward_return: Floats) -> Floats:
    """What each row adds to the directional accuracy, (N,); 0 for rows without direction."""
    directed: Floats = ((prediction != 0) & (forward_return != 0)).astype(np.float64)
    right = directed * (np.sign(prediction) == np.sign(forward_return))
    total = directed.sum()
    if total == 0:
        return directed
    influence: Floats = (right - right.sum() / total * directed) * len(directed) / total
    return influence


def information_coefficient(prediction: Floats, forward_return: Floats) -> float:
    """Spearman's rank correlation; NaN below three rows or without variance."""
    if len(prediction) < 3 or not (deviation(prediction) > 0 and deviation(forward_return) > 0):
        return math.nan
    return float((standard_ranks(prediction) * standard_ranks(forward_return)).mean())


def ic_influence(prediction: Floats, forward_return: Floats) -> Floats:
    """What each row adds to the IC, (N,): x y - IC/2 (x² + y²), x and y the standardised ranks.

    The ranks are taken as given. 0 where the IC is not defined.
    """
    ic = information_coefficient(prediction, forward_return)
    if not math.isfinite(ic):
        return np.zeros(len(prediction))
    first, second = standard_ranks(prediction), standard_ranks(forward_return)
    influence: Floats = first * second - ic / 2.0 * (np.square(first) + np.square(second))
    return influence


def standard_ranks(values: Floats) -> Floats:
    """Ranks (N,), equal values by their mean rank, with mean 0 and variance 1."""
    from scipy.stats import rankdata

    ranks = rankdata(values)
    centred = ranks - ranks.mean()
    standard: Floats = centred / math.sqrt(float(np.square(centred).mean()))
    return standard
