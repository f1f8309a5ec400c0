"""What the store holds, for people and scripts, and series written out again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from engine.data.kinds import KINDS, kind_of
from engine.data.series import arrow_of, facts_about
from engine.data.store import Store
from engine.disk import refuse_output, writing
from engine.errors import ChangeSettingsError, QuantdeckError, RepairDataError
from engine.market.hours import ALWAYS
from engine.market.times import iso, milliseconds
from engine.results.codec import from_json, to_json
from engine.results.series import (
    BrokenSeries,
    ExportReport,
    PastRepair,
    SoundSeries,
    StoredSeries,
    StoreStatus,
    VerifyReport,
)

if TYPE_CHECKING:
    from pathlib import Path

    from engine.data.store import Facts
    from engine.market.ranges import Ranges

KNOWN = "available_at"  # the column of times of a values frame


def status(folder: Path) -> StoreStatus:
    """One entry a series, by name; a file that cannot be read says why instead of hiding."""
    store = Store(folder)
    series, broken = [], []
    for name in store.names():
        try:
            series.append(entry(store.facts(name)))
        except QuantdeckError as error:
            broken.append(BrokenSeries(name, error.reason, error.remedy))
    fetched = tuple(kind.described for kind in KINDS.values() if kind.history)
    return StoreStatus(str(folder), tuple(series), tuple(broken), fetched)


def verify(folder: Path) -> VerifyReport:
    """Read every series whole and compare its rows with the hash that they were stored under."""
    store = Store(folder)
    sound, broken = [], []
    for name in store.names():
        try:
            series = store.read(name)
            found = facts_about(series, arrow_of(series))
            if found.content != series.content:
                remedy = "Remove it and collect or import the series again"
                raise RepairDataError(
                    name, "its rows are not those that were stored: another SHA-256", remedy
                )
            sound.append(SoundSeries(name, found.rows, found.content))
        except QuantdeckError as error:
            broken.append(BrokenSeries(name, error.reason, error.remedy))
    return VerifyReport(str(folder), len(sound) + len(broken), tuple(sound), tuple(broken))


def entry(facts: Facts) -> StoredSeries:
    """What `data status` tells of a series. Raises RepairDataError for facts of another shape."""
    report, kind = facts.report, kind_of(facts.kind)
    try:
        repairs = [
            PastRepair(each["at"], each["policy"], each["rows"], each["second"]) for each in facts.repairs
        ]
        found = StoredSeries(
            facts.name, facts.kind, facts.exchange, facts.symbol, facts.timeframe, facts.rows,
            iso(facts.first_ms), iso(facts.last_ms), report.get("gaps"), report.get("missing"),
            report.get("flagged"), facts.simulated, facts.origin, facts.limits, tuple(repairs),
            spans(facts.known), spans(facts.absent), facts.content, kind.label, kind.period,
            facts.calendar or (ALWAYS if facts.exchange and kind.candles else ""),
        )  # fmt: skip
    except (KeyError, TypeError, AttributeError) as error:
        reason = f"its facts are of another shape ({type(error).__name__})"
        raise RepairDataError(facts.name, reason, "Collect or import the series again") from error
    return from_json(StoredSeries, to_json(found), facts.name)


def spans(ranges: Ranges) -> tuple[tuple[str, str], ...]:
    """Ranges in ms as times."""
    return tuple((str(iso(start)), str(iso(end))) for start, end in ranges)


def export(folder: Path, name: str, path: Path, *, replace: bool = False) -> ExportReport:
    """Write a series to `path`, CSV (.csv, .csv.gz) or Parquet (.parquet) by its suffix, whole.

    Raises ChangeSettingsError for another suffix, an unknown series and a file that must not be written over,
    MakeRoomError when writing is refused.
    """
    refuse_output(path, folder.parent, replace=replace)
    frame = Store(folder).read(name).frame
    with writing(path) as part:
        if path.name.endswith((".csv", ".csv.gz")):
            frame.to_csv(part, date_format=form_of_times(frame))
        elif path.suffix == ".parquet":
            frame.to_parquet(part)
        else:
            raise ChangeSettingsError(
                str(path), "ends in none of .csv, .csv.gz, .parquet", "Choose one of these"
            )
    return ExportReport(name, str(path), len(frame))


def form_of_times(frame: pd.DataFrame) -> str:
    """How the times of a series are written: to the second if that says all of them."""
    times = [frame.index, *(pd.DatetimeIndex(frame[name]) for name in frame.columns if name == KNOWN)]
    within = any((milliseconds(each) % 1000).any() for each in times)
    return f"%Y-%m-%dT%H:%M:%S{'.%f' if within else ''}Z"
