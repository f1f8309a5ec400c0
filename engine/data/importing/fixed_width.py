"""Tables in columns of characters, as pandas prints them: lines of one length, cells in line."""

from __future__ import annotations

import re

import numpy as np

from engine.data.importing.hints import UnclearError

FEWEST = 4  # lines of a table
CLOCK = re.compile(rb"\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?([-+]\d{2}:?\d{2})?")
DATE = re.compile(rb"\d{4}-\d{2}-\d{2}")
LEFT_OUT = re.compile(rb"(?m)^[ .0-9:-]*\.{2,3}( +\.{2,3})+ *\r?$")
BEHIND = re.compile(rb"(?s)\n\s*\n\[\d+ rows x \d+ columns\]\s*$")


def separated(content: bytes) -> bytes | None:
    """The table with tabs between its cells; None if it is none in columns of characters.

    A clock stays with its date, and the name of an index, in a line of its own, stands with the others.
    Raises UnclearError if rows were left out in printing.
    """
    first = content[: content.find(b"\n")].rstrip(b"\r")
    if not first.startswith(b" ") and b"  " not in first:
        return None
    if LEFT_OUT.search(content):
        raise UnclearError("is a printed table that leaves rows out (...): write it with to_csv")
    lines = [line.rstrip(b"\r") for line in BEHIND.sub(b"", content).rstrip(b"\n").split(b"\n")]
    width = len(first)
    if len(lines) < FEWEST or any(len(line) != width for line in lines):
        return None
    there = (np.frombuffer(b"".join(lines), np.uint8).reshape(len(lines), width) != ord(" ")).any(axis=0)
    edges = np.flatnonzero(np.diff(np.r_[False, there, False].astype(np.int8)))  # (2 C,)
    spans = [slice(int(start), int(end)) for start, end in zip(edges[::2], edges[1::2], strict=True)]
    rows = [[line[span].strip() for span in spans] for line in lines]
    rows = with_clocks(with_index_name(rows))
    if any(b" " in cell and not DATE.match(cell) for row in rows[1:] for cell in row):
        return None
    return b"\n".join(b"\t".join(row) for row in rows) + b"\n"


def with_index_name(rows: list[list[bytes]]) -> list[list[bytes]]:
    """The rows without the line that names the index alone, whose name stands in the first one."""
    head, second = rows[0], rows[1]
    if head[0] or not second[0] or any(second[1:]):
        return rows
    return [[second[0], *head[1:]], *rows[2:]]


def with_clocks(rows: list[list[bytes]]) -> list[list[bytes]]:
    """The rows with clocks in one cell with the dates before them, where only one of both has a name."""
    for place in range(len(rows[0]) - 1):
        pairs = [(row[place], row[place + 1]) for row in rows]
        if all(pairs[0]) or not all(
            DATE.fullmatch(day) and CLOCK.fullmatch(clock) for day, clock in pairs[1:]
        ):
            continue
        return [[*row[:place], b" ".join(row[place : place + 2]).strip(), *row[place + 2 :]] for row in rows]
    return rows
