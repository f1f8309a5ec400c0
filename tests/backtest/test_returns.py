"""Statistics of returns against empyrical-reloaded, scipy and the papers' own examples."""

from __future__ import annotations

import math

import empyrical
import numpy as np
import pytest
from scipy import stats

from engine.statistics import returns as of_returns

RETURNS = [np.random.default_rng(seed).standard_t(4, 500) * 0.02 for seed in range(20)]


@pytest.mark.parametrize("daily", RETURNS)
def test_equal_to_empyrical_on_daily_returns(daily):
    expected = {
        of_returns.sharpe: empyrical.sharpe_ratio(daily, annualization=365),
        of_returns.sortino: empyrical.sortino_ratio(daily, annualization=365),
        of_returns.volatility: empyrical.annual_volatility(daily, annualization=365),
        of_returns.cvar: empyrical.conditional_value_at_risk(daily),
        of_returns.skew: stats.skew(daily),
        of_returns.kurtosis: stats.kurtosis(daily, fisher=False),
    }
    for function, value in expected.items():
        assert function(daily) == pytest.approx(value, rel=1e-12), function.__name__


@pytest.mark.parametrize("daily", [np.array([]), np.array([0.01]), np.zeros(50), np.full(50, 0.1)])
def test_what_is_not_defined_is_nan(daily):
    for function in (of_returns.sharpe, of_returns.sortino, of_returns.skew, of_returns.kurtosis):
        assert math.isnan(function(daily))
    assert math.isnan(of_returns.probabilistic_sharpe(daily))


def test_what_each_return_adds_has_the_variance_of_the_paper():
    """Bailey and López de Prado 2012: N times the variance of SR is 1 - g₁ SR + (g₂ - 1)/4 SR²."""
    for daily in RETURNS:
        ratio, skewness, kurt = (
            of_returns.sharpe(daily, 1),
            of_returns.skew(daily),
            of_returns.kurtosis(daily),
        )
        wanted = 1.0 - skewness * ratio + (kurt - 1.0) / 4.0 * ratio**2
        found = np.square(of_returns.sharpe_influence(daily)).mean()
        assert found == pytest.approx(wanted, rel=3 / len(daily))
