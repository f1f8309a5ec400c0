"""What the store holds, for people and scripts, and series written out again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engine.data.series import arrow_of
from engine.data.store import Store
from engine.disk import writing
from engine.errors import ChangeSettingsError, QuantdeckError, RepairDataError
from engine.market.times import iso

if TYPE_CHECKING:
    from pathlib import Path

    from engine.data.store import Facts


def status(folder: Path) -> dict[str, Any]:
    """One entry a series, by name; a file that cannot be read says why instead of hiding."""
    store = Store(folder)
    series, broken = [], []
    for name in store.names():
        try:
            series.append(entry(store.facts(name)))
        except QuantdeckError as error:
            broken.append({"series": name, "reason": error.reason, "remedy": error.remedy})
    return {"folder": str(folder), "series": series, "broken": broken}


def verify(folder: Path) -> dict[str, Any]:
    """Read every series whole and compare its rows with the hash that they were stored under.

    {folder, checked, series: [{series, rows, content}], broken: [{series, reason, remedy}]}
    """
    store = Store(folder)
    sound, broken = [], []
    for name in store.names():
        try:
            series = store.read(name)
            _, found = arrow_of(series)
            if found.content != series.content:
                remedy = "Remove it and collect or import the series again"
                raise RepairDataError(
                    name, "its rows are not those that were stored: another SHA-256", remedy
                )
            sound.append({"series": name, "rows": found.rows, "content": found.content})
        except QuantdeckError as error:
            broken.append({"series": name, "reason": error.reason, "remedy": error.remedy})
    return {"folder": str(folder), "checked": len(sound) + len(broken), "series": sound, "broken": broken}


def entry(facts: Facts) -> dict[str, Any]:
    """What `data status` tells of a series."""
    return {
        "series": facts.name,
        "kind": facts.kind,
        "exchange": facts.exchange,
        "symbol": facts.symbol,
        "timeframe": facts.timeframe,
        "rows": facts.rows,
        "first": iso(facts.first_ms),
        "last": iso(facts.last_ms),
        "gaps": facts.report.get("gaps"),
        "missing": facts.report.get("missing"),
        "flagged": facts.report.get("flagged"),
        "simulated": facts.simulated,
        "origin": facts.origin,
        "limits": facts.limits,
        "repairs": [{key: each[key] for key in ("at", "policy", "rows", "second")} for each in facts.repairs],
        "known": [[iso(start), iso(end)] for start, end in facts.known],
        "absent": [[iso(start), iso(end)] for start, end in facts.absent],
        "content": facts.content,
    }


def export(folder: Path, name: str, path: Path) -> dict[str, Any]:
    """Write a series to `path`, CSV (.csv, .csv.gz) or Parquet (.parquet) by its suffix, whole.

    Raises ChangeSettingsError for another suffix or an unknown series, MakeRoomError when writing is refused.
    """
    frame = Store(folder).read(name).frame
    with writing(path) as part:
        if path.name.endswith((".csv", ".csv.gz")):
            frame.to_csv(part, date_format="%Y-%m-%dT%H:%M:%SZ")
        elif path.suffix == ".parquet":
            frame.to_parquet(part)
        else:
            raise ChangeSettingsError(
                str(path), "ends in none of .csv, .csv.gz, .parquet", "Choose one of these"
            )
    return {"series": name, "path": str(path), "rows": len(frame)}
