"""Rows in JSON: lists of rows or records, a record of columns, and the answers of exchanges around them."""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from engine.data.importing.hints import UnclearError

if TYPE_CHECKING:
    from collections.abc import Sequence


def json_of(content: bytes) -> Any:
    """A JSON document, or one a line. Raises OSError if it is none."""
    try:
        return json.loads(content)
    except RecursionError:
        raise UnclearError("is JSON of lists within lists without end") from None
    except ValueError as error:
        lines = [line for line in content.splitlines() if line.strip()]
        if len(lines) > 1 and lines[0].rstrip().endswith((b"}", b"]")):
            with contextlib.suppress(ValueError):
                return [json.loads(line) for line in lines]
        place = (
            f" in line {error.lineno}, column {error.colno}"
            if isinstance(error, json.JSONDecodeError)
            else ""
        )
        raise OSError(f"its JSON breaks off or is wrong{place}") from None


def rows_within(document: Any) -> Any:
    """The list of rows that an answer holds alone among other fields; without one, what was given."""
    while isinstance(document, dict):
        rows = [each for each in document.values() if is_rows(each) or holds_more(each)]
        if len(rows) != 1:
            break
        document = rows[0]
    if isinstance(document, dict) and document and all(isinstance(each, dict) for each in document.values()):
        return [{"time": key, **each} for key, each in document.items()]
    return document


def holds_more(document: Any) -> bool:
    """Whether this is a record with records or lists in it."""
    return isinstance(document, dict) and any(isinstance(each, dict | list) for each in document.values())


def is_rows(document: Any) -> bool:
    """Whether this is a list of rows or records."""
    return isinstance(document, list) and bool(document) and isinstance(document[0], list | dict)


def array_of(cells: Sequence[Any]) -> Any:
    """Values of JSON as an Arrow array, as text where they are of several kinds."""
    try:
        return pa.array(cells)
    except (pa.ArrowException, OverflowError):
        return pa.array([None if cell is None else str(cell) for cell in cells], pa.string())
