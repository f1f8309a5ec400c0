"""Candles made from the simulated paths: ticks, wicks, volume; nothing in them knows the next bar."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.data.demo.paths import BLOCK, HOUR_MS, HOURLY_VOLATILITY, ORIGIN_MS, Array, Path

Times = NDArray[np.int64]

SPOT, PERPETUAL, SECOND = range(3)  # markets of a base: spot, its perpetual, spot on the second exchange
TICK = 0.01  # USDT
HOURLY_VOLUME = np.array([[1_500.0, 6_000.0, 600.0], [15_000.0, 60_000.0, 6_000.0]])  # (base, market) in base


class Candles(NamedTuple):
    """Columns of T candles in ascending order of open time."""

    time: Times  # (T,) open time, ms
    open: Array  # (T,) quote currency, as high, low and close
    high: Array
    low: Array
    close: Array
    volume: Array  # (T,) base currency
    quote_volume: Array  # (T,) quote currency
    trades: Array  # (T,) count
    taker_volume: Array  # (T,) base currency bought by takers


def make_bars(
    path: Path, seed: int, edge: float, step_ms: int, number: int, row: int, market: int
) -> Candles:
    """The bars of block `number`, N = BLOCK of them, of base `row` on one of its markets."""
    log_price = path.log_price[row] + (path.deviation[market - 1, row] if market else 0.0)  # (N + 1,)
    # The wicks are the same draw in every market of a base: they trade one and the same asset.
    random = np.random.default_rng([seed, 2 + row, number])
    above, below = -2 * np.log1p(-random.random((2, BLOCK)))  # (N,) each
    high, low = extremes(log_price, path.volatility[row] ** 2 * (1 - edge**2), above, below)
    price = ticks(np.exp(log_price))  # (N + 1,)
    open_, close = price[:-1], price[1:]
    high = np.maximum(ticks(np.exp(high)), np.maximum(open_, close))
    low = np.minimum(ticks(np.exp(low)), np.minimum(open_, close))
    time = ORIGIN_MS + step_ms * (number * BLOCK + np.arange(BLOCK, dtype=np.int64))

    noise, share = np.random.default_rng([seed, 4 + 3 * row + market, number]).standard_normal((2, BLOCK))
    swing = path.volatility[row] / (HOURLY_VOLATILITY[row] * np.sqrt(step_ms / HOUR_MS))  # (N,)
    size = (
        swing * (0.4 + 0.6 * np.abs(path.normalised[row])) * np.exp(0.35 * path.activity[row] + 0.1 * noise)
    )
    volume = np.maximum(np.round(HOURLY_VOLUME[row, market] * step_ms / HOUR_MS * size, 5), 1e-5)
    bought = np.clip(0.5 + 0.05 * np.tanh(path.normalised[row]) + 0.03 * share, 0.1, 0.9)
    quote = np.round(volume * (open_ + high + low + close) / 4, 8)
    return Candles(
        time, open_, high, low, close, volume, quote, np.ceil(volume * 20), np.round(volume * bought, 5)
    )


def extremes(log_price: Array, variance: Array, above: Array, below: Array) -> tuple[Array, Array]:
    """Highest and lowest point of Brownian bridges between log_price[i] and log_price[i + 1]; (N,) each.

    The exact maximum given the ends a, b: (a + b + √((a-b)² - 2 variance log U)) / 2, U uniform
    (Glasserman, Monte Carlo Methods in Financial Engineering, 6.4); `above`, `below` are -2 log U.
    """
    middle, width = (log_price[:-1] + log_price[1:]) / 2, np.diff(log_price) ** 2
    return middle + np.sqrt(width + variance * above) / 2, middle - np.sqrt(width + variance * below) / 2


def ticks(price: Array) -> Array:
    """Prices on the exchange's grid of 0.01, at least one tick."""
    return np.maximum(np.round(price, 2), TICK)


def cut(bars: Candles, part: slice) -> Candles:
    """The same columns over a part of the rows."""
    return Candles(bars.time[part], *(column[part] for column in bars[1:]))


def combine(bars: Candles, count: int) -> Candles:
    """Candles of `count` bars each; the number of bars is a multiple of it."""
    if count == 1:
        return bars
    high, low = bars.high.reshape(-1, count).max(axis=1), bars.low.reshape(-1, count).min(axis=1)  # (T,) each
    sums = (column.reshape(-1, count).sum(axis=1).round(8) for column in bars[5:])
    return Candles(bars.time[::count], bars.open[::count], high, low, bars.close[count - 1 :: count], *sums)


def unfinished(bars: Candles, share: float, spread: float, draw: float) -> Candles:
    """The bars with the last of them only a `share` in (0, 1) of the way through.

    Its price is drawn from the Brownian bridge between the bar's open and close, with `spread` the
    standard deviation of the whole bar's log return and `draw` standard normal: it tells no more about
    the bar's end than a price half way does.
    """
    *earlier, start = bars.open.tolist()
    high, low, end = bars.high[-1], bars.low[-1], bars.close[-1]
    move = share * np.log(end / start) + spread * np.sqrt(share * (1 - share)) * draw
    price = np.clip(ticks(start * np.exp(move)), low, high)
    last = np.arange(len(bars.time)) == len(earlier)  # (T,)
    amounts = (np.where(last, column * share, column) for column in bars[5:])
    return Candles(
        bars.time,
        bars.open,
        np.where(last, max(start, price), bars.high),
        np.where(last, min(start, price), bars.low),
        np.where(last, price, bars.close),
        *amounts,
    )
