"""Questions about the store of the home that a request names."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

from engine.results.codec import from_json
from engine.results.series import ImportReport, StoreStatus
from engine.runs.home import Home

if TYPE_CHECKING:
    from engine.results.series import ExportReport, RepairReport, UndoReport, VerifyReport
    from engine.runs.events import Emit, Event


def import_file(request: Event, emit: Emit) -> ImportReport:
    """Read a file of candles or values into the store; what was found in it."""
    from engine.data.importing import files
    from engine.data.importing.hints import hints_of
    from engine.data.store import Store

    store, path, hints = Store(folder(request)), Path(request["path"]), hints_of(request.get("hints", {}))
    named = request.get("name") or None
    report = files.import_file(path, store, named, now_ms=now_ms(), hints=hints, emit=emit)
    return from_json(ImportReport, report.as_dict(), str(path))


def status(request: Event) -> StoreStatus:
    """What the store holds; of an empty one that is said before pandas is there to read it."""
    if not request.get("kinds") and not any(folder(request).glob("*.parquet")):
        return StoreStatus(str(folder(request)))
    from engine.data import inventory

    return inventory.status(folder(request))


def verify(request: Event) -> VerifyReport:
    """Whether every stored series is what was stored."""
    from engine.data import inventory

    return inventory.verify(folder(request))


def repair(request: Event, emit: Emit) -> RepairReport | UndoReport:
    """Repair a stored series by the settings' policy, or take the last repair back."""
    import asyncio

    from engine.data import repair
    from engine.data.store import Store
    from engine.settings import make

    store = Store(folder(request))
    if request.get("undo"):
        return repair.undo(request["series"], store, now_ms())
    settings = make(request.get("settings", {}))
    work = repair.repair(request["series"], store, settings.data, settings.repair, now_ms(), emit)
    return asyncio.run(work)


def export(request: Event) -> ExportReport:
    """Write a stored series to a CSV or Parquet file."""
    from engine.data import inventory

    path, replace = Path(request["path"]), bool(request.get("replace"))
    return inventory.export(folder(request), request["series"], path, replace=replace)


def folder(request: Event) -> Path:
    """Where the home that a request names keeps its series."""
    return Home(Path(request["home"])).data


def now_ms() -> int:
    """The present in ms since 1970."""
    return time.time_ns() // 1_000_000
