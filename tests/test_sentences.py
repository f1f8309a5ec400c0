"""Each sentence of a result says only what its own figures say, over figures of all kinds."""

from __future__ import annotations

import math
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.results.explanations import (
    CHANCE,
    HARSHER,
    MOST_BPS,
    on_baselines,
    on_calibration,
    on_family,
    on_fills,
    on_funding,
    on_intervals,
    on_permutation,
    on_stress,
    on_trials,
)
from engine.results.figures import Spread
from engine.results.learned import Estimate
from engine.results.robustness import (
    Baseline,
    FillScenario,
    FillScenarios,
    PermutationTest,
    TrialCounts,
    TrialFamily,
)
from engine.results.stress import AtCapital, BreakEven, Capacity, Delay, StressTests, TrackRecord
from engine.statistics.long_run import bootstrapped

GAINS = st.sampled_from([-0.9, -0.0162, 0.0, 1e-9, 0.033, 4.0, math.nan])
RATIOS = st.sampled_from([-3.0, -0.2, 0.0, 0.4, 2.5, math.nan])
P_VALUES = st.sampled_from([0.0, 0.004, 0.0499, 0.05, 0.535, 1.0])
LARGEST = 1e10
NO_RECORD = TrackRecord(100, math.nan)


@given(P_VALUES, P_VALUES, P_VALUES, RATIOS, RATIOS, st.booleans())
def test_the_best_of_a_family_is_praised_only_where_both_tests_and_its_own_return_say_so(
    spa, reality_check, own, low, high, claimed
):
    family = TrialFamily(7, 200, reality_check, spa, own, 0.4, Spread(low, low, high))
    said = on_family(family, claimed=claimed)
    praised = "best is better than nothing" in said
    both = spa < CHANCE and reality_check < CHANCE
    assert not praised or (both and high > 0)
    if both and not praised:  # small p-values beside "not shown" need a reason
        assert "cannot be told from 0" in said or "none has a Sharpe ratio above 0" in said
    if "none has a Sharpe ratio above 0" in said:
        assert not high > 0
    if "cannot be told from 0" in said:
        assert not claimed


@given(GAINS, st.lists(GAINS, min_size=len(HARSHER), max_size=len(HARSHER)))
def test_fills_take_a_gain_only_where_there_is_one(total_return, gains):
    rows = tuple(FillScenario(gain, 1.0, 0.1, 5, name) for name, gain in zip(HARSHER, gains, strict=True))
    said = on_fills(total_return, FillScenarios(rows, 0.1))
    some = [name for name, gain in zip(HARSHER, gains, strict=True) if gain > 0]
    assert ("no gain that fills could take" in said) == (not total_return > 0)
    assert ("no merit" in said) == (bool(some) and not total_return > 0)
    assert ("A gain is left under each" in said) == (total_return > 0 and len(some) == len(HARSHER))
    assert ("Nothing is left" in said) == (total_return > 0 and len(some) < len(HARSHER))


@given(
    GAINS, st.sampled_from([math.nan, 0.0, 3.25, 999.9, 1000.0]), st.sampled_from([math.nan, 2e4, LARGEST])
)
def test_stress_tells_no_bound_as_a_figure_and_no_gain_of_a_loss(total_return, bps, half):
    rows = (AtCapital(1e4, 0.1, 1.0), AtCapital(LARGEST, 0.09, 0.9))
    said = on_stress(
        1.0,
        total_return,
        StressTests(
            (Delay(1, 0.1, 0.5),),
            BreakEven(bps, 4.0, 2.0),
            Capacity(rows, 1.0, half),
            (),
            TrackRecord(100, math.nan),
        ),
    )
    assert ("the gain lasts" in said) == (total_return > 0 and math.isfinite(bps))
    assert ("free of fees and slippage it gains" in said) == (math.isfinite(bps) and not total_return > 0)
    assert ("beyond 1,000 bps" in said) == (bps >= MOST_BPS)
    assert "1,000.0 bps" not in said
    # half of the gain at the least capital whose orders move the price, which is not the gain as set
    assert ("of what a capital of 10,000 gains is left" in said) == (total_return > 0 and math.isfinite(half))
    assert ("more than half" in said) == (total_return > 0 and half >= LARGEST)


@given(st.sampled_from([-30.0, -0.04, 0.0, 0.04, 17.8, math.nan]))
def test_a_trade_that_loses_is_said_to_lose(earned):
    found = StressTests((), BreakEven(math.nan, earned, 24.0), Capacity((), 1.0, math.nan), (), NO_RECORD)
    said = on_stress(-1.0, -0.2, found)
    assert ("loses" in said) == (earned <= -0.05)
    assert ("earns" in said) == (earned > -0.05)
    assert "-" not in said.partition("; ")[2]


@given(st.floats(-5e3, 5e3).filter(bool), st.sampled_from([1e2, 1e4, 1e7]))
def test_where_prices_came_to_nothing_no_gain_is_told(paid, capital):
    gained = -paid / (1e2 * capital)
    said = on_funding(
        {"final_value": capital * (1 + gained), "total_return": gained}, SimpleNamespace(funding=paid / 1e2)
    )
    assert "came to a gain" not in said
    assert ("came to no gain" in said) == (gained > 0)


@given(st.floats(-0.9, 3), st.floats(-5e3, 5e3))
def test_funding_is_told_beside_the_return_that_it_is_part_of(gained, paid):
    capital = 10_000.0
    costs = SimpleNamespace(funding=paid)
    said = on_funding({"final_value": capital * (1 + gained), "total_return": gained}, costs)
    rest = gained + paid / capital  # what prices, fees and slippage made of the capital
    assert bool(said) == (paid != 0)
    assert ("received" in said) == (paid < 0)
    if abs(rest) > 1e-9:
        assert ("came to no gain" in said) == (gained > 0 > rest)
        assert ("came to a gain" in said) == (rest > 0 >= gained and paid != 0)


@pytest.mark.parametrize(("kind", "who"), [("lstm", "LSTM"), ("own", "your own"), ("ridge", "ridge")])
def test_an_ensemble_is_called_one(kind, who):
    rows = (Baseline(0.1, 1.0, 0.1, 5, name="always flat", beaten=True),)
    assert on_baselines(rows, kind, 3).startswith(f"The mean of 3 models ({who}) beat")
    assert "mean" not in on_baselines(rows, kind, 1)


@given(st.floats(-3, 3), st.floats(0, 2))
def test_the_slope_alone_says_nothing_of_how_high_returns_are(slope, error):
    said = on_calibration(Estimate(slope, slope - error, slope + error))
    assert ("vary as much as" in said) == (slope - error <= 1 <= slope + error and slope - error > 0)
    assert ("too little" in said) == (slope - error > 1)
    assert ("too much" in said) == (slope - error > 0 and slope + error < 1)
    assert "high" not in said


@pytest.mark.parametrize("varying", [1, 2, 60])
def test_resamples_without_variance_give_no_interval(varying):
    influence = np.zeros(60)
    influence[:varying] = np.random.default_rng(3).normal(0, 1, varying)
    influence -= influence.mean()
    found = bootstrapped(0.5, influence, 400, np.random.default_rng(1))
    assert np.isnan(found.interval).all() == (varying < 60)
    assert np.isnan(found.p_value) == (varying < 60)
    assert not np.abs(found.interval).max() > 100
    if varying < 60:  # there are 60 days, and equity changed on some
        assert "enough of them" in on_intervals(found.interval, claimed=False)


def shuffled(as_good, distinct=1000):
    """A permutation test in which so many of 1,000 did as well."""
    nowhere = Spread(math.nan, math.nan, math.nan)
    return PermutationTest(1000, distinct, (1 + as_good) / 1001, nowhere, nowhere)


@given(st.integers(1, 1000))
def test_shuffles_that_are_the_same_are_not_counted_as_many(distinct):
    said = on_permutation(shuffled(3, distinct), claimed=False)
    assert (f"({distinct:,} of them different)" in said) == (distinct < 1000)


@given(st.integers(0, 1000), st.booleans())
def test_a_small_p_value_that_claims_nothing_says_why(as_good, claimed):
    said = on_permutation(shuffled(as_good), claimed=claimed)
    assert (f" {as_good:,} did" in said) == (as_good > 0)
    assert ("held together" in said) == (not claimed and (1 + as_good) / 1001 < CHANCE)
    assert ("not shown" in said) != claimed


@given(st.integers(1, 9), st.data())
def test_looks_of_one_trial_are_not_called_different(looks, data):
    trials = data.draw(st.integers(1, looks))
    said = on_trials(TrialCounts(looks, 0, trials, math.nan, math.nan, math.nan, "", 0))
    assert ("different" in said) == (trials > 1)
    assert ("of one trial" in said) == (trials == 1 < looks)


def test_no_undefined_figure_is_written_as_one():
    nan = math.nan
    family = TrialFamily(2, 31, 0.2, 0.2, 0.3, nan, Spread(nan, nan, nan))
    assert "nan" not in on_family(family)
