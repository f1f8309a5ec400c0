"""Features of the user's own: computed one segment at a time, and checked."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import numpy as np

from engine.errors import QuantdeckError, RepairDataError
from engine.python_file import in_words

if TYPE_CHECKING:
    from types import TracebackType

    from engine.features.definition import Feature
    from engine.features.inputs import Bars, Column

OHLCV = ("open", "high", "low", "close", "volume")


def by_segment(feature: Feature, bars: Bars, *, finite: bool = True) -> Column:
    """An own feature's values, (T,), NaN in the first warm_up rows of each segment.

    finite: whether values that are infinite or missing are refused; in a made-up market they may be due.
    Raises RepairDataError naming file, line and feature for an exception, a wrong shape or dtype, an infinite
    value, and a value missing after warm_up though the inputs are there.
    """
    bars, values = feature.rows_of(bars), np.full(len(bars), np.nan)
    for start, stop in zip(bars.starts.tolist(), bars.stops.tolist(), strict=True):
        if stop - start > feature.warm_up:
            part = bars.part(start, stop, (*OHLCV, *feature.needs))
            values[start + feature.warm_up : stop] = checked(feature, part, finite=finite)[feature.warm_up :]
    return values


def checked(feature: Feature, part: Bars, *, finite: bool) -> Column:
    """What the function says of one segment of N bars, (N,), after the checks."""
    try:
        with np.errstate(all="ignore"):
            raw = np.asarray(feature.compute(part))
    except (QuantdeckError, MemoryError):
        raise
    except Exception as error:
        raise fault(feature, *in_words(error), line_of(feature, error.__traceback__)) from error
    if raw.dtype.kind not in "fiub":
        nothing = raw.dtype == object and raw.size == 1 and raw.item() is None
        kind = "None" if nothing else "text" if raw.dtype.kind in "US" else f"values of type {raw.dtype}"
        remedy = "Return an array of floats, one value for each bar"
        raise fault(feature, f"returns {kind} where numbers are due", remedy)
    if raw.shape != (len(part),):
        reason = f"returns shape {raw.shape} for {len(part)} bars"
        raise fault(feature, reason, f"Return shape {(len(part),)}, one value for each bar")
    values = raw.astype(np.float64)
    if finite:
        complete(feature, part, values)
    return values


def complete(feature: Feature, part: Bars, values: Column) -> None:
    """RepairDataError unless values are finite from warm_up on, up to the first missing input."""
    warm = values[feature.warm_up :]
    if np.isinf(warm).any():
        row = feature.warm_up + int(np.isinf(warm).argmax())
        raise fault(feature, f"is infinite at {moment(part, row)}", "Return a finite number there, such as 0")
    missing = np.isnan([part[name] for name in (*OHLCV, *feature.needs)]).any(axis=0)  # (N,)
    until = int(missing.argmax()) if missing.any() else len(part)
    if not np.isnan(values[feature.warm_up : until]).any():
        return
    row = feature.warm_up + int(np.isnan(warm).argmax())
    if (first := int(np.isnan(values).argmin())) > row:
        reason = f"has its first value after {first} bars, but declares warm_up={feature.warm_up}"
        raise fault(feature, reason, f"Declare warm_up={first}")
    reason = (
        f"has no value (NaN) at {moment(part, row)}, bar {row} of its segment, though its inputs are there"
    )
    raise fault(feature, reason, "Return a finite number there, such as 0, or declare a longer warm_up")


def moment(part: Bars, row: int) -> str:
    """The row's open time in words."""
    return f"{dt.datetime.fromtimestamp(int(part.time[row]) / 1000, dt.UTC):%Y-%m-%d %H:%M} UTC"


def fault(feature: Feature, reason: str, remedy: str, line: int = 0) -> RepairDataError:
    """The refusal of an own feature; without a line of its own it names the function's."""
    code = getattr(feature.compute, "__code__", None)
    line = line or (code.co_firstlineno if code else 0)
    where = f"{feature.file}, line {line}" if line else feature.file
    return RepairDataError(where, f"feature {feature.name} {reason}", remedy)


def line_of(feature: Feature, trace: TracebackType | None) -> int:
    """The last line of the feature's own file that an exception went through; 0 if none."""
    line = 0
    while trace:
        if trace.tb_frame.f_code.co_filename == feature.file:
            line = trace.tb_lineno
        trace = trace.tb_next
    return line
