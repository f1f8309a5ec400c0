"""Reality Check, SPA and step-wise p-values against slow formulas and the arch package (8.0.0)."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.statistics.bootstrap import draws
from engine.statistics.superiority import holm, long_run_variances, of_draws, superiority

few = settings(max_examples=60, deadline=None, database=None, derandomize=True)
seeds = st.integers(0, 2**32)


def family(seed, days=200, trials=8, edge=0.0):
    """Returns (D, N) that share a market, of different size, the last with an edge in deviations a day."""
    generator = np.random.default_rng(seed)
    noise = generator.standard_normal((days, trials)) + 0.7 * generator.standard_normal((days, 1))
    noise[:, -1] += edge
    return noise * np.linspace(0.005, 0.02, trials)


def slow_variance(values, block):
    """Hansen 2005, term by term."""
    count, centred = len(values), values - values.mean()
    total = float(centred @ centred) / count
    for lag in range(1, count):
        stays = 1 - 1 / block
        kernel = (1 - lag / count) * stays**lag + lag / count * stays ** (count - lag)
        total += 2 * kernel * float(centred[lag:] @ centred[:-lag]) / count
    return total


def slow_p_values(returns, rows, block):
    """Reality Check and SPA as arch computes them, SPA over returns in long-run deviations."""
    scaled = returns / np.sqrt([slow_variance(column, block) for column in returns.T])
    bound = -math.sqrt(2 * math.log(math.log(len(returns))) / len(returns))
    found = []
    for values, recentred in ((returns, np.ones(returns.shape[1], bool)), (scaled, scaled.mean(0) >= bound)):
        mean = values.mean(axis=0)
        best = [(values[line].mean(axis=0) - np.where(recentred, mean, 0)).max() for line in rows]
        found.append(np.mean(np.array(best) > mean.max()))
    return found


def slow_steps(statistic, resampled):
    """Adjusted p-values by taking one strategy off the top after the other."""
    found, left, highest = np.empty(len(statistic)), list(range(len(statistic))), 0.0
    while left:
        best = max(left, key=lambda place: statistic[place])
        highest = max(highest, float((resampled[:, left].max(axis=1) > statistic[best]).mean()))
        found[best] = highest
        left.remove(best)
    return found


@few
@given(seeds, st.floats(1, 20), st.integers(1, 8))
def test_the_p_values_are_those_of_the_slow_formulas(seed, block, trials):
    returns = family(seed, 80, trials)
    rows = np.concatenate(list(draws(80, block, 100, np.random.default_rng(seed))))
    rows = rows[[len(set(line)) < 80 for line in rows]]  # every day once is a tie: rounding would decide
    found = of_draws(returns, block, [rows[:30], rows[30:]])
    assert [found.reality_check, found.spa] == pytest.approx(slow_p_values(returns, rows, block), abs=1e-9)
    deviation = np.sqrt([slow_variance(column, block) for column in returns.T])
    assert long_run_variances(returns, block) == pytest.approx(deviation**2, rel=1e-9)
    resampled = np.array([(returns[line] - returns.mean(0)).mean(0) for line in rows]) / deviation
    assert found.step_wise == pytest.approx(slow_steps(returns.mean(0) / deviation, resampled), abs=1e-9)


@pytest.mark.parametrize(
    ("seed", "edge", "reality_check", "spa"),  # by arch.bootstrap.SPA, 20,000 draws; spa of scaled returns
    [(1, 0.0, 0.36255, 0.57355), (2, 0.05, 0.223, 0.14475), (4, 0.1, 0.1517, 0.3868), (6, 0.15, 0.0, 0.0)],
)
def test_the_p_values_are_those_of_arch(seed, edge, reality_check, spa):
    found = superiority(family(seed, 500, 10, edge), np.random.default_rng(0), 20_000)
    assert found.reality_check == pytest.approx(reality_check, abs=0.012)
    assert found.spa == pytest.approx(spa, abs=0.012)


def test_skill_is_found_where_it_is_and_nowhere_else():
    found = superiority(family(3, edge=0.4), np.random.default_rng(0))
    assert found.spa < 0.01
    assert found.step_wise[-1] < 0.01
    assert found.step_wise[:-1].min() > 0.05


def test_worthless_families_are_called_worthless_as_often_as_they_should():
    found = [superiority(family(seed), np.random.default_rng(seed), 300) for seed in range(200)]
    for name in ("spa", "reality_check"):
        assert np.mean([getattr(each, name) < 0.05 for each in found]) <= 0.1
    assert np.mean([each.step_wise.min() < 0.05 for each in found]) <= 0.1


@few
@given(seeds, st.integers(2, 8))
def test_a_family_is_judged_the_same_in_any_order_and_by_the_step_of_its_best(seed, trials):
    returns = family(seed, 60, trials)
    order = np.random.default_rng(seed).permutation(trials)
    first, second = (
        superiority(each, np.random.default_rng(1), 100) for each in (returns, returns[:, order])
    )
    assert first.spa == second.spa
    assert list(first.step_wise[order]) == list(second.step_wise)
    assert first.spa <= first.step_wise.min()  # the hopeless do not count in it


def test_a_family_that_cannot_be_judged_is_nan():
    for returns in (family(1, 29), np.empty((100, 0)), np.full((100, 3), 0.001)):
        found = superiority(returns, np.random.default_rng(0), 50)
        assert math.isnan(found.spa)
        assert math.isnan(found.reality_check)
        assert np.isnan(found.step_wise).all()


def test_holm_by_hand():
    assert holm([0.01, 0.04, 0.03, math.nan]) == pytest.approx([0.03, 0.06, 0.06, math.nan], nan_ok=True)
    assert holm([0.6, 0.9]) == [1.0, 1.0]
    assert holm([]) == []


@few
@given(st.lists(st.floats(0, 1), min_size=1, max_size=9))
def test_holm_claims_what_the_procedure_rejects(p_values):
    """Step by step as Holm 1979 has it: reject the smallest while it is below 5 % over those left."""
    claimed, left = set(), sorted(range(len(p_values)), key=p_values.__getitem__)
    while left and p_values[left[0]] * len(left) < 0.05:
        claimed.add(left.pop(0))
    assert {place for place, value in enumerate(holm(p_values)) if value < 0.05} == claimed
