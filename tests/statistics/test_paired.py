"""Two accounts over their common days: whatever days each has, both returns are of the same time."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.market.calendar import Calendar
from engine.statistics.account import AccountHistory
from engine.statistics.intervals import days_of, drawdowns
from engine.statistics.paired import Equity, apart, common_days, over
from engine.statistics.returns import sharpe

DAY_MS, HOUR_MS = 86_400_000, 3_600_000
CALENDARS = {
    "24/7": Calendar(6 * HOUR_MS),
    "mon-fri": Calendar.parse("mon-fri", DAY_MS),
}


def account(generator, market, first_day, count):
    """Random equity of so many days of a market, a few of its bars missing."""
    calendar = CALENDARS[market]
    time = np.arange(first_day * DAY_MS, (first_day + count) * DAY_MS, calendar.step_ms)
    time = time[calendar.keeps(time)]
    time = time[generator.random(len(time)) < 0.97]
    equity = 500.0 * np.exp(np.cumsum(generator.normal(0, 0.01, len(time))))
    return Equity(time.astype("datetime64[ms]"), equity, 500.0, calendar)


def value_at(account, day, *, end):
    """Equity at the beginning or at the end of a day, by looking through all bars."""
    passed = [
        value
        for time, value in zip(account.time.astype(np.int64), account.equity, strict=True)
        if time < (day + end) * DAY_MS
    ]
    return passed[-1] if passed else account.initial_capital


@given(
    st.integers(0, 2**32), st.sampled_from(list(CALENDARS)), st.sampled_from(list(CALENDARS)),
    st.integers(0, 60), st.integers(40, 90),
)  # fmt: skip
@settings(max_examples=25, deadline=None)
def test_returns_of_both_are_from_common_day_to_common_day(seed, one, other, later, count):
    generator = np.random.default_rng(seed)
    both = account(generator, one, 18_000, 90), account(generator, other, 18_000 + later, count)
    days = common_days(*both)
    if not len(days):
        return
    for each in both:
        cut, start = over(each, days), value_at(each, days[0], end=False)
        curve = start * np.cumprod(cut.growth)
        assert curve == pytest.approx([value_at(each, day, end=True) for day in days])
        inside = (each.time.astype(np.int64) // DAY_MS >= days[0]) & (
            each.time.astype(np.int64) // DAY_MS <= days[-1]
        )
        path = np.append(start, each.equity[inside])
        deepest = float((1 - path / np.maximum.accumulate(path)).max())
        assert drawdowns(cut, np.arange(len(days))[None])[0] == pytest.approx(deepest)


def test_over_all_of_its_days_an_account_is_what_its_own_intervals_are_made_of():
    whole = account(np.random.default_rng(1), "24/7", 18_000, 60)
    history = AccountHistory(
        time=whole.time, equity=whole.equity, trades=np.empty(0), initial_capital=500.0,
        calendar=whole.calendar, ruined=False,
    )  # fmt: skip
    mine, theirs = over(whole, common_days(whole, whole)), days_of(history)
    for name in ("growth", "highest", "lowest", "depth"):
        assert getattr(mine, name) == pytest.approx(getattr(theirs, name))


def test_a_difference_turned_round_has_the_other_sign_and_a_clear_one_is_seen():
    generator = np.random.default_rng(2)
    first = account(generator, "24/7", 18_000, 200)
    ahead = Equity(
        first.time, first.equity * np.exp(0.002 * np.arange(len(first.time))), 500.0, first.calendar
    )
    days = common_days(first, ahead)
    pair = over(first, days), over(ahead, days)
    found, turned = apart(*pair, 500, 0, 365.0), apart(*pair[::-1], 500, 0, 365.0)
    assert found.sharpe == pytest.approx(sharpe(pair[1].returns, 365) - sharpe(pair[0].returns, 365))
    for value, other in zip(vars(found).values(), vars(turned).values(), strict=True):
        if isinstance(value, float):
            assert value == pytest.approx(-other)
    assert all(low < high for low, high in found.intervals)
    assert found.intervals[0].low > 0
    assert found.intervals[1].low > 0


def test_where_it_cannot_be_told_nothing_is_claimed():
    generator = np.random.default_rng(3)
    same = account(generator, "24/7", 18_000, 40)
    days = common_days(same, same)
    found = apart(over(same, days), over(same, days), 200, 0, 365.0)
    assert (found.sharpe, found.total_return, found.max_drawdown) == (0.0, 0.0, 0.0)
    assert all(map(math.isnan, found.intervals[0]))
    assert apart(over(same, days[:29]), over(same, days[:29]), 200, 0, 365.0) is None
    same.equity[-1] = -1.0
    assert apart(over(same, days), over(same, days), 200, 0, 365.0) is None
