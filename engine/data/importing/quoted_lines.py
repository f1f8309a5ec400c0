"""Line breaks within quoted cells (RFC 4180), told apart from a stray quotation mark that swallows rows."""

from __future__ import annotations

import csv
import io

from engine.data.importing.form import is_row

FEWEST = 2  # cells of a row within a cell that show that it is none


def joined_lines(body: bytes, delimiter: str, width: int) -> bytes | None:
    """The rows with a blank for each line break within a quoted cell; None if a quotation mark swallows rows.

    A cell may hold a line break if each of its lines is no row by itself and its row has as many cells as the
    others.
    """
    kept: list[bytes] = []
    pending: list[bytes] = []
    for line in body.split(b"\n"):
        odd = line.count(b'"') % 2
        if not pending and not odd:
            kept.append(line)
            continue
        pending.append(line.rstrip(b"\r"))
        if odd and len(pending) > 1:
            if not is_one_row(pending, delimiter, width):
                return None
            kept.append(b" ".join(pending))
            pending = []
    return None if pending else b"\n".join(kept)


def is_one_row(lines: list[bytes], delimiter: str, width: int) -> bool:
    """Whether lines are one row, in which a quoted cell goes over their ends."""
    texts = [line.decode(errors="replace") for line in lines]
    try:
        cells = next(csv.reader(io.StringIO("\n".join(texts)), delimiter=delimiter, strict=True))
    except (csv.Error, StopIteration):
        return False
    broken = [line for cell in cells if "\n" in cell for line in cell.split("\n")]
    rows = (line.split(delimiter) for line in broken)
    return len(cells) == width and not any(
        sum(is_row((part.strip(),)) for part in parts) >= FEWEST for parts in rows
    )
