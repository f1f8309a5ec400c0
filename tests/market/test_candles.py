"""The check of candles: what it keeps, what it rejects, what it says."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import RepairDataError
from engine.market import candles, spikes
from engine.market.candles import (
    CONFLICT,
    OHLCV,
    SPIKE,
    ZERO_VOLUME,
    Decimals,
    check,
    check_values,
    gaps,
    iso,
    milliseconds,
    step_of,
    time_index,
)

HOUR = 3_600_000
START = 1_600_000_000_000 - 1_600_000_000_000 % HOUR
NEVER = START + 10**6 * HOUR
SOUND = (100.0, 102.0, 99.0, 101.0, 5.0)


def frame(rows, times=None):
    """Raw rows of OHLCV at consecutive hours, or at the given ms."""
    times = [START + HOUR * hour for hour in range(len(rows))] if times is None else times
    data = pd.DataFrame(list(rows), columns=list(OHLCV), dtype=object)
    return data.set_index(time_index(np.array(times, np.int64)))


def decimals(prices, volume):
    prices, volume = np.array(prices, np.int8), np.array(volume, np.int8)
    return Decimals(prices, volume, np.maximum(prices, volume))


@st.composite
def histories(draw):
    """Sound candles in two decimals (volume in four), with hours missing here and there."""
    hours = sorted(draw(st.sets(st.integers(0, 60), min_size=6, max_size=25)))
    cents = st.integers(5_000, 15_000)
    rows = []
    for _ in hours:
        low, first, second, high = sorted(draw(st.tuples(cents, cents, cents, cents)))
        volume = draw(st.integers(0, 10**6)) / 10_000
        prices = (first, high, low, second) if draw(st.booleans()) else (second, high, low, first)
        rows.append((*(price / 100 for price in prices), volume))
    return [START + HOUR * hour for hour in hours], rows


JUNK = st.sampled_from(
    [
        (float("nan"), *SOUND[1:]),
        (None, *SOUND[1:]),
        ("n/a", *SOUND[1:]),
        (*SOUND[:4], float("inf")),
        (float("nan"),) * 5,
        (float("inf"), float("inf"), 1.0, 1.0, 1.0),
        (0.0, 102.0, 0.0, 101.0, 5.0),
        (-100.0, 102.0, -100.0, 101.0, 5.0),
        (100.0, 98.0, 99.0, 99.0, 5.0),
        (103.0, *SOUND[1:]),
        (100.0, 102.0, 99.0, 98.0, 5.0),
        (*SOUND[:4], -1.0),
    ]
)


@given(histories(), st.data())
def test_an_unknown_volume_costs_no_candle(history, data):
    times, rows = history
    blank = data.draw(st.sets(st.integers(0, len(rows) - 1)))
    shown = [(*row[:4], float("nan") if place in blank else row[4]) for place, row in enumerate(rows)]
    checked = check(frame(shown, times), HOUR, NEVER)
    assert (checked.report.rows_stored, checked.report.unknown_volume) == (len(rows), len(blank))
    assert checked.report.zero_volume == sum(row[4] == 0 for row in shown)
    assert np.flatnonzero(np.isnan(checked.frame["volume"])).tolist() == sorted(blank)


@given(histories())
def test_prices_of_single_precision_are_candles(history):
    times, rows = history
    single = np.array(rows).astype(np.float32).astype(np.float64)
    single[:, 0] = np.nextafter(
        np.float32(single[:, 1]), np.float32(np.inf)
    )  # the open one unit above the high
    assert check(frame(single.tolist(), times), HOUR, NEVER).report.rejected == 0


@given(histories(), st.data())
def test_disorder_repetition_and_junk_leave_the_stored_candles_as_they_are(history, data):
    times, rows = history
    plain = check(frame(rows, times), HOUR, NEVER, decimals([2] * len(rows), [4] * len(rows)))
    picks = data.draw(st.lists(st.integers(0, len(rows) - 1), max_size=8))
    coarse = [(*(round(price, 1) for price in rows[pick][:4]), round(rows[pick][4], 1)) for pick in picks]
    junk = data.draw(st.lists(JUNK, max_size=4))
    off_grid = data.draw(st.integers(0, 2))
    partial = data.draw(st.integers(0, 2))
    many = [
        *((when, row, 2, 4) for when, row in zip(times, rows, strict=True)),
        *((times[pick], row, 1, 1) for pick, row in zip(picks, coarse, strict=True)),
        *((times[pick], rows[pick], 2, 4) for pick in picks),
        *((times[0], row, 9, 9) for row in junk),
        *((times[0] + 1 + extra, SOUND, 9, 9) for extra in range(off_grid)),
        *((NEVER + HOUR * extra, SOUND, 9, 9) for extra in range(partial)),
    ]
    order = data.draw(st.permutations(range(len(many))))
    stamps, shuffled, prices, volume = zip(*(many[place] for place in order), strict=True)
    messy = check(frame(shuffled, stamps), HOUR, NEVER, decimals(prices, volume))
    pd.testing.assert_frame_equal(messy.frame, plain.frame)
    report = messy.report
    assert report.rows_read == len(many)
    assert report.duplicates == 2 * len(picks)
    assert report.rejected == len(junk) + off_grid
    assert report.incomplete == partial
    assert report.rows_stored + report.duplicates + report.rejected + report.incomplete == report.rows_read
    assert report.conflicting == 0
    assert (report.missing, report.gap_list) == (plain.report.missing, plain.report.gap_list)


@given(histories())
def test_what_is_stored_keeps_the_rules_of_a_candles_frame(history):
    times, rows = history
    checked = check(frame(rows, times), HOUR, NEVER)
    stored = checked.frame
    assert list(stored.columns) == [*OHLCV, "flag"]
    assert stored.index.dtype == "datetime64[ms, UTC]"
    assert stored.index.name == "time"
    assert [str(kind) for kind in stored.dtypes] == ["float64"] * 5 + ["uint8"]
    assert stored.index.is_monotonic_increasing
    assert stored.index.is_unique
    again = check(stored, HOUR, NEVER)
    pd.testing.assert_frame_equal(again.frame, stored)
    assert again.report.rejected == 0
    missing = set(range(times[0], times[-1], HOUR)) - set(times)
    assert {at for start, end in checked.report.gap_list for at in range(start, end, HOUR)} == missing
    assert checked.report.missing == len(missing)


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ((float("nan"), *SOUND[1:]), "not a number"),
        (("abc", *SOUND[1:]), "not a number"),
        ((None, *SOUND[1:]), "not a number"),
        ((float("inf"), float("inf"), 1.0, 1.0, 1.0), "not a number"),
        ((0.0, 102.0, 0.0, 101.0, 5.0), "price not above 0"),
        ((1.0, 0.5, 0.7, 0.6, 5.0), "high below low"),
        ((103.0, 102.0, 99.0, 101.0, 5.0), "open or close outside low and high"),
        ((100.0, 102.0, 99.0, 98.0, 5.0), "open or close outside low and high"),
        ((100.0, 102.0, 99.0, 101.0, -5.0), "negative volume"),
    ],
)
def test_each_impossible_row_is_rejected_with_its_reason(row, reason):
    report = check(frame([SOUND, row, SOUND]), HOUR, NEVER).report
    assert report.rejected_by == {reason: 1}
    assert report.rejected_list == ({"row": 2, "time": iso(START + HOUR), "reason": reason},)
    assert report.rows_stored == 2


def test_a_time_off_the_grid_or_not_readable_is_rejected():
    missing = np.iinfo(np.int64).min
    times = [START, START + HOUR + 17, START + 2 * HOUR, missing]
    report = check(frame([SOUND] * 4, times), HOUR, NEVER).report
    assert report.rejected_by == {"off the grid": 1, "time not readable": 1}
    assert report.rejected_list[1]["time"] is None


def test_weeks_that_start_on_monday_are_a_grid():
    week = 7 * 24 * HOUR
    monday = 1_609_718_400_000  # 2021-01-04
    report = check(frame([SOUND] * 3, [monday + week * k for k in range(3)]), week, NEVER).report
    assert report.rejected == 0


def test_float_representation_is_no_fault():
    high = np.nextafter(101.0, 0)
    report = check(frame([(100.0, high, 99.0, 101.0, 5.0)] * 2), HOUR, NEVER).report
    assert report.rejected == 0


def test_a_candle_counts_from_the_moment_it_is_complete():
    raw = frame([SOUND] * 3)
    assert check(raw, HOUR, START + 3 * HOUR).report.incomplete == 0
    almost = check(raw, HOUR, START + 3 * HOUR - 1)
    assert almost.report.incomplete == 1
    assert milliseconds(almost.frame.index)[-1] == START + HOUR


class TestDuplicates:
    FINE, COARSE = (100.01, 102.49, 99.04, 101.02, 5.1234), (100.0, 102.5, 99.0, 101.0, 5.1)

    @pytest.mark.parametrize("order", [(0, 1), (1, 0)])
    def test_the_more_precise_row_is_kept_wherever_it_stands(self, order):
        rows = [(self.FINE, 2, 4), (self.COARSE, 1, 1)]
        data, prices, volume = zip(*(rows[place] for place in order), strict=True)
        checked = check(frame(data, [START, START]), HOUR, NEVER, decimals(prices, volume))
        assert tuple(checked.frame[list(OHLCV)].iloc[0]) == self.FINE
        assert (checked.report.duplicates, checked.report.conflicting) == (1, 0)
        assert checked.frame["flag"].iloc[0] == 0

    def test_a_row_that_differs_beyond_rounding_conflicts(self):
        far = (100.1, *self.COARSE[1:])
        checked = check(frame([self.FINE, far], [START, START]), HOUR, NEVER, decimals([2, 1], [4, 1]))
        assert checked.report.conflicting == 1
        assert checked.frame["flag"].iloc[0] == CONFLICT
        assert tuple(checked.frame[list(OHLCV)].iloc[0]) == self.FINE

    def test_of_equals_the_later_is_kept(self):
        other = (100.0, 102.0, 99.0, 101.5, 5.0)
        checked = check(frame([SOUND, other], [START, START]), HOUR, NEVER)
        assert checked.frame["close"].iloc[0] == 101.5
        assert checked.report.conflicting == 1

    def test_trailing_zeros_decide_between_equals(self):
        places = Decimals(np.array([2, 2], np.int8), np.array([2, 2], np.int8), np.array([8, 2], np.int8))
        other = (100.0, 102.0, 99.0, 101.5, 5.0)
        checked = check(frame([SOUND, other], [START, START]), HOUR, NEVER, places)
        assert checked.frame["close"].iloc[0] == 101.0

    def test_an_impossible_row_never_wins(self):
        broken = (103.00001, *SOUND[1:])
        checked = check(frame([broken, SOUND], [START, START]), HOUR, NEVER, decimals([5, 0], [0, 0]))
        assert tuple(checked.frame[list(OHLCV)].iloc[0]) == SOUND
        assert (checked.report.duplicates, checked.report.rejected) == (0, 1)


class TestFlags:
    def market(self, bars=200, seed=3):
        rng = np.random.default_rng(seed)
        close = 100 * np.exp(np.cumsum(rng.normal(0, 0.004, bars)))
        opened = np.append(100.0, close[:-1])
        wick = rng.exponential(0.002, (2, bars))
        high, low = np.maximum(opened, close) * (1 + wick[0]), np.minimum(opened, close) * (1 - wick[1])
        return np.stack([opened, high, low, close, rng.exponential(10, bars)], axis=1)

    def flags(self, rows):
        return check(frame(rows.tolist()), HOUR, NEVER).frame["flag"].to_numpy()

    def test_a_calm_market_has_no_spikes(self):
        assert not self.flags(self.market()).any()

    @pytest.mark.parametrize("bar", [0, 1, 100, 199])
    @pytest.mark.parametrize("factor", [4.0, 0.25])
    def test_a_price_that_leaves_and_comes_back_is_flagged_and_kept(self, bar, factor):
        rows = self.market()
        column = 1 if factor > 1 else 2
        rows[bar, column] *= factor
        checked = check(frame(rows.tolist()), HOUR, NEVER)
        assert np.flatnonzero(checked.frame["flag"] == SPIKE).tolist() == [bar]
        assert checked.frame.iloc[bar, column] == rows[bar, column]
        assert checked.report.flagged == checked.report.spikes == 1
        assert checked.report.flag_list[0]["reason"].startswith("spike: ")

    @pytest.mark.parametrize("on_the_way", [1.0, 0.7, 0.5])
    def test_a_lasting_change_of_level_is_no_spike(self, on_the_way):
        rows = self.market()
        rows[100:, :4] *= 0.5
        rows[99, :4] *= on_the_way
        assert not self.flags(rows).any()

    @pytest.mark.parametrize("block", [7, 64])
    def test_rows_judged_in_blocks_come_out_as_all_at_once(self, block, monkeypatch):
        rows, random = self.market(2000), np.random.default_rng(5)
        odd = random.integers(0, len(rows), 60)
        rows[odd, random.integers(0, 5, 60)] *= random.choice([0.9, 1.06, 1.2, -1.0, np.nan, np.inf], 60)
        whole = check(frame(rows.tolist()), HOUR, NEVER)
        monkeypatch.setattr(spikes, "BLOCK", block)
        monkeypatch.setattr(candles, "BLOCK", block)
        parts = check(frame(rows.tolist()), HOUR, NEVER)
        assert whole.report.spikes > 0 < whole.report.rejected
        assert parts.report == whole.report
        assert parts.frame.equals(whole.frame)

    def test_volume_0_is_kept_and_listed_as_runs(self):
        rows = self.market()
        rows[[10, 11, 50], 4] = 0
        checked = check(frame(rows.tolist()), HOUR, NEVER)
        assert np.flatnonzero(checked.frame["flag"] == ZERO_VOLUME).tolist() == [10, 11, 50]
        assert [entry["bars"] for entry in checked.report.flag_list] == [2, 1]
        assert checked.report.flagged == checked.report.zero_volume == 3


class TestReport:
    def test_keys_and_times(self):
        facts = check(frame([SOUND, SOUND], [START, START + 3 * HOUR]), HOUR, NEVER).report.as_dict()
        assert list(facts)[:11] == [
            "series", "rows_read", "rows_stored", "duplicates", "conflicting", "rejected", "missing", "gaps",
            "flagged", "first", "last",
        ]  # fmt: skip
        assert (facts["first"], facts["last"]) == ("2020-09-13T12:00:00Z", "2020-09-13T15:00:00Z")
        assert (facts["gaps"], facts["missing"]) == (1, 2)
        assert facts["gap_list"] == [
            {"from": "2020-09-13T13:00:00Z", "to": "2020-09-13T15:00:00Z", "bars": 2}
        ]
        assert all(isinstance(rule, str) for rule in facts["rules"])

    def test_of_nothing(self):
        report = check(frame([]), HOUR, NEVER).report
        assert (report.rows_read, report.rows_stored, report.first_ms) == (0, 0, None)
        assert report.as_dict()["first"] is None

    def test_order_of_the_file(self):
        newest_first = check(frame([SOUND] * 4, [START + HOUR * hour for hour in (3, 2, 1, 0)]), HOUR, NEVER)
        assert (newest_first.report.order, newest_first.report.out_of_order) == ("newest first", 0)
        swapped = check(frame([SOUND] * 4, [START + HOUR * hour for hour in (0, 2, 1, 3)]), HOUR, NEVER)
        assert (swapped.report.order, swapped.report.out_of_order) == ("oldest first", 1)


def test_the_input_is_left_alone():
    raw = frame([SOUND] * 3, [START + HOUR, START, START])
    before = raw.copy(deep=True)
    check(raw, HOUR, NEVER)
    pd.testing.assert_frame_equal(raw, before)


class TestValues:
    def series(self, values, times, known=None):
        data = {"value": values}
        if known is not None:
            data["available_at"] = time_index(np.array(known, np.int64))
        return pd.DataFrame(data, index=time_index(np.array(times, np.int64)))

    def test_sorted_unique_known_values(self):
        times = [START + 2 * HOUR, START, START, START + HOUR, START + 3 * HOUR]
        checked = check_values(self.series([3.0, 0.0, 1.0, float("nan"), 4.0], times), START + 2 * HOUR)
        assert checked.frame["value"].tolist() == [1.0, 3.0]
        assert milliseconds(pd.DatetimeIndex(checked.frame["available_at"])).tolist() == times[1::-1]
        report = checked.report
        assert (report.duplicates, report.rejected, report.incomplete) == (1, 1, 1)

    def test_a_value_that_becomes_known_later_waits(self):
        raw = self.series([1.0, 2.0], [START, START + HOUR], [START + 300_000, START + HOUR + 300_000])
        assert check_values(raw, START + HOUR).report.rows_stored == 1
        stored = check_values(raw, NEVER).frame
        assert milliseconds(pd.DatetimeIndex(stored["available_at"])).tolist() == [
            START + 300_000,
            START + HOUR + 300_000,
        ]

    def test_funding_stamps_that_come_late_by_milliseconds_have_a_step_and_gaps(self):
        late = [START + 8 * HOUR * k + (7 * k) % 20 for k in range(30) if k not in (10, 11)]
        report = check_values(self.series([0.0001] * len(late), late), NEVER).report
        assert (report.step_ms, len(report.gap_list), report.missing) == (8 * HOUR, 1, 2)

    def test_values_without_a_rhythm_have_no_gaps(self):
        report = check_values(
            self.series([1.0] * 4, [START, START + 1000, START + HOUR, START + 9 * HOUR]), NEVER
        ).report
        assert (report.step_ms, report.gap_list, report.missing) == (0, (), 0)


class TestTimes:
    @given(st.sets(st.integers(0, 200), min_size=2, max_size=60))
    def test_gaps_are_the_times_that_lack(self, hours):
        index = time_index(np.array(sorted(hours), np.int64) * HOUR)
        lacking = {at for start, end in gaps(index, HOUR) for at in range(start // HOUR, end // HOUR)}
        assert lacking == set(range(min(hours), max(hours))) - hours

    def test_the_step_is_the_most_common_difference(self):
        hours = np.array([9, 0, 1, 1, 2, 5, 6], np.int64)
        assert step_of(time_index(hours * HOUR)) == HOUR

    def test_one_time_has_no_step(self):
        with pytest.raises(RepairDataError, match="needs 2"):
            step_of(time_index(np.array([START, START], np.int64)))

    def test_iso_shows_milliseconds_where_there_are_some(self):
        assert iso(1_637_193_600_017) == "2021-11-18T00:00:00.017Z"
        assert iso(np.int64(1_502_942_400_000)) == "2017-08-17T04:00:00Z"
        assert iso(None) is None
