"""Pages of an update that are not yet in the series' file: one record appended for each, as it comes.

A record is whole or it is none: what a killed writer left half written fails its checksum and is cut off.
Records survive the death of their writer; after a power cut the last of them may be missing, and are
fetched again.
"""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING

import numpy as np

from engine.disk import refusals
from engine.errors import MakeRoomError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from engine.market.ranges import Range

HEAD = struct.Struct("<4sIIqq")  # magic, columns, rows, answered from, answered to
CHECK = struct.Struct("<I")  # CRC-32 of head and rows
MAGIC = b"qdp1"


class Journal:
    """The pages of one series; only who holds the series' lock appends to it."""

    def __init__(self, path: Path, columns: int) -> None:
        """`columns` is what a row has, its time included."""
        self.path, self.columns = path, columns

    def append(self, answered: Range, rows: NDArray[np.float64]) -> None:
        """Add a page: the range that it answers for and its rows, (N, columns).

        Raises MakeRoomError, then adds none.
        """
        head = HEAD.pack(MAGIC, self.columns, len(rows), *answered)
        body = np.ascontiguousarray(rows, np.float64).tobytes()
        record = head + body + CHECK.pack(zlib.crc32(body, zlib.crc32(head)))
        with refusals(self.path), self.path.open("ab", buffering=0) as file:
            end, left = file.tell(), memoryview(record)
            try:
                while left:  # a disk that is nearly full takes a part
                    left = left[file.write(left) :]
            except OSError:
                file.truncate(end)
                raise

    def read(self) -> tuple[list[Range], list[int], NDArray[np.float64]]:
        """What the whole records tell, in order: ranges, how many rows each has, all rows (N, columns).

        Ends at the first record that is none. Raises MakeRoomError if it may not be read.
        """
        spans, pages = [], [np.empty((0, self.columns))]
        for span, rows in self._records():
            spans.append(span)
            pages.append(rows)
        return spans, [len(page) for page in pages[1:]], np.concatenate(pages)

    def _records(self) -> Iterator[tuple[Range, NDArray[np.float64]]]:
        if not self.path.exists():
            return
        try:
            file = self.path.open("rb")
        except PermissionError:
            raise MakeRoomError(str(self.path), "may not be read", "Allow reading it") from None
        with file:
            while len(head := file.read(HEAD.size)) == HEAD.size:
                magic, columns, rows, start, end = HEAD.unpack(head)
                if (magic, columns) != (MAGIC, self.columns):
                    return
                body, check = file.read(8 * columns * rows), file.read(CHECK.size)
                if len(check) < CHECK.size or zlib.crc32(body, zlib.crc32(head)) != CHECK.unpack(check)[0]:
                    return
                yield (start, end), np.frombuffer(body, np.float64).reshape(rows, columns)

    def clear(self) -> None:
        """Forget all pages. Raises MakeRoomError."""
        with refusals(self.path):
            self.path.unlink(missing_ok=True)
