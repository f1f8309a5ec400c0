"""Equity and trades equal vectorbt's and backtesting.py's wherever their model can express ours.

Where they differ from us, and what is done about it here:
- Both leave an open position open at the end; we close it at the last close. So all targets end with 0.
- vectorbt sizes an all-in order (size=inf) as we do, fee reserved for long and short alike; a percentage
  of equity (TargetPercent) reserves no fee, so other sizes are given to it as explicit orders.
- vectorbt takes one order a bar, and looks at stops before that bar's order and never in the entry bar:
  its stops are not ours.
- backtesting.py deals in whole units: with money enough, rounding to one is far below 1e-6. It fixes a
  stop when the order is given; here it is told next open ahead of time. It has a spread on entries only:
  slippage is 0. Its first bar to decide in is the second.
- Neither has funding, borrow, a share of the bar's volume or average entry prices across a resize.
"""

from __future__ import annotations

import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from engine.backtest.bars import Bars
from engine.backtest.rules import Rules
from engine.backtest.simulate import simulate
from tests.backtest.markets import HOUR_MS, candles

DATA = Path(__file__).parents[2].parent / "shared" / "data"
COSTS = Rules(initial_capital=10_000.0, fee=0.001, slippage=0.0005, bars_per_year=8760)
PRECISION = 1e-6


def quietly(name):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # their imports warn about their own dependencies
        return pytest.importorskip(name)


@pytest.fixture(scope="module")
def vectorbt():
    return quietly("vectorbt")


@pytest.fixture(scope="module")
def backtesting():
    return quietly("backtesting")


def simulated(count, seed, volatility=0.01):
    opened, high, low, close = candles(count, np.random.default_rng(seed), volatility)
    return Bars(
        np.arange(count) * HOUR_MS, opened, high, low, close, np.full(count, 1e6), np.full(count, volatility),
        np.concatenate([opened[:1], close[:-1]]), np.zeros(count),
    )  # fmt: skip


@pytest.fixture(scope="module", params=["BTC", "ETH"])
def real_bars(request):
    path = DATA / f"Binance_{request.param}USDT_1h.csv.gz"
    if not path.exists():
        pytest.skip("the real candle files are not here")
    frame = pd.read_csv(path)
    unix = frame["unix"].to_numpy()
    frame["time"] = np.where(unix > 1e11, unix, unix * 1000).astype(np.int64)
    frame = frame.drop_duplicates("time").sort_values("time").iloc[1:]  # the first candle's open is broken
    prices = [frame[name].to_numpy(float) for name in ("open", "high", "low", "close")]
    before = np.concatenate([prices[0][:1], prices[3][:-1]])
    count = len(frame)
    return Bars(
        frame["time"],
        *prices,
        frame[f"Volume {request.param}"],
        np.full(count, 0.01),
        before,
        np.zeros(count),
    )


def decisions(count, generator, closes=True):
    """Targets (T,) with rests, reversals and, if asked, closes; flat in the last bar."""
    share = float(generator.uniform(0.05, 0.9))
    target = np.where(generator.random(count) < share, generator.choice([1.0, -1.0], count), np.nan)
    if closes:
        target[generator.random(count) < 0.1] = 0.0
    target[-1] = 0.0
    return target


def signals(vectorbt, bars, targets, price, rules):
    """vectorbt's portfolio of all-in orders at these prices; bars and arrays may be (T, K)."""
    closing = targets == 0
    return vectorbt.Portfolio.from_signals(
        bars, targets > 0, closing, short_entries=targets < 0, short_exits=closing, price=price, size=np.inf,
        fees=rules.fee, slippage=rules.slippage, init_cash=rules.initial_capital, accumulate=False,
        upon_opposite_entry="reverse", freq="1h",
    )  # fmt: skip


def assert_same_trades(ours, theirs, rules):
    """theirs: vectorbt's exit-trade records of one column."""
    assert len(ours) == len(theirs)
    for mine, other in (
        ("entry_bar", "entry_idx"), ("exit_bar", "exit_idx"), ("quantity", "size"), ("return", "return"),
        ("entry_price", "entry_price"), ("exit_price", "exit_price"),
    ):  # fmt: skip
        np.testing.assert_allclose(ours[mine], theirs[other], rtol=PRECISION, atol=PRECISION)
    fees = theirs["entry_fees"] + theirs["exit_fees"]
    np.testing.assert_allclose(ours["fees"], fees, rtol=PRECISION, atol=PRECISION * rules.initial_capital)
    np.testing.assert_allclose(
        ours["pnl"], theirs["pnl"], rtol=PRECISION, atol=PRECISION * rules.initial_capital
    )


@pytest.mark.slow
@pytest.mark.parametrize("fill", ["next-open", "same-close", "worst-of-bar"])
def test_vectorbt_on_a_thousand_random_markets_each(vectorbt, fill):
    columns, count = 1000, 60
    rules = replace(COSTS, fill=fill)
    generator = np.random.default_rng([5, len(fill)])
    bars = [simulated(count, [3, column]) for column in range(columns)]
    # which side of the bar is the worst depends on what is held at a close: leave closes out there
    targets = [decisions(count, generator, closes=fill != "worst-of-bar") for _ in bars]
    if fill == "worst-of-bar":
        targets = [np.append(target[:-1], np.nan) for target in targets]
    results = [simulate(*pair, rules) for pair in zip(bars, targets, strict=True)]
    prices = {
        "next-open": [each.open for each in bars],
        "same-close": [each.previous_close for each in bars],
        "worst-of-bar": [np.where(w > 0, each.high, each.low) for each, w in zip(bars, targets, strict=True)],
    }[fill]
    portfolio = signals(
        vectorbt, *(np.stack(rows, axis=1) for rows in ([b.close for b in bars], targets, prices)), rules
    )
    found = np.stack([result.equity for result in results], axis=1)  # (T, K)
    marked = slice(-1) if fill == "worst-of-bar" else slice(None)  # there a position is left open
    np.testing.assert_allclose(found[marked], portfolio.value().to_numpy()[marked], rtol=PRECISION)
    if fill != "worst-of-bar":
        records = portfolio.exit_trades.records_arr
        for column, result in enumerate(results):
            assert_same_trades(result.trades, records[records["col"] == column], rules)


@pytest.mark.slow
def test_vectorbt_on_real_candles(vectorbt, real_bars):
    generator = np.random.default_rng(1)
    target = np.where(generator.random(len(real_bars)) < 0.05, decisions(len(real_bars), generator), np.nan)
    target[-1] = 0
    result = simulate(real_bars, target, COSTS)
    twice = (np.stack([row, row], axis=1) for row in (real_bars.close, target, real_bars.open))
    portfolio = signals(vectorbt, *twice, COSTS)  # two columns, so that nothing is compiled for one
    np.testing.assert_allclose(result.equity, portfolio.value().to_numpy()[:, 0], rtol=PRECISION)
    records = portfolio.exit_trades.records_arr
    assert_same_trades(result.trades, records[records["col"] == 0], COSTS)


@pytest.mark.slow
def test_vectorbt_keeps_the_same_books_of_any_sizes(vectorbt):
    """Volatility sizing and rebalancing: the same orders, their accounting."""
    rules = replace(COSTS, sizing="volatility", target_volatility=0.5, max_leverage=1.0, rebalance_band=0.02)
    bars = [simulated(200, [4, column]) for column in range(200)]
    generator = np.random.default_rng(6)
    results = [simulate(each, decisions(200, generator), rules) for each in bars]
    held = np.stack([result.position for result in results], axis=1)
    portfolio = vectorbt.Portfolio.from_orders(
        np.stack([each.close for each in bars], axis=1), size=held, size_type="targetamount",
        price=np.stack([each.open for each in bars], axis=1), fees=rules.fee, slippage=rules.slippage,
        init_cash=rules.initial_capital, freq="1h",
    )  # fmt: skip
    found = np.stack([result.equity for result in results], axis=1)
    np.testing.assert_allclose(found, portfolio.value().to_numpy(), rtol=PRECISION)


def run_backtesting(backtesting, bars, target, rules):
    """backtesting.py's stats for our targets; sizes as a share of equity, stops around the next open."""

    class FollowTargets(backtesting.Strategy):
        def init(self):
            pass

        def next(self):
            bar = len(self.data)  # the bar whose open comes next
            weight = target[bar] if bar < len(target) else np.nan
            if weight == 0:
                self.position.close()
            elif not np.isnan(weight) and self.position.size * weight <= 0:
                entry = bars.open[bar]
                stop = entry * (1 - weight * rules.stop_loss) if rules.stop_loss else None
                goal = entry * (1 + weight * rules.take_profit) if rules.take_profit else None
                order = self.buy if weight > 0 else self.sell
                order(size=rules.fraction, sl=stop, tp=goal)

    frame = pd.DataFrame(
        {"Open": bars.open, "High": bars.high, "Low": bars.low, "Close": bars.close},
        index=pd.DatetimeIndex(bars.time),
    )
    test = backtesting.Backtest(
        frame, FollowTargets, cash=rules.initial_capital, commission=rules.fee, exclusive_orders=True
    )
    return test.run()


def assert_equals_backtesting(backtesting, bars, target, rules):
    target[:2] = np.nan
    result = simulate(bars, target, rules)
    stats = run_backtesting(backtesting, bars, target, rules)
    np.testing.assert_allclose(result.equity, stats["_equity_curve"]["Equity"], rtol=PRECISION)
    theirs = stats["_trades"].sort_values(["ExitBar", "EntryBar"], kind="stable")
    assert len(result.trades) == len(theirs)
    signed = result.trades["side"] * result.trades["quantity"]
    for ours, name in (
        (result.trades["entry_bar"], "EntryBar"), (result.trades["exit_bar"], "ExitBar"), (signed, "Size"),
        (result.trades["entry_price"], "EntryPrice"), (result.trades["exit_price"], "ExitPrice"),
        (result.trades["fees"], "Commission"),
    ):  # fmt: skip
        np.testing.assert_allclose(ours, theirs[name], rtol=PRECISION)
    money = PRECISION * rules.initial_capital
    np.testing.assert_allclose(result.trades["pnl"], theirs["PnL"], rtol=PRECISION, atol=money)
    return result


@pytest.mark.filterwarnings("ignore:DatetimeIndex.dayofweek is deprecated")
def test_backtesting_py_on_random_markets_with_and_without_stops(backtesting):
    generator = np.random.default_rng(9)
    reasons = set()
    for case in range(120):
        bars = simulated(80, [8, case])
        stops = {}
        if case % 2:
            stops = {"stop_loss": generator.uniform(0.02, 0.05), "take_profit": generator.uniform(0.02, 0.08)}
        fraction = float(generator.choice([0.99, 0.5, 0.1]))
        rules = Rules(1e13, fee=0.001, slippage=0.0, bars_per_year=8760, fraction=fraction, **stops)
        result = assert_equals_backtesting(backtesting, bars, decisions(80, generator), rules)
        reasons |= set(result.trades["exit_reason"])
    assert reasons == {0, 1, 2, 3}


@pytest.mark.filterwarnings("ignore:DatetimeIndex.dayofweek is deprecated")
def test_backtesting_py_on_real_candles(backtesting, real_bars):
    generator = np.random.default_rng(10)
    target = np.where(generator.random(len(real_bars)) < 0.02, decisions(len(real_bars), generator), np.nan)
    target[-1] = 0
    rules = Rules(1e15, fee=0.001, slippage=0.0, bars_per_year=8760, fraction=0.5)
    assert_equals_backtesting(backtesting, real_bars, target, rules)
