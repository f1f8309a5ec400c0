"""The simulated market: what of it can be predicted, what cannot, and that its history stands still."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.data.demo.market import SYMBOLS, DemoMarket
from engine.data.demo.paths import BLOCK, ORIGIN_MS
from engine.errors import ChangeSettingsError

if TYPE_CHECKING:
    from engine.data.demo.bars import Candles

HOUR = 3_600_000
DAY = 24 * HOUR
START = 1_609_459_200_000  # 2021-01-01
NOW = START + 400 * DAY
PERPETUAL = "BTC/USDT:USDT"


def bars(market: DemoMarket, days: int, symbol: str = "BTC/USDT", *, second: bool = False) -> Candles:
    return market.candles(symbol, market.timeframe, START, START + days * DAY, second=second)


def correlation(left: np.ndarray, right: np.ndarray) -> float:
    return float(np.corrcoef(left, right)[0, 1])


def averages(values: np.ndarray) -> np.ndarray:
    """Exponentially weighted means up to and including each row; (T, 6)."""
    from scipy.signal import lfilter

    memories = [0.5 ** (1 / half_life) for half_life in (2, 6, 12, 24, 72, 240)]
    return np.column_stack([lfilter([1 - m], [1, -m], values) for m in memories])


def out_of_sample(inputs: np.ndarray, target: np.ndarray) -> tuple[np.ndarray, slice]:
    """Ridge fitted on the first 70 % of rows, predictions for the rest."""
    half = len(target) * 7 // 10
    fit, test = slice(200, half), slice(half, None)
    mean, deviation = inputs[fit].mean(axis=0), inputs[fit].std(axis=0)
    scaled = np.clip((inputs - mean) / deviation, -5, 5)  # (T, F)
    gram = scaled[fit].T @ scaled[fit] + 100 * np.eye(inputs.shape[1])
    return scaled[test] @ np.linalg.solve(gram, scaled[fit].T @ target[fit]), test


def test_the_same_seed_gives_the_same_market_and_another_seed_another() -> None:
    first, again, other = (bars(DemoMarket(seed, 0.05, "1h"), 30) for seed in (3, 3, 4))
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert not np.array_equal(first.close, other.close)


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 2**31 - 1),
    start=st.integers(-100, 3 * BLOCK),
    length=st.integers(0, 2 * BLOCK),
    symbol=st.sampled_from(sorted(SYMBOLS)),
)
def test_a_candle_is_the_same_whatever_range_is_asked(
    seed: int, start: int, length: int, symbol: str
) -> None:
    """A fresh market asked for a range gives the rows of one that was asked for everything."""
    whole_history, fresh = DemoMarket(seed, 0.05, "1h"), DemoMarket(seed, 0.05, "1h")
    part = fresh.candles(symbol, "1h", ORIGIN_MS + start * HOUR, ORIGIN_MS + (start + length) * HOUR)
    everything = whole_history.candles(symbol, "1h", 0, ORIGIN_MS + 5 * BLOCK * HOUR)
    rows = slice(max(start, 0), max(start + length, 0))
    assert all(np.array_equal(a, b[rows]) for a, b in zip(part, everything, strict=True))


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 2**31 - 1),
    edge=st.floats(0, 0.9),
    timeframe=st.sampled_from(["1m", "5m", "1h", "4h"]),
    symbol=st.sampled_from(sorted(SYMBOLS)),
)
def test_candles_are_possible_candles(seed: int, edge: float, timeframe: str, symbol: str) -> None:
    market = DemoMarket(seed, edge, timeframe)
    candles = market.candles(symbol, timeframe, ORIGIN_MS, ORIGIN_MS + BLOCK * market.step_ms)
    assert np.array_equal(np.diff(candles.time), np.full(BLOCK - 1, market.step_ms))
    assert (candles.low > 0).all()
    assert (candles.low <= np.minimum(candles.open, candles.close)).all()
    assert (candles.high >= np.maximum(candles.open, candles.close)).all()
    assert (candles.volume > 0).all()
    assert (candles.taker_volume <= candles.volume).all()
    assert np.array_equal(candles.open[1:], candles.close[:-1])
    for price in candles[1:5]:
        assert np.array_equal(price, np.round(price, 2))


def test_coarser_candles_are_made_of_the_native_ones() -> None:
    market = DemoMarket(5, 0.05, "1h")
    native, coarse = bars(market, 60), market.candles("BTC/USDT", "4h", START, START + 60 * DAY)
    grouped = {name: getattr(native, name).reshape(-1, 4) for name in native._fields}
    assert np.array_equal(coarse.time, grouped["time"][:, 0])
    assert np.array_equal(coarse.open, grouped["open"][:, 0])
    assert np.array_equal(coarse.close, grouped["close"][:, -1])
    assert np.array_equal(coarse.high, grouped["high"].max(axis=1))
    assert np.array_equal(coarse.low, grouped["low"].min(axis=1))
    np.testing.assert_allclose(coarse.volume, grouped["volume"].sum(axis=1))


def test_what_the_market_does_not_have_is_refused() -> None:
    market = DemoMarket(1, 0.0, "1h")
    for ask in (
        lambda: market.candles("BTC/USDT", "5m", START, NOW),
        lambda: market.candles("DOGE/USDT", "1h", START, NOW),
        lambda: market.candles(PERPETUAL, "1h", START, NOW, second=True),
        lambda: market.funding("BTC/USDT", START, NOW),
        lambda: market.open_interest("BTC/USDT", "1h", START, NOW),
        lambda: market.conditional_mean([START + 1]),
        lambda: DemoMarket(-1, 0.0, "1h"),
        lambda: DemoMarket(1, 0.95, "1h"),
        lambda: DemoMarket(1, 0.0, "7m"),
    ):
        with pytest.raises(ChangeSettingsError):
            ask()


@pytest.mark.parametrize(("edge", "symbol"), [(0.05, "BTC/USDT"), (0.1, "ETH/USDT"), (0.4, "BTC/USDT")])
def test_the_edge_is_the_correlation_with_what_is_known(edge: float, symbol: str) -> None:
    """corr(conditional mean / volatility, return / volatility) = edge, within four standard errors."""
    market = DemoMarket(11, edge, "15m")
    candles = bars(market, 1500, symbol)
    returns, volatility = candles.close / candles.open - 1, market.volatility(candles.time, symbol)
    mean = market.conditional_mean(candles.time, symbol)
    known = mean / volatility
    assert correlation(known, returns / volatility) == pytest.approx(edge, abs=0.015)
    assert known.std() == pytest.approx(edge, rel=0.05)
    slope = (known * returns / volatility).sum() / (known**2).sum()  # the mean is right in size, too
    assert slope == pytest.approx(1, abs=4 / (edge * np.sqrt(len(known))))


def test_volatility_clusters_has_heavy_tails_and_a_rhythm() -> None:
    candles = bars(DemoMarket(2, 0.05, "1h"), 2000)
    returns = np.diff(np.log(candles.close))
    size = np.abs(returns) - np.abs(returns).mean()
    clustering = [(size[lag:] * size[:-lag]).mean() / size.var() for lag in (1, 5, 24)]
    assert min(clustering) > 0.1
    assert 6 < (returns**4).mean() / returns.var() ** 2 < 80
    assert 0.005 < returns.std() < 0.007
    hour = candles.time[1:] // HOUR % 24
    assert returns[hour == 15].std() > 1.3 * returns[hour == 3].std()
    assert correlation(np.abs(returns), candles.volume[1:]) > 0.5
    weekend = (candles.time[1:] // DAY + 3) % 7 >= 5
    assert returns[weekend].std() < 0.9 * returns[~weekend].std()


def test_bitcoin_and_ether_move_together_and_perpetuals_stay_near_spot() -> None:
    market = DemoMarket(2, 0.05, "1h")
    spot, ether = bars(market, 1000), bars(market, 1000, "ETH/USDT")
    assert correlation(np.diff(np.log(spot.close)), np.diff(np.log(ether.close))) == pytest.approx(
        0.7, abs=0.05
    )
    for near in (bars(market, 1000, PERPETUAL), bars(market, 1000, second=True)):
        distance = near.close / spot.close - 1
        assert 0 < np.abs(distance).max() < 0.002
        assert abs(distance.mean()) < 3e-5


@pytest.mark.parametrize(("timeframe", "count"), [("1m", 50_000), ("1h", 50_000), ("1d", 2_000)])
def test_without_edge_prices_neither_explode_nor_drift(timeframe: str, count: int) -> None:
    """The price is a martingale: returns average to nothing, and years leave a price that is one."""
    market = DemoMarket(7, 0.0, timeframe)
    candles = market.candles("BTC/USDT", timeframe, START, START + count * market.step_ms)
    returns = candles.close / candles.open - 1
    assert abs(returns.mean()) < 3 * returns.std() / np.sqrt(len(returns))
    assert (market.conditional_mean(candles.time) == 0).all()
    assert candles.close.min() > 10
    assert candles.close.max() < 1e7


def test_without_edge_nothing_predicts_the_next_return() -> None:
    """Neither lags, nor volume, wicks, spread, basis, funding or open interest; alone or by regression."""
    market = DemoMarket(13, 0.0, "1h")
    candles, perpetual, second = (
        bars(market, 2000),
        bars(market, 2000, PERPETUAL),
        bars(market, 2000, second=True),
    )
    funding = market.funding(PERPETUAL, START - DAY, START + 2000 * DAY)
    interest = market.open_interest(PERPETUAL, "1h", START + HOUR, START + 2000 * DAY + HOUR).contracts
    returns = candles.close / candles.open - 1
    unit = returns / market.volatility(candles.time)
    lags = np.column_stack([np.roll(unit, lag) for lag in range(20)])  # (T, 20)
    paid = funding.rate[np.searchsorted(funding.time, candles.time + HOUR, side="right") - 1]
    others = np.column_stack(
        [
            np.log(candles.volume),
            candles.taker_volume / candles.volume,
            np.log(candles.high / np.maximum(candles.open, candles.close)),
            np.log(candles.low / np.minimum(candles.open, candles.close)),
            np.log(second.close / candles.close),
            np.log(perpetual.close / candles.close),
            np.log(second.volume / candles.volume),
            paid,
            np.diff(np.log(interest), prepend=np.log(interest[0])),
            market.volatility(candles.time),
        ]
    )  # (T, 10)
    inputs, target = np.column_stack([lags, others, averages(unit)])[:-1], unit[1:]
    chance = 4 / np.sqrt(len(target))
    assert all(abs(correlation(column[200:], target[200:])) < chance for column in inputs.T)
    predicted, test = out_of_sample(inputs, target)
    assert 1 - ((target[test] - predicted) ** 2).sum() / (target[test] ** 2).sum() < 0.0005
    assert abs(correlation(predicted, target[test])) < 3.5 / np.sqrt(len(predicted))


def test_an_edge_of_a_tenth_can_be_learnt_from_past_returns() -> None:
    """A ridge on averages of past returns, scaled by past volatility, comes near the true mean."""
    market = DemoMarket(17, 0.1, "1h")
    candles = bars(market, 2000)
    returns = candles.close / candles.open - 1
    size = np.sqrt(averages(returns**2)[:, 3])  # (T,) the last day's volatility
    unit = returns / np.concatenate([size[:1], size[:-1]])
    predicted, test = out_of_sample(averages(np.clip(unit, -6, 6))[:-1], unit[1:])
    truth = market.conditional_mean(candles.time[1:][test]) / market.volatility(candles.time[1:][test])
    assert correlation(predicted, truth) > 0.8


def test_funding_and_open_interest_come_from_the_past_only() -> None:
    """Stamps every 8 h, some milliseconds late; no value of either depends on what comes after its stamp."""
    market = DemoMarket(3, 0.0, "1h")
    funding = market.funding(PERPETUAL, START, START + 600 * DAY)
    late = funding.time % (8 * HOUR)
    assert len(funding.time) in (1799, 1800)
    assert late.max() < 20
    assert late.min() == 0
    assert np.abs(funding.rate).max() <= 0.0075
    assert 1e-5 < funding.rate.std() < 1e-3
    candles = bars(market, 601)
    stamp = (funding.time - START) // HOUR  # (T,) the bar that opens at the stamp
    after, before = np.log(candles.close[stamp + 7] / candles.open[stamp]), candles.open[stamp]
    assert correlation(funding.rate[3:], np.diff(np.log(before), n=1)[2:]) > 0.3
    assert abs(correlation(funding.rate, after)) < 4 / np.sqrt(len(after))
    part = market.funding(PERPETUAL, START + 100 * DAY, START + 101 * DAY)
    assert np.isin(part.rate, funding.rate).all()


@pytest.mark.parametrize("correlation", [0.0, 0.3, 0.9])
def test_the_noise_of_further_markets_correlates_as_told_and_that_of_others_stays(correlation):
    market, hours = DemoMarket(3, 0.0, "1h", correlation), 12_000
    end = ORIGIN_MS + hours * 3_600_000

    def noise(symbol):
        bars = market.candles(symbol, "1h", ORIGIN_MS, end)
        return np.log(bars.close / bars.open) / market.volatility(bars.time, symbol)

    found = np.corrcoef([noise(symbol) for symbol in ("SOL/USDT", "XRP/USDT", "OP/USDT")])
    assert found[np.triu_indices(3, 1)] == pytest.approx(correlation, abs=0.04)
    plain = DemoMarket(3, 0.0, "1h").candles("BTC/USDT", "1h", ORIGIN_MS, end)
    for mine, theirs in zip(market.candles("BTC/USDT", "1h", ORIGIN_MS, end), plain, strict=True):
        assert np.array_equal(mine, theirs)


def test_one_market_alone_may_have_the_edge():
    market, times = DemoMarket(3, 0.2, "1h", edge_in="XRP"), np.arange(100) * 3_600_000 + ORIGIN_MS
    assert np.abs(market.conditional_mean(times, "XRP/USDT")).max() > 1e-4
    assert not market.conditional_mean(times, "SOL/USDT").any()
    with pytest.raises(ChangeSettingsError):
        DemoMarket(3, 0.2, "1h", edge_in="BTC")
