"""The as-of join against a naive loop, against its own past, and on real funding stamps."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import InternalError
from engine.market.calendar import Calendar
from engine.market.candles import FILLED as FILLED_FLAG
from engine.market.candles import SPIKE, milliseconds, time_index
from engine.market.merge import (
    CARRIED,
    FILLED,
    MISSING,
    OBSERVED,
    Other,
    column_values,
    fingerprint,
    funding_table,
    merge,
)

SHARED = Path(__file__).parents[2].parent / "shared"
HOUR = 3_600_000
HOURLY = Calendar(HOUR)
START = 1_600_000_000_000 // HOUR * HOUR


def candles(hours):
    """Candles whose numbers tell their hour."""
    hours = np.asarray(hours, dtype=np.int64)
    close = 100.0 + hours
    columns = {"open": close - 1, "high": close + 2, "low": close - 2, "close": close, "volume": 5.0 + hours}
    frame = pd.DataFrame(columns, index=time_index(START + hours * HOUR))
    return frame.assign(flag=np.uint8(SPIKE))


def values(rows):
    """A values frame from (stamp, available_at, value)."""
    stamps, available, value = (
        (np.array(column) for column in zip(*rows, strict=True)) if rows else ([], [], [])
    )
    index = time_index(np.asarray(stamps, dtype=np.int64))
    available = time_index(np.asarray(available, dtype=np.int64))
    return pd.DataFrame(
        {"value": np.asarray(value, dtype=np.float64), "available_at": available}, index=index
    )


hours = st.sets(st.integers(0, 60), min_size=1, max_size=60).map(sorted)
# Stamps to the minute, so that several fall into a bar, on its edges and between bars; late by up to 3 h.
rows = st.lists(
    st.tuples(
        st.integers(-600, 4000), st.integers(0, 180), st.floats(-5, 5) | st.just(np.nan) | st.just(np.inf)
    ),
    max_size=60,
).map(lambda rows: sorted((START + m * 60_000, START + (m + late) * 60_000, v) for m, late, v in rows))


def naive(rows, known, staleness):
    """The last value known by `known`, by looking at each; None if there is none or it is stale."""
    seen = [
        (available, stamp, value)
        for stamp, available, value in rows
        if np.isfinite(value) and available <= known
    ]
    if not seen:
        return None
    latest = max(seen, key=lambda row: row[:2])
    last = [row for row in seen if row[:2] == latest[:2]][-1]
    return last if known - last[0] <= staleness else None


@settings(max_examples=150, deadline=None)
@given(hours, rows, st.integers(0, 900), st.integers(0, 3))
def test_each_row_sees_the_last_value_known_and_no_later_one(hours, rows, staleness_minutes, fill):
    staleness = staleness_minutes * 60_000
    market = merge(candles(hours), HOURLY, [Other("x", values(rows), staleness)], fill, simulated=False)
    for time, value, kind in zip(
        milliseconds(market.frame.index), market.frame["x"], market.provenance["x"], strict=True
    ):
        want = naive(rows, time + HOUR, staleness)
        if want is None:
            assert np.isnan(value)
            assert kind == MISSING
        else:
            assert value == want[2]
            assert kind == (OBSERVED if want[0] > time else CARRIED)


@settings(max_examples=150, deadline=None)
@given(hours, rows, st.integers(0, 900), st.integers(0, 3), st.data())
def test_cutting_the_future_moves_nothing_before_it(hours, rows, staleness_minutes, fill, data):
    other = Other("funding", values(rows), staleness_minutes * 60_000)
    whole = merge(candles(hours), HOURLY, [other], fill, simulated=False)
    cut = data.draw(st.integers(1, len(hours)))
    known = START + (hours[cut - 1] + 1) * HOUR
    past = Other("funding", values([row for row in rows if row[1] <= known]), other.staleness_ms)
    part = merge(candles(hours[:cut]), HOURLY, [past], fill, simulated=False)
    count = len(part.frame)
    pd.testing.assert_frame_equal(part.frame, whole.frame[:count], check_exact=True)
    pd.testing.assert_frame_equal(part.provenance, whole.provenance[:count])
    stamped = Other("funding", values([row for row in rows if row[0] <= known]), other.staleness_ms)
    past = funding_table(merge(candles(hours[:cut]), HOURLY, [stamped], fill, simulated=False))
    pd.testing.assert_frame_equal(
        past, funding_table(whole)[:count].reindex(columns=past.columns), check_exact=True
    )


@settings(max_examples=80, deadline=None)
@given(hours, st.integers(0, 5))
def test_gaps_up_to_the_limit_are_filled_flat_and_flagged(hours, limit):
    market = merge(candles(hours), HOURLY, [], limit, simulated=False)
    want = []
    for hour, following in zip(hours, [*hours[1:], hours[-1] + 1], strict=True):
        gap = following - hour - 1
        want += [(hour, 100.0 + hour, 5.0 + hour, False)]
        want += [(hour + n, 100.0 + hour, 0.0, True) for n in range(1, gap + 1)] if gap <= limit else []
    frame = market.frame
    assert ((milliseconds(frame.index) - START) // HOUR).tolist() == [row[0] for row in want]
    assert frame["close"].tolist() == [row[1] for row in want]
    assert frame["volume"].tolist() == [row[2] for row in want]
    made = np.array([row[3] for row in want])
    assert ((frame["flag"] & FILLED_FLAG) > 0).tolist() == made.tolist()
    assert (frame["flag"][~made] == SPIKE).all()
    assert (market.provenance["candles"].to_numpy() == np.where(made, FILLED, OBSERVED)).all()
    assert (market.observed == ~made).all()
    flat = frame[made]
    assert (flat[["open", "high", "low"]].to_numpy() == flat[["close"]].to_numpy()).all()


def test_dtypes_shapes_and_index():
    market = merge(candles([0, 1, 4]), HOURLY, [Other("x", values([]), HOUR)], 9, simulated=True)
    assert str(market.frame.index.dtype) == "datetime64[ms, UTC]"
    assert market.frame.index.name == "time"
    assert list(market.frame.columns) == ["open", "high", "low", "close", "volume", "flag", "x"]
    assert [str(dtype) for dtype in market.frame.dtypes] == [*["float64"] * 5, "uint8", "float64"]
    assert list(market.provenance.columns) == ["candles", "x"]
    assert set(map(str, market.provenance.dtypes)) == {"uint8"}
    assert market.provenance.index.equals(market.frame.index)
    assert market.funding.carried.tolist() == [0.0] * 5
    assert market.simulated
    assert (market.provenance["x"] == MISSING).all()


def test_no_candles_are_no_rows():
    market = merge(candles([]), HOURLY, [Other("x", values([(START, START, 1.0)]), HOUR)], 3, simulated=False)
    assert len(market.frame) == 0


def test_two_series_of_one_name_are_refused():
    other = Other("close", values([]), HOUR)
    with pytest.raises(InternalError, match="share a name"):
        merge(candles([0]), HOURLY, [other], 0, simulated=False)


def test_second_candles_are_known_when_they_close():
    second = column_values(candles([0, 1, 2]), "close", HOURLY)
    market = merge(
        candles([0, 1, 2, 3, 4]), HOURLY, [Other("second_close", second, HOUR)], 0, simulated=False
    )
    assert market.frame["second_close"].tolist()[:4] == [100.0, 101.0, 102.0, 102.0]
    assert np.isnan(market.frame["second_close"].iloc[4])
    assert market.provenance["second_close"].tolist() == [OBSERVED] * 3 + [CARRIED, MISSING]


def test_the_fingerprint_tells_every_difference():
    other = Other("x", values([(START, START, 1.0)]), HOUR)
    prints = {
        fingerprint(merge(candles([0, 1, 3]), HOURLY, [other], 0, simulated=False)),
        fingerprint(merge(candles([0, 1, 3]), HOURLY, [other], 0, simulated=True)),
        fingerprint(merge(candles([0, 1, 3]), HOURLY, [other], 1, simulated=False)),
        fingerprint(merge(candles([0, 1, 4]), HOURLY, [other], 0, simulated=False)),
        fingerprint(merge(candles([0, 1, 3]), HOURLY, [], 0, simulated=False)),
        fingerprint(merge(candles([0, 1, 3]), HOURLY, [Other("y", other.frame, HOUR)], 0, simulated=False)),
    }
    assert len(prints) == 6
    again = merge(candles([0, 1, 3]), HOURLY, [other], 0, simulated=False)
    assert fingerprint(again) in prints
    assert len(fingerprint(again)) == 64


def test_real_funding_stamps_that_are_milliseconds_late():
    path = SHARED / "data" / "XRP_USDT_USDT-8h-funding_rate.feather"
    if not path.is_file():
        pytest.skip("needs the real funding file in shared/data")
    raw = pd.read_feather(path)
    stamps = milliseconds(pd.DatetimeIndex(raw["date"]))
    late = stamps % HOUR
    assert late.max() > 0
    funding = values(list(zip(stamps.tolist(), stamps.tolist(), raw["open"].tolist(), strict=True)))
    first, last = stamps[0] // HOUR * HOUR, stamps[-1] // HOUR * HOUR
    bars = candles((np.arange(first, last + HOUR, HOUR) - START) // HOUR)
    market = merge(bars, HOURLY, [Other("funding", funding, 12 * HOUR)], 0, simulated=False)
    times = milliseconds(market.frame.index)
    assert market.frame["funding"].notna().all()
    due = np.isin(times, stamps // HOUR * HOUR)  # the bar that a stamp lies in: paid there
    assert market.funding.carried[due].tolist() == raw["open"].tolist()
    assert not funding_table(market)[~due].any(axis=None)
    seen = np.isin(times + HOUR, -(-stamps // HOUR) * HOUR)  # the first bar to close at or after it
    assert (market.provenance["funding"].to_numpy() == np.where(seen, OBSERVED, CARRIED)).all()
    # A rate stamped at 08:00:00.017 is not known at 08:00:00.000, the close of the bar before.
    for time, value in zip(times, market.frame["funding"], strict=True):
        assert value == raw["open"][np.searchsorted(stamps, time + HOUR, side="right") - 1]
