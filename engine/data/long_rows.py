"""Candles of more rows than memory holds, kept in the store's folder until they are written as a series.

Each column lies in a file without a name, which is gone when the process ends, however it ends.
"""

from __future__ import annotations

import contextlib
import tempfile
from typing import IO, TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from engine.data.kinds.kind import CANDLES, TIME
from engine.disk import refusals
from engine.market.times import milliseconds

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import pandas as pd
    from numpy.typing import NDArray

AT_ONCE = 1 << 20  # values read at a time


class LongRows(contextlib.ExitStack):
    """Rows of candles in order of time, (T, 7) with the time."""

    def __init__(self, folder: Path) -> None:
        """Files in this folder, until the block ends. Raises MakeRoomError."""
        super().__init__()
        self._folder, self._rows = folder, 0
        self.schema = pa.schema({"time": TIME, **CANDLES})
        with refusals(folder):
            self._files: dict[str, IO[bytes]] = {
                name: self.enter_context(tempfile.TemporaryFile(dir=folder))  # noqa: SIM115  this is one
                for name in self.schema.names
            }

    def __len__(self) -> int:
        """How many there are."""
        return self._rows

    def append(self, frame: pd.DataFrame) -> None:
        """Candles behind those that are there, (n, 6). Raises MakeRoomError."""
        with refusals(self._folder):
            for name, file in self._files.items():
                values = milliseconds(frame.index) if name == "time" else frame[name].to_numpy()
                file.write(np.ascontiguousarray(values, self._kind(name)).data)
        self._rows += len(frame)

    def slice(self, start: int, count: int) -> Any:
        """So many of them, or as many as are left, as an Arrow table."""
        columns = {name: self._values(name, start, count) for name in self._files}
        return pa.table({name: pa.array(values) for name, values in columns.items()}).cast(self.schema)

    def columns(self) -> Iterator[NDArray[Any]]:
        """All values of a column after those of the one before, some at a time."""
        for name in self._files:
            for start in range(0, self._rows, AT_ONCE):
                yield self._values(name, start, AT_ONCE)

    def _values(self, name: str, start: int, count: int) -> NDArray[Any]:
        kind, file = self._kind(name), self._files[name]
        file.flush()
        file.seek(start * kind.itemsize)
        return np.frombuffer(file.read(min(count, self._rows - start) * kind.itemsize), kind)

    def _kind(self, name: str) -> np.dtype[Any]:
        return np.dtype(np.int64 if name == "time" else self.schema.field(name).type.to_pandas_dtype())
