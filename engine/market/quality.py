"""What was wrong with a series and what was done about it, in numbers and in words."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.market.times import UNREADABLE, iso

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from engine.market.duplicates import Resolved
    from engine.market.ranges import Range

LISTED = 100  # most entries of a listing: a person reads it, and it lies in a file's metadata
INCOMPLETE, OFF_GRID, NO_PRICES = "not complete", "off the grid", "no prices"
NO_VALUE = "no value"
FLOAT32 = 2.4e-7  # relative: what two prices that were equal may differ by after single precision

ORDER_RULE = "Rows are sorted by time; each step against the file's own order counts as out of order."
DUPLICATE_RULE = (
    "Rows of one time: the one written with more significant decimals is kept, then the one written with "
    "more decimals, then the later in the file. The others count as duplicates, and as conflicting if a "
    "price or the volume differs from the kept row's by more than half a unit of the coarser row's last "
    "decimal."
)
REJECTION_RULE = (
    "Rejected: a time or number that is not readable, no prices, a price not above 0, high below low, open "
    "or close outside low and high (but for single precision), negative volume, a time off the grid of the "
    "step."
)
SPIKE_RULE = (
    "Spikes are flagged and kept: high or low leaves the median closes of the 5 candles before and of the "
    "5 after by more than 20 typical ranges (median over 49 candles) and by more than 5 %."
)
REGULAR_RULE = (
    "Missing values are counted only if nine of ten differences between times are alike, to a tenth."
)
COMPLETE_RULE = "A candle is stored once it is complete: open time + step <= now."
CANDLE_RULES = (
    ORDER_RULE,
    REJECTION_RULE,
    DUPLICATE_RULE,
    COMPLETE_RULE,
    SPIKE_RULE,
    "Candles without volume are flagged and kept; a blank volume is unknown, not 0.",
)
VALUE_RULES = (
    ORDER_RULE,
    "Rejected: a time or value that is not readable, no value.",
    DUPLICATE_RULE,
    "A value is stored once it is known: the time it became available <= now.",
    REGULAR_RULE,
)


@dataclass(frozen=True)
class QualityReport:
    """Counts are rows unless said otherwise; times are milliseconds since the epoch.

    rows_read = rows_stored + duplicates + rejected + incomplete, always.
    """

    rows_read: int
    rows_stored: int
    duplicates: int  # rows dropped because another row of the same time was kept
    conflicting: int  # those of them that differ beyond rounding
    rejected_by: dict[str, int]  # reason -> rows
    incomplete: int
    out_of_order: int
    order: str  # "oldest first" or "newest first"
    step_ms: int  # 0: no regular step
    gap_list: tuple[Range, ...]  # half-open ranges of missing open times
    gap_bars: tuple[int, ...]  # candles that each of them lacks
    missing: int  # candles that the gaps lack
    first_ms: int | None
    last_ms: int | None
    rules: tuple[str, ...]
    spikes: int = 0
    zero_volume: int = 0
    unknown_volume: int = 0  # candles whose volume is not known
    far_apart: int = 0  # rows dropped that differ from the kept one by more than 1 % in a price
    calendar: str = ""  # of the market, as market.calendar writes it; empty for values
    closures: int = 0  # days of its week without a candle: holidays, which are no gaps
    flagged: int = 0  # candles that are a spike or without volume
    flag_list: tuple[dict[str, Any], ...] = ()
    rejected_list: tuple[dict[str, Any], ...] = ()
    series: str = ""
    layout: str = ""
    notes: tuple[Any, ...] = ()  # of engine.results.notes.Note

    @property
    def rejected(self) -> int:
        """Rows that no rule could save."""
        return sum(self.rejected_by.values())

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON values; times as ISO 8601 in UTC; listings cut to LISTED entries."""
        return {
            "series": self.series,
            "rows_read": self.rows_read,
            "rows_stored": self.rows_stored,
            "duplicates": self.duplicates,
            "conflicting": self.conflicting,
            "rejected": self.rejected,
            "missing": self.missing,
            "gaps": len(self.gap_list),
            "flagged": self.flagged,
            "first": iso(self.first_ms),
            "last": iso(self.last_ms),
            "layout": self.layout,
            "step_ms": self.step_ms,
            "order": self.order,
            "out_of_order": self.out_of_order,
            "incomplete": self.incomplete,
            "spikes": self.spikes,
            "zero_volume": self.zero_volume,
            "unknown_volume": self.unknown_volume,
            "far_apart": self.far_apart,
            "calendar": self.calendar,
            "closures": self.closures,
            "rejected_by": dict(self.rejected_by),
            "gap_list": [
                {"from": iso(start), "to": iso(end), "bars": bars}
                for (start, end), bars in zip(self.gap_list[:LISTED], self.gap_bars, strict=False)
            ],
            "flag_list": [dict(entry) for entry in self.flag_list],
            "rejected_list": [dict(entry) for entry in self.rejected_list],
            "rules": list(self.rules),
            "notes": [asdict(note) for note in self.notes],
        }


def possible_rows(
    opened: NDArray[np.float64],
    high: NDArray[np.float64],
    low: NDArray[np.float64],
    close: NDArray[np.float64],
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Whether high is not below low, and whether open and close lie within both, of each row; (N,) bool.

    Prices that went through single precision may differ by its rounding.
    """
    with np.errstate(invalid="ignore"):  # infinite prices are refused elsewhere, not warned about
        room = FLOAT32 * np.abs(high)  # (N,)
        within = (np.maximum(opened, close) <= high + room) & (np.minimum(opened, close) >= low - room)
        return high >= low - room, within


def possible(
    opened: NDArray[np.float64],
    high: NDArray[np.float64],
    low: NDArray[np.float64],
    close: NDArray[np.float64],
) -> float:
    """The share of the rows with four prices that can be candles; 1 where there is none."""
    finite = np.isfinite(opened) & np.isfinite(high) & np.isfinite(low) & np.isfinite(close)
    upright, within = possible_rows(opened[finite], high[finite], low[finite], close[finite])
    return float((upright & within).mean()) if finite.any() else 1.0


def report_of(
    times: NDArray[np.int64],
    fault: NDArray[np.uint8],
    faults: Sequence[str],
    resolved: Resolved,
    *,
    step_ms: int,
    gap_list: Sequence[Range],
    gap_bars: Sequence[int],
    rules: tuple[str, ...],
    **flags: Any,
) -> QualityReport:
    """The counts behind one check.

    times: (N,) ms as read; fault: (N,) index into `faults`, 0 where sound; flags: further fields.
    """
    found = np.flatnonzero(fault)
    counts = {
        name: int(count)
        for name, count in zip(faults, np.bincount(fault[found], minlength=len(faults)), strict=True)
    }
    known = times if (times != UNREADABLE).all() else times[times != UNREADABLE]
    up = int(np.count_nonzero(known[1:] > known[:-1]))
    down = int(np.count_nonzero(known[1:] < known[:-1])) if up < len(known) - 1 else 0
    wrong = found[fault[found] != faults.index(INCOMPLETE)][:LISTED]
    kept = resolved.kept  # (T,)
    return QualityReport(
        rows_read=len(times),
        rows_stored=len(kept),
        duplicates=resolved.duplicates,
        conflicting=resolved.conflicting,
        far_apart=resolved.far_apart,
        rejected_by={name: count for name, count in counts.items() if count and name not in {"", INCOMPLETE}},
        incomplete=counts[INCOMPLETE],
        out_of_order=min(up, down),
        order="newest first" if down > up else "oldest first",
        step_ms=step_ms,
        gap_list=tuple(gap_list),
        gap_bars=tuple(gap_bars),
        missing=sum(gap_bars),
        first_ms=int(times[kept[0]]) if len(kept) else None,
        last_ms=int(times[kept[-1]]) if len(kept) else None,
        rules=rules,
        rejected_list=tuple(
            {
                "row": int(row) + 1,
                "time": None if times[row] == UNREADABLE else iso(times[row]),
                "reason": faults[fault[row]],
            }
            for row in wrong
        ),
        **flags,
    )
