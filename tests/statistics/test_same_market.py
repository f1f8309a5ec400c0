"""One market under many names, and two that only move together."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.statistics.same_market import HOUR_MS, HourlyPrices, same_market

DATA = Path(__file__).parents[3] / "shared" / "data"
few = settings(max_examples=80, deadline=None, database=None, derandomize=True)


def walk(generator, hours, correlation=0.0, beside=None):
    """Closes (H,) with clustered volatility, correlated with another's hourly returns."""
    size = 0.008 * np.exp(np.repeat(generator.normal(0, 0.4, hours // 24 + 1), 24)[:hours])
    own = generator.standard_t(5, hours) * size
    if beside is not None:
        common = np.diff(np.log(beside), prepend=np.log(beside[0]))
        own = correlation * common + np.sqrt(1 - correlation**2) * common.std() * own / own.std()
    return 300.0 * np.exp(np.cumsum(own))


@st.composite
def copies(draw):
    """Closes of one market twice, the second time in disguise: (close_ms, close) each."""
    generator = np.random.default_rng(draw(st.integers(0, 2**32)))
    timeframe = draw(st.sampled_from([1, 1, 2, 4, 24]))
    hours = draw(st.integers(150, 1500)) * timeframe
    close_ms = (400_000 + np.arange(1, hours + 1)) * HOUR_MS
    close = walk(generator, hours)
    copy_ms, copy = close_ms.copy(), close.copy()
    if draw(st.booleans()):  # another exchange of the same pair
        copy = copy * np.exp(0.00035 * generator.standard_normal(hours))
    if draw(st.booleans()):  # another part of the time
        first = draw(st.integers(0, hours // 4))
        copy_ms, copy = copy_ms[first:], copy[first:]
    kept = copy_ms // HOUR_MS % timeframe == 0
    copy_ms, copy = copy_ms[kept], copy[kept] * draw(st.sampled_from([1.0, 1e-6, 0.73, 1000.0]))
    if draw(st.booleans()):
        copy = np.round(copy, 4 - int(np.floor(np.log10(copy.min()))))
    if draw(st.booleans()):  # some candles are missing, one is damaged
        kept = generator.random(len(copy)) > 0.1
        copy_ms, copy = copy_ms[kept], copy[kept]
        copy[len(copy) // 2] *= 4
    shift = draw(st.integers(-52, 52)) * HOUR_MS // 2  # half an hour, as in India
    return (close_ms, close), (copy_ms + shift, copy)


@few
@given(copies())
def test_a_market_is_recognised_in_any_disguise(pair):
    first, second = (HourlyPrices.of(*each) for each in pair)
    if len(second.hour) >= 115:  # at the furthest lags some hours are not common
        assert same_market(first, second)
        assert same_market(second, first)


@settings(max_examples=20, deadline=None, database=None, derandomize=True)
@given(st.integers(0, 2**32), st.floats(0.0, 1.0), st.integers(-25, 24), st.floats(0, 0.008))
def test_a_clock_that_is_put_forward_in_summer_and_damaged_hours_hide_no_market(seed, place, shift, damaged):
    generator = np.random.default_rng(seed)
    close_ms = (400_000 + np.arange(1, 3001)) * HOUR_MS
    close = walk(generator, 3000)
    copy_ms = close_ms + (shift + (np.arange(3000) >= 3000 * place)) * HOUR_MS
    copy = np.where(generator.random(3000) < damaged, 1.5, 1.0) * close
    first, second = HourlyPrices.of(close_ms, close), HourlyPrices.of(copy_ms, copy)
    assert same_market(first, second)
    assert same_market(second, first)


@few
@given(
    st.integers(0, 2**32), st.floats(0.0, 0.96), st.integers(150, 3000), st.integers(-30, 30),
)  # fmt: skip
def test_markets_that_move_together_stay_two(seed, correlation, hours, shift):
    generator = np.random.default_rng(seed)
    close_ms = (400_000 + np.arange(1, hours + 1)) * HOUR_MS
    close = walk(generator, hours)
    other = walk(generator, hours, correlation, close)
    first, second = HourlyPrices.of(close_ms, close), HourlyPrices.of(close_ms + shift * HOUR_MS, other)
    assert same_market(first, second) is False


def test_bars_of_five_minutes_are_recognised_behind_a_shift_of_one_of_them():
    generator = np.random.default_rng(2)
    close_ms = np.arange(1, 12 * 400 + 1) * HOUR_MS // 12 + 400_000 * HOUR_MS
    close = 300 * np.exp(np.cumsum(0.002 * generator.standard_normal(len(close_ms))))
    known = HourlyPrices.of(close_ms, close)
    phases = HourlyPrices.phases(close_ms + HOUR_MS // 12, close)
    assert not same_market(phases[0], known)
    assert len(phases) == 12
    assert any(same_market(each, known) for each in phases)


def test_few_hours_in_common_tell_nothing():
    close_ms, close = np.arange(1, 121) * HOUR_MS, walk(np.random.default_rng(1), 120)
    some = HourlyPrices.of(close_ms[:99], close[:99])
    assert same_market(some, HourlyPrices.of(close_ms, close)) is None
    assert same_market(HourlyPrices.of(close_ms, close), HourlyPrices.of(close_ms, close)) is True


def test_a_price_that_never_moves_is_no_copy_of_another():
    close_ms = np.arange(1, 301) * HOUR_MS
    still = HourlyPrices.of(close_ms, np.full(300, 7.0))
    assert same_market(still, still) is False
    assert same_market(still, HourlyPrices.of(close_ms, walk(np.random.default_rng(1), 300))) is False


def recorded(pair):
    """(close_ms, close) of a file of hourly candles."""
    path = DATA / f"Binance_{pair}_1h.csv.gz"
    if not path.exists():
        pytest.skip("the recorded candles are not here")
    with gzip.open(path) as file:
        table = pd.read_csv(file)
    stamp = table["unix"].to_numpy(np.int64)
    stamp = np.where(stamp < 10**11, stamp * 1000, stamp)
    stamp, rows = np.unique(stamp, return_index=True)
    return stamp + HOUR_MS, table["close"].to_numpy(np.float64)[rows]


@pytest.mark.parametrize("hours", [120, 720, 30_000])
def test_bitcoin_and_ether_stay_two(hours):
    bitcoin, ether = recorded("BTCUSDT"), HourlyPrices.of(*recorded("ETHUSDT"))
    for first in range(0, len(bitcoin[0]) - hours, max(hours, 3000)):
        part = HourlyPrices.of(*(values[first : first + hours] for values in bitcoin))
        assert same_market(part, ether) is False
        assert same_market(part, HourlyPrices.of(*bitcoin))


WEEK = np.arange(3000) // 24 % 7
DODGES = {
    "inverse": lambda close: 1e4 / close,
    "logarithm": np.log,
    "square": np.square,
    "drifting": lambda close: close * np.exp(2e-5 * np.arange(len(close))),
    "drifting and rounded": lambda close: np.round(close * np.exp(2e-5 * np.arange(len(close))), 1),
    "cents": lambda close: np.round(100 * close),
    "a constant more": lambda close: close + 100.0,
    "a constant less": lambda close: close - 0.5 * close.min(),
    "weekdays": lambda close: np.where(WEEK < 5, close, np.nan),
    "a stretch": lambda close: np.where(np.abs(np.arange(len(close)) - 900) < 200, close, np.nan),
    "every second bar": lambda close: np.where(np.arange(len(close)) % 2, close, np.nan),
}


@pytest.mark.parametrize("name", DODGES)
def test_a_market_quoted_in_another_way_is_recognised(name):
    close_ms = (400_000 + np.arange(1, 3001)) * HOUR_MS
    close = walk(np.random.default_rng(3), 3000)
    other = DODGES[name](close)
    there = np.isfinite(other)
    first, second = HourlyPrices.of(close_ms, close), HourlyPrices.of(close_ms[there], other[there])
    assert same_market(first, second)
    assert same_market(second, first)


def test_another_quote_currency_makes_another_market():
    generator = np.random.default_rng(3)
    close_ms = (400_000 + np.arange(1, 3001)) * HOUR_MS
    close = walk(generator, 3000)
    other = close * np.exp(np.cumsum(generator.normal(0, 0.0007, 3000)))  # such as euros for dollars
    assert same_market(HourlyPrices.of(close_ms, close), HourlyPrices.of(close_ms, other)) is False
