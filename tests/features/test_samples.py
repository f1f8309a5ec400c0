"""Labels, windows, split and scaling, checked against slow and obvious versions of themselves."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import ChangeSettingsError
from engine.samples import labels, scaling, split, windows

STEP = 3_600_000


def times_with_gaps(present):
    return np.flatnonzero(present).astype(np.int64) * STEP


grids = st.lists(st.booleans(), min_size=5, max_size=80).filter(lambda p: sum(p) >= 3)


def prices(count, seed=0):
    close = 100 * np.exp(np.cumsum(np.random.default_rng(seed).normal(0, 0.01, count)))
    return pd.DataFrame({"open": np.roll(close, 1), "close": close})


def some(data, rows):
    return np.array(data.draw(st.lists(st.booleans(), min_size=rows, max_size=rows)))


@given(grids, st.integers(1, 4), st.sampled_from(["open", "close"]), st.data())
def test_a_label_is_the_return_between_two_observed_bars_with_all_between(present, horizon, kind, data):
    time = times_with_gaps(present)
    frame, observed = prices(len(time)), some(data, len(time))
    found = labels.forward_return(frame, observed, time // STEP, horizon, kind)
    row_at = {t: row for row, t in enumerate(time)}
    for row, t in enumerate(time):
        first, last = (t, t + horizon * STEP) if kind == "open" else (t - STEP, t + (horizon - 1) * STEP)
        ends = [row_at.get(moment) for moment in (first, last)]
        all_there = all(moment in row_at for moment in range(first, last + 1, STEP))
        if all_there and observed[ends].all():
            price = frame[kind].to_numpy()
            assert found[row] == price[row_at[last]] / price[row_at[first]] - 1
        else:
            assert np.isnan(found[row])


@given(grids, st.integers(1, 6), st.data())
def test_windows_are_exactly_the_ready_consecutive_stretches(present, lookback, data):
    time = times_with_gaps(present)
    ready, observed = some(data, len(time)), some(data, len(time))
    found = windows.find(ready, observed, time // STEP, lookback)
    expected = [
        target - lookback
        for target in range(lookback, len(time))
        if observed[target]
        and all(ready[target - lookback : target])
        and time[target] - time[target - lookback] == lookback * STEP
    ]
    assert found.start.tolist() == expected
    assert found.target.tolist() == [start + lookback for start in expected]
    assert len(found) + found.dropped_gap + found.dropped_unready == observed[lookback:].sum()
    used = windows.rows_used(found.start, lookback, len(time))
    assert used.tolist() == [
        any(start <= row < start + lookback for start in expected) for row in range(len(time))
    ]


@settings(max_examples=200)
@given(
    st.integers(120, 400),
    st.integers(1, 20),
    st.floats(0.1, 0.3),
    st.floats(0.1, 0.3),
    st.integers(0, 2**32 - 1),
)
def test_no_training_label_reaches_over_a_cut(count, horizon, validation, test, seed):
    skipped = np.random.default_rng(seed).integers(1, 3, count)
    target = np.cumsum(skipped).astype(np.int64) * STEP
    labelled = np.arange(count) < count - horizon
    try:
        parts = split.chronological(target, labelled, horizon * STEP, validation, test)
    except ChangeSettingsError:
        return
    reach = horizon * STEP
    first_validation = target[int(count * (1 - test - validation))]
    first_test = target[parts.test[0]]
    assert (target[parts.train] + reach <= first_validation).all()
    assert (target[parts.validation] + reach <= first_test).all()
    assert parts.train[-1] < parts.validation[0]
    assert parts.validation[-1] < parts.test[0]
    assert parts.test[-1] == count - 1
    together = len(parts.train) + len(parts.validation) + len(parts.test)
    assert together + parts.purged + parts.unlabelled == count


def test_too_few_samples_are_refused_with_have_and_need():
    with pytest.raises(ChangeSettingsError, match="training has 7 and needs 50"):
        split.chronological(np.arange(12) * STEP, np.ones(12, bool), STEP, 0.2, 0.2)


@pytest.mark.parametrize("kind", ["standard", "robust", "minmax", "none"])
def test_scaling_knows_only_the_rows_that_it_was_fitted_on(kind):
    values = np.random.default_rng(1).normal(5, 3, (200, 4))
    returns = np.random.default_rng(2).normal(0.001, 0.01, 200)
    fitted = scaling.fit(kind, values[:100], returns[:100])
    moved = values.copy()
    moved[150:] += 100
    again = scaling.fit(kind, moved[:100], returns[:100])
    assert (fitted.matrix(values)[:150] == again.matrix(moved)[:150]).all()
    nothing = np.full(200, np.nan)
    back = fitted.to_return(fitted.to_label(returns, nothing), nothing)
    assert np.allclose(back, returns, atol=1e-8)


@pytest.mark.parametrize("kind", ["standard", "robust", "minmax"])
def test_scalers_of_several_symbols_rows_taken_block_by_block_are_those_of_all(kind, monkeypatch):
    monkeypatch.setattr(scaling, "ROWS_AT_A_TIME", 64)
    rng = np.random.default_rng(7)
    rows = np.float32(rng.normal([0, 5, 1e4], [1e-4, 1, 100], (1000, 3)) * np.linspace(1, 3, 1000)[:, None])
    returns = rng.normal(size=1000)
    found, whole = (scaling.fit(kind, each, returns) for each in (rows, rows.astype(np.float64)))
    assert np.allclose(found.matrix(rows), whole.matrix(rows), atol=2e-4)


def test_labels_in_deviations_are_even_over_calm_and_wild_markets_and_come_back_as_returns():
    rng = np.random.default_rng(3)
    volatility = np.where(np.arange(400) < 200, 0.005, 0.05)
    returns = rng.normal(0, volatility)
    fitted = scaling.fit("standard", rng.normal(size=(400, 2)), returns, volatility)
    label = fitted.to_label(returns, volatility)
    assert 0.8 < label[:200].std() / label[200:].std() < 1.25
    assert np.allclose(fitted.to_return(label, volatility), returns, atol=1e-6)
    untold, at_rest = np.full(400, np.nan), np.zeros(400)  # neither is divided by
    for known in (untold, at_rest):
        assert np.isfinite(fitted.to_label(returns, known)).all()
    assert np.isfinite(fitted.to_return(label, untold)).all()


@pytest.mark.parametrize("limit", [0.5, 2.0])
def test_what_goes_beyond_the_limit_is_cut_off_and_nothing_else_moves(limit):
    rng = np.random.default_rng(4)
    values, returns = rng.normal(size=(300, 3)), rng.standard_t(2, 300)
    cut = scaling.fit("standard", values, returns, clip=limit, label_clip=limit)
    free = scaling.fit("standard", values, returns)
    for one, other in (
        (cut.matrix(values), free.matrix(values)),
        (cut.to_label(returns, returns), free.to_label(returns, returns)),
    ):
        assert np.abs(one).max() == np.float32(limit)
        inside = np.abs(other) <= limit
        assert (one[inside] == other[inside]).all()
        assert inside.any()
        assert not inside.all()


def test_standard_scaling_centres_the_training_rows_and_zeroes_what_is_not_ready():
    values = np.random.default_rng(1).normal(5, 3, (100, 2))
    values[0] = np.nan
    scaled = scaling.fit("standard", values[1:50], np.arange(5.0)).matrix(values)
    assert scaled.dtype == np.float32
    assert (scaled[0] == 0).all()
    assert np.allclose(scaled[1:50].mean(axis=0), 0, atol=1e-6)
    assert np.allclose(scaled[1:50].std(axis=0), 1, atol=1e-5)
