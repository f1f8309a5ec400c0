from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from engine.statistics.forecast import forecast_quality


def test_figures_of_a_small_case_by_hand():
    prediction = np.array([0.01, -0.02, 0.01, 0.0, np.nan, 0.03])
    forward_return = np.array([0.02, -0.01, -0.01, 0.05, 0.01, 0.01])
    found = forecast_quality(prediction, forward_return)
    assert found["forecasts"] == 5
    errors = 0.01**2 + 0.01**2 + 0.02**2 + 0.05**2 + 0.02**2
    assert found["r2"] == pytest.approx(1 - errors / (0.02**2 + 3 * 0.01**2 + 0.05**2))
    assert found["directional_accuracy"] == 0.75
    assert found["ic"] == pytest.approx(
        stats.spearmanr(prediction[~np.isnan(prediction)], forward_return[[0, 1, 2, 3, 5]])[0]
    )


def test_a_perfect_forecast_and_one_of_nothing():
    forward_return = np.random.default_rng(1).normal(0, 0.01, 500)
    perfect = forecast_quality(forward_return, forward_return)
    assert (perfect["r2"], perfect["directional_accuracy"]) == (1, 1)
    assert perfect["ic"] == pytest.approx(1)
    zero = forecast_quality(np.zeros(500), forward_return)
    assert zero["r2"] == 0
    assert math.isnan(zero["directional_accuracy"])
    assert math.isnan(zero["ic"])


def test_chance_is_called_chance():
    generator = np.random.default_rng(2)
    values = [forecast_quality(*generator.normal(0, 0.01, (2, 300)))["ic_p_value"] for _ in range(200)]
    assert 0.01 < np.mean(np.array(values) < 0.05) < 0.1


def test_nothing_to_judge_is_nan():
    found = forecast_quality(np.array([np.nan]), np.array([0.1]))
    assert found.pop("forecasts") == 0
    assert all(math.isnan(value) for value in found.values())
