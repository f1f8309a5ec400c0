"""Files with market data, read and checked: what they are, what was understood, and what would be lost.

A file's format is told by its first bytes, its layout by its columns, the form of its numbers and times by
whole columns.
"""

from __future__ import annotations

import contextlib
import hashlib
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

import pandas as pd

from engine.data.importing import parts, pieces
from engine.data.importing.budget import limit_of
from engine.data.importing.date_parts import with_dates
from engine.data.importing.file_errors import naming_code_page, wrapping_read_errors
from engine.data.importing.future import refuse_future
from engine.data.importing.hints import NO_HINTS, Hints, UnclearError
from engine.data.importing.losses import refuse_losses
from engine.data.importing.parts import Together, needed_whole, parts_of
from engine.data.importing.reading import columns_of, layout_in
from engine.data.importing.steps import rising
from engine.data.importing.tables import large_and_plain, open_table
from engine.data.long_rows import LongRows
from engine.data.store import Facts, Series, Store
from engine.errors import ChangeSettingsError, RepairDataError, printable
from engine.market.candles import Checked, Decimals, QualityReport, check, check_values, step_of, time_index
from engine.market.hours import ALWAYS
from engine.market.parted import PartedCheck, PartsDifferError
from engine.market.spacing import DAY_MS, MONTHS
from engine.market.times import milliseconds, period_from_midnight, regular_step
from engine.results.notes import Note
from engine.settings import SERIES_NAME

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from engine.data.importing.tables import Table


SUFFIXES = re.compile(r"(\.(csv|txt|tsv|parquet|pq|feather|arrow|json|gz|zip))+$", re.IGNORECASE)
DAYS_ENOUGH = 15  # that tell when a market closes
MANY, ENOUGH = 1_000_000, 100_000  # rows that are not held twice, and how many tell why others are lost
BINANCE_FILE = re.compile(r"([A-Z0-9]{4,20})-\d+[a-zA-Z]+-\d{4}")


@dataclass(frozen=True)
class FileSeries:
    """What a file holds, before the check.

    `frame` has the index time (NaT where not readable, in the file's order, with its duplicates) and
    the columns open, high, low, close, volume or the one column value, float64 with NaN where there is
    no number; a volume is NaN where it is not known, and infinite where its cell says something else than a
    number. Rows of a wrong number of columns stand at the end, all NaN.
    """

    kind: str  # one of KINDS
    layout: str
    frame: pd.DataFrame
    symbol: str
    timeframe_ms: int  # 0: values without a regular step
    decimals: Decimals | None  # None: the file holds binary numbers
    notes: tuple[Note, ...]
    column: str = ""  # what the file calls its values; empty for candles
    unreadable: tuple[int, str] | None = None  # row from 1 on and text of the first value that is no number
    written: Callable[[int], str] = field(default=str)  # a row, from 0 on, as the file has it
    zone: str = ""  # whose clock the times keep, if somebody or the file says it
    forms: dict[str, int] = field(default_factory=dict)  # how times are written -> rows


def read(path: Path, progress: Callable[[int], None] = lambda _: None, hints: Hints = NO_HINTS) -> FileSeries:
    """Read a file of candles or of values; `progress` hears the rows read so far after each block.

    Raises ChangeSettingsError if there is no such file, MakeRoomError if it may not be read or takes too much
    memory, RepairDataError if it is empty, damaged, no table, not a layout that is known, or can be read in
    two ways.
    """
    with wrapping_read_errors(path):
        return series_in(open_table(path, limit_of(hints.memory_limit)), hints, progress)


def series_in(table: Table, hints: Hints, progress: Callable[[int], None]) -> FileSeries:
    """What a table holds. Raises as `columns_of` does."""
    with naming_code_page(table):
        columns = columns_of(table, hints, progress)
    layout, kind = columns.layout, columns.layout.kind
    times = columns.times
    index = time_index(times, copy=False)
    step_ms = step_of(index) if kind == "candles" else regular_step(rising(times))
    frame = pd.DataFrame(columns.numbers, index=index, copy=False)
    symbol = columns.symbol or (match[1] if (match := BINANCE_FILE.match(table.hint)) else "")
    shown = tuple(safe(note) for note in columns.notes)
    return FileSeries(
        kind, layout.name, frame, symbol, step_ms, columns.decimals, shown, layout.column, columns.unreadable,
        columns.written, columns.zone, columns.forms,
    )  # fmt: skip


def safe(note: Note) -> Note:
    """The note with values that a terminal may show."""
    values = vars(note)["values"].items()
    return replace(
        note, values={key: printable(each) if isinstance(each, str) else each for key, each in values}
    )


def check_file(path: Path, found: FileSeries, now_ms: int, hints: Hints = NO_HINTS) -> Checked:
    """The check of what a file holds, with its layout and notes in the report.

    The columns of many candles are taken out of their frame. Raises RepairDataError if no row is sound, or
    more of them are lost than a sound file loses.
    """
    refuse_future(str(path), milliseconds(found.frame.index), found.forms, now_ms)
    looked_at, many = found.frame, len(found.frame) > MANY
    if many:
        looked_at = sample(looked_at, ENOUGH)
    if found.kind == "candles":
        checked = check(
            found.frame, found.timeframe_ms, now_ms, found.decimals, zone=found.zone, consumed=many
        )
    else:
        checked = check_values(found.frame, now_ms, found.decimals)
    report = replace(checked.report, layout=found.layout, notes=found.notes)
    refuse_losses(str(path), looked_at, report, found.written, accepted=hints.accept_losses)
    return Checked(checked.frame, report)


def sample(frame: pd.DataFrame, rows: int) -> pd.DataFrame:
    """About so many of its rows, or all; without the times, whose index would hold those of all."""
    return frame.iloc[:: max(len(frame) // rows, 1)].reset_index(drop=True).copy()


def read_in_parts(
    path: Path, make_rows: Callable[[], LongRows], progress: Callable[[int], None], now_ms: int, hints: Hints
) -> tuple[FileSeries, QualityReport, LongRows] | None:
    """Read and check candles part by part; None for what is small, or can only be read whole.

    Raises as `read` and `check_file` do. What is returned of the file has no rows: these are in the LongRows.
    """
    limit = limit_of(hints.memory_limit)
    with wrapping_read_errors(path):
        if hints.part or path.stat().st_size < pieces.LARGE or not large_and_plain(path):
            return None
        table = open_table(path, limit)
        form = table.form
        whole = form is None or with_dates(table) is not table
        if form is None or whole or (needed := needed_whole(form, path)) <= min(parts.HELD, limit):
            return None
        times = layout_in(table, hints).times
        rows = make_rows()
        check = PartedCheck(now_ms, rows.append)
        together, looked_at, texts, before = Together(), list[pd.DataFrame](), dict[int, str](), 0
        try:
            for part, last in parts_of(table, form, path, limit, times):
                found = series_in(part, hints, partial(progress_after, progress, before))
                if found.kind != "candles":
                    return None
                said = (found.layout, found.symbol, found.timeframe_ms, found.zone)
                together.add(said, found.forms, found.notes)
                looked_at.append(sample(found.frame, 1000))
                report = check.add(found.frame, found.timeframe_ms, found.decimals, found.zone, last=last)
                for entry in report.rejected_list[: max(3 - len(texts), 0)]:
                    texts[before + entry["row"] - 1] = found.written(entry["row"] - 1)
                before += report.rows_read
                found = replace(found, frame=pd.DataFrame(), decimals=None, written=str)
            report, notes = check.report(), together.all_notes()
        except PartsDifferError:
            return None
        except (UnclearError, RepairDataError):  # which the whole may not have
            if needed <= limit:
                return None
            raise
    report = replace(report, layout=found.layout, notes=notes)
    refuse_losses(str(path), pd.concat(looked_at), report, texts.__getitem__, accepted=hints.accept_losses)
    return replace(found, notes=notes), report, rows


def progress_after(progress: Callable[[int], None], before: int, rows: int) -> None:
    """Tell the rows so far of a part that follows others."""
    progress(before + rows)


def import_file(
    path: Path,
    store: Store,
    name: str | None = None,
    *,
    now_ms: int,
    hints: Hints = NO_HINTS,
    emit: Callable[[dict[str, object]], None] = lambda _: None,
) -> QualityReport:
    """Read, check and store a file as the series `name` (default: the file's name); return its report.

    Raises what `read`, `check_file` and `Store.write` raise, TryAgainError if the series is being written,
    ChangeSettingsError if an exchange's series has that name.
    """
    name = name or name_of(path)
    source = {"kind": "source", "series": name}
    with contextlib.ExitStack() as stack, store.open(name) as opened, ThreadPoolExecutor(1) as aside:
        refuse_overwrite(store, name)
        emit({**source, "state": "begin", "rows": 0})

        def progress(rows: int) -> None:
            emit({**source, "state": "page", "rows": rows})

        done = read_in_parts(
            path, lambda: stack.enter_context(LongRows(store.folder)), progress, now_ms, hints
        )
        found = done[0] if done else read(path, progress, hints)
        hashed = aside.submit(fingerprint, path)  # reading has used all processors, checking uses one
        checked = Checked(found.frame, done[1]) if done else check_file(path, found, now_ms, hints)
        report, frame = checked.report, checked.frame
        report = replace(report, series=name)
        if seems_short(report):
            span = (int(report.last_ms or 0) - int(report.first_ms or 0)) / DAY_MS
            report = replace(
                report, notes=(*report.notes, Note("short for a calendar", {"days": round(span, 1)}))
            )
        if found.kind == "values" and (period := period_from_midnight(milliseconds(frame.index))):
            early = Note("values stamped at midnight", {"series": name, "hours": period / 3_600_000})
            report = replace(report, notes=(*report.notes, early))
        first_ms, last_ms = int(report.first_ms or 0), int(report.last_ms or 0)
        about = Facts(
            name=name,
            kind=found.kind,
            exchange="",
            symbol=found.symbol,
            timeframe=timeframe_of(found.timeframe_ms),
            simulated=False,
            calendar=report.calendar,
            known=((first_ms, last_ms + max(report.step_ms, 1)),),
            absent=report.gap_list,
            origin={"file": printable(path.name), "sha256": hashed.result(), "layout": found.layout},
            report=report.as_dict(),
        )
        if done:
            store.write_rows(about, done[2])
        else:
            opened.write(Series(**vars(about), frame=frame))
    emit({**source, "state": "end", "rows": report.rows_stored})
    return report


def seems_short(report: QualityReport) -> bool:
    """Whether bars of less than a day were taken as those of a market that never closes, for want of days."""
    span = int(report.last_ms or 0) - int(report.first_ms or 0)
    short = 0 < report.step_ms < DAY_MS and span < DAYS_ENOUGH * DAY_MS
    return short and report.calendar.startswith(ALWAYS) and report.missing > report.rows_stored / 4


def refuse_overwrite(store: Store, name: str) -> None:
    """Refuse to put a file in the place of what was collected from an exchange."""
    with contextlib.suppress(RepairDataError):  # a damaged file may be replaced
        if name in store.names() and "sha256" not in store.facts(name).origin:
            raise ChangeSettingsError(
                f"series {name}", "was collected from an exchange", "Import under another name"
            )


def name_of(path: Path) -> str:
    """A series name made of the file's name."""
    stem = SUFFIXES.sub("", path.name)
    kept = re.sub(r"[^A-Za-z0-9._-]+", "_", stem).lstrip("._-")[:100]
    return kept if SERIES_NAME.fullmatch(kept) else "imported"


def timeframe_of(step_ms: int) -> str:
    """`1h`, `5m`, `1d`, `1M`, `3M`; empty if there is no step."""
    if step_ms in MONTHS:
        return f"{MONTHS[step_ms]}M"
    for unit, length_ms in (("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000)):
        if step_ms and step_ms % length_ms == 0:
            return f"{step_ms // length_ms}{unit}"
    return f"{step_ms}ms" if step_ms else ""


def fingerprint(path: Path) -> str:
    """SHA-256 of the file; empty if it cannot be read, which reading it will tell."""
    with contextlib.suppress(OSError), path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()
    return ""
