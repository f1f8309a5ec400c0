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


def test_probabilistic_sharpe_as_in_the_paper():
    """Bailey and López de Prado 2012, the hedge fund with 24 months: 0.982 if normal, 0.913 as it is."""
    assert of_returns.sharpe_probability(0.458, 24, 0.0, 3.0) == pytest.approx(0.982, abs=5e-4)
    assert of_returns.sharpe_probability(0.458, 24, -2.448, 10.164) == pytest.approx(0.913, abs=5e-4)


def test_deflated_sharpe_as_in_the_paper():
    """Bailey and López de Prado 2014: 100 trials, variance 1/2 a year of 250 days, SR 2.5, 1,250 days."""
    best = of_returns.expected_best_sharpe(100, 0.5 / 250)
    assert best == pytest.approx(0.1132, abs=5e-5)
    deflated = of_returns.sharpe_probability(2.5 / math.sqrt(250), 1250, -3.0, 10.0, best)
    assert deflated == pytest.approx(0.9004, abs=5e-5)


def test_deflating_by_one_trial_changes_nothing_and_by_more_lowers():
    daily = RETURNS[0] + 0.002
    once = of_returns.probabilistic_sharpe(daily)
    assert of_returns.deflated_sharpe(daily, 1, 0.01) == once
    assert of_returns.deflated_sharpe(daily, 10, 0.001) < once
