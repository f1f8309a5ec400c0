"""Rows in JSON: lists of rows or records, a record of columns, and the answers of exchanges around them."""

from __future__ import annotations

import contextlib
import json
import re
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from engine.data.importing.hints import UnclearError
from engine.data.importing.names import PLAIN_VOLUME, PRICE_NAMES, TIME_NAMES, plain

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

FEWEST = 4  # numbers of a row that may be a candle
NUMBER = re.compile(r"[-+]?\d+(\.\d+)?([eE][-+]?\d+)?")
ALONE = ("raw", "value", "amount", "price")  # names of a number that stands alone in a record
SHOWN = ("fmt", "longFmt")  # and of the same as it is shown, with Yahoo
SIDES = ("bid", "ask", "mid")
MONGO = re.compile(r"\$[A-Za-z]+")


def json_of(content: bytes) -> Any:
    """A JSON document, or one a line. Raises OSError if it is none, UnclearError for a key given twice."""
    try:
        return json.loads(content, object_pairs_hook=record_of)
    except RecursionError:
        raise UnclearError("is JSON of lists within lists without end") from None
    except UnclearError:
        raise
    except ValueError as error:
        lines = [line for line in content.splitlines() if line.strip()]
        if len(lines) > 1 and lines[0].rstrip().endswith((b"}", b"]")):
            with contextlib.suppress(json.JSONDecodeError, UnicodeDecodeError):
                return [json.loads(line, object_pairs_hook=record_of) for line in lines]
        place = (
            f" in line {error.lineno}, column {error.colno}"
            if isinstance(error, json.JSONDecodeError)
            else ""
        )
        raise OSError(f"its JSON breaks off or is wrong{place}") from None


def record_of(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """The record of these keys and values. Raises UnclearError for a key with two values."""
    record = dict(pairs)
    if len(record) < len(pairs):
        for key, value in pairs:
            if value != record[key] and str(value) != str(record[key]):  # as NaN is unlike itself
                both = f"{str(value)[:40]} and {str(record[key])[:40]}"
                raise UnclearError(f"is JSON that says {key} twice in one record: {both}; keep one of them")
    return record


def rows_within(document: Any) -> Any:
    """The list of rows that an answer holds alone among other fields, whose names may stand in one of them.

    Frames of pandas in each orientation are rows, too, and records within records are one. Without such a
    list it is what was given. Raises UnclearError for several lists of candles.
    """
    document = (
        document[0] if is_rows(document) and len(document) == 1 and holds_more(document[0]) else document
    )
    if isinstance(document, dict) and {"columns", "index", "data"} <= set(document):
        names, index, rows = (document[name] for name in ("columns", "index", "data"))
        return [
            {"index": at, **dict(zip(names, row, strict=False))} for at, row in zip(index, rows, strict=False)
        ]
    if isinstance(document, dict):
        document = row_list(document)
    if isinstance(document, dict) and document and all(isinstance(each, dict) for each in document.values()):
        if {"open", "high", "low", "close"} <= {name.lower() for name in document}:  # a record of each column
            keys = next(iter(document.values()))
            return [{"time": key, **{name: each.get(key) for name, each in document.items()}} for key in keys]
        return [{"time": key, **each} for key, each in document.items()]
    if is_rows(document) and all(isinstance(row, dict) for row in document):
        return [lifted(row) for row in document]
    return document


def row_list(document: dict[str, Any]) -> Any:
    """The one list of candles within a document; else that of other rows; else the document."""
    found = dict(lists_within(document))
    if len(found) > 1:
        paths = ", ".join(list(found)[:5])
        raise UnclearError(f"is JSON with {len(found)} lists of rows: {paths}; give one a file")
    if found:
        rows = next(iter(found.values()))
        names = {tuple(each) for each in texts_within(document) if len(each) == len(rows[0])}
        if len(names) == 1 and all(isinstance(row, list) and len(row) == len(rows[0]) for row in rows):
            return [dict(zip(next(iter(names)), row, strict=True)) for row in rows]
        return rows
    while isinstance(document, dict):
        lists = [each for each in document.values() if is_rows(each) or holds_more(each)]
        if len(lists) != 1:
            break
        document = lists[0]
    return document


def lists_within(document: dict[str, Any], path: str = "") -> Iterator[tuple[str, list[Any]]]:
    """The lists of rows that may be candles, with the names of the fields that lead to them."""
    for name, each in document.items():
        place = f"{path}.{name}" if path else str(name)
        if isinstance(each, dict):
            yield from lists_within(each, place)
        elif is_rows(each) and len(numbers_of(each[0])) >= FEWEST:
            yield place, each
        elif is_rows(each) and len(each) == 1 and holds_more(each[0]):
            yield from lists_within(each[0], place)


def texts_within(document: Any) -> Iterator[list[str]]:
    """The lists of texts of a document outside of its rows."""
    document = document[0] if is_rows(document) and len(document) == 1 else document
    for each in document.values() if isinstance(document, dict) else ():
        if isinstance(each, list) and each and all(isinstance(cell, str) for cell in each):
            yield each
        yield from texts_within(each)


def numbers_of(row: Any) -> list[Any]:
    """What of a row is a number, or is written as one."""
    cells = row.values() if isinstance(row, dict) else row
    inside = [cell for each in cells if isinstance(each, dict) for cell in each.values()]
    return [cell for cell in (*cells, *inside) if NUMBER.fullmatch(str(cell))]


def lifted(record: dict[str, Any]) -> dict[str, Any]:
    """A record without records inside: what stands in them gets their names before its own.

    That of one record which alone holds prices, and a number that stands alone in a record, keep the names
    that lead to them, such as `open` of `{"open": {"value": 1.5, "currency": "USD"}}`.
    """
    plainly = {name: alone(each) for name, each in record.items()}
    inside = {name: lifted(each) for name, each in plainly.items() if is_group(name, each)}
    rest = {name: each for name, each in plainly.items() if name not in inside}
    priced = [name for name, each in inside.items() if len(numbers_of(each)) >= FEWEST]
    if len(priced) > 1 and not any(name.lower() in SIDES for name in priced):
        raise UnclearError(f"is JSON with prices of {' and '.join(priced[:5])}; give one a file")
    for name, each in inside.items():
        front = "" if priced == [name] else f"{name}_"
        rest = {**{f"{front}{key}": value for key, value in each.items()}, **rest}
    return rest


def is_group(name: str, value: Any) -> bool:
    """Whether a value is a record of fields of the row, and none that should be a time, price or volume."""
    known = plain(name) in {
        *TIME_NAMES,
        *PLAIN_VOLUME,
        *(each for also in PRICE_NAMES.values() for each in also),
    }
    sided = isinstance(value, dict) and any(key.lower() in SIDES for key in value)
    return isinstance(value, dict) and (not known or sided or len(numbers_of(value)) >= FEWEST)


def alone(value: Any) -> Any:
    """The number of a record that says little else, such as its currency; other values as they are.

    Units and billionths are a number, as of T-Invest; so is what MongoDB writes with its type.
    """
    if not isinstance(value, dict) or any(isinstance(each, dict | list) for each in value.values()):
        return value
    if set(value) - {"currency"} == {"units", "nano"}:
        whole, nano = int(value["units"]), int(value["nano"])
        sign = "-" if min(whole, nano) < 0 else ""
        return f"{sign}{abs(whole)}.{abs(nano):09}"
    if len(value) == 1 and MONGO.fullmatch(next(iter(value))):
        return next(iter(value.values()))
    key = next((name for name in ALONE if name in value), "")
    others = [
        name for name, each in value.items() if NUMBER.fullmatch(str(each)) and name not in {key, *SHOWN}
    ]
    return value if not key or others else value[key]


def holds_more(document: Any) -> bool:
    """Whether this is a record with records or lists in it."""
    return isinstance(document, dict) and any(isinstance(each, dict | list) for each in document.values())


def is_header(rows: Sequence[list[Any]]) -> bool:
    """Whether the first of these lists has the names of the others' values."""
    first = rows[0]
    words = all(isinstance(cell, str) and not re.search(r"\d", cell) for cell in first)
    return words and len(rows) > 1 and len(numbers_of(rows[1])) > 0


def is_rows(document: Any) -> bool:
    """Whether this is a list of rows or records."""
    return isinstance(document, list) and bool(document) and isinstance(document[0], list | dict)


def array_of(cells: Sequence[Any]) -> Any:
    """Values of JSON as an Arrow array, as text where they are of several kinds."""
    try:
        return pa.array(cells)
    except (pa.ArrowException, OverflowError):
        return pa.array([None if cell is None else str(cell) for cell in cells], pa.string())
