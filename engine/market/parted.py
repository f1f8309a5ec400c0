"""The check of candles that come part by part, each behind the one before, as `check` is of all at once."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from engine.market.calendar import Calendar
from engine.market.candles import CANDLE_FAULTS, OHLCV, SPIKE, ZERO_VOLUME, Decimals, QualityReport, check
from engine.market.quality import LISTED
from engine.market.spacing import DAY_MS
from engine.market.spikes import SPAN, flag_list, spikes
from engine.market.times import milliseconds

if TYPE_CHECKING:
    from collections.abc import Callable

ENOUGH_MS, MUCH = 14 * DAY_MS, 0.1  # of a part that shows when a market closes; a share of bars missing


class PartsDifferError(Exception):
    """Parts do not follow each other in time, or not by one step and calendar: only the whole can be read."""


class PartedCheck:
    """Takes raw rows and gives candles on as soon as they are judged: spikes ask for SPAN neighbours."""

    def __init__(self, now_ms: int, give: Callable[[pd.DataFrame], None]) -> None:
        """`give` is handed frames of candles with their flag, (n, 6), in order of time."""
        self._now_ms, self._give = now_ms, give
        self._reports: list[QualityReport] = []
        self._gaps: list[tuple[int, int, int]] = []
        self._closures = self._rows = self._spikes = self._flagged = 0
        self._spiked: list[dict[str, Any]] = []
        self._quiet: list[dict[str, Any]] = []
        self._near: pd.DataFrame | None = (
            None  # candles whose neighbours are still asked for, or are neighbours
        )
        self._given = 0  # those of them that were given on

    def add(
        self, frame: pd.DataFrame, step_ms: int, decimals: Decimals | None, zone: str, *, last: bool
    ) -> QualityReport:
        """The check of the rows of one part, as `check` takes them. Raises PartsDifferError."""
        first = self._reports[0] if self._reports else None
        known = Calendar.parse(first.calendar, step_ms) if first and last else None
        checked = check(frame, step_ms, self._now_ms, decimals, known, zone, consumed=True)
        report, opens = checked.report, milliseconds(checked.frame.index)
        alike = not first or (report.calendar, report.step_ms) == (first.calendar, first.step_ms)
        if not len(opens) or not alike or report.order != "oldest first":
            raise PartsDifferError
        if self._near is not None:
            before = int(milliseconds(self._near.index[-1:])[0])
            if opens[0] <= before:
                raise PartsDifferError
            between, calendar = np.array([before, opens[0]]), Calendar.parse(report.calendar, step_ms)
            self._gaps += calendar.gaps(between)
            self._closures += calendar.closures(between)
        self._gaps += [(*gap, bars) for gap, bars in zip(report.gap_list, report.gap_bars, strict=True)]
        self._closures += report.closures
        lost = tuple({**entry, "row": entry["row"] + self._rows} for entry in report.rejected_list)
        self._rows += report.rows_read
        self._reports.append(replace(report, gap_list=(), gap_bars=(), flag_list=(), rejected_list=lost))
        self._judge(checked.frame, last=last)
        return report

    def _judge(self, frame: pd.DataFrame, *, last: bool) -> None:
        joined = frame if self._near is None else pd.concat([self._near, frame])
        start, stop = self._given, len(joined) if last else max(len(joined) - SPAN, self._given)
        columns = [joined[name].to_numpy() for name in OHLCV]
        rows, departure = spikes(*columns[1:4])
        inside = (rows >= start) & (rows < stop)
        rows, departure = rows[inside], departure[inside]
        flag = joined["flag"].to_numpy() & np.uint8(255 - SPIKE)  # (n,)
        flag[rows] |= SPIKE
        self._list(joined.index, columns, (rows, departure), slice(start, stop))
        self._spikes += len(rows)
        self._flagged += int(np.count_nonzero(flag[start:stop] & (SPIKE | ZERO_VOLUME)))
        joined["flag"] = flag
        self._give(joined.iloc[start:stop])
        kept = max(stop - SPAN, 0)
        self._near, self._given = joined.iloc[kept:].copy(), stop - kept

    def _list(self, index: pd.Index, columns: list[Any], spiked: tuple[Any, Any], given: slice) -> None:
        times, step_ms = milliseconds(index), self._reports[0].step_ms
        nothing = np.zeros(0, np.int64), np.zeros(0)
        if len(self._spiked) < LISTED and len(spiked[0]):
            found = flag_list(times, [*columns[:4], np.ones(len(times))], spiked, step_ms, LISTED)
            self._spiked += found[: LISTED - len(self._spiked)]
        for each in flag_list(times[given], [column[given] for column in columns], nothing, step_ms, LISTED):
            if self._quiet and self._quiet[-1]["to"] == each["from"]:
                each |= {"from": self._quiet[-1]["from"], "bars": self._quiet.pop()["bars"] + each["bars"]}
            if len(self._quiet) < LISTED:
                self._quiet.append(each)

    def report(self) -> QualityReport:
        """What was wrong with all parts, once the last one was added.

        Raises PartsDifferError if much is missing, and parts are too short to show that it is no gap.
        """
        reports = self._reports

        def total(name: str) -> int:
            return sum(getattr(report, name) for report in reports)

        rejected = sum((Counter(report.rejected_by) for report in reports), Counter[str]())
        missing = sum(bars for *_, bars in self._gaps)
        span = int(reports[0].last_ms or 0) - int(reports[0].first_ms or 0)
        if span < ENOUGH_MS and missing > total("rows_stored") * MUCH:
            raise PartsDifferError
        return replace(
            reports[0],
            rows_read=total("rows_read"),
            rows_stored=total("rows_stored"),
            duplicates=total("duplicates"),
            conflicting=total("conflicting"),
            incomplete=total("incomplete"),
            out_of_order=total("out_of_order"),
            zero_volume=total("zero_volume"),
            unknown_volume=total("unknown_volume"),
            far_apart=total("far_apart"),
            rejected_by={name: rejected[name] for name in CANDLE_FAULTS if rejected[name]},
            gap_list=tuple((start, end) for start, end, _ in self._gaps),
            gap_bars=tuple(bars for *_, bars in self._gaps),
            missing=missing,
            closures=self._closures,
            last_ms=reports[-1].last_ms,
            spikes=self._spikes,
            flagged=self._flagged,
            flag_list=tuple((self._spiked + self._quiet)[:LISTED]),
            rejected_list=tuple(entry for report in reports for entry in report.rejected_list)[:LISTED],
        )
