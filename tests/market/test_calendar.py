"""Calendars: which bars follow each other, to which session each belongs, and what is read off bars alone."""

from __future__ import annotations

import datetime as dt
import zoneinfo

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from engine.market.calendar import Calendar
from engine.market.sessions import ZONES, infer
from engine.market.spacing import DAY_MS, HOUR_MS, MINUTE_MS

FIRST_DAY = 18_631  # Monday, 2021-01-04
MARKETS = (  # the calendar's text, bars of which length it is tried on
    ("24/7", (1, 60, 240, 1440)),
    ("24/7 Europe/Berlin", (120, 240, 1440)),
    ("24/7 America/New_York", (240, 1440)),
    ("mon-fri", (1440,)),
    ("mon-fri America/New_York", (1440,)),
    ("mon-fri 09:30-16:00 America/New_York", (1, 5, 30)),
    ("mon-fri 09:30-16:30 America/New_York", (60,)),
    ("mon-fri 09:30-10:00,10:00-16:00 America/New_York", (60,)),
    ("mon-fri 17:00-17:00 America/New_York", (5, 60, 1440)),
    ("mon-fri 18:00-17:00 America/New_York", (15, 60)),
    ("mon-fri 10:00-16:00 Australia/Sydney", (60,)),
    ("mon-fri 09:00-18:00 Europe/Berlin", (60,)),
    ("mon-fri 00:00-02:30,03:30-06:00", (30,)),
    ("mon-thu,sun 10:00-15:00", (60,)),
)
CASES = [(text, minutes * MINUTE_MS) for text, lengths in MARKETS for minutes in lengths]
BY_HAND = pytest.mark.parametrize(("text", "step_ms"), CASES)


def opened(text, step_ms, days, holidays=frozenset()):
    """Every bar of a market over so many days, by Python's own clocks, and the day that its session has."""
    calendar = Calendar.parse(text, step_ms)
    zone = zoneinfo.ZoneInfo(calendar.zone)
    found = {}
    for number in range(FIRST_DAY, FIRST_DAY + days):
        day = dt.date(1970, 1, 1) + dt.timedelta(number)
        if day.weekday() not in calendar.weekdays or number in holidays:
            continue
        for start, end in calendar.hours:
            length = step_ms if step_ms < DAY_MS else end - start
            for at in range(start, end, length):
                wall = dt.datetime.combine(day, dt.time()) + dt.timedelta(milliseconds=at)
                moment = wall.replace(tzinfo=zone).astimezone(dt.UTC)
                found.setdefault(round(moment.timestamp() * 1000), number)
    times = sorted(found)
    return np.array(times, np.int64), np.array([found[time] for time in times])


@BY_HAND
def test_a_calendar_is_its_text_and_every_bar_of_it_follows_the_one_before(text, step_ms):
    calendar = Calendar.parse(text, step_ms)
    assert str(calendar) == text
    times, days = opened(text, step_ms, 40 if step_ms < HOUR_MS else 800)
    assert calendar.numbers(times).tolist() == list(range(len(times)))
    assert calendar.sessions(times).tolist() == days.tolist()
    assert calendar.gaps(times) == []
    ends = calendar.ends(times)
    assert (ends[:-1] <= times[1:]).all()
    assert (ends > times).all()


@BY_HAND
@settings(max_examples=15)
@given(seed=st.integers(0, 2**32 - 1), length=st.integers(1, 3))
def test_bars_that_lack_within_a_session_are_found_and_named(text, step_ms, seed, length):
    calendar, random = Calendar.parse(text, step_ms), np.random.default_rng(seed)
    times, days = opened(text, step_ms, 8 if step_ms < HOUR_MS else 200)
    if len(calendar.slots) < 2 * length:  # half a session more or less is no gap
        length = 1
    cut = int(random.integers(1, len(times) - length - 1))
    inside = calendar.in_steps or days[cut - 1] == days[cut + length]
    lacking = np.delete(times, slice(cut, cut + length))
    wanted = [(int(times[cut]), int(times[cut + length]), length)] if inside else []
    assert calendar.gaps(lacking) == wanted
    row, absent = calendar.absent(lacking, length)
    assert absent.tolist() == (times[cut : cut + length].tolist() if inside else [])
    assert row.tolist() == [cut - 1] * len(absent)
    assert calendar.absent(lacking, length - 1)[0].tolist() == []


@BY_HAND
def test_the_calendar_is_read_off_bars_alone_with_their_holidays(text, step_ms):
    random = np.random.default_rng(step_ms)
    holidays = frozenset() if text.startswith("24/7") else FIRST_DAY + random.choice(700, 12, replace=False)
    times, _ = opened(text, step_ms, 40 if step_ms < 5 * MINUTE_MS else 760, set(holidays))
    found = infer(times, step_ms)
    assert found.gaps(times) == []
    assert (found.days_per_year, found.bars_per_year) == (
        Calendar.parse(text, step_ms).days_per_year,
        Calendar.parse(text, step_ms).bars_per_year,
    )
    if len(times) > 1 and times[-1] - times[0] > 300 * DAY_MS:
        assert str(found) == text


def drawn(random):
    """The text of a market with sessions of some days, hours and clock, and the length of its bars."""
    zone = str(
        random.choice(["UTC", *ZONES[:8], "Asia/Tokyo", "Europe/Paris", "Asia/Kolkata", "Asia/Hong_Kong"])
    )
    days = str(random.choice(["mon-fri", "mon-fri", "mon-sat"]))
    minutes = int(random.choice([5, 15, 30, 60, 240, 1440]))
    opening = int(random.integers(0, 24))
    if minutes == 1440:
        hours = ""
    elif random.random() < 0.5:  # by day
        first = 30 * opening
        last = first + minutes * int(random.integers(max(2, 90 // minutes), 1 + max(2, 600 // minutes)))
        hours = f"{first // 60:02}:{first % 60:02}-{last // 60:02}:{last % 60:02}"
    else:  # around the clock, perhaps with an hour's break
        pause = int(random.integers(0, 2)) if minutes <= 60 else 0
        hours = f"{12 + opening // 2:02}:00-{12 + opening // 2 - pause:02}:00"
    return " ".join(
        part for part in (days, hours, zone if zone != "UTC" else "") if part
    ), minutes * MINUTE_MS


@pytest.mark.parametrize("seed", range(30))
def test_any_sessions_with_holidays_are_read_off_their_bars(seed):
    random = np.random.default_rng(seed)
    text, step_ms = drawn(random)
    span = int(random.choice([40, 120, 300] if step_ms < 4 * HOUR_MS else [120, 300, 760]))
    holidays = set((FIRST_DAY + random.choice(span, span // 40, replace=False)).tolist())
    times, days = opened(text, step_ms, span, holidays)
    truth, found = Calendar.parse(text, step_ms), infer(times, step_ms)
    assert found.keeps(times).all()
    assert (found.gaps(times), found.days_per_year) == ([], truth.days_per_year)
    assert len(np.unique(found.sessions(times))) == len(np.unique(days))
    assert found.bars_per_year == pytest.approx(
        truth.bars_per_year, rel=0.15
    )  # hours may move with the clock


@settings(max_examples=12)
@given(
    minutes=st.sampled_from([1, 5, 15, 30, 60]), share=st.floats(0, 0.3), seed=st.integers(0, 2**32 - 1),
    days=st.sampled_from([14, 60, 400]),
)  # fmt: skip
def test_currencies_trade_by_the_clock_of_new_york_though_bars_are_missing(minutes, share, seed, days):
    """Two months that begin in winter show no change of clocks: then the hours are those of UTC.

    What is missing at random must hardly ever empty a half hour of the week; else nobody could tell.
    """
    days = min(days, 60 * minutes)
    assume(share ** (days / 7 * max(30 / minutes, 1)) < 1e-4)
    times, _ = opened("mon-fri 17:00-17:00 America/New_York", minutes * MINUTE_MS, days)
    kept = times[np.random.default_rng(seed).random(len(times)) >= share]
    change = any(np.diff(Calendar(HOUR_MS, "America/New_York").clock(times) - times))
    expected = "17:00-17:00 America/New_York" if change else "22:00-22:00"
    assert str(infer(kept, minutes * MINUTE_MS)) == f"mon-fri {expected}"


@given(
    seed=st.integers(0, 2**32 - 1), share=st.floats(0.02, 1.0), step=st.sampled_from([1, 5, 60, 240, 1440])
)
def test_bars_missing_at_random_make_no_sessions(seed, share, step):
    random = np.random.default_rng(seed)
    count = min(40 * 1440 // step, 20_000)
    times = FIRST_DAY * DAY_MS + np.flatnonzero(random.random(count) < share) * step * MINUTE_MS
    assert str(infer(times, step * MINUTE_MS)) == "24/7"


def test_a_session_may_end_early_or_be_a_holiday_and_long_absences_are_gaps():
    text = "mon-fri 09:30-16:30 America/New_York"
    calendar = Calendar.parse(text, HOUR_MS)
    times, days = opened(text, HOUR_MS, 60)
    day = np.unique(days)
    half = np.delete(times, np.flatnonzero(days == day[5])[4:])  # a session of four bars
    assert calendar.gaps(half) == []
    week = times[~np.isin(days, day[5:15])]  # ten sessions in a row
    assert (calendar.gaps(week), calendar.closures(week)) == ([], 10)
    longer = times[~np.isin(days, day[5:16])]
    (gap,) = calendar.gaps(longer)
    assert gap[2] == 77
    outage = np.delete(times, slice(36, 47))  # from the second bar of a session to the sixth of the next
    assert [bars for *_, bars in calendar.gaps(outage)] == [11]


@pytest.mark.parametrize("text", ["", "5/7", "mon-fry", "mon-fri 9-16", "mon-fri 09:30-16:00 Mars/Olympus"])
def test_what_is_no_calendar_is_refused_in_words(text):
    with pytest.raises(ValueError, match=r"must be|names no|has hours"):
        Calendar.parse(text, HOUR_MS)


def test_a_zone_that_a_file_tells_counts_where_the_bars_keep_its_clock():
    times, days = opened("24/7 Europe/Berlin", DAY_MS, 30)  # no change of the clock in these
    assert str(infer(times, DAY_MS)) == "24/7"
    found = infer(times, DAY_MS, "Europe/Berlin")
    assert str(found) == "24/7 Europe/Berlin"
    assert found.sessions(times).tolist() == days.tolist()
    on_utc = FIRST_DAY * DAY_MS + 4 * HOUR_MS * np.arange(2000)
    assert str(infer(on_utc, 4 * HOUR_MS, "Europe/Berlin")) == "24/7"
    hourly, _ = opened("mon-fri 09:00-17:00 Europe/London", HOUR_MS, 200)
    assert str(infer(hourly, HOUR_MS, "Europe/London")) == "mon-fri 09:00-17:00 Europe/London"
