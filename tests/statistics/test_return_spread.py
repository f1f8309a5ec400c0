"""Rolling figures, groups and sizes of returns are what a slow loop makes of them."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.market.calendar import Calendar
from engine.results.return_analysis import stretches
from engine.statistics.return_spread import by_weekday_hour_month, distribution, moving
from engine.statistics.returns import sharpe

STEPS = tuple(minutes * 60_000 for minutes in (15, 60, 240, 1440))
seeds = st.integers(0, 2**32)


@given(seeds, st.integers(2, 40), st.integers(2, 90))
@settings(max_examples=40, deadline=None)
def test_a_moving_window_has_the_figures_of_its_days_alone(seed, window, days):
    generator = np.random.default_rng(seed)
    steps = generator.normal(0, 0.02, days) * (generator.random(days) < generator.choice([0.1, 1.0]))
    closes = 1000 * np.cumprod(np.append(1.0, 1 + steps))
    ratios, depths = moving(closes, window, 365)
    assert len(ratios) == len(depths) == max(0, days - window + 1)
    for first, (ratio, depth) in enumerate(zip(ratios, depths, strict=True)):
        part = closes[first : first + window + 1]
        assert ratio == pytest.approx(sharpe(part[1:] / part[:-1] - 1, 365), nan_ok=True, abs=1e-9)
        lost = max(1 - low / high for at, high in enumerate(part) for low in part[at:])
        assert depth == pytest.approx(lost, abs=1e-12)


def test_an_account_without_money_lost_all_of_it():
    _, depths = moving(np.array([100.0, 50, 0, 0, 0]), 2, 365)
    assert depths.tolist() == [1.0, 1.0, 1.0]


@given(seeds, st.sampled_from(STEPS), st.integers(2, 300))
@settings(max_examples=15, deadline=None)
def test_every_return_is_in_its_weekday_hour_and_month(seed, step, bars):
    generator = np.random.default_rng(seed)
    places = np.sort(generator.choice(2 * bars, bars, replace=False)) + int(generator.integers(0, 9999))
    opens = pd.to_datetime(places * step, unit="ms", utc=True)
    equity = 500 * np.exp(np.cumsum(generator.normal(0, 0.01, bars)))
    found = by_weekday_hour_month(
        opens.tz_localize(None).to_numpy("datetime64[ms]"), equity, 500.0, Calendar(step)
    )
    curve = pd.Series(equity, opens)
    days = curve.resample("D").last().ffill()
    months = curve.groupby(opens.strftime("%Y-%m")).last()
    hours = curve.groupby(opens.floor("h")).last()
    several = len(set(hours.index.hour)) > 1
    kinds = {
        "weekday": (days, days.index.strftime("%a").str.lower()),
        "month": (months, pd.to_datetime(months.index).strftime("%b")),
        "hour": (hours, hours.index.strftime("%H:00")),
    }
    for kind, (closes, names) in kinds.items():
        before = np.append(500.0, closes.to_numpy()[:-1])
        returns = closes.to_numpy() / before - 1
        own_of = {name: returns[np.asarray(names) == name] for name in names}
        spreads = {each.name: each for each in found if each.kind == kind}
        assert set(spreads) == (set(own_of) if kind != "hour" or several else set())
        for name, each in spreads.items():
            own = own_of[name]
            assert each.returns == len(own)
            assert each.mean == pytest.approx(own.mean(), abs=1e-12)
            assert each.standard_error == pytest.approx(
                pd.Series(own).sem(), nan_ok=True, rel=1e-6, abs=1e-12
            )


@given(seeds, st.integers(1, 400), st.sampled_from([1e-6, 1.0, 1e6]))
@settings(max_examples=40, deadline=None)
def test_each_trade_is_in_one_bin(seed, count, size):
    pnl = np.random.default_rng(seed).standard_t(3, count) * size
    found = distribution(pnl)
    assert sum(each.trades for each in found.bins) == count
    edges = [found.bins[0].low, *(each.high for each in found.bins)]
    assert edges == sorted(edges)
    for each in found.bins[:-1]:
        assert each.trades == ((pnl >= each.low) & (pnl < each.high)).sum()


def test_quantiles_of_normal_trades_are_near_those_of_the_normal_and_of_others_not():
    generator = np.random.default_rng(5)
    same = distribution(generator.normal(3, 10, 20_000)).quantiles
    assert all(abs(each.pnl - each.normal) < 0.8 for each in same)
    skewed = distribution(generator.exponential(10, 20_000)).quantiles
    assert skewed[0].normal < 0 < skewed[0].pnl
    assert distribution(np.empty(0)).bins == ()


def test_a_line_has_a_gap_where_it_is_not_defined():
    found = stretches([1, 2, 3, 4, 5], [math.nan, 1.0, 2.0, math.nan, 3.0])
    assert [(each.time_ms, each.value) for each in found] == [((2, 3), (1.0, 2.0)), ((5,), (3.0,))]
