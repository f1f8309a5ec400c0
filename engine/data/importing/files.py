"""Files with market data: CSV (also gzipped), Parquet and Feather, read block by block and checked.

A file's format is told by its first bytes, its layout by its columns (engine.data.importing.layouts).
"""

from __future__ import annotations

import contextlib
import hashlib
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.feather as pa_feather
import pyarrow.parquet as pq

from engine.data.importing.columns import Source, gather
from engine.data.importing.delimited import NOT_TEXT, form_of, text_blocks
from engine.data.importing.layouts import layout_of
from engine.data.store import Series, Store
from engine.errors import ChangeSettingsError, MakeRoomError, RepairDataError, printable
from engine.market.candles import Decimals, QualityReport, check, check_values, step_of, time_index
from engine.market.quality import OFF_GRID
from engine.market.times import UNREADABLE, regular_step
from engine.settings import SERIES_NAME

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from numpy.typing import NDArray

PARQUET, FEATHER, ZIP = b"PAR1", b"ARROW1", b"PK\x03\x04"
SUFFIXES = re.compile(r"(\.(csv|txt|tsv|parquet|pq|feather|arrow|gz))+$", re.IGNORECASE)
BINANCE_FILE = re.compile(r"([A-Z0-9]{4,20})-\d+[a-zA-Z]+-\d{4}")
WANTED = (
    "Give a table with a header such as time,open,high,low,close,volume or time,value, or a file of "
    "CryptoDataDownload or of Binance's public data"
)


@dataclass(frozen=True)
class FileSeries:
    """What a file holds, before the check.

    `frame` has the index time (NaT where not readable, in the file's order, with its duplicates) and
    the columns open, high, low, close, volume or the one column value, float64 with NaN where there is
    no number. Rows of a wrong number of columns stand at the end, all NaN.
    """

    kind: str  # one of KINDS
    layout: str
    frame: pd.DataFrame
    symbol: str
    timeframe_ms: int  # 0: values without a regular step
    decimals: Decimals | None  # None: the file holds binary numbers
    notes: tuple[str, ...]
    column: str = ""  # what the file calls its values; empty for candles
    unreadable: tuple[int, str] | None = None  # row from 1 on and text of the first value that is no number


def read(path: Path, progress: Callable[[int], None] = lambda _: None) -> FileSeries:
    """Read a file of candles or of values; `progress` hears the rows read so far after each block.

    Raises ChangeSettingsError if there is no such file, MakeRoomError if it may not be read, RepairDataError
    if it is
    empty, damaged, no table, or not a layout that is known.
    """
    with clearly(path):
        source = open_source(path)
        layout = source.layout
        columns = gather(source, progress)
        kind, name, data, times = layout.kind, layout.name, columns.numbers, columns.times
        notes = (*layout.notes, *columns.notes)
        if kind == "candles" and is_funding(data):
            kind, name, data = "funding", "freqtrade funding rates", {"value": data["open"]}
            notes = (*notes, "rates are column open; every other column is 0")
        if kind == "candles" and ("volume" not in data or np.isnan(data["volume"]).all()):
            data["volume"] = np.zeros(len(times))
            notes = (*notes, "no volume in the file; stored as 0")
        index = time_index(times)
        step_ms = step_of(index) if kind == "candles" else regular_step(np.unique(times[times != UNREADABLE]))
    frame = pd.DataFrame(data, index=index, copy=False)
    symbol = columns.symbol or (match[1] if (match := BINANCE_FILE.match(path.name)) else "")
    shown = tuple(printable(note) for note in notes)
    return FileSeries(
        kind, name, frame, symbol, step_ms, columns.decimals, shown, layout.column, columns.unreadable
    )


def import_file(
    path: Path,
    store: Store,
    name: str | None = None,
    *,
    now_ms: int,
    emit: Callable[[dict[str, object]], None] = lambda _: None,
) -> QualityReport:
    """Read, check and store a file as the series `name` (default: the file's name); return its report.

    Raises what `read` and `Store.write` raise, RepairDataError if no row is sound or the times keep no step,
    TryAgainError if the series is being written, ChangeSettingsError if an exchange's series has that name.
    """
    name = name or name_of(path)
    source = {"kind": "source", "series": name}
    with store.open(name) as opened:
        spare_collected(store, name)
        emit({**source, "state": "begin", "rows": 0})
        found = read(path, lambda rows: emit({**source, "state": "page", "rows": rows}))
        if found.kind == "candles":
            checked = check(found.frame, found.timeframe_ms, now_ms, found.decimals)
        else:
            checked = check_values(found.frame, now_ms, found.decimals)
        report = replace(checked.report, series=name, layout=found.layout, notes=found.notes)
        first_ms, last_ms = sound_span(path, report)
        opened.write(
            Series(
                name=name,
                kind=found.kind,
                exchange="",
                symbol=found.symbol,
                timeframe=timeframe_of(found.timeframe_ms),
                simulated=False,
                known=((first_ms, last_ms + max(report.step_ms, 1)),),
                absent=report.gap_list,
                origin={"file": printable(path.name), "sha256": fingerprint(path), "layout": found.layout},
                report=report.as_dict(),
                frame=checked.frame,
            )
        )
    emit({**source, "state": "end", "rows": report.rows_stored})
    return report


def spare_collected(store: Store, name: str) -> None:
    """Refuse to put a file in the place of what was collected from an exchange."""
    with contextlib.suppress(RepairDataError):  # a damaged file may be replaced
        if name in store.names() and "sha256" not in store.facts(name).origin:
            raise ChangeSettingsError(
                f"series {name}", "was collected from an exchange", "Import under another name"
            )


def sound_span(path: Path, report: QualityReport) -> tuple[int, int]:
    """First and last time of what is left.

    RepairDataError if that is nothing, or a small rest of the file.
    """
    refused = ", ".join(f"{count} times {reason}" for reason, count in report.rejected_by.items())
    if report.first_ms is None or report.last_ms is None:
        reason = f"has no sound row among {report.rows_read}"
        raise RepairDataError(str(path), f"{reason}: {refused or 'none is complete yet'}", WANTED)
    if report.rejected_by.get(OFF_GRID, 0) > report.rows_stored:
        reason = f"keeps no regular step: most rows are off the grid of {timeframe_of(report.step_ms)}"
        raise RepairDataError(str(path), reason, "Give candles of one length")
    return report.first_ms, report.last_ms


def open_source(path: Path) -> Source:
    """The layout of a file and its blocks of rows. Raises ValueError that says what the file is instead."""
    with path.open("rb") as handle:
        magic = handle.read(len(FEATHER))
    if magic.startswith(ZIP):
        raise ValueError("is a ZIP archive; unpack it and import what is inside")
    if magic.startswith((PARQUET, FEATHER)):
        return binary_source(path, parquet=magic.startswith(PARQUET))
    form = form_of(path)
    layout = layout_of(form.header, form.width)
    if layout.symbol is not None and layout.symbol < len(form.first_row):
        layout = layout_of(form.header, form.width, form.first_row[layout.symbol])
    skipped: list[int] = []
    return Source(layout, text_blocks(path, form, layout.positions(), skipped), skipped)


def binary_source(path: Path, *, parquet: bool) -> Source:
    """The same of a Parquet or Feather file."""
    table = None if parquet else pa_feather.read_table(path)
    names = pq.read_schema(path).names if table is None else table.column_names
    layout = layout_of(names, len(names))
    chosen = [names[position] for position in layout.positions()]

    def blocks() -> Iterator[Any]:
        if table is not None:
            yield from table.select(chosen).to_batches()
            return
        with pq.ParquetFile(path) as file:
            yield from file.iter_batches(columns=chosen)

    return Source(layout, blocks(), [])


def is_funding(data: dict[str, NDArray[np.float64]]) -> bool:
    """Whether these are freqtrade's funding rates: candles of which only open is ever other than 0."""
    rest = [data[name] for name in ("high", "low", "close", "volume") if name in data]
    return len(data["open"]) > 0 and bool(data["open"].any()) and not any(column.any() for column in rest)


def name_of(path: Path) -> str:
    """A series name made of the file's name."""
    stem = SUFFIXES.sub("", path.name)
    kept = re.sub(r"[^A-Za-z0-9._-]+", "_", stem).lstrip("._-")[:100]
    return kept if SERIES_NAME.fullmatch(kept) else "imported"


def timeframe_of(step_ms: int) -> str:
    """`1h`, `5m`, `1d`; empty if there is no step."""
    for unit, length_ms in (("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000)):
        if step_ms and step_ms % length_ms == 0:
            return f"{step_ms // length_ms}{unit}"
    return f"{step_ms}ms" if step_ms else ""


def fingerprint(path: Path) -> str:
    """SHA-256 of the file."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


@contextlib.contextmanager
def clearly(path: Path) -> Iterator[None]:
    """Turn whatever goes wrong in reading a file into an error that names it, the reason and the remedy."""
    if not path.is_file():
        raise ChangeSettingsError(
            str(path), "is a folder" if path.is_dir() else "is not there", "Name a file"
        )
    try:
        yield
    except PermissionError:
        raise MakeRoomError(str(path), "may not be read", "Allow reading it") from None
    except RepairDataError as error:
        raise RepairDataError(str(path), error.reason, error.remedy) from None
    except UnicodeDecodeError as error:
        raise RepairDataError(str(path), NOT_TEXT, WANTED) from error
    except (pa.ArrowException, OSError) as error:
        reason = str(error).partition("\n")[0].rstrip(".")
        raise RepairDataError(
            str(path), f"is damaged: {reason}", "Get the file again from where it came"
        ) from error
    except ValueError as error:
        raise RepairDataError(str(path), str(error), WANTED) from error
