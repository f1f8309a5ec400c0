"""Longer candles: what they are made of, and that none is known before it closes."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import ChangeSettingsError
from engine.market.calendar import Calendar
from engine.market.candles import FILLED, SPIKE, ZERO_VOLUME, milliseconds, time_index
from engine.market.merge import Other, column_values, merge
from engine.market.resample import resample
from tests.market.test_calendar import opened

MINUTE = 60_000
HOUR = 60 * MINUTE
START = 1_600_000_000_000 // (24 * HOUR) * 24 * HOUR
LONGER = {5 * MINUTE: "5min", HOUR: "1h", 4 * HOUR: "4h", 24 * HOUR: "1D"}


def minutes(rng, count, first=START):
    close = 100 * np.exp(np.cumsum(rng.normal(0, 1e-3, count)))
    opened = np.append(100.0, close[:-1])
    frame = {
        "open": opened,
        "high": np.maximum(opened, close) + rng.random(count),
        "low": np.minimum(opened, close) - rng.random(count),
        "close": close,
        "volume": rng.integers(0, 3, count).astype(float),
    }
    flag = np.where(frame["volume"] == 0, ZERO_VOLUME, 0).astype(np.uint8)
    return pd.DataFrame(
        {**frame, "flag": flag}, index=time_index(first + MINUTE * np.arange(count, dtype=np.int64))
    )


@pytest.mark.parametrize("longer_ms", LONGER)
def test_a_longer_candle_is_the_first_highest_lowest_last_and_sum_of_its_parts(longer_ms):
    frame = minutes(np.random.default_rng(1), 3 * 1440)
    made = resample(frame, Calendar(MINUTE), longer_ms)
    rules = {"open": "first", "high": "max", "low": "min", "close": "last", "volume": "sum"}
    expected = frame.resample(LONGER[longer_ms]).agg(rules)
    assert made.index.equals(expected.index.as_unit("ms"))
    pd.testing.assert_frame_equal(made[list(rules)], expected, check_freq=False, check_index_type=False)


@given(st.sets(st.integers(0, 59), max_size=12), st.integers(0, 7), st.integers(1, 60))
def test_a_candle_is_made_only_where_all_of_its_parts_are(lacking, skipped, count):
    frame = minutes(np.random.default_rng(2), 60)
    kept = [row for row in range(skipped, count) if row not in lacking]
    made = resample(frame.iloc[kept], Calendar(MINUTE), 5 * MINUTE)
    whole = [five for five in range(12) if all(5 * five + part in kept for part in range(5))]
    assert milliseconds(made.index).tolist() == [START + 5 * five * MINUTE for five in whole]
    pd.testing.assert_frame_equal(
        made, resample(frame, Calendar(MINUTE), 5 * MINUTE).iloc[whole], check_freq=False
    )


def test_flags_are_those_of_the_parts_and_no_volume_means_none_in_any():
    frame = minutes(np.random.default_rng(3), 10).assign(volume=[0.0] * 5 + [0.0] * 4 + [1.0])
    frame["flag"] = np.uint8(ZERO_VOLUME)
    frame.iloc[2, frame.columns.get_loc("flag")] |= SPIKE | FILLED
    assert resample(frame, Calendar(MINUTE), 5 * MINUTE)["flag"].tolist() == [SPIKE | ZERO_VOLUME, 0]


@given(st.lists(st.booleans(), min_size=30, max_size=30))
def test_filled_parts_have_no_say_in_the_prices(gone):
    frame = minutes(np.random.default_rng(5), 30)
    gone[0] = False
    calendar = Calendar(MINUTE)
    whole = merge(frame[~np.array(gone)], calendar, [], 30, simulated=True).frame
    made = resample(whole, Calendar(MINUTE), 5 * MINUTE)
    for (time, candle), place in zip(made.iterrows(), range(0, 30, 5), strict=False):
        real = frame.loc[time : time + pd.Timedelta(4, "min")][~np.array(gone[place : place + 5])]
        assert ((int(candle["flag"]) & FILLED) > 0) == real.empty
        if len(real):
            assert candle["open"] == real["open"].iloc[0]
            assert candle["high"] == real["high"].max()
            assert candle["low"] == real["low"].min()
            assert candle["close"] == real["close"].iloc[-1]
            assert candle["volume"] == real["volume"].sum()


def test_a_step_that_does_not_divide():
    with pytest.raises(ChangeSettingsError, match="multiple"):
        resample(minutes(np.random.default_rng(4), 9), Calendar(2 * MINUTE), 5 * MINUTE)


def test_a_longer_candle_is_known_only_when_it_closes():
    """As another series of the merge: what is joined stands still when the minutes not yet over move."""
    frame = minutes(np.random.default_rng(5), 600)

    def joined(of):
        values = column_values(resample(of, Calendar(MINUTE), HOUR), "close", Calendar(HOUR))
        market = merge(of, Calendar(MINUTE), [Other("hourly_close", values, 2 * HOUR)], 0, simulated=False)
        return market.frame["hourly_close"].to_numpy()

    seen = joined(frame)
    assert np.isnan(seen[:59]).all()
    assert seen[59] == frame["close"].iloc[59]  # known at the close of the hour's last minute
    for row in range(60, 600, 7):
        moved = frame.copy()
        moved.iloc[row + 1 :, :4] *= 3
        np.testing.assert_array_equal(joined(moved)[: row + 1], seen[: row + 1])


@pytest.mark.parametrize(
    "text", ["mon-fri 09:30-16:30 America/New_York", "mon-fri 18:00-17:00 America/New_York"]
)
@pytest.mark.parametrize("longer_ms", [4 * HOUR, 24 * HOUR])
def test_longer_candles_of_sessions_are_those_of_their_hours(text, longer_ms):
    """Over changes of the clock and a session that ends early; a day that lacks an hour within makes none."""
    times, days = opened(text, HOUR, 120)
    frame = minutes(np.random.default_rng(6), len(times)).set_axis(time_index(times))
    day = np.unique(days)
    per_day = np.count_nonzero(days == day[1])
    early = np.flatnonzero(days == day[8])[-2:]
    hole = np.flatnonzero(days == day[20])[2:3]
    kept = np.setdiff1d(np.arange(len(times)), np.concatenate([early, hole]))
    calendar = Calendar.parse(text, HOUR)
    made = resample(frame.iloc[kept], calendar, longer_ms)
    hours = (np.arange(len(times)) - np.repeat(np.arange(len(day)) * per_day, per_day)) // (longer_ms // HOUR)
    group = pd.Series(list(zip(days[kept].tolist(), hours[kept].tolist(), strict=True)))
    lacking = {(int(days[row]), int(hours[row])) for row in hole}
    wanted = [each for each in group.drop_duplicates() if each not in lacking]
    rows = {each: frame.iloc[kept][(group == each).to_numpy()] for each in wanted}
    assert made["close"].tolist() == [rows[each]["close"].iloc[-1] for each in wanted]
    assert made["open"].tolist() == [rows[each]["open"].iloc[0] for each in wanted]
    assert made["high"].tolist() == [rows[each]["high"].max() for each in wanted]
    assert made.index.equals(pd.DatetimeIndex([rows[each].index[0] for each in wanted]).rename("time"))
    ends = Calendar.parse(text, longer_ms).ends(milliseconds(made.index))
    assert all(
        end >= calendar.ends(milliseconds(rows[each].index))[-1]
        for end, each in zip(ends, wanted, strict=True)
    )
