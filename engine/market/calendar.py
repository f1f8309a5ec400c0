"""When a market trades: which bars follow each other, and to which session each belongs.

A calendar is told, and stored, as a text: `24/7`; `24/7 Europe/Berlin` for bars that keep a local clock;
`mon-fri`; `mon-fri 09:30-16:00 America/New_York`; `mon-fri 18:00-17:00 America/Chicago` for sessions that
begin on the evening before their day. Holidays are not listed: a calendar is asked about bars that are there.
"""

from __future__ import annotations

import zoneinfo
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Self

import numpy as np
import pandas as pd

from engine.market.hours import ALL_WEEK, ALWAYS, WHOLE_DAY, days_text, hours_of, hours_text, weekdays_of
from engine.market.spacing import (
    DAY_MS,
    HOUR_MS,
    MONTHS,
    YEAR_MS,
    Times,
    first_of_month,
    in_phase,
    jumps,
    months,
    usual,
)
from engine.settings.values import CALENDAR

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.market.ranges import Range

MONDAY = 3  # days since the Monday before 1970-01-01, a Thursday
SESSIONS_PER_YEAR = 252  # of five a week
LONGEST_CLOSURE = 10  # sessions in a row that may be holidays; China closed for 8 of them in 2020


@dataclass(frozen=True)
class Calendar:
    """The bars of a market, each `step_ms` long.

    zone: IANA name of the clock that days and hours are told in.
    weekdays: days with a session, Monday = 0.
    hours: parts of a session in ms after its day's midnight, below 0 on the evening before.
    """

    step_ms: int
    zone: str = "UTC"
    weekdays: tuple[int, ...] = ALL_WEEK
    hours: tuple[Range, ...] = WHOLE_DAY

    @classmethod
    def parse(cls, text: str, step_ms: int) -> Self:
        """The calendar that a text tells. Raises ValueError in words."""
        match = CALENDAR.fullmatch(text)
        if not match:
            raise ValueError("must be 24/7, or such as mon-fri 09:30-16:00 America/New_York")
        days, hours, zone = match.groups(default="")
        if zone and zone not in zoneinfo.available_timezones():
            raise ValueError(f"names no time zone {zone}, such as America/New_York")
        return cls(step_ms, zone or "UTC", weekdays_of(days), hours_of(hours) if hours else WHOLE_DAY)

    def __str__(self) -> str:
        """The text that `parse` reads."""
        days = ALWAYS if self.always else days_text(self.weekdays)
        hours = "" if self.hours == WHOLE_DAY else ",".join(hours_text(part) for part in self.hours)
        return " ".join(part for part in (days, hours, "" if self.zone == "UTC" else self.zone) if part)

    @property
    def always(self) -> bool:
        """Whether the market never closes."""
        return self.weekdays == ALL_WEEK and self.hours == WHOLE_DAY

    @property
    def every_day(self) -> bool:
        """Whether the market trades on all days of the week."""
        return self.weekdays == ALL_WEEK

    @property
    def days_per_year(self) -> float:
        """Sessions in a year: 365 of a market that trades every day, 252 of one with five a week."""
        return 365.0 if self.every_day else SESSIONS_PER_YEAR * len(self.weekdays) / 5

    @property
    def bars_per_year(self) -> float:
        """Bars in a year: 8,760 of an hour for a market that never closes, 1,764 for one of 7 a session."""
        if self.monthly:
            return 12.0 / MONTHS[self.step_ms]
        return YEAR_MS / self.step_ms if self.in_steps else self.days_per_year * len(self.slots)

    @property
    def monthly(self) -> bool:
        """Whether bars are months, quarters or years, which are of several lengths."""
        return self.step_ms in MONTHS

    @property
    def in_steps(self) -> bool:
        """Whether bars follow each other step by step, without sessions."""
        return self.always or self.step_ms > DAY_MS

    @property
    def local(self) -> bool:
        """Whether bars keep the zone's clock, so that their UTC phase moves with daylight saving."""
        return self.zone != "UTC" and (self.step_ms > HOUR_MS or not self.in_steps)

    @cached_property
    def slots(self) -> Times:
        """When the bars of a session open, (S,) ms after its day's midnight, rising."""
        if self.step_ms >= DAY_MS:
            return np.array([self.hours[0][0]], np.int64)
        return np.concatenate(
            [np.arange(part[0], part[1], self.step_ms, dtype=np.int64) for part in self.hours]
        )

    def sessions(self, time_ms: Times) -> Times:
        """The session's own calendar day of each bar, (T,), in days since 1970-01-01."""
        first, last = self.hours[0][0], self.hours[-1][1]
        begins = first if first < 0 or last > DAY_MS else 0  # where a session goes on over midnight
        day: Times = (self.clock(time_ms) - begins) // DAY_MS
        return day

    def ends(self, time_ms: Times) -> Times:
        """When each bar is complete, (T,) ms: a bar over a change of the clock may last longer, or less."""
        if self.in_steps:
            equal = not (self.local or self.monthly)
            return time_ms + self.step_ms if equal else self.opens(self.places(time_ms) + 1, time_ms)
        clock = self.clock(time_ms)
        if self.step_ms == DAY_MS:
            return self.moments(clock + DAY_MS)
        after = clock - self.sessions(time_ms) * DAY_MS  # (T,)
        start, end = np.array(self.hours).T
        part = np.searchsorted(start, after, side="right") - 1
        left = end[part] - after  # (T,) of the part of the session
        return time_ms + np.where((part >= 0) & (left > 0), np.minimum(left, self.step_ms), self.step_ms)

    def keeps(self, time_ms: Times) -> NDArray[np.bool_]:
        """Which of the times (T,) may be open times of this market's bars, those of an extra session too."""
        clock = self.clock(time_ms) if self.local else time_ms
        if not self.monthly and in_phase(clock, self.step_ms):
            return np.ones(len(clock), np.bool_)
        phase = clock - self.months(clock)[1] if self.monthly else clock % self.step_ms
        kept: NDArray[np.bool_] = phase == usual(phase)
        if not self.in_steps and self.step_ms < DAY_MS:
            kept |= np.isin(clock - self.sessions(time_ms) * DAY_MS, self.slots)
        if self.local and not kept.all():  # an hour that the clock leaves out opens the bar later
            kept |= self.opens(self.places(time_ms), time_ms) == time_ms
        return kept

    def numbers(self, time_ms: Times) -> Times:
        """Numbers of rising bars, (T,) from 0: 1 more for the bar that follows, and more after a gap."""
        steps = 1 + self.missing(time_ms)[:-1]
        return np.concatenate([np.zeros(min(len(time_ms), 1), np.int64), np.cumsum(steps)])

    def missing(self, time_ms: Times) -> Times:
        """How many bars a rising series lacks after each, (T,); 0 after the last.

        Between two sessions nothing lacks: the days between are holidays unless more than LONGEST_CLOSURE of
        them follow each other, and a session may begin late or end early by up to half of its bars.
        """
        place = self.places(time_ms)
        lacking: Times = np.maximum(np.diff(place, append=place[-1:] + 1) - 1, 0)  # (T,)
        if self.in_steps or not len(place):
            return lacking
        if self.step_ms <= HOUR_MS:  # an hour that the clock leaves out lacks no bar
            lacking[:-1] = np.minimum(lacking[:-1], np.maximum(-(-np.diff(time_ms) // self.step_ms) - 1, 0))
        day, count = self.sessions(time_ms), len(self.slots)
        closed = ~np.isin((day - 4) % 7, self.weekdays)  # (T,) an extra session
        session, slot = np.divmod(place, count)
        late = np.where(closed, 0, slot)[1:]
        early = np.where(closed, 0, count - 1 - slot)[:-1]
        apart = np.maximum(late, early) * 2 > count
        apart |= np.diff(session) > LONGEST_CLOSURE + 1
        lacking[:-1][(np.diff(day) != 0) & ~apart] = 0
        return lacking

    def absent(self, time_ms: Times, longest: int) -> tuple[Times, Times]:
        """Bars that rising ones lack, in gaps of at most `longest`: the row before each and its open time."""
        lacking = self.missing(time_ms)  # (T,)
        count = np.where(lacking <= longest, lacking, 0)
        row = np.repeat(np.arange(len(time_ms)), count)  # (M,)
        after = np.arange(1, len(row) + 1) - np.repeat(np.cumsum(count) - count, count)  # (M,) from 1
        return row, self.opens(self.places(time_ms)[row] + after, time_ms)

    def gaps(self, time_ms: Times) -> list[tuple[int, int, int]]:
        """Where rising bars lack some: [from_ms, to_ms) and how many."""
        if not (self.local or self.monthly):
            rows = jumps(time_ms, self.step_ms)
            if not len(rows):
                return []
            if self.in_steps and in_phase(time_ms, self.step_ms):
                before, after = time_ms[rows], time_ms[rows + 1]
                bars = (after - before) // self.step_ms - 1
                return list(zip((before + self.step_ms).tolist(), after.tolist(), bars.tolist(), strict=True))
        lacking = self.missing(time_ms)
        rows = np.flatnonzero(lacking)
        first = self.opens(self.places(time_ms)[rows] + 1, time_ms)
        until = time_ms[rows + 1]
        return list(zip(first.tolist(), until.tolist(), lacking[rows].tolist(), strict=True))

    def closures(self, time_ms: Times) -> int:
        """Days of the week's pattern that are wholly absent between rising bars: holidays, or a gap."""
        if self.in_steps or len(time_ms) < 2:
            return 0
        session = np.unique(self.places(time_ms) // len(self.slots))
        return int(session[-1] - session[0] + 1 - len(session))

    def places(self, time_ms: Times) -> Times:
        """The place of each bar, (T,), among all bars that the pattern of the week would have."""
        clock = self.clock(time_ms) if self.local else time_ms
        if self.monthly:
            return self.months(clock)[0]
        if self.in_steps:
            return clock // self.step_ms
        day = self.sessions(time_ms)
        week, weekday = np.divmod(day + MONDAY, 7)
        rank = np.searchsorted(np.array(self.weekdays), weekday)
        slot = np.searchsorted(self.slots, clock - day * DAY_MS, side="right") - 1
        return (week * len(self.weekdays) + rank) * len(self.slots) + np.maximum(slot, 0)

    def opens(self, place: Times, time_ms: Times) -> Times:
        """The open times (M,) ms of places (M,), on the grid that the bars (T,) keep."""
        if self.in_steps:
            clock = self.clock(time_ms) if self.local else time_ms
            if self.monthly:
                each, (number, begins) = MONTHS[self.step_ms], self.months(clock)
                first = usual(months(clock)[0] - number * each)  # quarters may begin in February
                opened = first_of_month(place * each + first) + usual(clock - begins)
            else:
                opened = place * self.step_ms + usual(clock % self.step_ms)
            return self.moments(opened) if self.local else opened
        session, slot = np.divmod(place, len(self.slots))
        week, rank = np.divmod(session, len(self.weekdays))
        day = week * 7 + np.array(self.weekdays)[rank] - MONDAY
        opened = day * DAY_MS + self.slots[slot]  # (M,)
        if self.step_ms == DAY_MS:
            opened = day * DAY_MS + usual(self.clock(time_ms) - self.sessions(time_ms) * DAY_MS)
        return self.moments(opened)

    def months(self, clock_ms: Times) -> tuple[Times, Times]:
        """The bar of months, quarters or years of each time, (T,), counted from 1970, and when it begins."""
        each, month = MONTHS[self.step_ms], months(clock_ms)[0]
        first = usual(month % each)
        number = (month - first) // each
        return number, first_of_month(number * each + first)

    def clock(self, time_ms: Times) -> Times:
        """What the zone's clock shows at each time (T,), in ms since 1970-01-01 00:00 of that clock."""
        if self.zone == "UTC":
            return time_ms
        utc = pd.DatetimeIndex(time_ms.astype("datetime64[ms]")).tz_localize("UTC")
        shown: Times = utc.tz_convert(self.zone).tz_localize(None).asi8
        return shown

    def moments(self, clock_ms: Times) -> Times:
        """`clock` back again: the first time that the clock shows so much, or the first after it."""
        if self.zone == "UTC":
            return clock_ms
        shown = pd.DatetimeIndex(clock_ms.astype("datetime64[ms]"))
        first = np.ones(len(shown), np.bool_)
        times: Times = shown.tz_localize(self.zone, ambiguous=first, nonexistent="shift_forward").asi8
        return times
