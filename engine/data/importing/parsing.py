"""Columns of text into times, numbers and decimals, a whole column at a time.

Nothing is guessed: a time whose unit or form is not certain, and a number that is none, become
missing, and the check that follows rejects and counts their rows.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from engine.market.times import UNREADABLE, milliseconds

if TYPE_CHECKING:
    from numpy.typing import NDArray

EARLIEST_S, LATEST_S = 315_532_800, 4_102_444_800  # 1980 and 2100: a number is a stamp between them
UNITS = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}  # per second
WHOLE = r"^\d{1,18}$|^[1-8]\d{18}$"  # fits int64
FRACTION = r"^\d{1,18}\.\d+$|^\d{1,18}(\.\d+)?[eE]\+?\d{1,2}$"
DATE = r"^\d{4}[-/]\d"
CRYPTO_DATA_DOWNLOAD_HOUR = "%Y-%m-%d %I-%p"  # 2020-11-20 07-AM
NUMBER = r"^-?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?$"


def times_of(column: Any) -> tuple[NDArray[np.int64], dict[str, int]]:
    """Times of an Arrow column in ms, UNREADABLE where not certain; and how many came in which form.

    Text: ISO 8601 (without an offset it is UTC), CryptoDataDownload's hours, or a number. Numbers:
    seconds, ms, us or ns since the epoch, told apart per row by magnitude (1980 to 2100).
    """
    if pa.types.is_timestamp(column.type) or pa.types.is_date(column.type):
        return instants(column), {"timestamp": len(column)}
    if pa.types.is_integer(column.type):
        return stamps(column.cast(pa.int64()).fill_null(0).to_numpy(zero_copy_only=False))
    if pa.types.is_floating(column.type):
        return stamps(column.cast(pa.float64()).fill_null(0).to_numpy(zero_copy_only=False))
    text = text_of(column)
    if (alike := times_of_one_form(text)) is not None:
        return alike
    times = np.full(len(text), UNREADABLE)
    forms: dict[str, int] = {}
    digits = pc.replace_substring_regex(text, r"\.0*$", "")
    whole = mask(pc.match_substring_regex(digits, WHOLE))
    broken = ~whole & mask(pc.match_substring_regex(text, FRACTION))
    dated = ~whole & mask(pc.match_substring_regex(text, DATE))
    for rows, read, source in (
        (whole, whole_stamps, digits),
        (broken, broken_stamps, text),
        (dated, dates, text),
    ):
        if rows.any():
            times[rows], found = read(source.filter(pa.array(rows)))
            forms = {form: forms.get(form, 0) + found.get(form, 0) for form in {**forms, **found}}
    return times, forms


def times_of_one_form(text: Any) -> tuple[NDArray[np.int64], dict[str, int]] | None:
    """The quick way for a column of whole numbers, or of ISO 8601 with or without offsets; None if mixed.

    Both ends are tried first: a cast that fails on every row costs more than the careful way.
    """
    ends = pa.concat_arrays([text.slice(0, 8), text.slice(max(0, len(text) - 8))])
    for form in (pa.int64(), pa.timestamp("us"), pa.timestamp("us", "UTC")):
        with contextlib.suppress(pa.ArrowInvalid):
            ends.cast(form)
            values = text.cast(form)
            whole = form == pa.int64()
            return stamps(values.to_numpy()) if whole else (instants(values), {"ISO 8601": len(values)})
    return None


def instants(column: Any) -> NDArray[np.int64]:
    """Arrow timestamps or dates as ms; without a zone they are UTC."""
    unit = column.type.unit if pa.types.is_timestamp(column.type) else "ms"
    if not pa.types.is_timestamp(column.type):
        column = column.cast(pa.timestamp("ms"))
    number = column.cast(pa.int64())
    times = number.fill_null(0).to_numpy(zero_copy_only=False)
    times = times * 1000 if unit == "s" else times // (UNITS[unit] // 1000)
    return np.where(mask(number.is_null()), UNREADABLE, times)


def stamps(values: NDArray[np.int64] | NDArray[np.float64]) -> tuple[NDArray[np.int64], dict[str, int]]:
    """Numbers of s, ms, us or ns since the epoch as ms; UNREADABLE where the unit is not certain.

    Whole numbers are cut to the ms below, numbers with a fraction are rounded to the nearest.
    """
    times = np.full(len(values), UNREADABLE)
    forms: dict[str, int] = {}
    for unit, per_second in UNITS.items():
        fits = (values >= EARLIEST_S * per_second) & (values < LATEST_S * per_second)
        if not fits.any():
            continue
        forms[unit] = int(fits.sum())
        if values.dtype.kind == "f":
            times[fits] = np.rint(values[fits] * (1000 / per_second)).astype(np.int64)
        else:
            times[fits] = values[fits] * 1000 if unit == "s" else values[fits] // (per_second // 1000)
    return times, forms


def whole_stamps(text: Any) -> tuple[NDArray[np.int64], dict[str, int]]:
    """Text of digits alone."""
    return stamps(text.cast(pa.int64()).to_numpy())


def broken_stamps(text: Any) -> tuple[NDArray[np.int64], dict[str, int]]:
    """Text of numbers with a fraction or an exponent."""
    return stamps(text.cast(pa.float64()).to_numpy())


def dates(text: Any) -> tuple[NDArray[np.int64], dict[str, int]]:
    """ISO 8601, or CryptoDataDownload's hours of the twelve-hour clock."""
    written = pd.Series(pc.replace_substring_regex(text, r" ?UTC$", "Z").to_numpy(zero_copy_only=False))
    found = pd.to_datetime(written, format="ISO8601", utc=True, errors="coerce")
    times = milliseconds(pd.DatetimeIndex(found))
    forms = {"ISO 8601": int((times != UNREADABLE).sum())}
    if (left := times == UNREADABLE).any():
        hours = pd.to_datetime(written[left], format=CRYPTO_DATA_DOWNLOAD_HOUR, utc=True, errors="coerce")
        times[left] = milliseconds(pd.DatetimeIndex(hours))
        forms["AM/PM"] = int((times != UNREADABLE).sum()) - forms["ISO 8601"]
    return times, {form: count for form, count in forms.items() if count}


def numbers_of(column: Any) -> NDArray[np.float64]:
    """Numbers of an Arrow column as (N,) float64; NaN where there is none."""
    try:
        read = column.cast(pa.float64())
    except pa.ArrowInvalid:
        text = pc.replace_substring_regex(text_of(column), r"^\+", "")
        read = pc.if_else(pc.match_substring_regex(text, NUMBER), text, None).cast(pa.float64())
    return np.asarray(read.fill_null(np.nan).to_numpy(zero_copy_only=False), np.float64)


def first_unreadable(column: Any, numbers: NDArray[np.float64]) -> tuple[int, str] | None:
    """The position and the text of the first cell that says something other than a number, if there is one.

    numbers: (N,) what `numbers_of` read; an empty cell and `nan` say nothing.
    """
    if not is_text(column) or not np.isnan(numbers).any():
        return None
    text = text_of(column).to_numpy(zero_copy_only=False)  # (N,)
    says = (int(row) for row in np.flatnonzero(np.isnan(numbers)) if text[row].lower() not in {"", "nan"})
    return next(((row, text[row]) for row in says), None)


def decimals_of(column: Any) -> tuple[NDArray[np.int8], NDArray[np.int8]]:
    """Decimals of each number, without and with trailing zeros, each (N,) int8; 0 where it is not text."""
    if not is_text(column):
        none = np.zeros(len(column), np.int8)
        return none, none
    text = text_of(column)
    if any(pc.any(pc.match_substring(text, letter)).as_py() for letter in "eE"):
        parts = pc.extract_regex(text, r"^(?P<mantissa>[^eE]*)[eE]?(?P<exponent>[+-]?\d{0,3})$")
        exponent = numbers_of(pc.struct_field(parts, "exponent").fill_null("0"))
        shift = np.nan_to_num(exponent).astype(np.int64)
        text = pc.struct_field(parts, "mantissa").fill_null("")
    else:
        shift = np.zeros(len(text), np.int64)
    point = pc.find_substring(text, ".").to_numpy(zero_copy_only=False)  # (N,) -1 where none
    counts = []
    for kept in (pc.ascii_rtrim(text, "0"), text):
        length = pc.binary_length(kept).to_numpy(zero_copy_only=False)
        places = np.where(point < 0, 0, length - point - 1) - shift
        counts.append(np.clip(places, 0, 60).astype(np.int8))
    return counts[0], counts[1]


def is_text(column: Any) -> bool:
    """Whether an Arrow column holds text."""
    return bool(pa.types.is_string(column.type) or pa.types.is_large_string(column.type))


def text_of(column: Any) -> Any:
    """A column as trimmed text, empty where null."""
    return pc.utf8_trim_whitespace(column.cast(pa.string()).fill_null(""))


def mask(values: Any) -> NDArray[np.bool_]:
    """An Arrow column of truth values as (N,) bool."""
    return np.asarray(values.to_numpy(zero_copy_only=False), np.bool_)
