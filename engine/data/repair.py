"""`data repair`: a stored series of candles repaired by the declared policy, and repaired candles put back.

Everything that a repair does is one whole new version of the series' file, with what undoing it needs in the
file's own facts: whenever it is killed, the series is as before or as after. Nothing is changed without a
mark: candles of the second source and flat ones carry a flag, and those that the exchange sent again are
listed among the series' repairs.
"""

from __future__ import annotations

from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from engine.data.exchange import pager
from engine.data.exchange.client import open_exchange
from engine.data.extension import frame_of
from engine.data.kinds.candles import CANDLES
from engine.data.series import calendar_of
from engine.data.update import joined
from engine.errors import ChangeSettingsError
from engine.hints import hint
from engine.market import imputation
from engine.market.candles import CONFLICT, MADE, OHLCV, check, check_again, iso, milliseconds, time_index
from engine.market.quality import LISTED
from engine.market.ranges import intersect, subtract, union, within
from engine.results.series import Faults, FoundFaults, Repaired, RepairedSpan, RepairReport, UndoReport
from engine.settings import TIMEFRAME_MS

if TYPE_CHECKING:
    from engine.data.store import OpenSeries, Series, Store
    from engine.data.update import Emit
    from engine.market.ranges import Ranges
    from engine.settings import Data, Repair

MOST_REPLACED = 10_000  # candles; a repair that wants to replace more has a wrong second source, or tolerance
REPORTED = ("missing", "gaps", "gap_list", "flagged", "flag_list", "spikes", "zero_volume")
COLUMNS = (*OHLCV, "flag")


@dataclass
class RepairedCandles:
    """The candles so far, and what was done to get there."""

    frame: pd.DataFrame
    how: dict[int, str] = field(default_factory=dict)  # by open time in ms: what each candle is by now
    details: list[RepairedSpan] = field(default_factory=list)

    @property
    def rows(self) -> dict[str, int]:
        """How many candles were repaired in each way; one that had two faults counts once."""
        ways = list(self.how.values())
        return {each: ways.count(each) for each in ("refetched", "taken", "filled")}

    def put(self, rows: pd.DataFrame, how: str, what: str, step_ms: int) -> None:
        """Add the rows, or put them in the place of those of their times."""
        if len(rows):
            self.frame = imputation.put(self.frame, rows)
            self.how |= dict.fromkeys(milliseconds(rows.index).tolist(), how)
            for start, end in imputation.bars(milliseconds(rows.index), step_ms):
                span = (str(iso(start)), str(iso(end)), (end - start) // step_ms)
                self.details.append(RepairedSpan(*span, what, how))


async def repair(
    name: str, store: Store, data: Data, policy: Repair, now_ms: int, emit: Emit
) -> RepairReport:
    """Find what is wrong with a series of candles and repair it by the policy.

    Raises ChangeSettingsError if the series holds no candles or the policy cannot be carried out on it,
    TryAgainError
    if another run writes it or the exchange fails, RepairDataError, MakeRoomError. Then the series is as it
    was.
    """
    with store.open(name) as opened:
        series = candles_of(opened, now_ms)
        second = second_of(series, store, policy)
        step_ms, calendar = TIMEFRAME_MS[series.timeframe], calendar_of(series)
        other = second.frame if second else None
        found = imputation.find(series.frame, calendar, other, policy.tolerance)
        faults = {  # gaps last: they are filled from sound candles
            "conflicts": imputation.bars(found.conflicts, step_ms),
            "spikes": imputation.bars(found.spikes, step_ms),
            "gaps": found.gaps,
        }
        chosen = {what: getattr(policy, what) for what in faults}
        again = union(*(faults[what] for what, how in chosen.items() if how == "refetch"))
        sent = await sent_again(series, again, data, now_ms, emit) if again else series.frame[:0]
        repaired = RepairedCandles(series.frame)
        for what, wanted in faults.items():
            if chosen[what] == "refetch":
                rows = sent[within(milliseconds(sent.index), wanted)]
                repaired.put(differing(series.frame, rows), "refetched", what, step_ms)
            elif chosen[what] == "second" and other is not None:
                repaired.put(imputation.taken(other, wanted), "taken", what, step_ms)
            elif chosen[what] == "fill":
                rows = imputation.flat(repaired.frame, calendar, wanted, policy.longest_fill)
                repaired.put(rows, "filled", what, step_ms)
        after = changed(series, repaired, chosen, second, now_ms)
        if after is not series:
            opened.write(after)
    left = imputation.find(after.frame, calendar, other, policy.tolerance)
    arrived = [series.report.get(key, 0) for key in ("duplicates", "rejected")]
    return RepairReport(
        name, len(after.frame), chosen, second.name if second else "",
        FoundFaults(*found.counts(), *arrived), Repaired(**repaired.rows),
        Faults(*left.counts()), len(after.repairs), tuple(repaired.details[:LISTED]),
    )  # fmt: skip


def undo(name: str, store: Store, now_ms: int) -> UndoReport:
    """Take the last repair of a series back.

    Candles that the exchange itself has sent since in the place of repaired ones stay. Raises
    ChangeSettingsError if there is nothing to undo, TryAgainError, RepairDataError, MakeRoomError.
    """
    with store.open(name) as opened:
        series = candles_of(opened, now_ms)
        if not series.repairs:
            remedy = f"See: {hint(store.folder.parent, 'data status')}"
            raise ChangeSettingsError(f"series {name}", "has no repair to undo", remedy)
        last = series.repairs[-1]
        times = milliseconds(series.frame.index)  # (T,)
        made = (series.frame["flag"].to_numpy() & MADE) > 0
        gone = (within(times, last["made"]) & made) | within(times, last["sent"])
        back = frame_of_rows(last["replaced"])
        back = back[~np.isin(milliseconds(back.index), times[~gone])]
        frame = imputation.put(series.frame[~gone], back)
        known = subtract(series.known, [(start, end) for start, end in last["new"]])
        absent = union(series.absent, [(start, end) for start, end in last["absent"]])
        before = replace(series, known=known, absent=absent, repairs=series.repairs[:-1])
        opened.write(reported_again(before, frame, now_ms))
    removed, left = int(gone.sum()) - len(back), len(before.repairs)
    return UndoReport(name, last["at"], len(frame), removed, len(back), left)


def candles_of(opened: OpenSeries, now_ms: int) -> Series:
    """The series with the pages that a killed update left.

    Raises ChangeSettingsError unless it holds candles.
    """
    name, series = opened.name, opened.series
    if series.kind != "candles":
        kind = series.kind.replace("_", " ")
        raise ChangeSettingsError(f"series {name}", f"holds {kind}; candles can be repaired", "Name another")
    if series.timeframe not in TIMEFRAME_MS:
        lengths = ", ".join(TIMEFRAME_MS)
        raise ChangeSettingsError(
            f"series {name}", f"has candles of {series.timeframe}", f"Repair takes {lengths}"
        )
    return opened.fold(now_ms)


def second_of(series: Series, store: Store, policy: Repair) -> Series | None:
    """The series to compare with and take from.

    Raises ChangeSettingsError if it does not go with this one.
    """
    if not policy.second:
        if "second" in (policy.gaps, policy.spikes, policy.conflicts):
            raise ChangeSettingsError("repair.second", "names no series to take from", "Name a stored series")
        return None
    second = store.read(policy.second)
    reason = ""
    if second.name == series.name:
        reason = "is the series itself"
    elif (second.kind, second.timeframe) != ("candles", series.timeframe):
        reason = f"holds {second.kind} of {second.timeframe or 'no step'}, not candles of {series.timeframe}"
    elif second.simulated != series.simulated:
        reason = "is simulated, or the series is: they do not go together"
    if reason:
        raise ChangeSettingsError("repair.second", f"{second.name} {reason}", "Name another series")
    return second


async def sent_again(series: Series, wanted: Ranges, data: Data, now_ms: int, emit: Emit) -> pd.DataFrame:
    """What the exchange sends for the ranges now, checked, (N, 6).

    Raises ChangeSettingsError, TryAgainError.
    """
    if series.simulated or not series.exchange:
        reason = "is simulated" if series.simulated else "was imported from a file"
        raise ChangeSettingsError(
            f"series {series.name}", f"{reason}: nobody can be asked again", "Use second or fill"
        )
    pages = [np.empty((0, 1 + len(OHLCV)))]
    client = open_exchange(
        series.exchange, data.endpoint, retries=data.retries, timeout_s=data.timeout,
        alive=lambda: emit({"kind": "alive"}),
    )  # fmt: skip
    async with client as exchange:
        history = await CANDLES.opened(exchange, series.symbol, series.timeframe, now_ms)
        for span in joined(wanted, history.window_ms):
            async with aclosing(pager.pages(history, span, now_ms)) as answers:
                pages += [page.rows.reshape(-1, 1 + len(OHLCV)) async for page in answers]
    rows = np.concatenate(pages)
    rows = rows[within(rows[:, 0].astype(np.int64), wanted)]
    calendar = calendar_of(series)
    frame = check(frame_of(rows, list(OHLCV)), calendar.step_ms, now_ms, calendar=calendar).frame
    return frame.assign(flag=np.uint8(0))


def differing(stored: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    """The rows that are new, or differ from the stored ones of their times, or settle a conflict."""
    before = stored.reindex(rows.index)
    flag = before["flag"].fillna(0).to_numpy().astype(np.uint8)
    same = (before[list(OHLCV)].to_numpy() == rows[list(OHLCV)].to_numpy()).all(axis=1)
    new: pd.DataFrame = rows[~same | ((flag & CONFLICT) > 0)]
    return new


def changed(
    series: Series, repaired: RepairedCandles, chosen: dict[str, str], second: Series | None, now_ms: int
) -> Series:
    """The series with the repaired candles, and with what undoing them needs; itself if nothing was repaired.

    Raises ChangeSettingsError if too many candles would be replaced.
    """
    if not any(repaired.rows.values()):
        return series
    step_ms, frame = TIMEFRAME_MS[series.timeframe], repaired.frame
    times, before = milliseconds(frame.index), milliseconds(series.frame.index)
    touched = frame.reset_index(drop=True).ne(
        series.frame.reindex(frame.index).reset_index(drop=True)
    ).any(axis=1).to_numpy()  # fmt: skip
    replaced = np.isin(before, times[touched])  # (T,) of the rows as they were
    if replaced.sum() > MOST_REPLACED:
        reason = f"{replaced.sum():,} candles would be replaced, at most {MOST_REPLACED:,} are"
        raise ChangeSettingsError("repair.tolerance", reason, "Raise it, or name another second series")
    made = (frame["flag"].to_numpy() & MADE) > 0
    new = touched & ~np.isin(times, before) & ~made
    spans = {
        "made": imputation.bars(times[touched & made], step_ms),
        "sent": imputation.bars(times[touched & ~made], step_ms),
        "new": subtract(imputation.bars(times[new], step_ms), series.known),
    }
    spans["absent"] = intersect(series.absent, spans["new"])
    record = {
        "at": iso(now_ms // 1000 * 1000), "policy": chosen, "rows": repaired.rows,
        "second": {"series": second.name, "content": second.content} if second else {},
        "replaced": rows_of_frame(series.frame[replaced]),
        **{name: [list(span) for span in ranges] for name, ranges in spans.items()},
    }  # fmt: skip
    after = replace(
        series,
        known=union(series.known, spans["new"]),
        absent=subtract(series.absent, spans["absent"]),
        repairs=(*series.repairs, record),
    )
    return reported_again(after, frame, now_ms)


def reported_again(series: Series, frame: pd.DataFrame, now_ms: int) -> Series:
    """The series with other candles, its flags and report telling of them."""
    calendar = calendar_of(series)
    # What is stored was complete once, whatever the clock says now.
    now_ms = max([now_ms, *calendar.ends(milliseconds(frame.index))[-1:].tolist()])
    checked = check_again(frame[list(COLUMNS)], now_ms, calendar)
    found = checked.report.as_dict()
    report = series.report | {key: found[key] for key in REPORTED}
    more = len(checked.frame) - series.rows
    report |= {key: report.get(key, series.rows) + more for key in ("rows_read", "rows_stored")}
    return replace(series, frame=checked.frame, report=report)


def rows_of_frame(frame: pd.DataFrame) -> list[list[float]]:
    """Candles as plain numbers: time, open, high, low, close, volume, flag."""
    columns = [milliseconds(frame.index).tolist(), *(frame[name].tolist() for name in COLUMNS)]
    return [list(row) for row in zip(*columns, strict=True)]


def frame_of_rows(rows: list[list[float]]) -> pd.DataFrame:
    """`rows_of_frame` back again."""
    columns = [[row[place] for row in rows] for place in range(1 + len(COLUMNS))]
    kinds = {**dict.fromkeys(OHLCV, np.float64), "flag": np.uint8}
    data = {name: np.array(cells, kinds[name]) for name, cells in zip(COLUMNS, columns[1:], strict=True)}
    return pd.DataFrame(data, index=time_index(np.array(columns[0], np.int64)))
