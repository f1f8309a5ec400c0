"""Figures of markets with sessions, against empyrical with their factor, and what time costs there."""

from __future__ import annotations

from dataclasses import replace

import empyrical
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.backtest.rules import Rules
from engine.backtest.simulate import simulate
from engine.market.calendar import Calendar
from engine.market.spacing import HOUR_MS
from engine.statistics import intervals
from engine.statistics.metrics import daily_returns, metrics
from engine.statistics.tear_sheet import monthly_returns
from tests.backtest.markets import bars_of, random_bars, random_targets
from tests.market.test_calendar import CASES, opened

YEAR_HOURS = 365 * 24


def simulated(text, step_ms, seed=1, days=90):
    """Random trades over the bars of a market, and the day that each bar's session has."""
    times, days_of = opened(text, step_ms, days if step_ms >= HOUR_MS else 60)  # 30 sessions or more
    random = np.random.default_rng(seed)
    bars = replace(
        random_bars(len(times), random, 0.004),
        time=times.astype("datetime64[ms]"),
        calendar=Calendar.parse(text, step_ms),
    )
    rules = Rules(10_000.0, fee=0.001, slippage=0.0002, bars_per_year=bars.calendar.bars_per_year)
    return simulate(bars, random_targets(len(bars), random), rules), days_of


@pytest.mark.parametrize(("text", "step_ms"), CASES)
def test_annual_figures_are_empyricals_of_one_return_a_session(text, step_ms):
    account, days = simulated(text, step_ms)
    calendar = account.calendar
    ends = np.append(np.flatnonzero(np.diff(days)), len(days) - 1)
    equity = np.concatenate([[account.initial_capital], account.equity[ends]])
    daily = np.diff(equity) / equity[:-1]
    by_bar = np.diff(account.equity, prepend=account.initial_capital)
    by_bar /= np.concatenate([[account.initial_capital], account.equity[:-1]])
    assert daily_returns(account) == pytest.approx(daily, rel=1e-12)
    assert intervals.days_of(account).returns == pytest.approx(daily, abs=1e-12)
    found, factor = metrics(account), calendar.days_per_year
    assert factor == (252 if text.startswith("mon-") else 365)
    expected = {
        "sharpe": empyrical.sharpe_ratio(daily, annualization=factor),
        "sortino": empyrical.sortino_ratio(daily, annualization=factor),
        "volatility": empyrical.annual_volatility(daily, annualization=factor),
        "sharpe_bar": empyrical.sharpe_ratio(by_bar, annualization=calendar.bars_per_year),
    }
    if not calendar.every_day:  # else the hours of a part of a day count, not the day
        expected["cagr"] = empyrical.cagr(daily, annualization=factor)
    for name, value in expected.items():
        assert found[name] == pytest.approx(value, rel=1e-9), name


def test_a_years_bars_are_those_of_its_sessions():
    hourly = Calendar.parse("mon-fri 09:30-16:30 America/New_York", HOUR_MS)
    assert (hourly.bars_per_year, hourly.days_per_year) == (1764, 252)
    assert Calendar.parse("mon-fri 17:00-17:00 America/New_York", HOUR_MS).bars_per_year == 252 * 24
    assert Calendar.parse("mon-fri", 24 * HOUR_MS).bars_per_year == 252
    assert Calendar(HOUR_MS).bars_per_year == YEAR_HOURS


@given(st.lists(st.integers(1, 80), min_size=2, max_size=12), st.floats(0.01, 5.0))
def test_borrow_is_paid_for_the_time_until_the_next_bar(hours, rate):
    """A short of 1 at 100 that is held throughout: closed hours cost as much as open ones."""
    bars = bars_of(*[(100.0, 100.0, 100.0, 100.0)] * (len(hours) + 1))
    time = np.concatenate([[0], np.cumsum(hours)]) * HOUR_MS
    bars = replace(bars, time=time.astype("datetime64[ms]"), calendar=Calendar(HOUR_MS))
    rules = Rules(100.0, fee=0.0, slippage=0.0, bars_per_year=1764, borrow_rate=rate)
    account = simulate(bars, np.array([-1.0] + [np.nan] * len(hours)), rules)
    assert account.trades["borrow"][0] == pytest.approx(100 * rate * (sum(hours) + 1) / YEAR_HOURS)


def test_months_are_those_of_the_sessions_own_days():
    account, days = simulated("mon-fri 18:00-17:00 America/New_York", HOUR_MS, days=100)
    month = days.astype("datetime64[D]").astype("datetime64[M]")
    ends = np.append(np.flatnonzero(np.diff(month.astype(int))), len(month) - 1)
    equity = np.concatenate([[account.initial_capital], account.equity[ends]])
    found = monthly_returns(account).drop(columns="year").to_numpy().ravel()
    assert found[np.isfinite(found)] == pytest.approx(equity[1:] / equity[:-1] - 1)
