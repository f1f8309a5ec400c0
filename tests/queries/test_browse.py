"""A stretch of a series is what its rows say, in as many candles as are asked for."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.data.store import Store
from engine.errors import ChangeSettingsError
from engine.market.times import iso, milliseconds
from engine.queries.browse import stretch
from engine.queries.series_detail import detail
from engine.runs.home import Home
from tests.tui.results.stored import END, HOUR, candles, write

COUNT = 1200
MISSING = [5, *range(300, 420), 700, 701, 1000]


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    """A gappy series in a store, and its rows."""
    home = Home(tmp_path_factory.mktemp("home"))
    store, checked = Store(home.data), candles(COUNT, END, missing=MISSING)
    write(store, "gappy", "candles", "binance", "BTC/USDT", "1h", checked)
    return home, checked.frame


def asked(stored, **request):
    return stretch({"home": str(stored[0].path), "series": "gappy", **request})


@given(st.integers(0, 1500), st.integers(0, 1500), st.integers(1, 300))
@settings(max_examples=40, deadline=None)
def test_candles_join_the_rows_of_their_bars_and_leave_none_out(stored, first, bars, columns):
    frame = stored[1]
    place = (milliseconds(frame.index) - (END - COUNT * HOUR)) // HOUR
    found = asked(stored, first=first, bars=bars, candles=columns)
    assert found.all == COUNT
    assert 0 <= found.first <= found.first + found.bars <= found.all
    assert sum(found.rows) + sum(found.missing) == found.bars
    assert len(found.rows) <= columns
    begin = found.first
    for at, (rows, missing) in enumerate(zip(found.rows, found.missing, strict=True)):
        end = begin + rows + missing
        part = frame[(place >= begin) & (place < end)]
        bar = [getattr(found.candles, name)[at] for name in ("open", "high", "low", "close")]
        assert len(part) == rows
        assert found.candles.time_ms[at] == END - (COUNT - begin) * HOUR
        if rows:
            assert bar == [part.open.iloc[0], part.high.max(), part.low.min(), part.close.iloc[-1]]
            assert found.volume[at] == part.volume.sum()
            assert bool(found.odd[at]) == bool(part.flag.any())
        else:
            assert all(map(math.isnan, [*bar, found.volume[at]]))
        begin = end


def test_gaps_are_jumped_to_one_after_the_other_both_ways(stored):
    listed = detail({"home": str(stored[0].path), "series": "gappy"}).gaps
    begins, at = [], 0
    while (found := asked(stored, gap=1, at=at, bars=40, candles=40)).gap >= 0:
        at = found.gap
        begins.append(iso(found.candles.time_ms[at - found.first]))
        assert found.missing[at - found.first] == 1
    assert begins == [gap.start for gap in listed]
    back = []
    at = COUNT
    while (found := asked(stored, gap=-1, at=at, bars=40, candles=40)).gap >= 0:
        at = found.gap
        back.append(iso(found.candles.time_ms[at - found.first]))
    assert back == begins[::-1]
    assert found.gaps == len(listed)


def test_a_span_is_told_by_times(stored):
    found = asked(stored, **{"from": iso(END - 100 * HOUR), "to": iso(END - 40 * HOUR), "candles": 500})
    assert (found.first, found.bars) == (COUNT - 100, 60)
    assert asked(stored, **{"from": iso(END)[:10]}).bars == 12  # the day begins so many bars before the end
    for wrong in ({"from": "2100-01-01"}, {"to": "1999-01-01"}, {"from": "soon"}):
        with pytest.raises(ChangeSettingsError):
            asked(stored, **wrong)


def test_nights_and_weekends_of_a_market_that_closes_take_no_room(stored, tmp_path):
    checked = candles(24 * 60, END)
    hours = checked.frame.index
    open_then = (hours.day_of_week < 5) & (hours.hour >= 10) & (hours.hour < 16)
    checked = replace(checked, frame=checked.frame[open_then])
    store = Store(Home(tmp_path).data)
    write(store, "shop", "candles", "", "", "1h", checked)
    found = stretch({"home": str(tmp_path), "series": "shop"})
    assert found.all == found.bars == open_then.sum()
    assert found.gaps == 0
    assert np.isfinite(found.candles.close).all()
