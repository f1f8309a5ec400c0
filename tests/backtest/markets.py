"""Random bars, targets and rules, all from one seed; and bars written out by hand."""

from __future__ import annotations

import math

import numpy as np

from engine.backtest.bars import Bars
from engine.backtest.rules import Rules
from engine.results.trade_terms import REASONS

HOUR_MS = 3_600_000


def candles(count, generator, volatility=0.02):
    """Open, high, low, close (T,): a random walk with gaps between close and open."""
    close = 100 * np.exp(np.cumsum(generator.normal(0, volatility, count)))
    before = np.concatenate([[100.0], close[:-1]])
    opened = before * np.exp(generator.normal(0, volatility / 3, count))
    high = np.maximum(opened, close) * np.exp(np.abs(generator.normal(0, volatility / 2, count)))
    low = np.minimum(opened, close) * np.exp(-np.abs(generator.normal(0, volatility / 2, count)))
    return opened, high, low, close


def random_bars(count, generator, volatility=0.02):
    opened, high, low, close = candles(count, generator, volatility)
    forecast = volatility * np.exp(generator.normal(0, 0.5, count))
    forecast[generator.random(count) < 0.05] = np.nan
    volume = generator.lognormal(3.0, 2.0, count)
    volume[generator.random(count) < 0.05] = 0.0
    rates = generator.normal(0, 0.002, (3, count)) * (generator.random((3, count)) < 0.2)
    return Bars(
        time=np.arange(count) * HOUR_MS + 1_600_000_000_000 // HOUR_MS * HOUR_MS,
        open=opened,
        high=high,
        low=low,
        close=close,
        volume=volume,
        forecast_volatility=forecast,
        previous_close=np.concatenate([[np.nan], close[:-1]]),
        funding=rates[0],
        funding_paid=np.abs(rates[1]),
        funding_received=-np.abs(rates[2]),
    )


def random_targets(count, generator):
    """Target weights (T,): signals of some persistence, some closes, some keeps, sometimes sizes."""
    choices = [1.0, -1.0, 0.0, np.nan]
    shares = generator.dirichlet([2.0, 2.0, 0.5, 4.0 * generator.random() + 0.1])
    weight = generator.choice(choices, count, p=shares)
    if generator.random() < 0.3:
        weight *= generator.uniform(0.2, 1.5, count)
    return weight


def random_rules(generator):
    """Rules in which each option is on about half of the time."""

    def maybe(low, high, share=0.5):
        return float(generator.uniform(low, high)) if generator.random() < share else 0.0

    stops_in = str(generator.choice(["return", "volatility"]))
    scale = 1.0 if stops_in == "volatility" else 0.02
    return Rules(
        initial_capital=float(generator.choice([1.0, 1_000.0, 10_000.0, 1e7])),
        fee=maybe(0, 0.005),
        slippage=maybe(0, 0.003),
        bars_per_year=8_760,
        borrow_rate=maybe(0, 5.0) * float(generator.choice([1.0, 2_000.0], p=[0.9, 0.1])),
        fill=str(generator.choice(["next-open", "same-close", "worst-of-bar"])),
        sizing=str(generator.choice(["fraction", "volatility"])),
        fraction=float(generator.choice([1.0, 0.5, 0.1])),
        target_volatility=float(generator.uniform(0.2, 8.0)),
        max_leverage=float(generator.choice([1.0, 3.0, 20.0])),
        stop_loss=maybe(0.3 * scale, 4 * scale),
        take_profit=maybe(0.3 * scale, 5 * scale),
        trailing_stop=maybe(0.3 * scale, 4 * scale),
        stop_unit=stops_in,
        max_volume_share=maybe(0.01, 1.0, 0.4),
        unfilled=str(generator.choice(["wait", "drop"])),
        rebalance_band=maybe(0.01, 0.3, 0.3),
        maker_discount=maybe(0.0, 1.0, 0.3),
        slippage_volatility=maybe(0.0, 0.3, 0.3),
        slippage_impact=maybe(0.0, 2.0, 0.3),
        minimum_notional=maybe(0.1, 200.0, 0.2),
        quantity_step=maybe(0.001, 2.0, 0.2),
        exit_after=int(maybe(1, 9, 0.4)),
        maintenance_long=maybe(0.001, 0.1),
        maintenance_short=maybe(0.001, 0.1),
        margin_brackets=random_brackets(generator) if generator.random() < 0.3 else (),
    )


def random_brackets(generator):
    """Margin brackets, (notional from which, rate), both rising from 0 notional on."""
    count = int(generator.integers(1, 6))
    notional = np.concatenate([[0.0], np.cumsum(10 ** generator.uniform(0, 5, count - 1))])
    return tuple(zip(notional.tolist(), np.sort(generator.uniform(0, 0.3, count)).tolist(), strict=True))


KEEP = math.nan
FREE = Rules(initial_capital=1000.0, fee=0.0, slippage=0.0, bars_per_year=8760)


def bars_of(*rows, volume=None, sigma=None, funding=None, previous=KEEP):
    """Hourly bars from (open, high, low, close) rows."""
    opened, high, low, close = np.array(rows, dtype=float).T
    count = len(rows)
    return Bars(
        np.arange(count) * 3_600_000, opened, high, low, close,
        np.full(count, 1e9) if volume is None else np.array(volume, dtype=float),
        np.full(count, 0.01) if sigma is None else np.array(sigma, dtype=float),
        np.concatenate([[previous], close[:-1]]),
        np.zeros(count) if funding is None else np.array(funding, dtype=float),
    )  # fmt: skip


def reasons(result):
    return [REASONS[reason] for reason in result.trades["exit_reason"]]
