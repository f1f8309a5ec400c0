"""The calendar of a market, read off its own bars: the clock that they keep, days and hours without any."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from engine.market.calendar import LONGEST_CLOSURE, Calendar
from engine.market.hours import ALL_WEEK, BUSINESS_DAYS, WHOLE_DAY
from engine.market.spacing import BLOCK, DAY_MS, HOUR_MS, Times, in_phase, jumps, usual

if TYPE_CHECKING:
    from engine.market.ranges import Range

HALF_HOUR_MS, WEEK_MS = HOUR_MS // 2, 7 * DAY_MS
ZONES = (  # clocks that change at different times; the first of several that fit alike is taken
    "America/New_York", "Europe/Berlin", "Europe/London", "America/Chicago", "Europe/Helsinki",
    "Australia/Sydney", "Pacific/Auckland", "America/Los_Angeles", "America/Sao_Paulo", "America/Santiago",
    "Asia/Jerusalem", "America/Mexico_City", "Asia/Tehran",
)  # fmt: skip
CLOSED = (
    0.1  # a bar of the day with less than this share of the fullest one's days is closed; of weekdays, twice
)
SURELY = math.log(1e3)  # how much likelier a zone must make the bars than UTC, and a pattern than its length
SLIGHTLY = 1.0  # and how much likelier than another zone, in nats


def infer(time_ms: Times, step_ms: int, zone: str = "") -> Calendar:
    """The calendar of bars that open at rising times, (T,) ms.

    zone: the clock that their file tells, which counts if they keep it. Days and hours count as closed where
    bars that are missing at random would not leave them empty; a market of less than a week never closes.
    """
    if len(time_ms) < 2 or not step_ms:
        return Calendar(step_ms)
    stated = Calendar(step_ms, zone or "UTC")
    keeps = zone and on_phase(stated.clock(time_ms), step_ms) >= on_phase(time_ms, step_ms)
    always = stated if keeps else Calendar(step_ms, moving_zone(time_ms, step_ms))
    clock = always.clock(time_ms)
    if step_ms > DAY_MS or time_ms[-1] - time_ms[0] < WEEK_MS or whole_week(clock, step_ms):
        return plain(always)
    if always.zone == "UTC":
        always = Calendar(step_ms, session_zone(time_ms, step_ms))
    pattern = weekly(always, always.clock(time_ms))
    return pattern if not pattern.always else plain(always)


def whole_week(clock: Times, step_ms: int) -> bool:
    """Whether every half hour of the week, or every bar of it, has its share of bars of a week or more."""
    width = max(step_ms, HALF_HOUR_MS)
    if DAY_MS % width or not len(jumps(clock, step_ms)):  # bars of a week or more without a gap
        return True
    count = np.zeros(WEEK_MS // width, np.int64)
    for start in range(0, len(clock), BLOCK):
        part = clock[start : start + BLOCK] // width  # (n,)
        count += np.bincount(part - part // len(count) * len(count), minlength=len(count))
    return bool(count.min() >= CLOSED * count.max())


def plain(always: Calendar) -> Calendar:
    """A market that never closes has no use for a zone unless its bars keep that clock."""
    return always if always.local else Calendar(always.step_ms)


def moving_zone(time_ms: Times, step_ms: int) -> str:
    """The zone on whose clock the bars keep their step, if they do not in UTC."""
    in_utc = on_phase(time_ms, step_ms)
    if step_ms <= HOUR_MS or in_utc == len(time_ms):
        return "UTC"
    best, fitting, midnight = "UTC", in_utc, False
    for zone in ZONES:
        clock = Calendar(step_ms, zone).clock(time_ms)
        count, whole = on_phase(clock, step_ms), usual(clock % step_ms) == 0
        if count > fitting or (count == fitting > in_utc and whole and not midnight):
            best, fitting, midnight = zone, count, whole
    return best


def on_phase(clock_ms: Times, step_ms: int) -> int:
    """How many of the times leave the usual remainder when divided by the step."""
    if in_phase(clock_ms, step_ms):
        return len(clock_ms)
    phase = clock_ms % step_ms
    return int(np.count_nonzero(phase == usual(phase)))


def session_zone(time_ms: Times, step_ms: int) -> str:
    """The zone on whose clock the same half hours of each week are open, if that is not so in UTC."""
    if step_ms >= DAY_MS:
        return "UTC"
    starts = np.unique(time_ms // HALF_HOUR_MS) * HALF_HOUR_MS  # (H,)
    chosen, best = "UTC", likelihood(starts) + SURELY
    for zone in ZONES:
        found = likelihood(Calendar(step_ms, zone).clock(starts))
        if found > best:
            chosen, best = zone, found + SLIGHTLY
    return chosen


def likelihood(starts: Times) -> float:
    """Log likelihood, in nats, of open half hours if each of the week is open at a rate of its own.

    A half hour of the week has as many places as there are of it from the first start to the last.
    """
    number, week = starts // HALF_HOUR_MS, WEEK_MS // HALF_HOUR_MS  # (H,)
    count = np.bincount(number % week, minlength=week)  # (336,)
    weeks, rest = divmod(int(number[-1] - number[0]) + 1, week)
    places = weeks + ((np.arange(week) - number[0]) % week < rest)  # (336,)
    return sum(map(entropy, count.tolist(), places.tolist()))


def weekly(always: Calendar, clock: Times) -> Calendar:
    """Weekdays and hours of the bars, whose clock shows (T,) ms; the same calendar if none is closed.

    A pattern holds if bars within and outside it at two rates are likelier than at one, by more than naming
    its days and hours costs (minimum description length, Rissanen 1978).
    """
    step_ms = always.step_ms
    start = session_start(clock, step_ms)
    day, after = np.divmod(clock - start, DAY_MS)  # (T,), (T,)
    of_week = np.bincount((np.unique(day) - 4) % 7, minlength=7)  # (7,) days with bars
    some = tuple(int(each) for each in np.flatnonzero(of_week >= 2 * CLOSED * of_week.max()))
    slot, bars = np.unique(after, return_counts=True)  # (s,), (s,)
    slot = slot[bars >= CLOSED * bars.max()]
    part = parts(slot + start, step_ms) if step_ms < DAY_MS else WHOLE_DAY
    full = ((start, start + DAY_MS),)
    best, found = SURELY, Calendar(step_ms, always.zone)
    days = near(np.unique(day))
    for weekdays, hours in ((some, full), (ALL_WEEK, part), (some, part)):
        if hours == full and weekdays == ALL_WEEK:
            continue
        within = np.isin((day - 4) % 7, weekdays)
        if hours != full:
            within &= np.isin(after, slot)
        a_day = DAY_MS // step_ms if hours == full else len(slot)
        room = int(np.count_nonzero(np.isin((days - 4) % 7, weekdays))) * a_day
        gained = gain(int(np.count_nonzero(within)), room, len(day), len(days) * (DAY_MS // step_ms))
        gained -= 0.0 if weekdays in (ALL_WEEK, BUSINESS_DAYS) else 7 * math.log(2)
        gained -= 0.0 if hours == full else 2 * len(hours) * math.log(DAY_MS / step_ms)
        if gained > best:
            best, found = gained, Calendar(step_ms, always.zone, weekdays, hours)
    return found


def near(days: Times) -> Times:
    """The days (D,) and those of the short absences between them; a long one tells nothing of the week."""
    until = np.diff(days, append=days[-1:] + 1)
    count = np.where(until <= LONGEST_CLOSURE, until, 1)
    first = np.repeat(np.cumsum(count) - count, count)
    found: Times = np.repeat(days, count) + np.arange(len(first)) - first
    return found


def gain(bars: int, room: int, all_bars: int, all_room: int) -> float:
    """By how much two rates make bars likelier than one, in nats: those of so much `room`, and the rest."""
    pairs = ((bars, room, 1), (all_bars - bars, all_room - room, 1), (all_bars, all_room, -1))
    return sum(sign * (entropy(count, places)) for count, places, sign in pairs)


def entropy(count: int, places: float) -> float:
    """Log likelihood of so many taken places at the rate that fits best."""
    left = max(places - count, 0)
    return sum(n * math.log(n / (count + left)) for n in (count, left) if n)


def session_start(clock: Times, step_ms: int) -> int:
    """When a session's day begins, in ms after its midnight: not at 0 where sessions go on over midnight.

    They do where the market stays open over the first midnight of its week; from 12:00 on the session is that
    of the day which follows.
    """
    if step_ms >= DAY_MS:
        phase = usual(clock % DAY_MS)
        days = np.bincount((clock // DAY_MS - 4) % 7, minlength=7)
        sunday, friday = days[6] > CLOSED * days.max(), days[4] > CLOSED * days.max()
        return phase - DAY_MS if phase >= DAY_MS // 2 and sunday and not friday else 0
    width = max(step_ms, HALF_HOUR_MS)
    if WEEK_MS % width:
        return 0
    phase = usual(clock % step_ms)
    count = np.bincount((clock - phase - 4 * DAY_MS) % WEEK_MS // width, minlength=WEEK_MS // width)
    busy = np.flatnonzero(count >= CLOSED * count.max())  # (b,) parts of the week, from Monday 00:00
    quiet = np.diff(busy, append=busy[0] + WEEK_MS // width)  # (b,)
    if quiet.max() * width < DAY_MS:
        return 0
    opening = int(busy[(int(quiet.argmax()) + 1) % len(busy)]) * width + phase  # of the week
    after = opening % DAY_MS
    night = np.arange(opening - phase, opening - after + DAY_MS + width, width) % WEEK_MS // width
    if not np.isin(night, busy).all():
        return 0
    return after - DAY_MS if after >= DAY_MS // 2 else after


def parts(slots: Times, step_ms: int) -> tuple[Range, ...]:
    """Open times of a session's bars, rising, as the ranges in which they follow each other by the step."""
    cuts = np.flatnonzero(np.diff(slots) != step_ms) + 1
    ends = [*slots[cuts].tolist(), int(slots[0]) + DAY_MS]
    runs = np.split(slots, cuts)
    return tuple((int(run[0]), min(int(run[-1]) + step_ms, end)) for run, end in zip(runs, ends, strict=True))
