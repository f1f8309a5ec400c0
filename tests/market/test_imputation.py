"""What is wrong with candles, and what may stand in for them."""

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from engine.market.calendar import Calendar
from engine.market.candles import FILLED, MADE, OHLCV, check, milliseconds, time_index
from engine.market.imputation import bars, find, flat, put, taken
from engine.market.ranges import within

HOUR = 3_600_000
START = 1_600_000_000_000 // HOUR * HOUR


def market(rows=120, seed=1):
    """Hourly candles of a calm market."""
    rng = np.random.default_rng(seed)
    close = 100 * np.exp(np.cumsum(rng.normal(0, 0.004, rows)))
    opened = np.append(100.0, close[:-1])
    high, low = np.maximum(opened, close) * 1.002, np.minimum(opened, close) * 0.998
    columns = zip(OHLCV, (opened, high, low, close, rng.uniform(1, 9, rows)), strict=True)
    return pd.DataFrame(dict(columns), index=time_index(START + HOUR * np.arange(rows)))


def without(frame, rows):
    """The frame less some of its rows."""
    return frame[~np.isin(np.arange(len(frame)), list(rows))]


def checked(frame):
    return check(frame, HOUR, 10**13).frame


def test_another_level_or_currency_is_no_fault():
    here = checked(market())
    there = here.copy()
    there[["open", "high", "low", "close"]] *= 1.3
    found = find(here, Calendar(HOUR), there, 0.01)
    assert (len(found.spikes), found.compared) == (0, 120)


def test_candles_that_a_repair_made_witness_nothing_and_are_not_judged():
    here, there = checked(market()).copy(), checked(market()).copy()
    here.iloc[7, 1] *= 2
    there.iloc[7, 5] = FILLED
    assert find(here, Calendar(HOUR), there, 0.05).compared == 119
    there.iloc[7, 5], here.iloc[7, 5] = 0, FILLED
    assert len(find(here, Calendar(HOUR), there, 0.05).spikes) == 0


ROWS = st.sets(st.integers(1, 118), max_size=40)


@given(ROWS, ROWS, st.integers(1, 5))
def test_gaps_end_up_with_the_seconds_candles_or_flat_ones(gone, gone_there, longest):
    here, there = checked(without(market(), gone)), checked(without(market(seed=2), gone_there))
    found = find(here, Calendar(HOUR), None, 0.05)
    assert found.gaps == bars(START + HOUR * np.array(sorted(gone), np.int64), HOUR)
    rows = taken(there, found.gaps)
    assert ((milliseconds(rows.index) - START) // HOUR).tolist() == sorted(gone - gone_there)
    assert rows[list(OHLCV)].equals(there.loc[rows.index, list(OHLCV)])
    mended = put(here, rows)
    both = {*milliseconds(here.index), *milliseconds(rows.index)}
    assert milliseconds(mended.index).tolist() == sorted(both)
    left = find(mended, Calendar(HOUR), None, 0.05).gaps
    flats = flat(mended, Calendar(HOUR), left, longest)
    short = [span for span in left if (span[1] - span[0]) // HOUR <= longest]
    lacking = [time for start, end in short for time in range(start, end, HOUR)]
    assert milliseconds(flats.index).tolist() == lacking
    whole = put(mended, flats)
    again = find(whole, Calendar(HOUR), None, 0.05)
    assert set(again.gaps) == set(left) - set(short)
    for time, row in flats.iterrows():
        before = whole[whole.index < time]
        last = before[(before["flag"] & FILLED) == 0].iloc[-1]
        assert (row[["open", "high", "low", "close"]] == last["close"]).all()
        assert (row["volume"], int(row["flag"]) & MADE) == (0, FILLED)
    # What was there has not moved.
    assert whole.loc[here.index].equals(here)


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30))), st.lists(st.integers(-3, 33)))
def test_within(ranges, times):
    inside = [any(start <= time < end for start, end in ranges) for time in times]
    assert within(np.array(times, np.int64), ranges).tolist() == inside
