"""The store: one Parquet file per series, its facts in the file's own metadata.

Rows and facts (what they are, which ranges are known to be fetched, which the exchange does not have,
where they come from, the repair report) are replaced by one rename, so they can never disagree and a
reader never waits: it keeps the file that it opened. Every page carries a checksum and the facts a
hash, so a damaged file is told, not read.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from engine.data.extension import extended
from engine.data.journal import Journal
from engine.data.kinds import kind_of
from engine.data.kinds.kind import TIME
from engine.data.long_rows import LongRows
from engine.data.series import (
    ROW_GROUP,
    Facts,
    Series,
    arrow_of,
    facts_about,
    facts_of,
    metadata_of,
    numpy_of,
    rows_of,
    series_name,
)
from engine.disk import TEMPORARY, refusals, sync, to_lock, writing
from engine.errors import (
    ChangeSettingsError,
    InternalError,
    MakeRoomError,
    RepairDataError,
    TryAgainError,
    no_such_series,
)
from engine.market.candles import time_index
from engine.settings import SERIES_NAME, TIMEFRAME_MS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from engine.market.ranges import Range

__all__ = ["Facts", "Series", "Store", "series_name"]

AT_ONCE = 4 * ROW_GROUP  # rows written before the disk is asked to keep them
FORMAT: dict[str, Any] = {
    "compression": "lz4",
    "use_dictionary": False,
    "write_batch_size": ROW_GROUP,
    "write_page_checksum": True,
    "write_statistics": False,  # nobody asks for them
    "store_schema": False,  # Arrow's own copy of the schema would hold a second copy of the facts
}
ENCODINGS = {pa.float64(): "BYTE_STREAM_SPLIT", TIME: "DELTA_BINARY_PACKED"}  # quick; others are plain
DAMAGE = (pa.ArrowException, OSError, ValueError, KeyError, TypeError, OverflowError)


class Store:
    """The series of one folder. Writers `open` one; readers need nothing."""

    def __init__(self, folder: Path) -> None:
        """Make the folder if need be. Raises MakeRoomError."""
        self.folder = folder
        with refusals(folder):
            folder.mkdir(parents=True, exist_ok=True)

    def names(self) -> list[str]:
        """All series, sorted."""
        names = (path.stem for path in self.folder.glob("*.parquet"))
        return sorted(name for name in names if SERIES_NAME.fullmatch(name))

    def facts(self, name: str) -> Facts:
        """What the series is, from the file's metadata alone.

        Raises ChangeSettingsError if there is none of that name, RepairDataError if its file is damaged or
        foreign.
        """
        with self._file(name) as (_, facts):
            return facts

    def read(
        self,
        name: str,
        columns: Sequence[str] | None = None,
        from_ms: int | None = None,
        to_ms: int | None = None,
    ) -> Series:
        """The series, or some of its columns, or its rows of [from_ms, to_ms). Raises as `facts` does."""
        with self._file(name) as (file, facts):
            known = kind_of(facts.kind).columns
            chosen = list(known if columns is None else columns)
            if unknown := set(chosen) - set(known):
                raise InternalError(f"series {name}", f"has no column {', '.join(sorted(unknown))}")
            times = numpy_of(file.read(columns=["time"])["time"])  # (T,)
            if len(times) != facts.rows or np.any(times[1:] <= times[:-1]):
                raise ValueError(f"its {len(times)} times are not {facts.rows} in order")
            start = 0 if from_ms is None else int(np.searchsorted(times, from_ms))
            stop = len(times) if to_ms is None else max(start, int(np.searchsorted(times, to_ms)))
            data: dict[str, Any] = rows_of(file, {column: known[column] for column in chosen}, start, stop)
        data |= {column: time_index(data[column]) for column in chosen if known[column] == TIME}
        frame = pd.DataFrame(data, index=time_index(times[start:stop]), copy=False)
        return Series(**vars(facts), frame=frame)

    def write(self, series: Series) -> Facts:
        """Put the series in the place of its old version, whole and durably; the caller holds the lock.

        Raises as `write_rows` does, and InternalError if the frame is not what its kind asks.
        """
        return self.write_rows(series, arrow_of(series))

    def write_rows(self, series: Facts, rows: Any) -> Facts:
        """`write` of rows that are an Arrow table or LongRows, which are written a part after the other.

        Its journal ends with it: the pages there are in the new version, or belong to one that is gone.
        The same series gives the same bytes. Raises MakeRoomError.
        """
        path = self._path(series.name)
        with (
            ThreadPoolExecutor(2) as aside,
            writing(path) as part,
            pq.ParquetWriter(part, rows.schema, **FORMAT, column_encoding=encodings(rows.schema)) as writer,
        ):
            if not isinstance(rows, LongRows):
                facts = aside.submit(facts_about, series, rows)  # hashes them while they are written
            synced = []
            for start in range(0, max(len(rows), 1), AT_ONCE):
                if start:
                    synced.append(aside.submit(sync, part))  # the disk begins while rows are compressed
                writer.write_table(rows.slice(start, AT_ONCE), row_group_size=ROW_GROUP)
            if isinstance(rows, LongRows):  # whose files are read at one place at a time
                facts = aside.submit(facts_about, series, rows)
            for each in synced:
                each.result()  # a disk tells an error once, to whoever asked first
            writer.add_key_value_metadata(metadata_of(facts.result()))
        self.journal(series.name, series.kind).clear()
        return facts.result()

    @contextlib.contextmanager
    def open(self, name: str, new: Series | None = None) -> Iterator[OpenSeries]:
        """Hold a series for writing until the block ends; `new`: what it is if the store has none yet.

        Raises TryAgainError if somebody else holds it; its file is read when it is first looked at.
        """
        with self.locked(name):
            yield OpenSeries(self, name, new)

    def remove(self, name: str) -> None:
        """Delete the series; the caller holds the lock.

        Raises ChangeSettingsError if there is none, MakeRoomError.
        """
        path = self._path(name)
        if not path.is_file():
            raise no_such_series(name, self.names(), self.folder.parent)
        with refusals(path):
            path.unlink()
        self.journal(name, "candles").clear()

    def journal(self, name: str, kind: str) -> Journal:
        """The pages of an update that are not in the series' file yet; the caller holds the lock."""
        return Journal(self._path(name).with_name(f".pages-{name}"), 1 + len(kind_of(kind).sent))

    @contextlib.contextmanager
    def locked(self, name: str) -> Iterator[None]:
        """Hold the series for writing; the kernel lets go when the process ends, however it ends.

        Raises TryAgainError if somebody else holds it. What a killed writer left behind is removed.
        """
        path = self._path(name).with_name(f".lock-{name}")
        with contextlib.ExitStack() as stack:
            handle = to_lock(path, 0o644)
            stack.callback(os.close, handle)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise TryAgainError(
                    f"series {name}", "is being written by another run", "Wait for its end"
                ) from None
            for left in self.folder.glob(f"{TEMPORARY}????????-{name}.parquet"):
                with contextlib.suppress(OSError):  # another's, in a folder where each removes his own alone
                    left.unlink()
            yield

    def _path(self, name: str) -> Path:
        if not SERIES_NAME.fullmatch(name):
            allowed = "letters, digits, dot, dash and underscore"
            raise ChangeSettingsError(
                f"series {name}", "is no name for a series", f"Use {allowed}, at most 100"
            )
        return self.folder / f"{name}.parquet"

    @contextlib.contextmanager
    def _file(self, name: str) -> Iterator[tuple[Any, Facts]]:
        """Open a series' file and its facts; whatever is wrong with it inside becomes one clear error."""
        path = self._path(name)
        try:
            with pq.ParquetFile(path, page_checksum_verification=True) as file:
                yield file, facts_of(file, name)
        except FileNotFoundError:
            raise no_such_series(name, self.names(), self.folder.parent) from None
        except PermissionError:
            raise MakeRoomError(str(path), "may not be read", "Allow reading it") from None
        except DAMAGE as error:
            reason = str(error).partition("\n")[0] or type(error).__name__
            remedy = "Remove it and collect or import the series again"
            raise RepairDataError(str(path), f"is not a whole series file: {reason}", remedy) from error


def encodings(schema: Any) -> dict[str, str]:
    """How the columns of a series' table are written in Parquet."""
    return {each.name: ENCODINGS[each.type] for each in schema if each.type in ENCODINGS}


class OpenSeries:
    """A series that one writer holds: its rows, and the pages that are not in its file yet.

    A page is kept in the journal as it comes and outlives this process; `fold` puts all of them into the
    file.
    """

    def __init__(self, store: Store, name: str, new: Series | None) -> None:
        """The caller holds the lock; see Store.open."""
        self._store, self.name, self._new = store, name, new
        self.rejected: Counter[str] = Counter()  # rows of pages that were put in, by reason

    @cached_property
    def series(self) -> Series:
        """The whole series as it is stored. Raises as Store.read does."""
        if self._new is not None and self.name not in self._store.names():
            return self._new
        return self._store.read(self.name)

    @cached_property
    def journal(self) -> Journal:
        """The pages that are not in the file yet."""
        return self._store.journal(self.name, self.series.kind)

    def append(self, answered: Range, rows: NDArray[np.float64]) -> None:
        """Keep a page: the range that it answers for and its rows, (N, 1 + C). Raises MakeRoomError."""
        self.journal.append(answered, rows.reshape(-1, self.journal.columns))

    def fold(self, now_ms: int) -> Series:
        """Put the pages, those of a killed writer too, into the file. Raises MakeRoomError."""
        spans, counts, rows = self.journal.read()
        if spans:
            pages, step_ms = list(zip(spans, counts, strict=True)), TIMEFRAME_MS[self.series.timeframe]
            grown, rejected = extended(self.series, pages, rows, step_ms, now_ms)
            self.rejected.update(rejected)
            self.write(grown)
        self.journal.clear()
        return self.series

    def limit(self, limits: dict[str, float]) -> None:
        """Keep the market's limits, with the rows there are or with those to come. Raises MakeRoomError."""
        if limits != self.series.limits:
            self.series = replace(self.series, limits=limits)
            if len(self.series.frame):
                self.write(self.series)

    def write(self, series: Series) -> None:
        """Put another version in its place. Raises as Store.write does."""
        self.series = Series(**{**vars(self._store.write(series)), "frame": series.frame})
