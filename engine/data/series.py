"""A series, the facts about it, and what both look like in an Arrow table and in JSON."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa

from engine.data.kinds import KINDS, kind_of
from engine.data.kinds.kind import TIME
from engine.data.long_rows import LongRows
from engine.errors import ChangeSettingsError, InternalError, RepairDataError
from engine.market.calendar import Calendar
from engine.market.ranges import union
from engine.market.sessions import infer
from engine.market.times import milliseconds, step_of
from engine.settings import TIMEFRAME_MS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.market.ranges import Ranges

SCHEMA = 3
ROW_GROUP = 65_536  # rows; a read of a time range opens only the groups that it touches
FACTS, FACTS_HASH = b"quantdeck", b"quantdeck.sha256"


@dataclass(frozen=True)
class Facts:
    """What a stored series is, without its rows."""

    name: str
    kind: str  # one of KINDS
    exchange: str
    symbol: str
    timeframe: str
    simulated: bool
    known: Ranges = ()  # half-open ranges [from_ms, to_ms) that need not be fetched again
    absent: Ranges = ()  # those that the exchange does not have
    origin: dict[str, Any] = field(default_factory=dict)
    report: dict[str, Any] = field(default_factory=dict)  # QualityReport.as_dict()
    repairs: tuple[dict[str, Any], ...] = ()  # what `data repair` did and how to undo it, oldest first
    calendar: str = ""  # of a market's candles, as engine.market.calendar writes it
    limits: dict[str, float] = field(default_factory=dict)  # exchange.client.limits_of, when it was fetched
    rows: int = 0
    first_ms: int | None = None
    last_ms: int | None = None
    content: str = ""  # SHA-256 of the rows


@dataclass(frozen=True, eq=False)
class Series(Facts):
    """A series with its rows: a candles frame, or a values frame (see engine.market.candles).

    `rows`, `first_ms`, `last_ms` and `content` tell the whole stored series; `write` sets them.
    """

    frame: pd.DataFrame = field(kw_only=True)


def series_name(exchange: str, symbol: str, timeframe: str, kind: str) -> str:
    """`binance_BTC-USDT_1h_candles`; a perpetual's colon becomes a dot."""
    return f"{exchange}_{symbol.replace('/', '-').replace(':', '.')}_{timeframe}_{kind}"


def arrow_of(series: Series) -> Any:
    """The rows as an Arrow table; raises InternalError if the frame breaks the rules of its kind."""
    if series.kind not in KINDS:
        raise InternalError(f"series {series.name}", f"is of unknown kind {series.kind}")
    columns, frame = KINDS[series.kind].columns, series.frame
    times = milliseconds(frame.index)  # (T,)
    if list(frame.columns) != list(columns) or np.any(times[1:] <= times[:-1]):
        raise InternalError(
            f"series {series.name}", f"must have rising times and the columns {', '.join(columns)}"
        )
    arrays = {"time": pa.array(times).view(TIME)}
    for name, kind in columns.items():
        stamps = kind == TIME
        values = milliseconds(pd.DatetimeIndex(frame[name])) if stamps else frame[name].to_numpy()
        values = np.ascontiguousarray(values, np.int64 if stamps else kind.to_pandas_dtype())  # (T,)
        arrays[name] = pa.array(values).cast(kind)
    return pa.table(arrays)


def facts_about(series: Facts, rows: Any) -> Facts:
    """The facts of a series whose rows, (T, 1 + C), are an Arrow table or LongRows: with their hash, too."""
    digest = hashlib.sha256()
    for values in rows.columns() if isinstance(rows, LongRows) else map(numpy_of, rows.columns):
        digest.update(values.data)
    ends = [numpy_of(rows.slice(row, 1)["time"])[0] for row in (0, len(rows) - 1) if len(rows)]
    return replace(
        Facts(**{entry.name: getattr(series, entry.name) for entry in fields(Facts)}),
        known=union(series.known),
        absent=union(series.absent),
        rows=len(rows),
        first_ms=int(ends[0]) if ends else None,
        last_ms=int(ends[1]) if ends else None,
        content=digest.hexdigest(),
    )


def metadata_of(facts: Facts) -> dict[str, str]:
    """The facts as a file's metadata: JSON, and the hash of it."""
    text = json.dumps({"schema": SCHEMA, **vars(facts)}, sort_keys=True, separators=(",", ":"))
    return {FACTS.decode(): text, FACTS_HASH.decode(): hashlib.sha256(text.encode()).hexdigest()}


def facts_of(file: Any, name: str) -> Facts:
    """The facts in an open file; raises ValueError or KeyError in words if they are not what they must be."""
    metadata = file.metadata.metadata or {}
    text = metadata.get(FACTS)
    if text is None:
        raise ValueError("it was not written by quantdeck; move it elsewhere and import it from there")
    if hashlib.sha256(text).hexdigest().encode() != metadata.get(FACTS_HASH):
        raise ValueError("its facts do not match their hash")
    content = migrated(json.loads(text), name)
    content |= {
        key: tuple((int(start), int(end)) for start, end in content[key]) for key in ("known", "absent")
    }
    facts = Facts(**{**content, "name": name, "repairs": tuple(content["repairs"])})
    expected = {"time": TIME, **kind_of(facts.kind).columns}
    if {entry.name: entry.type for entry in file.schema_arrow} != expected:
        raise ValueError("its columns are not those of its kind")
    if file.metadata.num_rows != facts.rows:
        raise ValueError(f"it holds {file.metadata.num_rows} rows, not {facts.rows}")
    return facts


def migrated(content: dict[str, Any], name: str) -> dict[str, Any]:
    """The facts of any schema up to this one as those of this one, the schema left out.

    Raises ChangeSettingsError for a newer one.
    """
    schema = content.pop("schema")
    if schema > SCHEMA:
        reason = f"was written by a newer quantdeck (schema {schema}; this one reads up to {SCHEMA})"
        raise ChangeSettingsError(f"series {name}", reason, "Update quantdeck, or use another home folder")
    if schema < 2:  # before there were repairs
        content["repairs"] = []
    if schema < 3:  # before markets had calendars
        content["calendar"] = ""
    return content


def calendar_of(series: Series) -> Calendar:
    """When the market of a series of candles trades: as stored; else an exchange's never closes, and that of
    a file imported before calendars were stored is read off its rows.

    Raises RepairDataError for a stored one that is none.
    """
    step_ms = TIMEFRAME_MS.get(series.timeframe) or step_of(series.frame.index)
    if series.calendar:
        try:
            return Calendar.parse(series.calendar, step_ms)
        except ValueError as error:
            raise RepairDataError(
                f"series {series.name}", f"its calendar {error}", "Import it again"
            ) from None
    return Calendar(step_ms) if series.exchange else infer(milliseconds(series.frame.index), step_ms)


def numpy_of(column: Any) -> Any:
    """An Arrow column as (T,) numpy; times as int64 ms."""
    return (column.cast(pa.int64()) if column.type == TIME else column).to_numpy()


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
