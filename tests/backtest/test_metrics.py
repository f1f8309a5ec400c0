"""The figures of whole simulations, by hand and against empyrical-reloaded."""

from __future__ import annotations

import math
from dataclasses import replace

import empyrical
import numpy as np
import pandas as pd
import pytest

from engine.backtest.records import TRADE
from engine.backtest.rules import Rules
from engine.backtest.simulate import Simulation, buy_and_hold, simulate
from engine.market.calendar import Calendar
from engine.results import metrics as table
from engine.statistics.drawdown import drawdown
from engine.statistics.metrics import daily_returns, days, metrics
from engine.statistics.tear_sheet import monthly_returns, tear_sheet
from tests.backtest.markets import HOUR_MS, random_bars, random_targets

DAY_MS = 86_400_000
RULES = Rules(10_000.0, fee=0.001, slippage=0.0002, bars_per_year=8760)


def curve_of(equity, step_ms=DAY_MS, start_ms=0, trades=(), time=None):
    """A simulation that ended with this equity; trades as dicts of what matters."""
    rows = np.zeros(len(trades), TRADE)
    for row, given in zip(rows, trades, strict=True):
        for name, value in given.items():
            row[name] = value
    count = len(equity)
    stamps = np.arange(count) * step_ms + start_ms if time is None else np.asarray(time)
    return Simulation(
        time=stamps.astype("datetime64[ms]"), close=np.ones(count), equity=np.array(equity, float),
        cash=np.array(equity, float), position=np.zeros(count), trades=rows, initial_capital=100.0,
        calendar=Calendar(step_ms), ruined=False, capped=0, dropped=0, unsized=0,
    )  # fmt: skip


@pytest.fixture(scope="module", params=range(5))
def simulated(request):
    generator = np.random.default_rng(request.param)
    bars = random_bars(24 * 200, generator, 0.005)  # 200 whole UTC days
    whole_days = np.arange(len(bars)) * HOUR_MS
    target = np.where(generator.random(len(bars)) < 0.05, random_targets(len(bars), generator), np.nan)
    return simulate(replace(bars, time=whole_days), target, RULES)


def test_daily_returns_are_those_of_pandas(simulated):
    equity = pd.Series(simulated.equity, pd.DatetimeIndex(simulated.time)).resample("1D").last()
    expected = pd.concat([pd.Series([simulated.initial_capital]), equity]).pct_change().iloc[1:]
    np.testing.assert_allclose(daily_returns(simulated), expected, rtol=0, atol=1e-12)


def test_equal_to_empyrical(simulated):
    """On whole days the two agree; with a part of a day empyrical counts it as a day, we by the hour.

    Its drawdown is on the returns that it is given: ours is on bar equity, so it is given bar returns.
    """
    found, daily = metrics(simulated), daily_returns(simulated)
    hourly = np.diff(np.concatenate([[simulated.initial_capital], simulated.equity]))
    hourly /= np.concatenate([[simulated.initial_capital], simulated.equity[:-1]])
    expected = {
        "sharpe": empyrical.sharpe_ratio(daily, annualization=365),
        "sortino": empyrical.sortino_ratio(daily, annualization=365),
        "volatility": empyrical.annual_volatility(daily, annualization=365),
        "cagr": empyrical.cagr(daily, annualization=365),
        "total_return": empyrical.cum_returns_final(daily),
        "cvar": empyrical.conditional_value_at_risk(daily),
        "max_drawdown": -empyrical.max_drawdown(hourly),
        "calmar": empyrical.calmar_ratio(hourly, annualization=8760),
        "sharpe_bar": empyrical.sharpe_ratio(hourly, annualization=8760),
    }
    for name, value in expected.items():
        assert found[name] == pytest.approx(value, rel=1e-9), name


def test_drawdown_of_daily_bars_is_empyricals_on_daily_returns():
    equity = 100 * np.cumprod(1 + np.random.default_rng(3).normal(0, 0.03, 300))
    result = curve_of(equity)
    daily = daily_returns(result)
    assert metrics(result)["max_drawdown"] == pytest.approx(-empyrical.max_drawdown(daily), rel=1e-12)
    assert metrics(result)["calmar"] == pytest.approx(empyrical.calmar_ratio(daily, annualization=365))


def test_figures_of_the_trades_by_hand():
    trades = [
        {
            "pnl": 20,
            "return": 0.2,
            "bars": 2,
            "quantity": 1,
            "entry_price": 100,
            "exit_price": 120,
            "fees": 1,
        },
        {
            "pnl": -10,
            "return": -0.1,
            "bars": 1,
            "quantity": 2,
            "entry_price": 60,
            "exit_price": 55,
            "fees": 2,
        },
        {
            "pnl": 30,
            "return": 0.3,
            "bars": 3,
            "quantity": 1,
            "entry_price": 100,
            "exit_price": 130,
            "funding": 4,
        },
        {"pnl": 0, "return": 0.0, "bars": 1, "quantity": 1, "entry_price": 100, "exit_price": 100},
    ]
    found = metrics(curve_of([100.0] * 40, trades=trades))
    assert found["trades"] == 4
    assert found["win_rate"] == 0.5
    assert found["profit_factor"] == 5
    assert found["expectancy"] == pytest.approx(0.1)
    assert found["payoff_ratio"] == pytest.approx(2.5)
    assert found["sqn"] == pytest.approx(2 * 10 / np.std([20, -10, 30, 0], ddof=1))
    assert found["exposure"] == 7 / 40
    traded = 220 + 230 + 230 + 200
    assert found["turnover"] == pytest.approx(traded / 100 / (40 / 365))
    assert (found["fees"], found["funding"], found["borrow"]) == (3, 4, 0)


def test_what_is_not_defined_is_nan_and_never_infinite():
    flat = metrics(curve_of([100.0] * 30))
    for name in (
        "sharpe", "sharpe_bar", "sortino", "calmar", "win_rate", "profit_factor", "expectancy",
        "payoff_ratio", "sqn", "skew", "kurtosis", "probabilistic_sharpe",
    ):  # fmt: skip
        assert math.isnan(flat[name]), name
    assert (flat["total_return"], flat["max_drawdown"], flat["exposure"], flat["trades"]) == (0, 0, 0, 0)
    winner = metrics(curve_of([101.0], trades=[{"pnl": 1, "return": 0.01, "bars": 1}]))
    assert math.isnan(winner["profit_factor"])
    rocket = metrics(curve_of([1e9], step_ms=60_000))
    lost = metrics(curve_of([50.0, -20.0, -20.0]))
    assert lost["max_drawdown"] == pytest.approx(1.2)
    assert math.isnan(lost["cagr"])
    for figures in (flat, winner, rocket, lost, metrics(curve_of([50.0, 0.0]))):
        assert not any(math.isinf(value) for value in figures.values())
        assert all(type(value) is float for value in figures.values())


@pytest.mark.parametrize("count", [29, 30])
def test_figures_of_a_year_need_thirty_days(count):
    equity = 100 * np.cumprod(1 + np.random.default_rng(1).normal(0.001, 0.02, count))
    found = metrics(curve_of(equity))
    for name in ("cagr", "volatility", "sharpe", "sharpe_bar", "sortino", "calmar", "turnover"):
        assert math.isfinite(found[name]) == (count == 30), name
    assert math.isfinite(found["total_return"])
    assert math.isfinite(found["max_drawdown"])


@pytest.mark.parametrize("rate", [1e-6, 1e-4, 0.001, 0.05, -0.01])
def test_steady_growth_has_no_sharpe_ratio(rate):
    found = metrics(curve_of(100 * np.cumprod(np.full(365, 1 + rate))))
    for name in ("sharpe", "sharpe_bar", "skew", "kurtosis", "probabilistic_sharpe"):
        assert math.isnan(found[name]), name
    assert found["volatility"] == 0


def test_days_count_from_the_first_open_to_the_last_close():
    assert days(curve_of([100.0] * 48, step_ms=HOUR_MS)) == 2
    assert days(curve_of([100.0, 100.0], step_ms=HOUR_MS, time=[0, 10 * DAY_MS])) == pytest.approx(
        10 + 1 / 24
    )


def test_a_day_without_bars_has_return_zero():
    result = curve_of([110.0, 121.0], step_ms=HOUR_MS, time=[0, 3 * DAY_MS])
    assert daily_returns(result) == pytest.approx([0.1, 0, 0, 0.1])


def test_the_drawdown_and_its_times():
    found = drawdown(curve_of([90, 110, 100, 55, 110, 120, 60, 80]))
    assert found.depth == pytest.approx(0.5)
    assert (found.start_ms, found.trough_ms, found.recovery_ms) == (2 * DAY_MS, 4 * DAY_MS, 5 * DAY_MS)
    assert found.longest_under_water == 3
    lasting = drawdown(curve_of([120, 60, 80, 70, 110]))
    assert (lasting.start_ms, lasting.recovery_ms) == (DAY_MS, None)
    assert lasting.longest_under_water == 4
    rising = drawdown(curve_of([100, 101, 101, 102]))
    assert (rising.depth, rising.start_ms, rising.longest_under_water) == (0, None, 0)


def test_ulcer_index_by_hand():
    assert metrics(curve_of([80, 100]))["ulcer_index"] == pytest.approx(math.sqrt((0 + 0.2**2 + 0) / 3))


def test_monthly_returns_make_the_years_return():
    stamps = np.arange("2020-11-15", "2021-03-10", dtype="datetime64[D]").astype("datetime64[ms]")
    equity = 100 * np.cumprod(1 + np.random.default_rng(1).normal(0, 0.02, len(stamps)))
    table = monthly_returns(curve_of(equity, time=stamps.astype(np.int64)))
    assert table.index.tolist() == [2020, 2021]
    assert table.columns.tolist() == [*range(1, 13), "year"]
    assert table.loc[2020, 11] == pytest.approx(equity[stamps < np.datetime64("2020-12-01")][-1] / 100 - 1)
    assert table.loc[2020].notna().sum() == 3
    assert (1 + table["year"]).prod() * 100 == pytest.approx(equity[-1])


def test_the_tear_sheet_lays_the_benchmark_beside():
    generator = np.random.default_rng(8)
    bars = random_bars(2000, generator, 0.005)
    result, benchmark = simulate(bars, random_targets(2000, generator), RULES), buy_and_hold(bars, RULES)
    sheet = tear_sheet(result, benchmark)
    assert sheet.metrics.keys() == sheet.benchmark.keys()
    assert sheet.benchmark["trades"] == 1
    assert sheet.benchmark["exposure"] == 1
    assert sheet.drawdown.depth == sheet.metrics["max_drawdown"]
    assert not sheet.months.isna().all().all()


def test_a_metric_that_is_added_is_computed_with_the_others(monkeypatch):
    most = table.Metric("largest", "largest", "", "amount", "", f"{__name__}:largest_equity", "max E")
    monkeypatch.setitem(table.METRICS, "largest", most)
    account = simulate(
        random_bars(200, np.random.default_rng(3)),
        np.ones(200),
        Rules(1000.0, fee=0.0, slippage=0.0, bars_per_year=8760),
    )
    found = metrics(account)
    assert list(found) == list(table.METRICS)
    assert found["largest"] == account.equity.max()


def largest_equity(account):
    return account.equity.max()
