"""Bands of forecasts: what share of returns they hold, and how exactly that is told."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.signal import lfilter

from engine.statistics.conformal import Band, scores, share_held, width

SEEDS = st.integers(0, 2**32 - 1)
SHARES = st.floats(0.01, 0.99)


@given(st.lists(st.floats(0, 10) | st.just(math.inf), max_size=60), SHARES)
def test_the_width_is_the_least_score_that_as_many_as_asked_do_not_exceed(found, share):
    values, needed = np.array(found), (len(found) + 1) * share - 1e-6
    half = width(values, share)
    if math.isnan(half):
        assert needed > np.isfinite(values).sum() - 1
    else:
        assert (values <= half).sum() >= needed > (values < half).sum() - 1
        assert half in values


@pytest.mark.parametrize(("count", "share"), [(19, 0.8), (9, 0.5), (99, 0.95)])
def test_rows_that_could_change_places_are_held_as_often_as_asked_however_few(count, share):
    generator = np.random.default_rng(count)
    drawn, fresh = generator.exponential(size=(4000, count)), generator.exponential(size=4000)
    held = [new <= width(old, share) for old, new in zip(drawn, fresh, strict=True)]
    assert np.mean(held) == pytest.approx(share, abs=4 * math.sqrt(share * (1 - share) / 4000))


def test_bands_hold_as_much_in_wild_times_as_in_calm_ones():
    generator = np.random.default_rng(5)
    volatility = np.exp(generator.normal(-5, 1, 20_000))
    forecast = 0.1 * volatility * generator.standard_normal(20_000)
    came = forecast + volatility * generator.standard_t(4, 20_000)
    half = width(scores(forecast, came, volatility)[:10_000], 0.8)
    held = Band.around(forecast, volatility, half).holds(came)[10_000:]
    calm = volatility[10_000:] < np.median(volatility)
    assert [held[calm].mean(), held[~calm].mean()] == pytest.approx([0.8, 0.8], abs=0.025)


@given(SEEDS, SHARES, st.floats(-2, 2))
def test_forecasts_are_both_of_their_quantiles_where_none_are_learned(seed, share, inward):
    generator = np.random.default_rng(seed)
    forecast, came, volatility = generator.normal(size=(3, 40))
    volatility = np.abs(volatility)
    half = width(scores(forecast, came, volatility), share)
    alike = np.stack([forecast + 1, forecast, forecast], axis=1)  # (N, 3)
    assert width(scores(alike, came, volatility), share) == pytest.approx(half, nan_ok=True)
    plain, laid = Band.around(forecast, volatility, half), Band.around(alike, volatility, half)
    assert np.array_equal([plain.low, plain.high], [laid.low, laid.high], equal_nan=True)
    learned = np.stack([forecast, forecast - volatility, forecast + 2 * volatility], axis=1)
    band = Band.around(learned, volatility, inward)
    assert (band.low <= band.high).all()
    if inward > -1.4:  # else the quantiles would meet
        inside = scores(learned, came, volatility) <= inward
        assert np.count_nonzero(band.holds(came) != inside) == 0


def test_learned_quantiles_that_hold_too_much_or_too_little_are_moved_until_they_hold_the_share():
    generator = np.random.default_rng(6)
    scale = np.exp(generator.normal(0, 1, 20_000))  # which the quantiles know and the volatility does not
    came = scale * generator.standard_t(4, 20_000)
    for factor in (0.3, 1.5, 4.0):
        learned = np.stack([0 * scale, -factor * scale, factor * scale], axis=1)  # (N, 3)
        half = width(scores(learned, came, np.ones(20_000))[:10_000], 0.8)
        held = Band.around(learned, np.ones(20_000), half).holds(came)[10_000:]
        assert held.mean() == pytest.approx(0.8, abs=0.02)


@given(SEEDS, st.floats(1e-6, 1e3))
def test_bands_follow_the_unit_and_rows_that_are_not_known_make_none(seed, unit):
    generator = np.random.default_rng(seed)
    forecast, came, volatility = generator.normal(size=(3, 40))
    volatility = np.abs(volatility)
    half = width(scores(forecast, came, volatility), 0.7)
    assert width(scores(unit * forecast, unit * came, unit * volatility), 0.7) == pytest.approx(half)
    holes = [np.append(values, generator.normal(size=3)) for values in (forecast, came, volatility)]
    for place, values in enumerate(holes):
        values[40 + place] = np.nan
    assert width(scores(*holes), 0.7) == half
    band = Band.around(holes[0], holes[2], half)
    assert not (band.holds(holes[1]) & ~band.known(holes[1])).any()
    assert not band.known(holes[1])[40:].any()


@pytest.mark.parametrize("share", [0.0, 0.7])
def test_intervals_of_the_share_hold_the_truth_though_rows_last(share):
    bound, inside = 1.2815516 * math.sqrt(1 / (1 - share**2)), 0
    for seed in range(200):
        noise = lfilter([1.0], [1.0, -share], np.random.default_rng([3, seed]).standard_normal(500))[100:]
        found, low, high = share_held(np.abs(noise) < bound)
        assert 0 <= low <= found <= high <= 1
        inside += low <= 0.8 <= high
    assert 0.88 * 200 <= inside < 200


@given(st.integers(0, 30), st.booleans())
def test_a_share_of_rows_all_alike_has_no_interval(count, held):
    share, low, high = share_held(np.full(count, held))
    assert share == held if count else math.isnan(share)
    assert math.isnan(low)
    assert math.isnan(high)
