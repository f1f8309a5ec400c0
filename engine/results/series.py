"""Stored series as the app and the command line show them: what there is, what was found, what was done.

In JSON the ends of a span are called `from` and `to`, which no field can be.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any

from engine.results.codec import JSON_NAME
from engine.results.notes import Note

FROM, TO = {JSON_NAME: "from"}, {JSON_NAME: "to"}


def readable(text: str) -> str:
    """The text, if it is a time. Raises ValueError."""
    moment = datetime.fromisoformat(text)
    if not 1 < moment.year < 9999:
        raise ValueError("is out of the range of times")
    return text


Time = Annotated[str, readable]  # ISO 8601, near enough to the present to be told in seconds


@dataclass(frozen=True)
class SeriesKind:
    """A kind of series: its name, its name on screens, what it holds, and its period if that is fixed."""

    name: str
    label: str
    doc: str = ""
    period: str = ""


@dataclass(frozen=True)
class PastRepair:
    """A repair of a series: when, by which policy, rows by what was done, the second series."""

    at: str
    policy: dict[str, str]
    rows: dict[str, int]
    second: dict[str, str]


@dataclass(frozen=True)
class StoredSeries:
    """A series of the store; `known` was fetched or imported, `absent` is what its source does not have."""

    series: str
    kind: str = ""
    exchange: str = ""  # empty: it came from a file
    symbol: str = ""
    timeframe: str = ""
    rows: int = 0
    first: Time | None = None
    last: Time | None = None
    gaps: int | None = None
    missing: int | None = None
    flagged: int | None = None
    simulated: bool = False
    origin: dict[str, str | int | float] = field(default_factory=dict)
    limits: dict[str, float] = field(default_factory=dict)
    repairs: tuple[PastRepair, ...] = ()
    known: tuple[tuple[Time, Time], ...] = ()
    absent: tuple[tuple[Time, Time], ...] = ()
    content: str = ""  # SHA-256 of the rows
    label: str = ""  # its kind, on screens
    period: str = ""  # of its kind, if that is fixed
    calendar: str = ""  # of a market; empty for values


@dataclass(frozen=True)
class BrokenSeries:
    """A file of the store that cannot be read, or is not what was stored."""

    series: str
    reason: str
    remedy: str


@dataclass(frozen=True)
class StoreStatus:
    """What the store holds, and the kinds of series that can be fetched into it."""

    folder: str = ""
    series: tuple[StoredSeries, ...] = ()
    broken: tuple[BrokenSeries, ...] = ()
    kinds: tuple[SeriesKind, ...] = ()


@dataclass(frozen=True)
class SoundSeries:
    """A series whose rows have the hash that they were stored under."""

    series: str
    rows: int = 0
    content: str = ""


@dataclass(frozen=True)
class VerifyReport:
    """Every series read whole and compared with its hash."""

    folder: str
    checked: int
    series: tuple[SoundSeries, ...] = ()
    broken: tuple[BrokenSeries, ...] = ()


@dataclass(frozen=True)
class ExportReport:
    """A series written to a file."""

    series: str
    path: str
    rows: int


@dataclass(frozen=True)
class MissingBars:
    """Bars that a series lacks."""

    start: Time = field(metadata=FROM)
    end: Time = field(metadata=TO)
    bars: int


@dataclass(frozen=True)
class Gap(MissingBars):
    """The same; absent: the exchange was asked and has none."""

    absent: bool


@dataclass(frozen=True)
class Flag:
    """Bars that are odd, and why."""

    start: Time = field(metadata=FROM)
    end: Time = field(metadata=TO)
    bars: int
    reason: str


@dataclass(frozen=True)
class RejectedRow:
    """A row of a file, counted from 1, that no rule could save."""

    row: int
    time: Time | None
    reason: str


def as_note(value: Any) -> Any:
    """In an Annotated note: a sentence, as stores of an earlier version have it, is one as well."""
    return {"code": "text", "values": {"text": value}} if isinstance(value, str) else value


Remark = Annotated[Note, as_note]


@dataclass(frozen=True)
class ImportReport:
    """What was wrong with a series as it came, and what was done about it; counts are rows.

    The listings are cut; see engine.market.quality for the rules.
    """

    series: str = ""
    rows_read: int = 0
    rows_stored: int = 0
    duplicates: int = 0
    conflicting: int = 0
    rejected: int = 0
    missing: int = 0
    gaps: int = 0
    flagged: int = 0
    first: Time | None = None
    last: Time | None = None
    layout: str = ""
    step_ms: int = 0
    order: str = ""
    out_of_order: int = 0
    incomplete: int = 0
    spikes: int = 0
    zero_volume: int = 0
    unknown_volume: int = 0
    far_apart: int = 0  # rows dropped that differ from the kept one by more than 1 % in a price
    calendar: str = ""
    closures: int = 0
    rejected_by: dict[str, int] = field(default_factory=dict)
    gap_list: tuple[MissingBars, ...] = ()
    flag_list: tuple[Flag, ...] = ()
    rejected_list: tuple[RejectedRow, ...] = ()
    rules: tuple[str, ...] = ()
    notes: tuple[Remark, ...] = ()


@dataclass(frozen=True)
class SeriesDetail:
    """All facts of a series; step_ms 0: values without a step, which have no gaps.

    gaps: the first of them, of `gap_count` that lack `missing` bars.
    """

    facts: StoredSeries
    step_ms: int
    gaps: tuple[Gap, ...]
    gap_count: int
    missing: int
    report: ImportReport


@dataclass(frozen=True)
class Faults:
    """What is wrong with candles, counted; see engine.market.imputation.Findings."""

    gaps: int
    missing: int
    spikes: int
    confirmed: int
    conflicts: int
    compared: int


@dataclass(frozen=True)
class FoundFaults(Faults):
    """The same, with what was resolved when the candles came."""

    duplicates: int
    rejected: int


@dataclass(frozen=True)
class Repaired:
    """Candles by what was done: sent again by the exchange, taken from the second series, filled flat."""

    refetched: int = 0
    taken: int = 0
    filled: int = 0


@dataclass(frozen=True)
class RepairedSpan:
    """Candles that were repaired: what was wrong, and what was done."""

    start: Time = field(metadata=FROM)
    end: Time = field(metadata=TO)
    bars: int
    was: str
    now: str


@dataclass(frozen=True)
class RepairReport:
    """A repair: what was found, what was done by which policy, what is left. details: the first of them."""

    series: str
    rows: int
    policy: dict[str, str]
    second: str
    found: FoundFaults
    done: Repaired
    left: Faults
    repairs: int
    details: tuple[RepairedSpan, ...] = ()


@dataclass(frozen=True)
class UndoReport:
    """A repair, of the time `undone`, taken back; `repairs` earlier ones stay."""

    series: str
    undone: str
    rows: int
    removed: int
    put_back: int
    repairs: int
