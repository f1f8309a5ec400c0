"""What reading a file may take: memory, columns, and layers of what it is packed in.

What would take more is refused before it is read, or as soon as that is known, with what it would take:
a file of a few kilobytes can unpack to anything.
"""

from __future__ import annotations

import math

from engine.data.importing.hints import UnclearError
from engine.errors import MakeRoomError
from engine.memory import memory_to_be_had

# Bytes of memory, measured on files of a million candles in and out of order, rounded up.
FOR_TEXT, FOR_JSON = 8, 12  # for each byte
FOR_CELL = 50  # for each value of a table that is no text
FOR_NUMBER, FOR_SORTED_ROW = 8, 45  # for each number, and each row beside them, of text read in pieces
FOR_BINARY_ROW = 65  # for each row of a Parquet or Feather file, beside its numbers
FOR_ROW = 60  # for each row beside them: its time, and what the check needs
MOST_COLUMNS = 2000
MOST_LAYERS = 4


def limit_of(memory_limit: str) -> int:
    """Bytes that `--memory-limit` allows, of what was said in GB (10^9 bytes); empty: what is to be had."""
    return int(float(memory_limit) * 1e9) if memory_limit else memory_to_be_had()


def refuse_beyond(what: str, needed: int, limit: int) -> None:
    """Raise MakeRoomError if so many bytes of memory are more than the limit."""
    if needed > limit:
        reason = f"{what} need about {gigabytes(needed)} of memory, and {gigabytes(limit)} may be used"
        raise MakeRoomError("the file", reason, f"Import it in parts, or with {raised(needed)}")


def refuse_unpacked(limit: int) -> None:
    """Raise MakeRoomError for a file that unpacks to more than can be read within the limit."""
    reason = (
        f"unpacks to more than {gigabytes(limit // FOR_TEXT)}, which need more memory than the "
        f"{gigabytes(limit)} that may be used"
    )
    raise MakeRoomError("the file", reason, f"Import it in parts, or with {raised(2 * limit)}")


def refuse_wide(columns: int) -> None:
    """Raise UnclearError for a table of more columns than any of market data has."""
    if columns > MOST_COLUMNS:
        raise UnclearError(f"has {columns:,} columns, and at most {MOST_COLUMNS:,} are read")


def raised(needed: int) -> str:
    """The option that would allow it, on a machine that has so much."""
    return f"--memory-limit {math.ceil(needed / 1e9)} where there is so much"


def gigabytes(count: int) -> str:
    """Bytes for people."""
    return f"{count / 1e9:.1f} GB" if count >= 1e8 else f"{count / 1e6:.0f} MB"
