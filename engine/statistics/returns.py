"""Statistics of a series of returns: one small function each, NaN where it is not defined.

`returns` is (N,) float64, daily unless said otherwise; the annual factor is 365, of a market that trades
every day, unless another is given.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from engine.statistics.long_run import probability_below

DAYS_PER_YEAR = 365
NO_VARIANCE = 1e-12  # of the mean's size: less is the rounding of equal returns
ROUNDING = 1e-15  # of a return: the quotient of two values of equity less 1

Floats = NDArray[np.float64]


def deviation(values: Floats) -> float:
    """Sample standard deviation, ddof 1; NaN below two values; exactly 0 where it is only rounding."""
    if len(values) < 2:
        return math.nan
    found = float(values.std(ddof=1))
    return found if found > max(NO_VARIANCE * abs(float(values.mean())), ROUNDING) else 0.0


def ratio(numerator: float, denominator: float) -> float:
    """The quotient; NaN where that is not a finite number."""
    if denominator == 0 or not math.isfinite(denominator):
        return math.nan
    value = numerator / denominator
    return value if math.isfinite(value) else math.nan


def volatility(returns: Floats, per_year: float = DAYS_PER_YEAR) -> float:
    """std(r) · √(periods per year)."""
    return deviation(returns) * math.sqrt(per_year)


def sharpe(returns: Floats, per_year: float = DAYS_PER_YEAR) -> float:
    """mean(r) / std(r) · √(periods per year), risk-free rate 0 (Sharpe 1994)."""
    if len(returns) < 2:
        return math.nan
    return ratio(float(returns.mean()), deviation(returns)) * math.sqrt(per_year)


def sortino(returns: Floats, per_year: float = DAYS_PER_YEAR) -> float:
    """mean(r) / √mean(min(r, 0)²) · √(periods per year) (Sortino and Price 1994), target return 0."""
    if len(returns) < 2:
        return math.nan
    downside = math.sqrt(float(np.square(np.minimum(returns, 0.0)).mean()))
    return ratio(float(returns.mean()), downside) * math.sqrt(per_year)


def cvar(returns: Floats, share: float = 0.05) -> float:
    """Mean of the worst 5 %: the lowest ⌊(N - 1) · share⌋ + 1 returns (Rockafellar and Uryasev 2000)."""
    if len(returns) == 0:
        return math.nan
    last = int((len(returns) - 1) * share)
    return float(np.partition(returns, last)[: last + 1].mean())


def skew(returns: Floats) -> float:
    """m₃ / m₂^(3/2), with m the central moments of the population (Fisher's g₁)."""
    if not deviation(returns) > 0:
        return math.nan
    centred = returns - returns.mean()
    return ratio(float((centred**3).mean()), float((centred**2).mean()) ** 1.5)


def kurtosis(returns: Floats) -> float:
    """m₄ / m₂² (Pearson's): 3 for a normal distribution."""
    if not deviation(returns) > 0:
        return math.nan
    centred = returns - returns.mean()
    return ratio(float((centred**4).mean()), float((centred**2).mean()) ** 2)


def probabilistic_sharpe(returns: Floats, benchmark: float = 0.0) -> float:
    """Probability that the true Sharpe ratio exceeds `benchmark`, both per period, not per year.

    Bailey and López de Prado 2012, "The Sharpe Ratio Efficient Frontier": the ratio above the benchmark over
    its standard error, which is √((1 - g₁ SR + (g₂ - 1)/4 SR²) / (N - 1)) for independent returns. Here the
    error is that of autocorrelated ones (Lo 2002), so that the probability is Student's instead of a normal
    one; see `long_run`. NaN below eight returns.
    """
    observed = sharpe(returns, 1)
    if not math.isfinite(observed):
        return math.nan
    return probability_below(observed - benchmark, sharpe_influence(returns))


def sharpe_influence(returns: Floats) -> Floats:
    """What each of the returns (N,) adds to the Sharpe ratio per period, (N,): z - SR/2 (z² - 1).

    z the standardised returns (Lo 2002; Mertens 2002). 0 without variance.
    """
    spread = deviation(returns)
    if not spread > 0:
        return np.zeros(len(returns))
    standard = (returns - returns.mean()) / spread
    influence: Floats = standard - sharpe(returns, 1) / 2.0 * (np.square(standard) - 1.0)
    return influence


def returns_of_paths(equity: Floats, initial_capital: float | Floats) -> Floats:
    """Daily returns (P, D) of equity at the ends of days (P, D); 0 where no money was left to earn on.

    initial_capital: one for all, or (P, 1).
    """
    first = np.broadcast_to(initial_capital, (len(equity), 1))
    before = np.concatenate([first, equity[:, :-1]], axis=1)
    found: Floats = np.divide(equity - before, before, out=np.zeros_like(equity), where=before > 0)
    return found


def sharpes_of_paths(equity: Floats, initial_capital: float | Floats, per_year: float) -> Floats:
    """Annual Sharpe ratios (P,) of equity at the ends of days (P, D); NaN without variance.

    initial_capital: one for all, or (P, 1).
    """
    return sharpes_of_returns(returns_of_paths(equity, initial_capital), per_year)


def sharpes_of_returns(returns: Floats, per_year: float) -> Floats:
    """Annual Sharpe ratios (P,) of daily returns (P, D), each as of `sharpe`; NaN without variance."""
    if returns.shape[1] < 2:
        return np.full(len(returns), np.nan)
    mean, spread = returns.mean(axis=1), returns.std(axis=1, ddof=1)  # (P,) each
    undefined: Floats = np.full(len(returns), np.nan)
    found: Floats = np.divide(
        mean, spread, out=undefined, where=spread > np.maximum(NO_VARIANCE * np.abs(mean), ROUNDING)
    )
    return found * math.sqrt(per_year)
