"""How well forecasts rank the symbols of one bar, and how sure the mean over bars is."""

from __future__ import annotations

import math

import numpy as np

from engine.statistics.returns import Floats, ratio


def rank_correlations(forecast: Floats, forward_return: Floats, fewest: int) -> tuple[Floats, Floats]:
    """Spearman's correlation at each time, (T,), NaN where it is not defined, and of how many symbols.

    forecast, forward_return: (T, S), NaN where a symbol has none; times with fewer symbols than `fewest` have
    none either, nor those at which all forecasts or all returns are equal.
    """
    from scipy.stats import rankdata

    known = np.isfinite(forecast) & np.isfinite(forward_return)  # (T, S)
    count = known.sum(axis=1)  # (T,)
    found = np.full(len(count), np.nan)
    for size in np.unique(count[count >= max(fewest, 2)]):
        rows = count == size  # (T,) R of them
        here = known[rows]  # (R, S)
        first, second = (
            rankdata(values[rows][here].reshape(-1, size), axis=1) - (size + 1) / 2
            for values in (forecast, forward_return)
        )  # (R, size) each, with mean 0
        spread = np.sqrt((first**2).sum(axis=1) * (second**2).sum(axis=1))  # (R,)
        together = (first * second).sum(axis=1)  # (R,)
        found[rows] = np.divide(together, spread, out=np.full(len(spread), np.nan), where=spread > 0)
    return found, count.astype(np.float64)


def newey_west(values: Floats, lags: int) -> float:
    """Standard error of the mean of values (N,), Bartlett's weights to `lags` (Newey and West 1987)."""
    count = len(values)
    if count < 2:
        return math.nan
    centred = values - values.mean()
    variance = float(centred @ centred)
    for lag in range(1, min(lags, count - 1) + 1):
        variance += 2.0 * (1.0 - lag / (lags + 1.0)) * float(centred[lag:] @ centred[:-lag])
    return math.sqrt(variance) / count if variance > 0 else math.nan


def lags_of(count: int, horizon: int) -> int:
    """⌊4 (N / 100)^(2/9)⌋ (Newey and West 1994), at least the horizon, within which labels overlap."""
    return max(int(4.0 * (count / 100.0) ** (2.0 / 9.0)), horizon)


def risk_shares(pnl: Floats) -> Floats:
    """Each symbol's part of the variance of all PnL together, (S,), of daily PnL (D, S); 1 in sum.

    cov(PnL_s, Σ PnL) / var(Σ PnL): the weights' derivatives of the variance, after Euler (Litterman 1996).
    NaN without variance.
    """
    if len(pnl) < 2:
        return np.full(pnl.shape[1], np.nan)
    centred = pnl - pnl.mean(axis=0)  # (D, S)
    total = centred.sum(axis=1)  # (D,)
    variance = float(total @ total)
    return np.array([ratio(float(each @ total), variance) for each in centred.T])


def correlations(pnl: Floats) -> Floats:
    """Pearson's correlation of daily PnL (D, S), (S, S); NaN for a symbol whose PnL never moves."""
    if len(pnl) < 2:
        return np.full((pnl.shape[1], pnl.shape[1]), np.nan)
    centred = pnl - pnl.mean(axis=0)  # (D, S)
    spread = np.sqrt((centred**2).sum(axis=0))  # (S,)
    scaled = np.divide(centred, spread, out=np.full(pnl.shape, np.nan), where=spread > 0)
    found: Floats = np.clip(scaled.T @ scaled, -1.0, 1.0)
    return found
