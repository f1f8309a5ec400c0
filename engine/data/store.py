"""The store: one Parquet file per series, its facts in the file's own metadata.

Rows and facts (what they are, which ranges are known to be fetched, which the exchange does not have,
where they come from, the repair report) are replaced by one rename, so they can never disagree and a
reader never waits: it keeps the file that it opened. Every page carries a checksum and the facts a
hash, so a damaged file is told, not read.
"""

from __future__ import annotations

import contextlib
import difflib
import fcntl
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from engine.data.journal import Journal
from engine.data.kinds import kind_of
from engine.data.kinds.kind import TIME
from engine.data.series import (
    Facts,
    Series,
    arrow_of,
    facts_of,
    metadata_of,
    numpy_of,
    series_name,
)
from engine.disk import TEMPORARY, refusals, writing
from engine.errors import ChangeSettingsError, InternalError, MakeRoomError, RepairDataError, TryAgainError
from engine.market.candles import time_index
from engine.settings import SERIES_NAME

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

__all__ = ["Facts", "Series", "Store", "series_name"]

ROW_GROUP = 65_536  # rows; a read of a time range opens only the groups that it touches
FORMAT: dict[str, Any] = {
    "compression": "lz4",
    "use_dictionary": False,
    "column_encoding": {"time": "DELTA_BINARY_PACKED"},
    "write_page_checksum": True,
    "store_schema": False,  # Arrow's own copy of the schema would hold a second copy of the facts
}
DAMAGE = (pa.ArrowException, OSError, ValueError, KeyError, TypeError, OverflowError)


def rows_of(file: Any, columns: dict[str, Any], start: int, stop: int) -> dict[str, NDArray[Any]]:
    """The rows [start, stop) of some columns, each (stop - start,).

    Read a row group at a time, which takes hardly more memory than the rows. Raises ValueError if a group
    has not the rows that it must have.
    """
    kinds = {name: np.int64 if kind == TIME else kind.to_pandas_dtype() for name, kind in columns.items()}
    data = {name: np.empty(stop - start, kind) for name, kind in kinds.items()}
    groups = range(start // ROW_GROUP, -(-stop // ROW_GROUP)) if columns else range(0)
    for group in groups:
        table, first = file.read_row_group(group, columns=list(columns)), group * ROW_GROUP
        if table.num_rows != min(ROW_GROUP, file.metadata.num_rows - first):
            raise ValueError("its rows are not complete")
        low, high = max(start, first), min(stop, first + ROW_GROUP)
        for name, column in data.items():
            column[low - start : high - start] = numpy_of(table[name])[low - first : high - first]
    return data


class Store:
    """The series of one folder. Writers hold `locked(name)`; readers need nothing."""

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
        with self._open(name) as (_, facts):
            return facts

    def read(
        self,
        name: str,
        columns: Sequence[str] | None = None,
        from_ms: int | None = None,
        to_ms: int | None = None,
    ) -> Series:
        """The series, or some of its columns, or its rows of [from_ms, to_ms). Raises as `facts` does."""
        with self._open(name) as (file, facts):
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

        Its journal ends with it: the pages there are in the new version, or belong to one that is gone.
        The same series gives the same bytes. Raises MakeRoomError; Report if the frame is not what its kind
        asks.
        """
        path = self._path(series.name)
        table, facts = arrow_of(series)
        with writing(path) as part, pq.ParquetWriter(part, table.schema, **FORMAT) as writer:
            writer.write_table(table, row_group_size=ROW_GROUP)
            writer.add_key_value_metadata(metadata_of(facts))
        self.journal(series.name, series.kind).clear()
        return facts

    def remove(self, name: str) -> None:
        """Delete the series; the caller holds the lock.

        Raises ChangeSettingsError if there is none, MakeRoomError.
        """
        path = self._path(name)
        if not path.is_file():
            raise self._absent(name)
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
            with refusals(path):
                handle = stack.enter_context(path.open("ab"))
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise TryAgainError(
                    f"series {name}", "is being written by another run", "Wait for its end"
                ) from None
            for left in self.folder.glob(f"{TEMPORARY}????????-{name}.parquet"):
                left.unlink(missing_ok=True)
            yield

    def _path(self, name: str) -> Path:
        if not SERIES_NAME.fullmatch(name):
            allowed = "letters, digits, dot, dash and underscore"
            raise ChangeSettingsError(
                f"series {name}", "is no name for a series", f"Use {allowed}, at most 100"
            )
        return self.folder / f"{name}.parquet"

    def _absent(self, name: str) -> ChangeSettingsError:
        near = difflib.get_close_matches(name, self.names(), 1, 0.4)
        remedy = f"Did you mean {near[0]}?" if near else "List what there is with: quantdeck data status"
        return ChangeSettingsError(f"series {name}", "is not in the store", remedy)

    @contextlib.contextmanager
    def _open(self, name: str) -> Iterator[tuple[Any, Facts]]:
        """Open a series' file and its facts; whatever is wrong with it inside becomes one clear error."""
        path = self._path(name)
        try:
            with pq.ParquetFile(path, page_checksum_verification=True) as file:
                yield file, facts_of(file, name)
        except FileNotFoundError:
            raise self._absent(name) from None
        except PermissionError:
            raise MakeRoomError(str(path), "may not be read", "Allow reading it") from None
        except DAMAGE as error:
            reason = str(error).partition("\n")[0] or type(error).__name__
            remedy = "Remove it and collect or import the series again"
            raise RepairDataError(str(path), f"is not a whole series file: {reason}", remedy) from error
