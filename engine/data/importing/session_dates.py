"""Dates of sessions: an evening's rows bear the date of the day that follows, so their times are not told."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from engine.errors import RepairDataError
from engine.market.calendar import Calendar
from engine.market.spacing import DAY_MS, usual, usual_step
from engine.market.times import UNREADABLE, iso

if TYPE_CHECKING:
    from numpy.typing import NDArray

SET_BACK_MS = 2 * 3_600_000  # that clocks are set back at most
SATURDAY = 5
MOSTLY, HALF, FEWEST = 0.9, 0.5, 3
TRADE_DATES = re.compile(
    r"(?i)trad(e|ing)[ _]?(date|day)|session([ _]?(date|day))?|business[ _]?(date|day)|交易日期?|取引日"
)
EVENING_H, MORNING_H = 20, 4  # o'clock: no session of a day alone reaches from one to the other
REMEDY = "Write the date of its own day in each row"


def refuse_session_dates(times: NDArray[np.int64], named: str) -> None:
    """RepairDataError if times (N,) in the file's order fall back by less than a day where a date goes on.

    So do those of sessions that begin on the evening before, whose rows bear one date, and of days whose last
    bar ends at midnight and bears their date. Rows that were sorted never fall back, rows that were shuffled
    or put together do so by all sorts of steps, or to times that are there twice.
    """
    steps = np.diff(times)
    if (steps > 0).all() or (steps < 0).all():
        return
    known = times[times != UNREADABLE]
    steps = np.diff(known)
    rises, falls = np.count_nonzero(steps > 0), np.count_nonzero(steps < 0)
    onward = np.sign(rises - falls) or np.sign(known[-1] - known[0]) if len(known) else 0
    forward = steps * onward
    back = np.flatnonzero(forward < -SET_BACK_MS)
    within = back[forward[back] > -DAY_MS]
    if not len(within) or len(within) < MOSTLY * np.count_nonzero(forward < -SET_BACK_MS):
        return
    days = len(np.unique(known // DAY_MS))
    distinct, counts = np.unique(known, return_counts=True)
    again = counts[np.searchsorted(distinct, known[within + 1])] > 1
    if len(within) > days or np.mean(again) > HALF:
        return
    fallen = forward[within]
    alike = np.mean(fallen == usual(fallen)) >= HALF and len(within) >= FEWEST
    past_midnight = (fallen + DAY_MS == usual_step(distinct)).all()
    if alike or past_midnight:
        first, then = known[within[0]], known[within[0] + 1]
        raise RepairDataError(
            "the file",
            f"says {iso(int(first))} and then {iso(int(then))} in column {named}: its dates may be those of "
            "sessions that begin on the evening before, or of days that end at midnight; or AM and PM lack",
            REMEDY,
        )


def refuse_trade_dates(times: NDArray[np.int64], name: str, named: str, zone: str) -> None:
    """RepairDataError for times (N,) under trade dates by their name, of a market that trades all night.

    It trades on its Monday, which begins on Sunday evening, and never on a Saturday or a Sunday.
    """
    if not TRADE_DATES.fullmatch(name.strip(" <>\"'")):
        return
    known = times[times != UNREADABLE]
    clock = Calendar(DAY_MS, zone if "/" in zone else "UTC").clock(known)  # (K,)
    hours, weekday = clock % DAY_MS // 3_600_000, (clock // DAY_MS + 3) % 7  # Monday is 0
    all_night = bool((hours >= EVENING_H).any() and (hours < MORNING_H).any())
    if all_night and weekday.max() < SATURDAY:
        raise RepairDataError(
            "the file",
            f"has trade dates in column {named}, Monday to Friday, and times of all night: "
            "an evening's may be those of the day before",
            f"{REMEDY} and call the column Date",
        )
