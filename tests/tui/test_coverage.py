"""Which markets have candles when: the shares against a count of bars, the marks, the command."""

import math
from datetime import UTC, datetime, timedelta
from itertools import groupby

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.results.coverage import MONTHS, coverage_of
from engine.results.series import StoredSeries
from tui.text import coverage

BEGIN = datetime(2020, 11, 17, 5, tzinfo=UTC)
DAYS = 500


def spans(days):
    """Half-open spans of consecutive days."""
    runs = groupby(enumerate(days), lambda pair: pair[1] - pair[0])
    found = [[day for _, day in run] for _, run in runs]
    times = [(BEGIN + timedelta(days=each[0]), BEGIN + timedelta(days=each[-1] + 1)) for each in found]
    return tuple((begin.isoformat(), end.isoformat()) for begin, end in times)


def stored(name, days, **facts):
    return StoredSeries(name, kind="candles", timeframe="1d", known=spans(sorted(days)), **facts)


def hours_of(days):
    return {BEGIN + timedelta(days=day, hours=hour) for day in days for hour in range(24)}


DAYS_OF = st.lists(st.tuples(st.integers(0, DAYS), st.integers(1, 90)), min_size=1, max_size=4).map(
    lambda runs: {day for begin, length in runs for day in range(begin, begin + length)}
)


@settings(max_examples=20)
@given(st.lists(DAYS_OF, min_size=1, max_size=3), st.integers(1, 40))
def test_shares_are_what_counting_the_bars_says(markets, most):
    found = coverage_of([stored(str(number), days) for number, days in enumerate(markets)], most)
    assert len(found.begins) <= most or found.period == "decade"
    months = MONTHS[found.period]
    for days, row in zip(markets, found.series, strict=True):
        hours = hours_of(days)
        first, last = min(hours), max(hours)
        for begin, share in zip(found.begins, row.share, strict=True):
            start = datetime.fromisoformat(begin).replace(tzinfo=UTC)
            year, month = divmod(12 * start.year + start.month - 1 + months, 12)
            end = datetime(year, month + 1, 1, tzinfo=UTC)
            low, high = max(start, first), min(end, last + timedelta(hours=1))
            lives = (high - low) / timedelta(hours=1)
            expected = sum(low <= hour < high for hour in hours) / lives if lives > 0 else math.nan
            assert share == pytest.approx(expected, abs=1e-9, nan_ok=True)


@settings(max_examples=20)
@given(st.lists(DAYS_OF, min_size=1, max_size=3))
def test_a_mark_says_no_more_than_its_period_holds(markets):
    for row in coverage_of([stored(str(number), days) for number, days in enumerate(markets)], 40).series:
        for share in row.share:
            sign = coverage.mark(share)
            assert (sign == coverage.OUTSIDE) == math.isnan(share)
            assert (sign == coverage.WHOLE) == (share > 1 - 1e-6)
            assert (sign == coverage.NONE) == (share == 0)


def test_what_an_exchange_does_not_have_is_no_coverage():
    series = stored("a", range(30), absent=spans(range(10, 20)))
    assert coverage_of([series], 40).series[0].whole == pytest.approx(2 / 3)


def test_series_that_are_called_alike_are_told_apart():
    alike = [
        stored("a", [0], symbol="BTC/USDT"),
        stored("b", [0], symbol="BTC/USDT", exchange="kraken"),
        stored("c", [0], symbol="ETH/USDT", exchange="kraken"),
    ]
    names = coverage.labels(coverage_of(alike, 40))
    assert names == ["BTC/USDT 1d file", "BTC/USDT 1d kraken", "ETH/USDT 1d"]


def test_values_and_series_without_a_candle_have_none():
    assert (
        coverage_of([StoredSeries("rates", kind="funding"), StoredSeries("b", kind="candles")], 9).series
        == ()
    )


def test_the_command_tells_it(deck):
    assert "no candles stored" in deck("data", "coverage")[0]
    assert deck.json("data", "coverage") == {"period": "month", "begins": [], "series": []}
    assert "--periods 0: is out of range" in deck("data", "coverage", "--periods", "0", code=2)[1]


def test_rows_stand_below_the_same_axis():
    found = coverage_of([stored("long", range(400)), stored("b", range(60, 90))], 40)
    _, axis, first, second, legend = coverage.coverage_text(found).splitlines()
    assert axis.index("2021") == first.index("▇") + 2  # from November 2020 on
    assert second.index("▇") - first.index("▇") == 2
    assert legend.startswith("▇ whole")
