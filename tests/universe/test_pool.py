"""The samples of several symbols: no window crosses, parts are the same instants, one alone is as ever."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import experiment
from engine.errors import ChangeSettingsError
from engine.market.times import milliseconds
from engine.samples import split
from engine.settings import make
from engine.universe import preparation
from engine.universe.pool import Pool
from tests.universe.markets import market, universes

NAMES = ["return_1", "rsi_14", "volatility_12"]


def chosen(*overrides):
    return make({}, ["window.lookback=5", "label.horizon=3", "model.kind=ridge", *overrides])


def pool_of(universe, wanted, counts=None):
    markets = {f"s{number}": market(*each) for number, each in enumerate(universe)}
    table = preparation.table_of(markets, NAMES, (), 3)
    counts = counts or [np.ones(len(each.frame), bool) for each in markets.values()]
    return Pool.of(tuple(markets), list(markets.values()), table, counts, wanted), markets


@settings(max_examples=25)
@given(universes(), st.integers(1, 8))
def test_each_symbol_has_the_windows_that_it_has_alone(universe, lookback):
    wanted = chosen(f"window.lookback={lookback}")
    pool, markets = pool_of(universe, wanted)
    for s, each in enumerate(markets.values()):
        rows = pool.rows(s)
        alone = experiment.samples_of(each, pool.table.iloc[rows], wanted)
        own = pool.symbol == s
        assert np.array_equal(pool.windows.start[own] - rows.start, alone.windows.start)
        assert np.array_equal(pool.label[own], alone.label, equal_nan=True)
        assert np.array_equal(pool.target_ms[own], alone.target_ms)
        first, last = pool.windows.start[own], pool.windows.target[own]
        assert ((first >= rows.start) & (last < rows.stop)).all()
        assert pool.market_of(s).frame.equals(each.frame)


@settings(max_examples=25)
@given(universes(bars=(150, 250)))
def test_the_parts_are_the_same_instants_for_all_and_no_label_reaches_over(universe):
    wanted = chosen()
    pool, _ = pool_of(universe, wanted)
    bar, known = pool.bar[pool.windows.target], np.isfinite(pool.label)
    try:
        parts = split.chronological(bar, known, wanted.label.horizon, 0.15, 0.15)
    except ChangeSettingsError:
        return
    train, validation, test = (bar[part] for part in (parts.train, parts.validation, parts.test))
    horizon = wanted.label.horizon
    assert train.max() + horizon <= validation.min()
    assert validation.max() + horizon <= test.min()
    assert not set(parts.train) & set(parts.validation)
    assert np.array_equal(np.flatnonzero(bar >= test.min()), parts.test)  # of every symbol
    # The numbers are those of one clock: equal times, equal numbers.
    pairs = set(zip(pool.target_ms.tolist(), bar.tolist(), strict=True))
    assert len(pairs) == len({time for time, _ in pairs}) == len({number for _, number in pairs})


@pytest.mark.parametrize(
    "overrides", [(), ("training.half_life=50", "training.uniqueness=true"), ("universe.scaling=symbol",)]
)
@pytest.mark.parametrize("missing", [(), (30, 31, 90, 91, 92, 93, 94)])
def test_a_universe_of_one_is_the_symbol_bit_for_bit(overrides, missing):
    wanted = chosen(*overrides)
    pool, markets = pool_of([(1, 0, 300, missing)], wanted)
    (alone,) = markets.values()
    table = preparation.features.compute(alone, NAMES)
    samples = experiment.samples_of(alone, table, wanted)
    assert pool.table.equals(table)
    assert np.array_equal(pool.windows.start, samples.windows.start)
    before = experiment.split_samples(alone, samples.target_ms, samples.label, wanted)
    numbers = pool.bar[pool.windows.target]
    parts = split.chronological(numbers, np.isfinite(pool.label), wanted.label.horizon, 0.15, 0.15)
    for name in ("train", "validation", "test"):
        assert np.array_equal(getattr(parts, name), getattr(before, name))
    start = samples.windows.start[before.train]
    ours, theirs = pool.fit_scalers(wanted, start), samples.fit_scalers(wanted, start)
    assert pool.matrix(ours).tobytes() == samples.matrix(theirs).tobytes()
    weight, other = (each.weights(wanted, before.train) for each in (pool, samples))
    assert (weight is None) == (other is None)
    assert weight is None or weight.tobytes() == other.tobytes()


def test_a_long_history_does_not_drown_a_short_one():
    wanted = chosen("universe.balance=symbols")
    pool, _ = pool_of([(1, 0, 300, ()), (2, 200, 100, ())], wanted)
    train = np.arange(len(pool.windows))
    weight, symbol = pool.weights(wanted, train), pool.symbol
    sums = [weight[symbol == s].sum() for s in range(2)]
    assert sums[0] == pytest.approx(sums[1])
    assert weight.mean() == pytest.approx(1.0)
    assert pool.weights(chosen(), train) is None


def test_each_symbol_may_be_scaled_by_its_own_training_rows():
    wanted = chosen("universe.scaling=symbol", "scaling.clip=0")
    pool, _ = pool_of([(1, 0, 300, ()), (2, 0, 300, ()), (3, 250, 60, ())], wanted)
    train = pool.windows.start[
        milliseconds(pool.market.frame.index)[pool.windows.target] < pool.target_ms[200]
    ]
    scalers = pool.fit_scalers(wanted, train)
    assert list(scalers.by_symbol) == ["s0", "s1"]  # the third is scaled as all together
    matrix = pool.matrix(scalers)
    for s in range(2):
        inside = train[(train >= pool.rows(s).start) & (train < pool.rows(s).stop)]
        used = experiment.windows.rows_used(inside, 5, len(pool.table))
        assert np.allclose(matrix[used].mean(axis=0), 0, atol=1e-4)
        assert np.allclose(matrix[used].std(axis=0), 1, atol=1e-4)
